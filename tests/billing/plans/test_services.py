"""Prices are published for times to come, and usage events are taken once for ever."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.contracts.fields import DocumentError
from billing.plans.domain.prices import Aggregate
from billing.plans.models import PlanPrice, UsageEvent
from billing.plans.selectors import NotOperatorError, PriceList, by_day, counted
from billing.plans.services import MOST, Answer, TooManyEventsError, publish_prices, take_events
from tenants.kernel.calendars import time_zone
from tenants.record.selectors import audit_entries
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.plans.world import BY, PRICES, SEPTEMBER, Market, event, prices
from tests.billing.world import at

NOW = at("2026-09-20")
END = at("2026-10-01")


def kinds(answers: list[Answer]) -> list[str]:
    return [answer.kind for answer in answers]


def codes(answers: list[Answer]) -> list[str]:
    return [finding.code for answer in answers for finding in answer.findings]


class TestPrices:
    def test_versions_follow_each_other(self, operator: Tenant) -> None:
        with scope(operator.id):
            first = publish_prices(document=prices(), valid_from=SEPTEMBER, by=BY, now=SEPTEMBER)
            second = publish_prices(document=prices(monthly_minor=1), valid_from=END, by=BY, now=SEPTEMBER)
            known = PriceList()
            assert (first.version, second.version) == (1, 2)
            assert [known.at("business", moment) for moment in (at("2026-08-31"), SEPTEMBER, NOW, END)] == [
                None, first, first, second,
            ]  # fmt: skip
            assert first.document == prices() | {
                "rounding": "half_even", "tax_percent": "0", "payment_days": 14, "grace_hours": 48,
                "zone": "organisation", "meters": [{"per": "1"} | each for each in PRICES["meters"]],
            }  # fmt: skip
            told = audit_entries().get(action="fee.prices_published", details__version=2)
            assert told.details == {"plan": "business", "version": 2, "valid_from": "2026-10-01T00:00:00+00:00"}

    def test_what_has_passed_keeps_its_prices(self, operator: Tenant) -> None:
        assert _refused(operator, prices(), SEPTEMBER - timedelta(seconds=1)) == [("plan.valid_from", "valid_from")]

    def test_holes_are_told_and_nothing_is_kept(self, operator: Tenant) -> None:
        meter = PRICES["meters"][2] | {"tiers": [{"from": "1", "to": None, "price": "2"}]}
        assert _refused(operator, prices(meters=[meter]), END) == [("plan.tiers_hole", "meters/0/tiers/0/from")]
        with scope(operator.id):
            assert not PlanPrice.objects.exists()

    def test_a_type_means_the_same_in_all_plans_and_money_is_of_one_kind(self, operator: Tenant) -> None:
        with scope(operator.id):
            publish_prices(document=prices(), valid_from=END, by=BY, now=SEPTEMBER)
        meter = PRICES["meters"][2] | {"aggregate": "max"}
        assert _refused(operator, prices(plan="team", currency="USD", meters=[meter]), END) == [
            ("plan.currency", "currency"), ("plan.meter_changed", "meters/0/aggregate"),
        ]  # fmt: skip

    def test_only_the_operator_publishes(self, operator: Tenant, tenant: Tenant) -> None:
        with scope(tenant.id), pytest.raises(NotOperatorError):
            publish_prices(document=prices(), valid_from=END, by=BY, now=SEPTEMBER)

    def test_where_nobody_is_the_operator_nobody_publishes(self, operator: Tenant, settings: Any) -> None:
        settings.OUTTURN_OPERATOR = ""
        with scope(operator.id), pytest.raises(NotOperatorError):
            publish_prices(document=prices(), valid_from=END, by=BY, now=SEPTEMBER)


def _refused(operator: Tenant, document: object, valid_from: datetime) -> list[tuple[str, str]]:
    with scope(operator.id), pytest.raises(DocumentError) as caught:
        publish_prices(document=document, valid_from=valid_from, by=BY, now=SEPTEMBER)
    return [(each.code, each.place) for each in caught.value.findings]


class TestEvents:
    def test_each_is_taken_once_and_the_first_stays(self, market: Market) -> None:
        one = market.gpu("e1", "2026-09-10T10:00:00Z", "3600")
        alike = one | {"time": "2026-09-10T12:00:00+02:00", "subject": str(market.organisation.id)}
        other = one | {"data": {"value": "1"}}
        answers = market.send(one, alike, other, now=NOW)
        assert kinds(answers) == ["accepted", "duplicate", "conflict"]
        assert codes(answers) == ["usage.conflict"]
        assert kinds(market.send(other, one, now=NOW)) == ["conflict", "duplicate"]
        with scope(market.operator.id):
            assert UsageEvent.objects.get().value == Decimal(3600)

    def test_it_is_taken_once_for_ever(self, market: Market) -> None:
        one = market.gpu("e1", "2026-09-10T10:00:00Z", "3600")
        market.send(one, now=NOW)
        assert kinds(market.send(one, now=NOW + timedelta(days=200))) == ["duplicate"]

    def test_the_database_keeps_identities_apart(self, market: Market) -> None:
        market.send(market.gpu("e1", "2026-09-10T10:00:00Z", "3600"), now=NOW)
        with scope(market.operator.id):
            row = UsageEvent.objects.get()
            with pytest.raises(IntegrityError), transaction.atomic():
                UsageEvent.objects.create(
                    source=row.source, event_id=row.event_id, account_id=row.account_id, type="disk", at=row.at,
                    value=1, digest="f" * 64, received_by=BY, received_at=NOW,
                )  # fmt: skip
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                UsageEvent.objects.filter(id=row.id).update(value=1)

    def test_another_source_is_another_event(self, market: Market) -> None:
        one = market.gpu("e1", "2026-09-10T10:00:00Z", "3600")
        assert kinds(market.send(one, one | {"source": "/gpu/2"}, now=NOW)) == ["accepted", "accepted"]

    def test_none_hinders_another(self, market: Market) -> None:
        answers = market.send({}, market.gpu("e1", "2026-09-10T10:00:00Z", "5"), event(type="?", id="e2"), now=NOW)
        assert kinds(answers) == ["refused", "accepted", "refused"]
        assert [(each.index, each.id) for each in answers] == [(0, ""), (1, "e1"), (2, "e2")]

    @pytest.mark.parametrize(
        ("changes", "code", "place"),
        [
            ({"type": "tea"}, "usage.type_unknown", "type"),
            ({"type": "outturn.readings"}, "usage.type_reserved", "type"),
            ({"source": "/organisations/1"}, "usage.source_reserved", "source"),
            ({"subject": "nobody"}, "usage.subject_unknown", "subject"),
            ({"time": "2026-08-31T23:59:59Z"}, "usage.before_plan", "time"),
            ({"data": {"item": "eu"}}, "usage.data", "data"),
            ({"type": "regions"}, "usage.data", "data"),
            ({"type": "disk", "data": {"value": "-1"}}, "usage.value", "data/value"),
        ],
    )
    def test_what_would_never_be_charged_is_not_taken(
        self, market: Market, changes: Mapping[str, Any], code: str, place: str
    ) -> None:
        (answer,) = market.send(event(**changes), now=NOW)
        assert (answer.kind, [(each.code, each.place) for each in answer.findings]) == ("refused", [(code, place)])

    def test_too_many_are_refused_as_a_whole(self, market: Market) -> None:
        with pytest.raises(TooManyEventsError):
            market.send(*[{}] * (MOST + 1), now=NOW)

    def test_only_the_operator_takes_any(self, market: Market) -> None:
        with scope(market.organisation.id), pytest.raises(NotOperatorError):
            take_events(given=[event()], by=BY, now=NOW)


TYPES: dict[str, Aggregate] = {"gpu.seconds": "sum", "regions": "unique", "disk": "last", "outturn.assets": "max"}
DRAWN = st.lists(
    st.tuples(
        st.sampled_from(["gpu.seconds", "regions", "disk"]),
        st.integers(0, 12),
        st.integers(-40, 40 * 24),
        st.integers(0, 9_999_999_999),
    ),
    max_size=30,
)


def drawn(number: int, kind: str, name: int, hours: int, value: int) -> dict[str, Any]:
    """An event out of what was drawn; some names come twice."""
    time = (SEPTEMBER + timedelta(hours=abs(hours), microseconds=value % 1_000_000)).isoformat()
    data = {"item": f"r{value % 5}"} if kind == "regions" else {"value": f"{value // 10**9}.{value % 10**9:09d}"}
    return event(id=f"{kind}{name}", source=f"/s/{number % 2}", type=kind, time=time, data=data)


def naive(events: list[dict[str, Any]], start: datetime, end: datetime) -> dict[str, Fraction]:
    """What a person with pencil and paper comes to: the first of each identity, one after the other."""
    seen: dict[tuple[str, str], dict[str, Any]] = {}
    for each in events:
        seen.setdefault((each["source"], each["id"]), each)
    inside = [each for each in seen.values() if start <= datetime.fromisoformat(each["time"]) < end]
    found: dict[str, Fraction] = {}
    for kind in {each["type"] for each in inside}:
        mine = [each for each in inside if each["type"] == kind]
        if kind == "gpu.seconds":
            found[kind] = sum((Fraction(each["data"]["value"]) for each in mine), Fraction(0))
        elif kind == "regions":
            found[kind] = Fraction(len({each["data"]["item"] for each in mine}))
        else:
            last = max(mine, key=lambda each: (datetime.fromisoformat(each["time"]), each["source"], each["id"]))
            found[kind] = Fraction(last["data"]["value"])
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(many=DRAWN, seed=st.integers(0, 2**32))
def test_metering_is_what_pencil_and_paper_come_to(market: Market, many: list[Any], seed: int) -> None:
    """Doubled, shuffled and late events come to what the first of each identity comes to."""
    events = [drawn(number, *each) for number, each in enumerate(many)]
    again = events + [each for each in events if random.Random(seed).random() < 0.5]
    order = random.Random(seed)
    tail = again[len(events) :]
    order.shuffle(tail)
    with scope(market.operator.id), transaction.atomic():
        now = at("2026-11-20")
        for each in events:
            take_events(given=[each], by=BY, now=now)
        take_events(given=tail, by=BY, now=now)
        assert counted(market.account, SEPTEMBER, END, TYPES) == naive(events, SEPTEMBER, END)
        first = naive(events, SEPTEMBER, END)
        random.Random(seed).shuffle(events)
        assert set(kinds(take_events(given=events, by=BY, now=now))) <= {"duplicate", "conflict"}
        assert counted(market.account, SEPTEMBER, END, TYPES) == first
        transaction.set_rollback(True)


def test_days_are_those_of_the_account(market: Market) -> None:
    market.send(market.gpu("e1", "2026-09-10T22:30:00Z", "5"), market.gpu("e2", "2026-09-11T10:00:00Z", "7"), now=NOW)
    with scope(market.operator.id):
        zone = time_zone("Europe/Berlin")
        rows = by_day(market.account, SEPTEMBER, END, zone)
        assert [(row["type"], row["day"].isoformat(), row["sum"]) for row in rows] == [
            ("gpu.seconds", "2026-09-11", Decimal(12))
        ]
        assert [row["day"].isoformat() for row in by_day(market.account, SEPTEMBER, END, time_zone("UTC"))] == [
            "2026-09-10", "2026-09-11",
        ]  # fmt: skip
