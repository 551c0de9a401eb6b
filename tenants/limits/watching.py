"""Who is near a limit: kept so that every page can say it from one query, and mailed once in each window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from tenants.edge.addresses import address_for
from tenants.edge.mail import send_to_all
from tenants.limits import registry, selectors
from tenants.limits.domain.amounts import shown
from tenants.limits.domain.standing import Standing, State, who_can_raise
from tenants.limits.models import LimitWarning
from tenants.limits.schemas import WHOLE
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant

TELL_AGAIN = timedelta(days=30)
"""How long owners are not told again of a limit that has no window."""


def note_standing(standing: Standing, *, now: datetime) -> None:
    """Note that a limit is near, reached, or far again."""
    LimitWarning.objects.update_or_create(
        meter=standing.meter,
        part=standing.customer or WHOLE,
        defaults={
            "state": standing.state, "limit": standing.limit, "used": standing.used, "resets_at": standing.resets_at,
            "seen_at": now,
        },
    )  # fmt: skip


def renew_warnings(*, now: datetime) -> list[Standing]:
    """Note where the tenant and its customers stand; the limits that are near or reached."""
    held = selectors.usage(now=now)
    known = {(row.meter, row.part): row.state for row in LimitWarning.objects.all()}
    near = []
    for standing in (*held.whole, *held.shares):
        place = (standing.meter.value, standing.customer or WHOLE)
        if standing.state is not State.OK:
            near.append(standing)
            note_standing(standing, now=now)
        elif known.pop(place, State.OK) != State.OK:
            note_standing(standing, now=now)
        known.pop(place, None)
    for meter, part in known:  # a share that was withdrawn
        LimitWarning.objects.filter(meter=meter, part=part).update(state=State.OK)
    return near


def warn_owners(*, now: datetime) -> int:
    """Mail the owners of what they have not been told in this window; how many limits that were.

    It is noted as told before the mail goes, so that a failure costs one mail and not one every few minutes.
    """
    renew_warnings(now=now)
    fresh = _untold(now)
    if not fresh:
        return 0
    for row in fresh:
        row.told_state, row.told_until = row.state, row.resets_at or now + TELL_AGAIN
        row.save(update_fields=["told_state", "told_until"])
    tenant = Tenant.objects.get(id=required_tenant("a warning"))
    mail = partial(send_to_all, tenant.brand, subject=f"{tenant.name} is near a limit on Outturn")
    transaction.on_commit(partial(mail, body=_text(tenant, fresh), to=registry.recipients(tenant.id)))
    return len(fresh)


def _untold(now: datetime) -> list[LimitWarning]:
    in_force = LimitWarning.objects.select_for_update().exclude(state=State.OK)
    return [row for row in in_force.order_by("meter", "part") if not _is_told(row, now)]


def _is_told(row: LimitWarning, now: datetime) -> bool:
    """Whether owners know: of this state, or of a worse one, in a window that is not over."""
    if row.told_until is None or row.told_until <= now:
        return False
    return row.told_state in (row.state, State.EXHAUSTED)


def _text(tenant: Tenant, rows: Sequence[LimitWarning]) -> str:
    names = registry.customers() if any(row.part != WHOLE for row in rows) else {}
    lines = [f"{tenant.name} is near these limits:", ""]
    for row in rows:
        held = selectors.held_in(row)
        whose = f" of {names.get(row.part, 'a customer')}" if row.part != WHOLE else ""
        again = f", free again at {row.resets_at:%Y-%m-%d %H:%M} UTC" if row.resets_at else ""
        used, limit = shown(held.meter, held.used_units), shown(held.meter, held.limit or 0)
        lines.append(f"- {held.meter.label}{whose}: {used} of {limit} ({held.percent} %){again}")
    plan = selectors.plan_of(tenant.plan)
    lines += [
        "", "Only what has run out stops; everything else goes on.", who_can_raise(plan),
        f"{address_for(tenant.id)}/t/{tenant.slug}/admin/usage/",
    ]  # fmt: skip
    return "\n".join(lines)
