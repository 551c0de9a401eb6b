"""Retention never takes what money still needs, and says what is held, until when and why."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.contracts.models import Contract
from billing.outcomes.deciding import approve_exclusion, decline_exclusion, withdraw_exclusion
from billing.outcomes.services import claim_exclusion
from billing.reports.restating import follow_late, restate_unattended
from billing.reports.services import restate_period, settle_period
from billing.statements.holds import money_holds
from billing.statements.models import EvidenceLook, LateEvidence, Statement
from billing.statements.selectors import statements
from tenants.custody.holds import holds
from tenants.custody.partitions import drop_partitions
from tenants.custody.retaining import drop_past, next_drops, set_policy
from tenants.custody.schemas import Hold
from tenants.custody.selectors import readings_gone_before
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.outcomes.documents import a_clause
from tests.billing.reports.late_world import fly_late
from tests.billing.signing import amended
from tests.billing.world import Fleet, a_fleet, agreement, at, fly_daily, published
from tests.conftest import Cast
from tests.tenants.custody.conftest import BY, NOW
from tests.tenants.custody.test_retaining import kept_for, partitions, readings
from twins.composer.models import Twin

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CLOSING = at("2026-11-01") + 35 * DAY
"""The end of the correction window of October."""
BEFORE = timedelta(hours=4 + 48)
"""A flight, and the longest time between two: so long before the last flight readings may still matter."""


def under_contract(tenant: Tenant, *, ends: str | None = None) -> tuple[Fleet, Contract]:
    """A fleet that flies from 28 August to 24 November under a contract from September on."""
    with scope(tenant.id):
        fleet = a_fleet("2026-08-28", "2026-11-24")
        clause = a_clause(id="uptime", assets=fleet.ids, exclusions=[{"category": "weather", "allowance": None}])
        return fleet, published(agreement(fleet, clause, effective={"from": "2026-09-01", "to": ends}))


def settle(tenant: Tenant, contract: Contract, *months: str) -> None:
    with scope(tenant.id):
        for first, after in pairwise(months):
            settle_period(contract=contract.id, start=at(first), end=at(after), by=BY, now=at(after) + DAY)


def held(tenant: Tenant, now: datetime = NOW) -> list[Hold]:
    with scope(tenant.id):
        return holds(now=now)


def test_a_month_that_is_not_settled_keeps_its_readings(cast: Cast) -> None:
    _, contract = under_contract(cast.meridian)
    settle(cast.meridian, contract, "2026-09-01", "2026-10-01", "2026-11-01")
    with scope(cast.stranger.id):
        a_fleet("2026-08-28", "2026-11-24")
    for tenant in (cast.meridian, cast.stranger):
        kept_for(tenant, readings=30)
    mine, theirs = readings(cast.meridian), readings(cast.stranger)
    (hold,) = held(cast.meridian)
    # November is open, and its first state comes from the last flight of October.
    assert hold.since == at("2026-10-31T20:00") - BEFORE
    assert hold.reason == "Contract “Uptime”: it is not settled from 01 Nov 2026 on."
    assert (hold.until, held(cast.stranger)) == (None, [])
    assert {"twins_chunk_standard_202608", "twins_chunk_standard_202609"} <= set(drop_partitions(now=NOW))
    assert partitions()[:2] == ["twins_chunk_standard_202610", "twins_chunk_standard_202611"]
    october = sum(at("2026-10-01") <= each < hold.since for each in mine)
    assert drop_past(cast.meridian.id, now=NOW)["readings"] == october
    assert readings(cast.meridian) == [each for each in mine if each >= hold.since]
    drop_past(cast.stranger.id, now=NOW)
    assert readings(cast.stranger) == [each for each in theirs if each >= NOW - 30 * DAY]
    with scope(cast.meridian.id):
        assert readings_gone_before() == hold.since


def test_the_preview_is_what_happens(cast: Cast) -> None:
    _, contract = under_contract(cast.meridian)
    settle(cast.meridian, contract, "2026-09-01", "2026-10-01", "2026-11-01")
    kept_for(cast.meridian, readings=30)
    with scope(cast.meridian.id):
        drop = next_drops(now=NOW)[0]
    assert (drop.kept, drop.days, drop.at, [hold.since for hold in drop.held]) == (
        "readings", 30, NOW, [at("2026-10-31T20:00") - BEFORE],
    )  # fmt: skip
    assert drop_past(cast.meridian.id, now=NOW)["readings"] == drop.dropped
    with scope(cast.meridian.id):
        after = next_drops(now=NOW)[0]
    assert (after.at, after.dropped, after.rows, after.held) == (None, 0, drop.rows - drop.dropped, drop.held)


def test_late_evidence_and_claims_hold_what_is_settled(cast: Cast) -> None:
    fleet, contract = under_contract(cast.meridian, ends="2026-11-01")
    settle(cast.meridian, contract, "2026-09-01", "2026-10-01", "2026-11-01")
    closing = at("2026-11-01") + 35 * DAY
    (late,) = held(cast.meridian, closing - DAY)
    assert (late.since, late.until) == (at("2026-09-30T20:00") - BEFORE, closing)
    assert late.reason == "Contract “Uptime”: what comes in late for October 2026 still counts."
    assert held(cast.meridian, closing) == []
    with scope(cast.meridian.id):
        claim = claim_exclusion(
            contract=contract.id, category="weather", assets=fleet.engines, start=at("2026-09-10"),
            end=at("2026-09-11"), evidence={}, by=BY, now=NOW,
        )  # fmt: skip
    (claimed,) = held(cast.meridian)
    assert claimed.since == at("2026-08-31T20:00") - BEFORE
    assert claimed.reason == "Contract “Uptime”: a claim about September 2026 waits for a decision."
    with scope(cast.meridian.id):
        decline_exclusion(exclusion=claim.id, why="It was fine.", by="reader", customer=contract.customer_id, now=NOW)
    assert held(cast.meridian) == []


@pytest.mark.parametrize("offer", [{}, {"acceptance": "required"}], ids=["agreed", "offered"])
def test_a_month_is_held_by_the_terms_under_which_it_was_settled(cast: Cast, offer: dict[str, Any]) -> None:
    fleet, contract = under_contract(cast.meridian, ends="2026-11-01")
    settle(cast.meridian, contract, "2026-09-01", "2026-10-01", "2026-11-01")
    before = held(cast.meridian, at("2026-12-05"))
    with scope(cast.meridian.id):
        ends = {"from": "2026-10-15", "to": "2026-11-01"}
        wanted = agreement(fleet, effective=ends, correction_window="P7D", time_zone="Pacific/Auckland", **offer)
        amended(contract, wanted)
    assert held(cast.meridian, at("2026-12-05")) == before
    assert [hold.until for hold in before] == [at("2026-11-01") + 35 * DAY]


def late_in_october(cast: Cast, received: datetime, **changes: Any) -> tuple[Fleet, Contract]:
    """October is settled, a week of it is missing, and that comes in late."""
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-08-28", "2026-10-13")
        fly_daily(fleet, "2026-10-21", "2026-11-01")
        contract = published(agreement(fleet, effective={"from": "2026-10-01", "to": "2026-11-01"}, **changes))
        settle_period(contract=contract.id, start=at("2026-10-01"), end=CLOSING - 35 * DAY, by=BY, now=at("2026-11-02"))
        follow_late(now=CLOSING - HOUR)
        fly_late(fleet, "2026-10-14", "2026-10-20", received=received)
    kept_for(cast.meridian, readings=30)
    return fleet, contract


def test_what_came_in_time_can_be_rated_after_the_window_has_closed(cast: Cast) -> None:
    _, contract = late_in_october(cast, CLOSING - HOUR / 2)
    with scope(cast.meridian.id):
        follow_late(now=CLOSING - HOUR / 4)
    (hold,) = held(cast.meridian, CLOSING + DAY)
    assert hold.since == at("2026-09-30T20:00") - BEFORE
    assert hold.reason == "Contract “Uptime”: what came in late for October 2026 waits to be rated."
    assert hold.until is None
    drop_past(cast.meridian.id, now=CLOSING + DAY)
    with scope(cast.meridian.id):
        old = statements().get(contract=contract)
        done = restate_period(statement=old.id, by=BY, now=CLOSING + 2 * DAY)
        assert done is not None
        assert done.statement.total_minor > old.total_minor
        follow_late(now=CLOSING + 2 * DAY)
    assert held(cast.meridian, CLOSING + 2 * DAY) == []


def test_what_came_in_the_last_minutes_is_held_until_it_was_looked_for(cast: Cast) -> None:
    _, contract = late_in_october(cast, CLOSING - HOUR / 2, grace="P1D")
    (hold,) = held(cast.meridian, CLOSING + HOUR / 4)
    assert hold.reason == "Contract “Uptime”: what came in late for October 2026 is not looked through yet."
    assert hold.until is None
    drop_past(cast.meridian.id, now=CLOSING + HOUR / 4)
    with scope(cast.meridian.id):
        assert follow_late(now=CLOSING + HOUR / 2) == 1
        assert restate_unattended(statement=statements().get(contract=contract).id, now=CLOSING + HOUR) is not None
        assert follow_late(now=CLOSING + 2 * HOUR) == 0
    assert held(cast.meridian, CLOSING + 2 * HOUR) == []


def test_what_waits_is_rated_on_what_was_sealed_where_its_readings_are_gone_all_the_same(cast: Cast) -> None:
    _, contract = late_in_october(cast, CLOSING - HOUR / 2)
    with scope(cast.meridian.id):
        EvidenceLook.objects.update(looked_at=CLOSING)
    drop_past(cast.meridian.id, now=CLOSING + DAY)  # nothing that waits was held once
    with scope(cast.meridian.id):
        old = statements().get(contract=contract)
        found = {"received_at": CLOSING - HOUR, "found_at": CLOSING - HOUR}
        LateEvidence.objects.create(contract=contract, period_start=old.period_start, **found)
        assert restate_period(statement=old.id, by=BY, now=CLOSING + 2 * DAY) is None


def test_the_queries_do_not_grow_with_what_waits(cast: Cast) -> None:
    late_in_october(cast, CLOSING - HOUR / 2)
    with scope(cast.meridian.id):
        with CaptureQueriesContext(connection) as before:
            money_holds(CLOSING - HOUR)
        follow_late(now=CLOSING - HOUR / 4)
        with CaptureQueriesContext(connection) as after:
            assert len(money_holds(CLOSING + DAY)) == 1
    assert len(after) == len(before)


def test_an_asset_that_flew_long_ago_still_says_what_it_was(cast: Cast) -> None:
    with scope(cast.meridian.id):
        a_fleet("2026-06-01", "2026-06-03")
        twin = Twin.objects.get()
        fleet = Fleet(twin.id, [UUID(asset) for asset in twin.draft["assets"]])
        published(agreement(fleet, effective={"from": "2026-11-01", "to": None}))
    (hold,) = held(cast.meridian)
    assert hold.since == at("2026-06-03T20:00") - BEFORE
    assert hold.about == {fleet.twin}


def test_a_period_whose_readings_are_gone_is_restated_on_what_was_sealed(cast: Cast) -> None:
    fleet, contract = under_contract(cast.meridian, ends="2026-11-01")
    with scope(cast.meridian.id):
        claim = claim_exclusion(
            contract=contract.id, category="weather", assets=fleet.engines, start=at("2026-09-10"),
            end=at("2026-09-11"), evidence={}, by=BY, now=at("2026-09-12"),
        )  # fmt: skip
        approve_exclusion(
            exclusion=claim.id, why="A storm.", by="reader", customer=contract.customer_id, now=at("2026-09-13")
        )
    settle(cast.meridian, contract, "2026-09-01", "2026-10-01", "2026-11-01")
    kept_for(cast.meridian, readings=30)
    drop_past(cast.meridian.id, now=NOW + 60 * DAY)
    assert readings(cast.meridian) == []
    with scope(cast.meridian.id):
        september: Statement = statements().get(period_start=at("2026-09-01"))
        assert restate_period(statement=september.id, by=BY, now=NOW + 60 * DAY) is None
        withdraw_exclusion(exclusion=claim.id, why="No storm.", by=BY, now=NOW + 61 * DAY)
        restate_period(statement=september.id, by=BY, now=NOW + 62 * DAY)
        newest = statements().filter(period_start=at("2026-09-01")).order_by("-version")[0]
        relied = newest.run.document["relies_on"]["evidence_segment"]
        assert relied == september.run.document["relies_on"]["evidence_segment"]


def test_a_policy_is_set_although_something_is_held(cast: Cast) -> None:
    under_contract(cast.meridian)
    with scope(cast.meridian.id):
        set_policy(days={"readings": 30}, by=BY, now=NOW)
    assert drop_past(cast.meridian.id, now=NOW)["readings"] == 1  # before the last flight of August
