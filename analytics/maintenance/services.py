"""Plans: asked for, proposed, approved or rejected; an approved one orders work and claims its downtime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from pydantic import JsonValue

from analytics.maintenance.assembly import Gathered, gather
from analytics.maintenance.assumptions import PlanAssumptions
from analytics.maintenance.domain.wording import Speaker
from analytics.maintenance.models import OrderCancellation, Plan, PlanState, WorkOrder
from analytics.maintenance.printed import deferral_json, standing_json, visit_json
from analytics.maintenance.selectors import cancellation_of, locked_plan, orders_within, work_order
from billing.contracts.selectors import agreement_of, contracts_about
from billing.outcomes.deciding import DecidedError as ClaimDecidedError
from billing.outcomes.deciding import withdraw_exclusion
from billing.outcomes.services import claim_exclusion
from tenants.jobs.models import Job
from tenants.jobs.services import start_job
from tenants.kernel.canonical import digest
from tenants.kernel.clock import isoformat
from tenants.kernel.errors import ConflictError
from tenants.kernel.ids import new_id
from tenants.record.services import record_audit

if TYPE_CHECKING:  # the solver is the worker's to load, not the web server's
    from analytics.maintenance.domain.planner import Solution

PLAN_JOB = "maintenance.plan"
PLANNED = "planned"
"""The category of exclusions under which contracts let planned visits not count."""


class DecidedError(ConflictError):
    """The plan is no longer open."""

    code = "plan.decided"


class OutdatedError(ConflictError):
    """Visits were ordered or cancelled since the plan was made."""

    code = "plan.outdated"


class CancelledError(ConflictError):
    """The work order was cancelled before."""

    code = "order.cancelled"


class EndedError(ConflictError):
    """The visit is over."""

    code = "order.ended"


def start_planning(*, assumptions: PlanAssumptions, by: str, now: datetime) -> Job:
    """Ask for a plan.

    Raises:
        TwinNotFoundError: The tenant has no such twin.
        PlanningError: There is nothing to make a plan of.
    """
    gather(assumptions)
    params = {"assumptions": assumptions.model_dump(mode="json"), "by": by}
    return start_job(kind=PLAN_JOB, params=params, by=by, now=now)


def propose_plan(
    *, assumptions: PlanAssumptions, gathered: Gathered, solution: Solution, by: str, now: datetime
) -> Plan:
    """Put a solved plan before the people who decide; it takes the place of one that still waits."""
    found, problem = solution.plan, gathered.problem
    speaker = Speaker(problem)
    waiting = Plan.objects.filter(twin=assumptions.twin, state=PlanState.PROPOSED)
    plan = Plan(
        twin_id=assumptions.twin, start=problem.grid.at(0), end=problem.grid.at(problem.grid.slots),
        currency=problem.currency, assumptions=assumptions.model_dump(mode="json"),
        problem=problem.model_dump(mode="json"), problem_digest=found.problem,
        visits=[visit_json(visit, speaker, problem, gathered.maintenance[visit.asset]) for visit in found.visits],
        deferrals=[deferral_json(deferral, speaker) for deferral in found.deferrals],
        left_out=gathered.left_out, standing=[standing_json(order) for order in gathered.standing],
        findings=[finding.model_dump() for finding in found.findings], terms=found.terms, outcome=found.status,
        cost_minor=found.cost_minor, bound_minor=found.bound_minor, gap=found.gap, engine=found.engine,
        solved_in_s=solution.seconds, made_by=by, made_at=now,
    )  # fmt: skip
    plan.digest = digest({"problem": found.problem, "visits": plan.visits, "deferrals": plan.deferrals})
    with transaction.atomic():
        waiting.update(state=PlanState.SUPERSEDED, decided_by=by, decided_at=now, why="A newer plan was made.")
        plan.save(force_insert=True)
    return plan


def approve_plan(*, plan: UUID, by: str, now: datetime) -> list[WorkOrder]:
    """Approve a plan: order its visits, and claim each as planned downtime under the contracts about its asset.

    Raises:
        PlanNotFoundError: The tenant has no such plan.
        DecidedError: It was decided before, or a newer plan has taken its place.
        OutdatedError: Visits were ordered or cancelled since it was made.
    """
    with transaction.atomic():
        row = _open_plan(plan)
        ordered = {str(order.id) for order in orders_within(row.twin_id, row.start, row.end)}
        if ordered != {each["order"] for each in row.standing}:
            raise OutdatedError(
                "Visits were ordered or cancelled since this plan was made.", place="plan",
                kept="The plan, undecided.", fix="Make a new plan; it goes around those that stand.",
            )  # fmt: skip
        orders = WorkOrder.objects.bulk_create([_order(row, visit, by=by, now=now) for visit in row.visits])
        _decide(row, PlanState.APPROVED, why="", by=by, now=now)
    return orders


def reject_plan(*, plan: UUID, by: str, now: datetime, why: str = "") -> Plan:
    """Turn a plan down.

    Raises:
        PlanNotFoundError: The tenant has no such plan.
        DecidedError: It was decided before, or a newer plan has taken its place.
    """
    with transaction.atomic():
        row = _open_plan(plan)
        _decide(row, PlanState.REJECTED, why=why, by=by, now=now)
    return row


def cancel_order(*, order: UUID, why: str, by: str, now: datetime) -> OrderCancellation:
    """Cancel a visit that does not take place: no plan goes around it, and all of its downtime counts again.

    Raises:
        OrderNotFoundError: The tenant has no such work order.
        CancelledError: It was cancelled before.
        EndedError: It has ended: what has been cannot be called off.
    """
    with transaction.atomic():
        locked_plan(work_order(order).plan_id)
        row = work_order(order)
        _refuse_to_cancel(row, now)
        cancellation = OrderCancellation.objects.create(order=row, why=why, cancelled_by=by, cancelled_at=now)
        for claim in row.exclusions:
            with suppress(ClaimDecidedError):  # what was declined or withdrawn before claims nothing any more
                withdraw_exclusion(exclusion=UUID(claim), why=f"The visit is cancelled: {why}", by=by, now=now)
        details: dict[str, JsonValue] = {"plan": str(row.plan_id), "exclusions": row.exclusions, "why": why}
        record_audit(action="order.cancelled", subject=f"order/{row.id}", by=by, now=now, details=details)
    return cancellation


def _refuse_to_cancel(row: WorkOrder, now: datetime) -> None:
    cancelled = cancellation_of(row)
    if cancelled is not None:
        raise CancelledError(
            f"The visit was cancelled by {cancelled.cancelled_by}: {cancelled.why}", place="order",
            kept="That cancellation.", fix="Nothing is left to do.",
        )  # fmt: skip
    if row.end <= now:
        raise EndedError(
            f"The visit ended {isoformat(row.end)}.", place="order", kept="The visit.",
            fix="Withdraw its exclusions under the contract, if it did not take place.",
        )  # fmt: skip


def _open_plan(plan: UUID) -> Plan:
    row = locked_plan(plan)
    if row.state != PlanState.PROPOSED:
        raise DecidedError(
            f"The plan is {row.state}.", place="plan", kept="That decision.", fix="Make a new plan and decide on it."
        )
    return row


def _decide(row: Plan, state: PlanState, *, why: str, by: str, now: datetime) -> None:
    row.state, row.why, row.decided_by, row.decided_at = state, why, by, now
    row.save(update_fields=["state", "why", "decided_by", "decided_at"])
    details: dict[str, JsonValue] = {
        "digest": row.digest,
        "visits": len(row.visits),
        "cost_minor": row.cost_minor,
        "why": why,
    }
    record_audit(action=f"plan.{state}", subject=f"plan/{row.id}", by=by, now=now, details=details)


def _order(row: Plan, visit: dict[str, Any], *, by: str, now: datetime) -> WorkOrder:
    order = WorkOrder(
        id=new_id(), plan=row, twin_id=row.twin_id, asset=UUID(visit["asset"]), name=visit["name"],
        task=visit["maintenance"], bay=visit["bay"], removal=datetime.fromisoformat(visit["removal"]),
        start=datetime.fromisoformat(visit["start"]), end=datetime.fromisoformat(visit["end"]),
        ordered_by=by, ordered_at=now,
    )  # fmt: skip
    evidence = {"plan": str(row.id), "plan_digest": row.digest, "work_order": str(order.id), "bay": order.bay}
    order.exclusions = [
        str(
            claim_exclusion(
                contract=contract, category=PLANNED, assets=[order.asset], start=order.start, end=order.end,
                evidence=evidence, by=by, now=now,
            ).id
        )
        for contract in _contracts_excluding(order)
    ]  # fmt: skip
    return order


def _contracts_excluding(order: WorkOrder) -> Iterator[UUID]:
    """The contracts about an asset during its visit that let planned downtime not count."""
    for version in contracts_about([str(order.asset)], order.start, order.end):
        clauses = agreement_of(version).terms.clauses
        if any(rule.category == PLANNED for clause in clauses for rule in clause.exclusions):
            yield version.contract_id
