"""Visits that do not take place: cancelled once, no longer in the way of plans, their downtime no longer claimed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from analytics.maintenance.assembly import gather
from analytics.maintenance.models import OrderCancellation, WorkOrder
from analytics.maintenance.selectors import (
    OrderNotFoundError,
    cancellation_of,
    next_order,
    orders_on,
    orders_within,
    work_order,
)
from analytics.maintenance.services import (
    CancelledError,
    EndedError,
    OutdatedError,
    approve_plan,
    cancel_order,
)
from billing.outcomes.deciding import withdraw_exclusion
from billing.outcomes.selectors import exclusion, state_of
from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tests.analytics.fleets import BY, PLANNING
from tests.analytics.maintenance.conftest import World

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
WHY = "It failed in service before its removal."


@pytest.fixture
def orders(world: World) -> list[WorkOrder]:
    """The visits of an approved plan, the first first."""
    plan = world.planned()
    with scope(world.tenant):
        approve_plan(plan=plan.id, by=BY, now=PLANNING)
        return orders_within(world.twin, plan.start, plan.end)


def test_a_cancelled_visit_no_longer_stands_and_claims_nothing(world: World, orders: list[WorkOrder]) -> None:
    first, *others = orders
    with scope(world.tenant):
        assert next_order(PLANNING) == first
        now = first.start + timedelta(days=1)
        cancellation = cancel_order(order=first.id, why=WHY, by=BY, now=now)
        assert (cancellation.why, cancellation.cancelled_by, cancellation.cancelled_at) == (WHY, BY, now)
        assert cancellation_of(work_order(first.id)) == cancellation
        assert orders_within(world.twin, first.start, others[-1].end) == others
        assert next_order(PLANNING) == others[0]
        assert orders_on(first.plan) == orders
        assert [state_of(exclusion(claim), PLANNING) for order in orders for claim in order.exclusions] == [
            "withdrawn", "approved", "approved"
        ]  # fmt: skip
        entry = AuditEntry.objects.get(action="order.cancelled")
        assert (entry.subject, entry.by, entry.details["why"]) == (f"order/{first.id}", BY, WHY)


def test_the_next_plan_may_visit_it_again_and_use_its_bay(world: World, orders: list[WorkOrder]) -> None:
    with scope(world.tenant):
        cancel_order(order=orders[0].id, why=WHY, by=BY, now=PLANNING)
        gathered = gather(world.assumptions())
        assert {each["asset"] for each in gathered.left_out} == {str(order.asset) for order in orders[1:]}
        closed = sum(span.end - span.start for bay in gathered.problem.bays for span in bay.closed)
        assert closed == 2 * 5 * 24
    again = world.planned()
    with scope(world.tenant):
        assert [visit["asset"] for visit in again.visits] == [str(orders[0].asset)]
        assert [order.asset for order in approve_plan(plan=again.id, by=BY, now=PLANNING)] == [orders[0].asset]


def test_a_plan_made_before_a_cancellation_cannot_be_approved_after_it(world: World, orders: list[WorkOrder]) -> None:
    plan = world.planned()
    with scope(world.tenant):
        cancel_order(order=orders[0].id, why=WHY, by=BY, now=PLANNING)
        with pytest.raises(OutdatedError, match="ordered or cancelled since"):
            approve_plan(plan=plan.id, by=BY, now=PLANNING)


def test_a_claim_that_was_withdrawn_before_is_no_obstacle(world: World, orders: list[WorkOrder]) -> None:
    with scope(world.tenant):
        (claim,) = orders[0].exclusions
        withdraw_exclusion(exclusion=claim, why="Agreed with the customer.", by=BY, now=PLANNING)
        cancel_order(order=orders[0].id, why=WHY, by=BY, now=PLANNING)
        assert state_of(exclusion(claim), PLANNING) == "withdrawn"


class TestRefusals:
    def test_an_unknown_order(self, world: World) -> None:
        with scope(world.tenant), pytest.raises(OrderNotFoundError):
            cancel_order(order=new_id(), why=WHY, by=BY, now=PLANNING)

    def test_a_second_time(self, world: World, orders: list[WorkOrder]) -> None:
        with scope(world.tenant):
            cancel_order(order=orders[0].id, why=WHY, by=BY, now=PLANNING)
            with pytest.raises(CancelledError, match=WHY):
                cancel_order(order=orders[0].id, why="Again.", by=BY, now=PLANNING)
            assert OrderCancellation.objects.count() == 1

    def test_after_its_end(self, world: World, orders: list[WorkOrder]) -> None:
        with scope(world.tenant):
            with pytest.raises(EndedError):
                cancel_order(order=orders[0].id, why=WHY, by=BY, now=orders[0].end)
            (claim,) = orders[0].exclusions
            assert state_of(exclusion(claim), PLANNING) == "approved"

    def test_a_cancellation_is_never_changed(self, world: World, orders: list[WorkOrder]) -> None:
        with scope(world.tenant):
            cancellation = cancel_order(order=orders[0].id, why=WHY, by=BY, now=PLANNING)
            cancellation.why = "Something else."
            with pytest.raises(DatabaseError), transaction.atomic():
                cancellation.save()
