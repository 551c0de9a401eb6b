"""Plans and work orders to read."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Func, IntegerField, Q, QuerySet

from analytics.maintenance.models import OrderCancellation, Plan, WorkOrder
from tenants.kernel.errors import NotFoundError


class PlanNotFoundError(NotFoundError):
    """The tenant has no such plan."""

    code = "plan.not_found"

    def __init__(self) -> None:
        super().__init__("There is no such plan.", place="plan", fix="Choose one from the list of plans.")


class OrderNotFoundError(NotFoundError):
    """The tenant has no such work order."""

    code = "order.not_found"

    def __init__(self) -> None:
        super().__init__("There is no such work order.", place="order", fix="Choose one from the list of work orders.")


def plans() -> QuerySet[Plan]:
    """The plans of the tenant in scope, newest first, without the problems that they solve."""
    return Plan.objects.select_related("twin").defer("problem", "twin__draft")


def plans_listed() -> QuerySet[Plan]:
    """The plans with their twins and the number of visits, without what they were made of."""
    number = Func("visits", function="jsonb_array_length", output_field=IntegerField())
    kept = ("state", "start", "end", "currency", "cost_minor", "made_at", "made_by", "twin__name")
    return Plan.objects.select_related("twin").only(*kept).annotate(number=number)


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
    """The work orders of the tenant in scope, in order of their starts, cancelled ones with their cancellation."""
    return WorkOrder.objects.prefetch_related("cancellations")


def work_order(order_id: UUID) -> WorkOrder:
    """One work order.

    Raises:
        OrderNotFoundError: The tenant has no such work order.
    """
    found = work_orders().filter(id=order_id).first()
    if found is None:
        raise OrderNotFoundError
    return found


def cancellation_of(order: WorkOrder) -> OrderCancellation | None:
    """Why an order does not stand; None while it does."""
    return next(iter(order.cancellations.all()), None)


def orders_on(plan: Plan) -> list[WorkOrder]:
    """The orders on a plan's board: its own, and those that stood when it was made; in order of their starts."""
    stood = [each["order"] for each in plan.standing]
    return list(work_orders().filter(Q(plan=plan.id) | Q(id__in=stood)))


def standing_orders() -> QuerySet[WorkOrder]:
    """The work orders that were not cancelled, in order of their starts."""
    return work_orders().filter(cancellations__isnull=True)


def orders_within(twin: UUID, start: datetime, end: datetime) -> list[WorkOrder]:
    """The work orders of a twin's assets that stand and overlap ``[start, end)``, in order of their starts."""
    return list(standing_orders().filter(twin=twin, start__lt=end, end__gt=start))


def next_order(now: datetime) -> WorkOrder | None:
    """The first visit that stands and is still to begin."""
    return standing_orders().filter(start__gte=now).first()
