"""Moves of an organisation from state to state, each in its audit."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tenants.lifecycle.domain import IN_FULL, Mover, State, check_move, follows_by_itself, holds_until
from tenants.limits.domain.plans import Plan
from tenants.people.rights import rights_changed
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant, scope
from tenants.scope.models import Tenant


def move_tenant(
    *, to: State, mover: Mover, by: str, reason: str, now: datetime, until: datetime | None = None
) -> Tenant:
    """Move the tenant in scope to another state.

    Args:
        to: The state.
        mover: As what.
        by: Who does it.
        reason: Why; the organisation reads it.
        now: The moment.
        until: When the state ends by itself, in place of the usual time.

    Raises:
        NoSuchMoveError: The state does not follow the one it is in.
        MoverError: The move is not theirs.
    """
    with transaction.atomic():
        tenant = Tenant.objects.select_for_update(no_key=True).get(id=required_tenant("a state"))
        before = State(tenant.state)
        check_move(before, to, mover)
        tenant.state, tenant.state_reason = to.value, reason[:200]
        tenant.state_until = until or holds_until(to, now=now)
        tenant.save(update_fields=["state", "state_reason", "state_until"])
        record_audit(
            action="organisation.moved", subject=f"organisation/{tenant.id}", by=by, now=now,
            details={"from": before.value, "to": to.value, "as": mover.value, "reason": reason[:200]},
        )  # fmt: skip
        rights_changed(tenant.id)
    return tenant


def take_up_plan(plan: Plan, by: str, now: datetime) -> None:
    """End the trial of the tenant in scope when it has taken a plan that is paid for; also one that has run out.

    What is past due for another reason than the end of a trial stays so until it is paid.
    """
    tenant = Tenant.objects.get(id=required_tenant("a plan"))
    state = State(tenant.state)
    is_over = state is State.PAST_DUE and tenant.state_reason == TRIAL_OVER
    if plan.key == "trial" or not (state is State.TRIAL or is_over):
        return
    # That of a trial which is over is the system's, which knows that nothing else is due.
    mover = Mover.OWNER if state is State.TRIAL else Mover.SYSTEM
    move_tenant(to=State.ACTIVE, mover=mover, by=by, reason=f"plan {plan.name}", now=now)


TRIAL_OVER = "the trial is over"
PAYMENT_DUE = "payment has been due for 14 days"


def end_due_states(*, now: datetime) -> int:
    """Let each state end whose time is over; how many did. Call it outside any scope."""
    due = list(Tenant.objects.filter(state_until__lte=now).order_by("id").values_list("id", flat=True))
    ended = 0
    for tenant in due:
        with scope(tenant):
            ended += end_state(tenant=tenant, now=now)
    return ended


def end_state(*, tenant: UUID, now: datetime) -> bool:
    """Let the state of the tenant in scope end if its time is over; whether it did."""
    row = Tenant.objects.filter(id=tenant, state_until__lte=now).first()
    after = follows_by_itself(State(row.state)) if row is not None else None
    if row is None or after is None:
        return False
    reason = TRIAL_OVER if State(row.state) in IN_FULL else PAYMENT_DUE
    move_tenant(to=after, mover=Mover.SYSTEM, by="Outturn", reason=reason, now=now)
    return True
