"""The journal of a span of days, read a page at a time while it is sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.fields.json import KT

from billing.invoices.domain.journal import (
    DATEV_CURRENCY,
    Booking,
    DatevTerms,
    JournalError,
    check_span,
    csv_head,
    csv_rows,
    datev_head,
    datev_rows,
    foreign,
)
from billing.invoices.domain.sums import Leg
from billing.invoices.models import Invoice, LedgerEntry, LedgerLeg
from billing.invoices.selectors import entities, entity
from tenants.kernel.errors import Finding
from tenants.scope.context import required_tenant, scope

AT_ONCE = 500
"""Bookings that are read together."""


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal that is about to be sent.

    Attributes:
        first: Its first day of issue.
        last: Its last.
        entity: The legal entity that sells, or None for all.
        terms: What DATEV must be told; None for CSV.
    """

    first: date
    last: date
    entity: UUID | None = None
    terms: DatevTerms | None = None

    @property
    def file_name(self) -> str:
        """What the file is called: DATEV wants its own beginning."""
        span = f"{self.first:%Y%m%d}-{self.last:%Y%m%d}.csv"
        return f"journal-{span}" if self.terms is None else f"EXTF_Buchungsstapel_{span}"


def check_journal(asked: Journal) -> None:
    """Refuse what cannot be written, before the first byte is sent; in the tenant's scope.

    Raises:
        JournalError: The span runs backwards, or DATEV would not take the batch.
        EntityNotFoundError: There is no such legal entity.
    """
    check_span(asked.first, asked.last)
    if asked.entity is not None:
        entity(asked.entity)
    if asked.terms is None:
        return
    asked.terms.check(asked.first, asked.last)
    if asked.entity is None and entities().count() > 1:
        fix = "Choose the legal entity that the client of DATEV is."
        raise JournalError([Finding("journal.entity", "entity", "A batch is of one legal entity.", fix)])
    other = _within(asked).exclude(currency=DATEV_CURRENCY).order_by("issued_on", "id").first()
    if other is not None:
        raise JournalError([foreign(other.number, other.currency)])


def journal_pieces(asked: Journal, *, now: datetime) -> Iterator[bytes]:
    """The file, piece by piece, each read in a scope of its own; call it in the tenant's scope, read it outside.

    Args:
        asked: What `check_journal` let through.
        now: The moment, which a batch for DATEV carries.
    """
    return _pieces(required_tenant("the journal"), asked, now)


def _pieces(tenant: UUID, asked: Journal, now: datetime) -> Iterator[bytes]:
    terms = asked.terms
    yield csv_head() if terms is None else datev_head(terms, asked.first, asked.last, now)
    after = Q()
    while True:
        with scope(tenant):
            rows = list(_page(asked, after))
            found = _bookings(rows)
        if not rows:
            return
        yield b"".join(row for each in found for row in (csv_rows(each) if terms is None else datev_rows(each, terms)))
        last = rows[-1]
        after = Q(issued_on__gt=last.issued_on) | Q(issued_on=last.issued_on, id__gt=last.id)


def _within(asked: Journal) -> QuerySet[Invoice]:
    found = Invoice.objects.filter(issued_on__gte=asked.first, issued_on__lte=asked.last)
    return found if asked.entity is None else found.filter(entity=asked.entity)


def _page(asked: Journal, after: Q) -> QuerySet[Any]:
    return (
        _within(asked).filter(after).defer("document").select_related("entity", "customer")
        .annotate(
            customer_named=KT("document__parties__customer"), category=KT("document__tax__category"),
            percent=KT("document__tax_percent"), credited=F("credits__number"),
        )
        .order_by("issued_on", "id")[:AT_ONCE]
    )  # fmt: skip


def _bookings(rows: list[Any]) -> list[Booking]:
    entries = {each.invoice_id: each for each in LedgerEntry.objects.filter(invoice__in=rows)}
    legs: defaultdict[UUID, list[Leg]] = defaultdict(list)
    for leg in LedgerLeg.objects.filter(entry__in=entries.values()).order_by("id"):
        legs[leg.entry_id].append(Leg(leg.account, leg.currency, leg.minor))
    return [
        Booking(
            day=row.issued_on, booked_at=entries[row.id].booked_at, number=row.number, kind=row.kind,
            credits=row.credited or "", entity="" if row.entity is None else row.entity.name,
            customer=row.customer_named or "", customer_number=row.customer.number, category=row.category or "",
            percent=row.percent or "", legs=tuple(legs[entries[row.id].id]),
        )
        for row in rows
        if row.id in entries
    ]  # fmt: skip
