"""Readings and the plan: it says how long they can be kept, and one that allows less takes hold after 30 days."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.urls import reverse
from pydantic import JsonValue

from tenants.custody.models import RetentionPolicy
from tenants.custody.registry import kept_for
from tenants.custody.schemas import Grace
from tenants.custody.selectors import policy
from tenants.edge.mail import send_to_all
from tenants.kernel.clock import isoformat
from tenants.limits.domain.plans import Plan
from tenants.limits.domain.standing import who_can_raise
from tenants.limits.selectors import plan_of
from tenants.people.selectors import administrator_addresses
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant

GRACE = timedelta(days=30)
READINGS = "readings"


def plan_in_force() -> Plan:
    """The plan of the tenant in scope."""
    return plan_of(Tenant.objects.values_list("plan", flat=True).get(id=required_tenant("a plan")))


def take_up_plan(_plan: Plan, _by: str, now: datetime) -> None:
    """Look at once when the tenant in scope has taken another plan."""
    look_at_plan(now=now)


def look_at_plan(*, now: datetime) -> RetentionPolicy:
    """Bring what is kept of the tenant in scope under its plan; administrators are told of a grace that begins.

    A plan that allows more holds at once, and ends a grace. One that allows less holds after `GRACE`, or at once when
    no reading is beyond it by then. During a grace, one that allows still less begins it anew.
    """
    plan = plan_in_force()
    with transaction.atomic():
        row = RetentionPolicy.objects.select_for_update().first() or RetentionPolicy()
        before = _state(row)
        begins = _look(row, plan.retention_days, now)
        if _state(row) != before:
            row.save()
            _note(row, before[2], now=now)
        if begins:
            tenant = Tenant.objects.get(id=required_tenant("a grace"))
            mail = partial(send_to_all, tenant.brand, subject=f"{tenant.name}: old readings will go")
            to = administrator_addresses(tenant.id)
            transaction.on_commit(partial(mail, body=_text(tenant, plan, row), to=to))
    return row


def looked_at(*, now: datetime) -> RetentionPolicy:
    """The policy of the tenant in scope as it will be once the plan has been looked at; nothing is saved."""
    row = policy()
    _look(row, plan_in_force().retention_days, now)
    return row


def days_of_readings(row: RetentionPolicy, now: datetime) -> int | None:
    """How long readings are kept at a moment, by the tenant's word and its plan; None for good.

    Args:
        row: The policy, when the plan has been looked at.
        now: The moment; a later one than that of the look gives what will hold.
    """
    is_over = row.grace_until is not None and now >= row.grace_until
    allowed = row.plan_days if is_over else row.allowed_days
    return min((days for days in (row.readings, allowed) if days is not None), default=None)


def grace_under_way(*, now: datetime) -> Grace | None:
    """Until when readings beyond the plan of the tenant in scope are kept; None when none are."""
    row = RetentionPolicy.objects.filter(grace_until__gt=now).first()
    return grace_of(row) if row is not None else None


def grace_of(row: RetentionPolicy) -> Grace | None:
    """The grace that a policy is in."""
    if row.grace_until is None or row.plan_days is None:
        return None
    return Grace(row.plan_days, row.grace_until)


def _state(row: RetentionPolicy) -> tuple[int | None, int | None, datetime | None]:
    return row.allowed_days, row.plan_days, row.grace_until


def _look(row: RetentionPolicy, days: int, now: datetime) -> bool:
    """Change what is known of the plan; whether a grace begins."""
    if row.grace_until is not None and now >= row.grace_until:
        row.allowed_days, row.plan_days, row.grace_until = row.plan_days, None, None
    if (row.allowed_days is not None and days >= row.allowed_days) or not _is_beyond(row, days, now):
        row.allowed_days, row.plan_days, row.grace_until = days, None, None
        return False
    if row.plan_days is not None and days >= row.plan_days:
        row.plan_days = days
        return False
    row.plan_days, row.grace_until = days, now + GRACE
    return True


def _is_beyond(row: RetentionPolicy, days: int, now: datetime) -> bool:
    """Whether readings would go by the plan that the tenant itself keeps, until a grace were over."""
    if row.readings is not None and row.readings <= days:
        return False
    firsts = (model.objects.aggregate(first=Min(time))["first"] for model, time in kept_for(READINGS))
    return any(first is not None and first + timedelta(days=days) <= now + GRACE for first in firsts)


def _note(row: RetentionPolicy, was_until: datetime | None, *, now: datetime) -> None:
    if row.grace_until == was_until:
        return
    action = "retention.grace_begun" if row.grace_until else "retention.grace_ended"
    details: dict[str, JsonValue] = {
        "days": row.plan_days or row.allowed_days,
        "until": isoformat(row.grace_until) if row.grace_until else None,
    }
    record_audit(action=action, subject="retention", by="Outturn", now=now, details=details)


def _text(tenant: Tenant, plan: Plan, row: RetentionPolicy) -> str:
    assert row.grace_until is not None
    return (
        f"The plan of {tenant.name}, {plan.name}, keeps readings for {row.plan_days:,} days. Older ones are kept until "
        f"{row.grace_until:%Y-%m-%d %H:%M} UTC and go after that. Sealed evidence, statements and invoices stay; so do "
        f"readings that are still to be settled.\n\nTo keep them, take a plan that allows it before that day. To take "
        f"them along, export them: {settings.BASE_URL}{reverse('data', args=[tenant.slug])}\n{who_can_raise(plan)}"
    )
