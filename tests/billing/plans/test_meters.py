"""Usage told to Stripe's meters: what is told, when, under which names, and what is in the way of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.payments.choosing import change_settings
from billing.payments.models import ProviderKind
from billing.plans import tasks
from billing.plans.following import follow_organisation
from billing.plans.meters.choosing import (
    MeterSettingsError,
    change_meters,
    look_again,
    report_secret,
    reseal_meter_secret,
)
from billing.plans.meters.selectors import is_telling_due
from billing.plans.models import MeteredCustomer, MeterSettings, MeterTally, MeterTelling, PlanBill, StripeMeter
from billing.plans.selectors import NotOperatorError
from tenants.limits.domain.plans import Meter
from tenants.limits.usage import add_usage
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tests.billing.plans.metering import ASSETS, BEGUN, DISK, GPU, REGIONS, SECRET, Teller
from tests.billing.plans.world import BY, Market
from tests.billing.world import at


def test_a_sum_is_told_in_differences_and_no_fraction_is_lost(teller: Teller) -> None:
    for value in ("10.75", "0.5", "-3", "0.75"):
        teller.use(GPU, value)
        teller.work_all()
        teller.pass_time(minutes=6)
        teller.work_all()
    assert teller.tellings() == [(10, "told"), (1, "told"), (-3, "told"), (1, "told")]
    assert teller.there() == 9
    (meter,) = teller.meters.meters.values()
    assert meter["default_aggregation"] == {"formula": "sum"}
    assert (meter["display_name"], meter["event_name"][:12]) == ("GPU time", "gpu_seconds_")
    events = teller.meters.taken
    (customer,) = teller.stripe.all("customer")
    assert {each["payload"]["stripe_customer_id"] for each in events} == {customer["id"]}
    assert customer["name"] == "Meridian Engines"
    assert [each["timestamp"] for each in events] == sorted(each["timestamp"] for each in events)


def test_levels_are_told_as_they_run(teller: Teller) -> None:
    for disk, region in (("4.5", "eu"), ("7", "us"), ("2", "eu")):
        teller.use(DISK, disk)
        teller.use(REGIONS, item=region)
        teller.work_all()
        teller.pass_time(minutes=6)
        teller.work_all()
    assert teller.tellings(DISK) == [(4, "told"), (7, "told"), (2, "told")]
    assert teller.tellings(REGIONS) == [(1, "told"), (2, "told")]
    assert (teller.there(DISK), teller.there(REGIONS)) == (2, 2)
    assert {each["default_aggregation"]["formula"] for each in teller.meters.meters.values()} == {"last"}


def test_a_meter_is_told_every_five_minutes_at_most(teller: Teller) -> None:
    for _ in range(12):
        teller.use(GPU, "2")
        teller.work_all()
        teller.pass_time(minutes=1)
    teller.pass_time(minutes=5)
    teller.work_all()
    assert teller.there() == 24
    assert len(teller.tellings()) == 4


def test_a_round_writes_what_is_to_be_told(teller: Teller, market: Market) -> None:
    with scope(market.organisation.id):
        add_usage(meter=Meter.READINGS_PER_DAY, amount=1500, now=at("2026-09-26T10:00"))
    follow_organisation(market.organisation.id, now=at("2026-09-26T11:00"))
    teller.now = teller.stripe.now = at("2026-09-26T11:00")
    teller.work_all()
    assert teller.there("outturn.readings") == 1500
    with scope(teller.operator):
        # Things that there are none of are no meters yet.
        assert set(StripeMeter.objects.values_list("type", flat=True)) == {"outturn.readings"}
    assert ASSETS not in {each.type for each in _tallies(teller)}


def _tallies(teller: Teller) -> list[MeterTally]:
    with scope(teller.operator):
        return list(MeterTally.objects.all())


def test_it_begins_with_the_running_month_and_ends_when_it_is_turned_off(market: Market, teller: Teller) -> None:
    teller.use(GPU, "5", when=at("2026-09-03"))
    with scope(teller.operator):
        change_meters(is_on=False, secret="", by=BY, now=teller.now)
    teller.use(GPU, "7", when=at("2026-09-25"))
    teller.work_all()
    assert teller.meters.taken == []
    teller.pass_time(days=10)
    with scope(teller.operator):
        change_meters(is_on=True, secret="", by=BY, now=teller.now)
    teller.use(GPU, "9")
    teller.work_all()
    assert teller.there(month="2026-10") == 9
    # September is of before it was turned on again: what was to be told of it then is, what came since is not.
    assert teller.tellings(month="2026-09") == [(5, "told")]


def test_what_comes_in_late_is_told_for_its_month(teller: Teller) -> None:
    teller.use(GPU, "5")
    teller.use(DISK, "3")
    teller.work_all()
    teller.pass_time(days=9)
    teller.use(GPU, "8", when=at("2026-09-30T10:00"))
    teller.use(DISK, "6", when=at("2026-09-30T10:00"))
    teller.work_all()
    teller.pass_time(minutes=6)
    teller.use(DISK, "4", when=at("2026-09-30T11:00"))
    teller.work_all()
    assert (teller.there(), teller.there(DISK)) == (13, 4)
    assert teller.there(month="2026-10") == 0
    assert [each["timestamp"] for each in teller.meters.taken][2:] == [
        int(at("2026-09-30T23:59:59").timestamp()), int(at("2026-09-30T23:00:00").timestamp()),
        int(at("2026-09-30T23:00:01").timestamp()),
    ]  # fmt: skip


def test_what_is_too_old_is_never_told_and_charged_all_the_same(teller: Teller, market: Market) -> None:
    teller.use(GPU, "3600")
    teller.work_all()
    teller.pass_time(days=40)
    teller.use(GPU, "7200", when=at("2026-09-30T10:00"))
    teller.work_all()
    assert teller.there() == 3600
    assert teller.finding() == {
        "code": "meter.too_old", "place": "meridian/gpu.seconds/2026-09",
        "message": "2026-09 is too long ago to be told: Stripe takes usage of the last 35 days only.",
        "fix": "Our own bill charges it all the same: nothing has to be done.",
    }  # fmt: skip
    follow_organisation(market.organisation.id, now=teller.now)
    with scope(teller.operator):
        bill = PlanBill.objects.get(month="2026-09")
        assert bill.document["counted"] == {GPU: "10800"}
    teller.settle(hours=30)
    assert teller.finding()["code"] == "meter.too_old"
    assert teller.tally().look_at is None


def test_a_number_of_more_than_fifteen_digits_is_never_told(teller: Teller) -> None:
    teller.use(GPU, "999999999999999")
    teller.work_all()
    teller.use(GPU, "1")
    teller.pass_time(minutes=6)
    teller.work_all()
    assert teller.there() == 10**15 - 1
    assert (teller.finding()["code"], teller.finding()["message"]) == (
        "meter.too_large", "1,000,000,000,000,000 are more than Stripe keeps exactly: fifteen digits.",
    )  # fmt: skip


def test_what_stripe_limits_waits_and_hammers_nobody(teller: Teller) -> None:
    teller.use(GPU, "5")
    teller.use(DISK, "3")
    teller.use(REGIONS, item="eu")
    teller.work_all()
    teller.pass_time(minutes=6)
    for kind in (GPU, DISK):
        teller.use(kind, "8")
    teller.use(REGIONS, item="us")
    before = len(teller.stripe.asked)
    teller.stripe.faults = ["429"]
    assert teller.work() == 0
    assert teller.stripe.asked[before:] == [("POST", "/v1/billing/meter_events")]
    teller.settle(minutes=3)
    assert (teller.there(), teller.there(DISK), teller.there(REGIONS)) == (13, 8, 2)


class TestMeters:
    def test_one_that_is_there_is_taken(self, teller: Teller) -> None:
        teller.use(GPU, "5")
        teller.work_all()
        with scope(teller.operator):
            StripeMeter.objects.update(object_id="", look_at=teller.now)
        teller.work_all()
        assert len(teller.meters.meters) == 1
        assert teller.there() == 5

    @pytest.mark.parametrize("what", ["/v1/billing/meters", "/v1/customers"])
    def test_what_stripe_has_refused_is_made_once_the_cause_is_mended(self, teller: Teller, what: str) -> None:
        teller.use(GPU, "5")
        teller.work_all()
        place = teller.stripe.asked.index(("POST", what))
        teller.begin()
        teller.use(GPU, "5")
        teller.stripe.faults = [""] * place + ["400"]
        teller.work_all()
        assert teller.stripe.asked[place] == ("POST", what)
        teller.settle(hours=2.5)  # Stripe repeats what it has said for a day
        assert teller.there() >= 5

    def test_one_that_was_deactivated_is_told_nothing_until_it_is_reactivated(self, teller: Teller) -> None:
        teller.use(GPU, "5")
        teller.work_all()
        teller.meters.set_status("inactive")
        teller.use(GPU, "4")
        with scope(teller.operator):
            look_again(now=teller.now)
        teller.pass_time(minutes=10)
        teller.work_all()
        assert teller.there() == 5
        with scope(teller.operator):
            row = StripeMeter.objects.get()
            assert row.finding is not None
            assert row.finding["code"] == "meter.at_stripe"
            assert row.finding["message"] == f"The meter “GPU time” ({row.event_name}) is deactivated at Stripe."
        teller.meters.set_status("active")
        teller.settle(hours=1.1)
        assert teller.there() == 9
        with scope(teller.operator):
            assert StripeMeter.objects.get().finding is None

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"default_aggregation": {"formula": "count"}}, "reckons in another way"),
            ({"value_settings": {"event_payload_key": "tokens"}}, "reckons in another way"),
            ({"event_time_window": "hour"}, "reckons in another way"),
        ],
    )
    def test_one_that_would_reckon_otherwise_is_told_nothing(
        self, teller: Teller, wrong: dict[str, Any], words: str
    ) -> None:
        teller.use(GPU, "5")
        teller.work_all()
        teller.meters.named(GPU.replace(".", "_")).update(wrong)
        teller.pass_time(days=1)
        teller.use(GPU, "5")
        teller.work_all()
        with scope(teller.operator):
            row = StripeMeter.objects.get()
            assert row.finding is not None
            assert words in row.finding["message"]
        assert teller.tellings() == [(5, "told")]

    def test_with_a_price_nothing_is_told_so_that_nobody_is_charged_twice(self, teller: Teller) -> None:
        teller.use(GPU, "5")
        teller.work_all()
        (meter,) = teller.meters.meters.values()
        teller.meters.prices.append({"id": "price_1", "object": "price", "recurring": {"meter": meter["id"]}})
        teller.use(GPU, "4")
        with scope(teller.operator):
            look_again(now=teller.now)
        teller.pass_time(minutes=10)
        teller.work_all()
        assert teller.there() == 5
        with scope(teller.operator):
            found = StripeMeter.objects.get().finding
            assert found is not None
            assert found["message"] == "The price price_1 at Stripe charges by the meter “GPU time”."
            assert found["fix"] == "End its subscriptions and archive the price at Stripe, then look again."
        teller.meters.prices.clear()
        teller.settle(hours=1.1)
        assert teller.there() == 9


class TestChoosing:
    def test_only_the_operator_chooses(self, teller: Teller, market: Market) -> None:
        with scope(market.organisation.id), pytest.raises(NotOperatorError):
            change_meters(is_on=True, secret="", by=BY, now=BEGUN)

    @pytest.mark.parametrize(("secret", "place"), [("secret", "secret"), ("", "is_on")])
    def test_what_cannot_be_is_said_at_the_field(self, teller: Teller, secret: str, place: str) -> None:
        with scope(teller.operator):
            if not secret:
                change_settings(provider=ProviderKind.MANUAL, key="", webhook_secret="", by=BY, now=BEGUN)
            with pytest.raises(MeterSettingsError) as error:
                change_meters(is_on=True, secret=secret, by=BY, now=BEGUN)
            assert error.value.place == place
            assert report_secret() == SECRET

    def test_without_stripe_nothing_is_told(self, teller: Teller) -> None:
        teller.use(GPU, "5")
        with scope(teller.operator):
            change_settings(provider=ProviderKind.MANUAL, key="", webhook_secret="", by=BY, now=BEGUN)
            assert not is_telling_due(now=BEGUN)
        assert teller.work() == 0
        assert teller.stripe.asked == []

    def test_the_secret_moves_to_a_new_one_of_the_installation(self, teller: Teller, settings: Any) -> None:
        former = settings.SEALING_KEYS
        with scope(teller.operator):
            assert SECRET.encode() not in bytes(MeterSettings.objects.get().sealed_secret)
            settings.SEALING_KEYS = ["the new secret of this installation", *former]
            assert (reseal_meter_secret(), reseal_meter_secret()) == (1, 0)
            settings.SEALING_KEYS = ["the new secret of this installation"]
            assert report_secret() == SECRET
            MeterSettings.objects.all().delete()
            assert (reseal_meter_secret(), report_secret()) == (0, "")
        with scope(teller.operator):
            told = str(list(AuditEntry.objects.filter(action="fee.meters").values_list("details", flat=True)))
            assert "new_secret" in told
            assert SECRET not in told


def test_the_sweep_starts_what_is_due(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)
    monkeypatch.setattr(tasks, "utc_now", lambda: teller.now)
    monkeypatch.setattr(tasks.tell_meters, "apply_async", lambda args, **_: started.append(args))
    tasks.sweep_meters()
    assert started == []
    teller.use(GPU, "5")
    tasks.sweep_meters()
    assert started == [(str(teller.operator),)]
    tasks.tell_meters(str(teller.operator))
    assert teller.there() == 5
    tasks.sweep_meters()
    assert len(started) == 1


def test_nobody_sees_anothers(teller: Teller, market: Market) -> None:
    teller.use(GPU, "5")
    teller.work_all()
    with scope(market.organisation.id):
        for model in (MeterTally, MeterTelling, StripeMeter, MeteredCustomer, MeterSettings):
            assert not model.objects.exists()
    assert teller.now - BEGUN < timedelta(seconds=1)
