"""Whatever Stripe, the network and our own processes do: what its meters come to is what we metered, never more."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note
from hypothesis import settings as examples
from hypothesis import strategies as st

from billing.plans.domain.meters import whole
from billing.plans.meters.telling import Taken, take_telling
from billing.plans.models import MeterTally, MeterTelling, StripeMeter
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.payments.fake_stripe import FAULTS
from tests.billing.plans.metering import BEGUN, DISK, GPU, REGIONS, Teller
from tests.processes import LONG_S, environment, kill, start

pytestmark = pytest.mark.django_db
QUICK = [each for each in FAULTS if not each.startswith("hang")]
AMOUNTS = st.decimals("0.1", "40", places=1).map(str)
CORRECTIONS = st.decimals("-20", "-0.1", places=1).map(str)
TROUBLES = st.sampled_from([
    *QUICK, *QUICK, "die", "die", "wake", "work", "work", "work", "a minute", "some hours", "a day", "hear",
    "hear again", "deactivate", "reactivate", "no customer", "slow", "quick", "forgetful",
])  # fmt: skip
USES = st.one_of(
    st.tuples(st.just(GPU), AMOUNTS), st.tuples(st.just(GPU), AMOUNTS), st.tuples(st.just(GPU), CORRECTIONS),
    st.tuples(st.just(DISK), st.decimals("0", "9", places=1).map(str)),
    st.tuples(st.just(REGIONS), st.sampled_from(["eu", "us", "asia"])),
)  # fmt: skip
NUMBERS = count(1)
PROGRAM = """
import sys
from datetime import datetime
from uuid import UUID

import django

django.setup()
from billing.plans.meters.working import work_once

