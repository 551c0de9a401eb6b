"""Writing about what is overdue: settings, the daily round, pauses. No fee and no interest is ever asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from pydantic import JsonValue

from billing.dunning.domain import Level, faults, level_due
from billing.dunning.letters import DUNNING
from billing.dunning.models import DunningNotice, DunningPause, DunningSettings
from billing.dunning.selectors import Look, levels_of, looks, overdue_invoices, today_of
from billing.invoices.models import Invoice, InvoiceKind
from billing.invoices.selectors import invoice as invoice_by_id
from tenants.kernel.calendars import time_zone
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.post.services import write_letters
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant

BY = "Outturn"
FIRST_HOUR, LAST_HOUR = 9, 17
"""Letters are written between these hours on the organisation's clocks."""
MOST_AT_ONCE = 500
"""Letters of one round; what is left is written an hour later."""


class DunningError(OutturnError):
    """Levels, or a pause, that cannot be kept; ``place`` names the field."""

    code = "dunning.refused"


class PauseNotFoundError(NotFoundError):
    """The tenant has no such pause, or it is over."""

    code = "dunning.pause_not_found"


def set_dunning(*, is_on: bool, levels: Sequence[Level], by: str, now: datetime) -> DunningSettings:
    """Set when customers are written to; once turned on, the first letters are written the day after.

    Raises:
        DunningError: A level cannot be kept, with what is wrong in each, or there is none to turn on.
    """
    if found := faults(levels):
        raise DunningError(
            found[0].message, place=found[0].place, kept="The levels as they were.", fix=found[0].fix, findings=found
        )
    if is_on and not levels:
        raise DunningError(
            "There is no level yet.", place="levels", kept="The settings as they were.",
            fix="Say after how many days the first letter is written.",
        )  # fmt: skip
    with transaction.atomic():
        row = DunningSettings.objects.select_for_update().first() or DunningSettings()
        before: dict[str, JsonValue] = {"is_on": row.is_on, "levels": [each["days"] for each in row.levels]}
        if is_on and not row.is_on:
            row.starts_on = today_of(now) + timedelta(days=1)
        row.is_on, row.levels = is_on, [asdict(level) for level in levels]
        row.changed_by, row.changed_at = by, now
        row.save()
        details: dict[str, JsonValue] = {
            "before": before, "after": {"is_on": is_on, "levels": [level.days for level in levels]}
        }  # fmt: skip
        record_audit(action="dunning.settings", subject="dunning-settings", by=by, now=now, details=details)
    return row


def is_hour(now: datetime) -> bool:
    """Whether letters are written at this hour, on the clocks of the organisation in scope."""
    zone = Tenant.objects.values_list("time_zone", flat=True).get(id=required_tenant("an hour"))
    return FIRST_HOUR <= now.astimezone(time_zone(zone)).hour < LAST_HOUR


def write_due(*, now: datetime) -> int:
    """Write what is due today of the tenant in scope; run again, it writes nothing twice.

    Returns:
        How many letters were written, one for each invoice.
    """
    with transaction.atomic():
        set_ = DunningSettings.objects.select_for_update().filter(is_on=True).first()
        if set_ is None:
            return 0
        today, levels = today_of(now), levels_of(set_)
        if set_.starts_on is None or today < set_.starts_on:
            return 0
        before = today - timedelta(days=levels[0].days - 1)
        rows = list(overdue_invoices(before).order_by("due_on", "id"))
        found = looks(rows, today=today, now=now)
        due = (
            (row, level, found[row.id])
            for row in rows
            if found[row.id].hold is None
            and (level := level_due(levels, row.due_on, found[row.id].last, today)) is not None
        )
        written = [_write(row, level, look, levels, today=today, now=now) for (row, level, look), _ in zip(
            due, range(MOST_AT_ONCE), strict=False
        )]  # fmt: skip
    return len(written)


def pause_dunning(
    *, invoice: UUID, whole_customer: bool, reason: str, until: date | None, by: str, now: datetime
) -> DunningPause:
    """Write nothing about an invoice, or about any of its customer, for a reason; one that is paused is paused anew.

    Raises:
        InvoiceNotFoundError: There is no such invoice.
        DunningError: It is a credit note, there is no reason, or the last day is over.
    """
    row = invoice_by_id(invoice)
    reason = " ".join(reason.split())
    if row.kind != InvoiceKind.INVOICE:
        raise DunningError(
            "Nobody is written to about a credit note.", place="invoice", kept="Nothing was paused.",
            fix="Choose an invoice.",
        )  # fmt: skip
    if not 0 < len(reason) <= 200:
        raise DunningError(
            "A pause needs a reason of at most 200 characters.", place="reason", kept="Nothing was paused.",
            fix="Say why nothing is to be written.",
        )  # fmt: skip
    if until is not None and until < today_of(now):
        raise DunningError(
            "That day is over.", place="until", kept="Nothing was paused.", fix="Choose a later day, or none."
        )
    about: dict[str, Any] = {"customer_id": row.customer_id} if whole_customer else {"invoice_id": row.id}
    with transaction.atomic():
        pause, _ = DunningPause.objects.update_or_create(
            **about, ended_at=None, defaults={"reason": reason, "until": until, "paused_by": by, "paused_at": now}
        )
        details: dict[str, JsonValue] = {"reason": reason, "until": None if until is None else str(until)}
        record_audit(action="dunning.paused", subject=_subject(pause), by=by, now=now, details=details)
    return pause


def end_pause(*, pause: UUID, by: str, now: datetime) -> DunningPause:
    """Write again about what was paused.

    Raises:
        PauseNotFoundError: There is no such pause, or it has ended.
    """
    with transaction.atomic():
        row = DunningPause.objects.select_for_update().filter(id=pause, ended_at=None).first()
        if row is None:
            raise PauseNotFoundError(
                "There is no such pause.", place="pause", fix="Look at the page of the invoice again."
            )
        row.ended_by, row.ended_at = by, now
        row.save(update_fields=["ended_by", "ended_at"])
        record_audit(action="dunning.resumed", subject=_subject(row), by=by, now=now)
    return row


def _write(
    row: Invoice, level: int, look: Look, levels: Sequence[Level], *, today: date, now: datetime
) -> DunningNotice:
    """Write one letter down, to be sent to each of the customer's people."""
    notice = DunningNotice.objects.create(
        invoice=row, level=level, days=look.days, open_minor=look.open, text=levels[level - 1].text, written_on=today,
        written_at=now,
    )  # fmt: skip
    write_letters(kind=DUNNING.name, about=notice.id, customer=row.customer_id, now=now)
    details: dict[str, JsonValue] = {
        "number": row.number, "level": level, "days": look.days, "open_minor": look.open, "currency": row.currency
    }  # fmt: skip
    record_audit(action="dunning.written", subject=f"invoice/{row.id}", by=BY, now=now, details=details)
    return notice


def _subject(pause: DunningPause) -> str:
    return f"invoice/{pause.invoice_id}" if pause.invoice_id else f"customer/{pause.customer_id}"
