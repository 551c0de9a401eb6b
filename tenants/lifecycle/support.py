"""Support access: asked for or offered, granted by an administrator, told in the audit, ended at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from pydantic import JsonValue

from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError
from tenants.lifecycle.models import Level, SupportAccess
from tenants.lifecycle.selectors import support_name
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant

MOST_HOURS = 72


class SupportTermsError(OutturnError):
    """The level, the hours or the reason make no sense."""

    code = "support.terms"


class SupportStateError(ConflictError):
    """It was granted or has ended already."""

    code = "support.state"


def ask_access(*, operator: UUID, name: str, level: str, hours: int, reason: str, now: datetime) -> SupportAccess:
    """An operator asks to enter the organisation in scope.

    Raises:
        SupportTermsError: The level, the hours or the reason make no sense.
    """
    _check(level, hours, reason)
    row = SupportAccess(
        tenant_id=required_tenant("support"), operator_id=operator, level=level, hours=hours, reason=reason.strip(),
        asked_by=support_name(name), asked_at=now,
    )  # fmt: skip
    return _write(row, "support.asked", by=support_name(name), now=now)


def grant_access(*, level: str, hours: int, reason: str, by: str, now: datetime) -> SupportAccess:
    """An administrator lets support in, unasked: the first operator who comes.

    Raises:
        SupportTermsError: The level, the hours or the reason make no sense.
    """
    _check(level, hours, reason)
    row = SupportAccess(
        tenant_id=required_tenant("support"), level=level, hours=hours, reason=reason.strip(), asked_by=by,
        asked_at=now, granted_by=by, granted_at=now, expires_at=now + timedelta(hours=hours),
    )  # fmt: skip
    return _write(row, "support.granted", by=by, now=now)


def approve_access(*, access: UUID, by: str, now: datetime) -> SupportAccess:
    """An administrator lets the operator in who asked; the hours begin now.

    Raises:
        NotFoundError: Nobody asked under this id.
        SupportStateError: It was granted or has ended already.
    """
    with transaction.atomic():
        row = _locked(access)
        if row.granted_at or row.ended_at:
            raise SupportStateError("it was answered already", place="access", fix="Look at the list again.")
        row.granted_by, row.granted_at, row.expires_at = by, now, now + timedelta(hours=row.hours)
        return _write(row, "support.granted", by=by, now=now)


def end_access(*, access: UUID, by: str, now: datetime) -> SupportAccess:
    """Refuse a request, or end an access at once; also the operator's own.

    Raises:
        NotFoundError: There is no such access.
        SupportStateError: It has ended already.
    """
    with transaction.atomic():
        row = _locked(access)
        if row.ended_at or (row.expires_at and row.expires_at <= now):
            raise SupportStateError("it has ended already", place="access", fix="Nothing is to be done.")
        row.ended_by, row.ended_at = by, now
        return _write(row, "support.revoked" if row.granted_at else "support.refused", by=by, now=now)


def note_visit(*, access: SupportAccess, operator: UUID, by: str, path: str, method: str, now: datetime) -> None:
    """Write a request of support into the audit of the organisation in scope, before it is answered."""
    if access.operator_id is None:
        SupportAccess.objects.filter(id=access.id, operator=None).update(operator_id=operator)
    details = {"method": method, "access": str(access.id), "reason": access.reason}
    record_audit(action="support.looked", subject=path[:200], by=by, now=now, details=details)


def _check(level: str, hours: int, reason: str) -> None:
    if level not in Level.values:
        raise SupportTermsError("there is no such level", place="level", fix=f"Choose {' or '.join(Level.values)}.")
    if not 1 <= hours <= MOST_HOURS:
        raise SupportTermsError(f"{hours} hours are not granted", place="hours", fix=f"Choose 1 to {MOST_HOURS}.")
    if not 5 <= len(reason.strip()) <= 300:
        raise SupportTermsError("the reason says nothing", place="reason", fix="Write 5 to 300 characters.")


def _locked(access: UUID) -> SupportAccess:
    rows = SupportAccess.objects.select_for_update().filter(tenant_id=required_tenant("support"), id=access)
    found = rows.first()
    if found is None:
        raise NotFoundError("There is no such access.", place="access", fix="Choose one from the list.")
    return found


def _write(row: SupportAccess, action: str, *, by: str, now: datetime) -> SupportAccess:
    with transaction.atomic():
        row.save()
        details: dict[str, JsonValue] = {"level": row.level, "hours": row.hours, "reason": row.reason}
        record_audit(action=action, subject=f"support/{row.id}", by=by, now=now, details=details)
    return row