work_once(UUID(sys.argv[1]), now=datetime.fromisoformat(sys.argv[2]))
"""


class Story:
    """What was used by moment, as a test knows it, and what has to stand at Stripe because of it."""

    def __init__(self, teller: Teller) -> None:
        self.teller = teller
        self.used: list[tuple[str, str, str]] = []
        self.most: dict[tuple[str, str], int] = {}

    def use(self, kind: str, what: str) -> None:
        """Use something now."""
        teller = self.teller
        if kind == REGIONS:
            teller.use(kind, item=what)
        else:
            teller.use(kind, what)
        self.used.append((f"{teller.now:%Y-%m}", kind, what))
        for month, each in self.meters():
            wanted = self.wanted(month, each)
            self.most[month, each] = max(wanted, self.most.get((month, each), 0))

    def meters(self) -> set[tuple[str, str]]:
        """The months and meters of which something was used."""
        return {(month, kind) for month, kind, _ in self.used}

    def wanted(self, month: str, kind: str) -> int:
        """What is to stand at Stripe."""
        values = [what for when, each, what in self.used if (when, each) == (month, kind)]
        if kind == REGIONS:
            return len(set(values))
        return whole(Fraction(Decimal(values[-1])) if kind == DISK else sum(map(Fraction, values), Fraction(0)))

    @property
    def only_grows(self) -> bool:
        """Whether nothing was ever given back: then no more than all of it may ever stand there."""
        return not any(what.startswith("-") for _, _, what in self.used)

    def check(self) -> None:
        """Nothing is ever there twice."""
        for (month, kind), most in self.most.items():
            if self.only_grows and kind == GPU:
                assert self.teller.there(kind, month) <= most, f"{kind} of {month} is there twice"

    def suffer(self, trouble: str) -> None:
        """Something goes wrong, or time passes."""
        teller, meters = self.teller, self.teller.meters
        known: dict[str, Callable[[], object]] = {
            "die": teller.die, "wake": teller.wake, "work": teller.work, "hear": teller.hear_all,
            "hear again": lambda: teller.hear_all(again=True),
            "deactivate": lambda: meters.set_status("inactive"), "reactivate": lambda: meters.set_status("active"),
            "no customer": self.lose_customer, "slow": lambda: setattr(meters, "lag", timedelta(hours=3)),
            "quick": lambda: setattr(meters, "lag", timedelta(0)),
            "forgetful": lambda: setattr(meters, "remembers_refused", not meters.remembers_refused),
            "a minute": lambda: teller.pass_time(minutes=1), "some hours": lambda: teller.pass_time(hours=5),
            "a day": lambda: teller.pass_time(hours=25),
        }  # fmt: skip
        if trouble in QUICK:
            teller.stripe.faults.append(trouble)
        else:
            known[trouble]()

    def lose_customer(self) -> None:
        """Somebody deletes the customer at Stripe."""
        self.teller.meters.look()
        for each in self.teller.stripe.all("customer"):
            del self.teller.stripe.objects[each["id"]]
        self.teller.stripe.kept.clear()

    def rest(self) -> None:
        """No more troubles, and time enough for all that can be found by looking."""
        teller = self.teller
        teller.stripe.faults.clear()
        teller.wake()
        teller.meters.set_status("active")
        teller.settle(hours=100)

    def end(self) -> dict[tuple[str, str], int]:
        """What stands at Stripe, of all customers that there ever were."""
        return {(month, kind): self.teller.there(kind, month) for month, kind in self.meters()}


def begun_anew(teller: Teller) -> None:
    """Stripe, and an organisation, of which nothing is known: for each of many stories."""
    number = next(NUMBERS)
    teller.organisation = Tenant.objects.create(
        slug=f"story-{number}", name=f"Story {number}", plan="business", created_at=BEGUN
    )
    teller.now, teller.stale, teller.delivered = BEGUN, [], 0
    teller.begin()


@examples(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)  # fmt: skip
@given(data=st.data(), deeds=st.lists(st.one_of(USES, TROUBLES), min_size=3, max_size=28))
def test_what_stands_at_stripe_is_what_was_metered(
    teller: Teller, data: st.DataObject, deeds: list[str | tuple[str, str]]
) -> None:
    begun_anew(teller)
    story = Story(teller)
    story.use(GPU, data.draw(AMOUNTS))
    for deed in deeds:
        note(f"{teller.now:%d %H:%M} {deed}")
        if isinstance(deed, tuple):
            story.use(*deed)
        else:
            story.suffer(deed)
        story.check()
    story.rest()
    assert story.end() == {each: story.wanted(*each) for each in story.meters()}
    with scope(teller.operator):
        tallies = MeterTally.objects.filter(account__organisation=teller.organisation.id)
        assert {int(row.counted) - (row.told or 0) for row in tallies} <= {0}
        assert not MeterTelling.objects.filter(tally__in=tallies, state__in=("sending", "doubt")).filter(
            tally__type=GPU
        ).exists()  # fmt: skip


@pytest.mark.parametrize("fault", QUICK)
@pytest.mark.parametrize("place", range(7))
def test_each_request_may_fail_in_each_way(teller: Teller, fault: str, place: int) -> None:
    teller.use(GPU, "7.5")
    teller.stripe.faults = [""] * place + [fault]
    teller.settle(hours=1)
    assert teller.there() == 7
    assert len(teller.meters.meters) == 1
    assert len(teller.stripe.all("customer")) == 1
    teller.use(GPU, "1")
    teller.settle(hours=1)
    assert teller.there() == 8


def test_an_answer_that_hangs_is_given_up_and_known_by_its_name(teller: Teller, settings: Any) -> None:
    settings.OUTTURN_STRIPE_SECONDS = 0.3
    teller.use(GPU, "7")
    teller.stripe.faults = ["", "", "", "", "", "hang after"]
    teller.settle(hours=1)
    assert (teller.there(), teller.tellings()) == (7, [(7, "told")])
    posts = [path for method, path in teller.stripe.asked if path == "/v1/billing/meter_events"]
    assert len(posts) == 2


@pytest.mark.parametrize("hours", [1, 22.9, 23.1, 25, 100])
def test_a_process_may_die_after_the_call_and_be_found_whenever(teller: Teller, hours: float) -> None:
    teller.use(GPU, "7")
    teller.work_all()
    teller.pass_time(minutes=6)
    teller.use(GPU, "3.5")
    teller.die()
    teller.pass_time(hours=hours)
    teller.use(GPU, "2.5")
    teller.settle(hours=60)
    assert teller.there() == 13
    posts = [each["identifier"] for each in teller.meters.taken]
    assert len(posts) == len(set(posts)) == 3  # none was ever taken twice, though Stripe has forgotten its name


@pytest.mark.parametrize("hours", [1, 25])
def test_a_process_may_die_before_the_call(teller: Teller, hours: float) -> None:
    teller.use(GPU, "7")
    teller.work_all()
    teller.pass_time(minutes=6)
    teller.use(GPU, "3.5")
    with scope(teller.operator):
        assert isinstance(take_telling(teller.now), Taken)
    teller.pass_time(hours=hours)
    teller.settle(hours=60)
    assert teller.there() == 10


def test_stripe_is_asked_one_thing_at_a_time_about_a_customer_and_a_meter(teller: Teller) -> None:
    teller.use(GPU, "7")
    teller.work_all()
    teller.pass_time(days=7)
    teller.use(GPU, "1", when=BEGUN)
    teller.use(GPU, "2")
    with scope(teller.operator):
        StripeMeter.objects.update(look_at=teller.now + timedelta(days=1))
        assert isinstance(take_telling(teller.now), Taken)
        assert take_telling(teller.now) is None  # the other month waits for the first
        assert MeterTally.objects.filter(leased_until__gt=teller.now).count() == 1
    teller.settle(hours=1)
    assert (teller.there(), teller.there(month="2026-10")) == (8, 2)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_real_process_is_killed_between_the_call_and_its_answer(
    teller: Teller, settings: Any, tmp_path: Path
) -> None:
    teller.use(GPU, "7.5")
    teller.stripe.faults = ["", "", "", "", "", "hang after"]
    arrived = threading.Event()
    teller.meters.on_taken = arrived.set
    env = environment(
        DJANGO_SETTINGS_MODULE="deploy.settings", OUTTURN_OPERATOR="platform", OUTTURN_STRIPE_URL=teller.serving.url,
        OUTTURN_SECRET=settings.SEALING_KEYS[0],
    )  # fmt: skip
    process = start(["-c", PROGRAM, str(teller.operator), BEGUN.isoformat()], tmp_path / "killed.log", env=env)
    is_there = arrived.wait(LONG_S)
    kill(process)
    assert is_there, (tmp_path / "killed.log").read_text()
    assert process.returncode == -signal.SIGKILL
    assert teller.tellings() == [(7, "sending")]
    teller.settle(hours=1)
    assert (teller.there(), teller.tellings()) == (7, [(7, "told")])
    assert [each["value"] for each in teller.meters.taken] == [7]
