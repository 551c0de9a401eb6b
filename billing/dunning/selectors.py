"""Invoices that are overdue: what is open of them, what was written, and what holds the next letter."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from billing.disputes.selectors import disputes_listed, living
from billing.dunning.domain import Level, Written, days_overdue, next_letter
from billing.dunning.models import DunningNotice, DunningPause, DunningSettings, Hold
from billing.invoices.models import Invoice
from billing.invoices.selectors import invoices_listed
from billing.payments.models import ProviderInvoice
from billing.payments.selectors import standings_of, still_open
from tenants.customers.selectors import people_counted
from tenants.kernel.calendars import time_zone
from tenants.post.schemas import Delivery
from tenants.post.selectors import deliveries
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant


@dataclass(frozen=True, slots=True)
class Look:
    """Where an invoice stands today.

    Attributes:
        days: How many days it is overdue.
        open: What is open of it, less what its credit notes have left: minor units.
        last: The last letter about it.
        hold: What keeps the next one from being written, or nothing.
        reason: Why it was paused.
    """

    days: int
    open: int
    last: Written | None
    hold: Hold | None
    reason: str = ""


def settings() -> DunningSettings:
    """What the tenant in scope has set; off, and not saved, until it says so itself."""
    return DunningSettings.objects.first() or DunningSettings()


def levels_of(row: DunningSettings) -> list[Level]:
    """The levels, the earliest first."""
    return [Level(**each) for each in row.levels]


def today_of(now: datetime) -> date:
    """The day on the clocks of the organisation in scope."""
    zone = Tenant.objects.values_list("time_zone", flat=True).get(id=required_tenant("a day"))
    return now.astimezone(time_zone(zone)).date()


def overdue_invoices(before: date) -> QuerySet[Invoice]:
    """The invoices that were due before a day and have something open, each with what is `left` of it."""
    return still_open(invoices_listed().filter(due_on__lt=before))


def overdue_sums(before: date) -> dict[str, tuple[int, int]]:
    """How many invoices were due before a day and how much is left of them, by currency."""
    rows = overdue_invoices(before).order_by().values("currency").annotate(count=Count("id"), sum=Sum("left"))
    return {row["currency"]: (row["count"], row["sum"]) for row in rows.order_by("currency")}


def looks(rows: Sequence[Invoice], *, today: date, now: datetime) -> dict[UUID, Look]:
    """Where some invoices stand, by their ids; in as many queries however many there are."""
    open_, people, found = _open_of(rows), people_counted(), {}
    of = {row.id: row for row in rows}
    for one in _told_of(list(of), today, now):
        row = of[one["id"]]
        held = {
            Hold.SETTLED: open_[row.id] <= 0, Hold.DISPUTED: one["is_disputed"], Hold.UNDER_WAY: one["is_under_way"],
            Hold.PAUSED: one["paused"] is not None, Hold.NOBODY: row.customer_id not in people,
        }  # fmt: skip
        hold = next((each for each, holds in held.items() if holds), None)
        last = None if one["level"] is None else Written(one["level"], one["written_on"])
        reason = one["paused"] if hold == Hold.PAUSED else ""
        found[row.id] = Look(days_overdue(row.due_on, today), open_[row.id], last, hold, reason)
    return found


def coming(row: Invoice, look: Look, set_: DunningSettings, today: date) -> tuple[int, date] | None:
    """The letter that comes next about an invoice if nothing happens, and its day; None when none will."""
    if not set_.is_on or look.hold is not None:
        return None
    found = next_letter(levels_of(set_), row.due_on, look.last, today)
    return None if found is None else (found[0], max(found[1], set_.starts_on or today))


def history_of(invoice: UUID) -> list[tuple[DunningNotice, Delivery]]:
    """What was written about an invoice, the first first, and what became of the letters."""
    rows = list(DunningNotice.objects.filter(invoice=invoice))
    told = deliveries("dunning", [row.id for row in rows])
    return [(row, told.get(row.id, Delivery())) for row in rows]


def pauses_of(row: Invoice, today: date) -> list[DunningPause]:
    """The pauses that hold for an invoice: its own, and its customer's."""
    mine = Q(invoice=row.id) | Q(customer=row.customer_id)
    return list(_in_force(today).filter(mine))


def _in_force(today: date) -> QuerySet[DunningPause]:
    return DunningPause.objects.filter(Q(until=None) | Q(until__gte=today), ended_at=None)


def _open_of(rows: Sequence[Invoice]) -> dict[UUID, int]:
    """What is open of some invoices, less what is left of the credit notes for them."""
    notes = list(Invoice.objects.filter(credits__in=[row.id for row in rows]).defer("document"))
    standings = standings_of([*rows, *notes])
    open_ = {row.id: standings[row.id].open for row in rows}
    for note in notes:
        assert note.credits_id is not None
        open_[note.credits_id] += standings[note.id].open
    return open_


def _told_of(ids: Collection[UUID], today: date, now: datetime) -> Iterable[dict[str, Any]]:
    """What is known about some invoices elsewhere, in one query: the last letter, disputes, payments, pauses.

    A dispute holds whichever version of the statement it points to. A payment may be under way when the provider has
    one that is not through, is to be asked, or did not answer.
    """
    notices = DunningNotice.objects.filter(invoice=OuterRef("id"), dropped="").order_by("-level")
    disputed = living(disputes_listed(None)).filter(
        contract=OuterRef("contract"), statement__period_start=OuterRef("statement__period_start")
    )
    unknown = Q(is_under_way=True) | Q(look_at__lte=now) | Q(finding__isnull=False)
    pauses = _in_force(today)
    own, whole = pauses.filter(invoice=OuterRef("id")), pauses.filter(customer=OuterRef("customer"))
    found = Invoice.objects.filter(id__in=ids).order_by().annotate(
        level=Subquery(notices.values("level")[:1]),
        written_on=Subquery(notices.values("written_on")[:1]),
        is_disputed=Exists(disputed),
        is_under_way=Exists(ProviderInvoice.objects.filter(unknown, invoice=OuterRef("id"))),
        paused=Coalesce(Subquery(own.values("reason")[:1]), Subquery(whole.values("reason")[:1])),
    )  # fmt: skip
    return found.values("id", "level", "written_on", "is_disputed", "is_under_way", "paused")
