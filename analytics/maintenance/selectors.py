"""Plans and work orders to read."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from analytics.maintenance.models import Plan, WorkOrder
from tenants.kernel.errors import NotFoundError


class PlanNotFoundError(NotFoundError):
    """The tenant has no such plan."""

    code = "plan.not_found"

    def __init__(self) -> None:
        super().__init__("There is no such plan.", place="plan", fix="Choose one from the list of plans.")


def plans() -> QuerySet[Plan]:
    """The plans of the tenant in scope, newest first, without the problems that they solve."""
    return Plan.objects.select_related("twin").defer("problem", "twin__draft")


def plan(plan_id: UUID) -> Plan:
    """One plan, without the problem that it solves.

    Raises:
        PlanNotFoundError: The tenant has no such plan.
    """
    found = plans().filter(id=plan_id).first()
    if found is None:
        raise PlanNotFoundError
    return found


def locked_plan(plan_id: UUID) -> Plan:
    """One plan, held until the transaction ends.

    Raises:
        PlanNotFoundError: The tenant has no such plan.
    """
    found = Plan.objects.select_for_update().defer("problem").filter(id=plan_id).first()
    if found is None:
        raise PlanNotFoundError
    return found


def work_orders() -> QuerySet[WorkOrder]:
    """The work orders of the tenant in scope, in order of their starts."""
    return WorkOrder.objects.all()


def orders_within(twin: UUID, start: datetime, end: datetime) -> list[WorkOrder]:
    """The work orders of a twin's assets that overlap ``[start, end)``, in order of their starts."""
    return list(work_orders().filter(twin=twin, start__lt=end, end__gt=start))


def next_order(now: datetime) -> WorkOrder | None:
    """The first visit that is still to begin."""
    return work_orders().filter(start__gte=now).first()
