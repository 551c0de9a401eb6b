"""The journal of a span of days, read a page at a time while it is sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.fields.json import KT, KeyTextTransform, KeyTransform

from billing.invoices.domain.sums import Leg
from billing.invoices.models import Invoice, LedgerEntry, LedgerLeg
from billing.invoices.selectors import entities, entity
from billing.payments.journal_domain import (
    DATEV_CURRENCY,
    SALES,
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
from billing.payments.models import Payment
from billing.payments.providers import provider
from tenants.kernel.errors import Finding
from tenants.scope.context import required_tenant, scope

AT_ONCE = 500
"""Bookings that are read together."""


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal that is about to be sent.

    Attributes:
        first: Its first day, of issue or of value.
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
    payments = _payments(asked)
    kinds = payments.order_by("provider").values_list("provider", flat=True).distinct()
    asked.terms.check(asked.first, asked.last, [*SALES, *(provider(kind).account for kind in kinds)])
    if asked.entity is None and entities().count() > 1:
        fix = "Choose the legal entity that the client of DATEV is."
        raise JournalError([Finding("journal.entity", "entity", "A batch is of one legal entity.", fix)])
    other = (
        _invoices(asked).exclude(currency=DATEV_CURRENCY).values_list("number", "currency").first()
        or payments.exclude(currency=DATEV_CURRENCY).values_list("invoice__number", "currency").first()
    )
    if other is not None:
        raise JournalError([foreign(*other)])


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
    issued = _read(tenant, _with_names(_invoices(asked)), "issued_on", _issued)
    paid = _read(tenant, _with_invoices(_payments(asked)), "value_on", _paid)
    bookings = merge(issued, paid, key=attrgetter("day"))
    while some := list(islice(bookings, AT_ONCE)):
        yield b"".join(row for each in some for row in (csv_rows(each) if terms is None else datev_rows(each, terms)))


def _read(
    tenant: UUID, asked: QuerySet[Any], day: str, told: Callable[[Sequence[Any]], list[Booking]]
) -> Iterator[Booking]:
    """What some rows booked, by their day, read a page at a time."""
    after = Q()
    while True:
        with scope(tenant):
            rows = list(asked.filter(after).order_by(day, "id")[:AT_ONCE])
            found = told(rows)
        if not rows:
            return
        yield from found
        last = rows[-1]
        on = getattr(last, day)
        after = Q(**{f"{day}__gt": on}) | Q(**{day: on, "id__gt": last.id})


def _invoices(asked: Journal) -> QuerySet[Invoice]:
    found = Invoice.objects.filter(issued_on__gte=asked.first, issued_on__lte=asked.last).order_by("issued_on", "id")
    return found if asked.entity is None else found.filter(entity=asked.entity)


def _payments(asked: Journal) -> QuerySet[Payment]:
    """What moved money; a failed attempt and a set-off book nothing."""
    found = Payment.objects.filter(entry__isnull=False, value_on__gte=asked.first, value_on__lte=asked.last)
    return found if asked.entity is None else found.filter(invoice__entity=asked.entity)


def _with_names(found: QuerySet[Invoice]) -> QuerySet[Any]:
    return (
        found.defer("document").select_related("entity", "customer")
        .annotate(
            customer_named=KT("document__parties__customer"), category=KT("document__tax__category"),
            percent=KT("document__tax_percent"), taxes=F("document__taxes"), credited=F("credits__number"),
        )
    )  # fmt: skip


def _with_invoices(found: QuerySet[Payment]) -> QuerySet[Any]:
    return (
        found.select_related("entry", "invoice__entity", "invoice__customer").defer("invoice__document")
        .annotate(customer_named=KeyTextTransform("customer", KeyTransform("parties", "invoice__document")))
    )  # fmt: skip


def _issued(rows: Sequence[Any]) -> list[Booking]:
    """The bookings of invoices and credit notes, those that have one."""
    entries = {each.invoice_id: each for each in LedgerEntry.objects.filter(invoice__in=rows)}
    legs = _legs(entries.values())
    return [
        Booking(
            day=row.issued_on, booked_at=entries[row.id].booked_at, number=row.number, kind=row.kind,
            credits=row.credited or "", reference="", entity="" if row.entity is None else row.entity.name,
            customer=row.customer_named or "", customer_number=row.customer.number,
            category=_told(row, "category"), percent=_told(row, "percent"), legs=tuple(legs[entries[row.id].id]),
        )
        for row in rows
        if row.id in entries
    ]  # fmt: skip


def _told(row: Any, name: str) -> str:
    """What a document says of its tax; of several taxes all that differ, such as ``19 / 16``."""
    told = [each.get(name) for each in row.taxes or ()] or [getattr(row, name)]
    return " / ".join(dict.fromkeys(filter(None, told)))


def _paid(rows: Sequence[Any]) -> list[Booking]:
    """The bookings of payments, under the number of what was paid."""
    legs = _legs([row.entry for row in rows])
    return [
        Booking(
            day=row.value_on, booked_at=row.entry.booked_at, number=row.invoice.number, kind=row.kind, credits="",
            reference=row.reference, entity="" if row.invoice.entity is None else row.invoice.entity.name,
            customer=row.customer_named or "", customer_number=row.invoice.customer.number, category="", percent="",
            legs=tuple(legs[row.entry_id]),
        )
        for row in rows
    ]  # fmt: skip


def _legs(entries: Collection[LedgerEntry]) -> defaultdict[UUID, list[Leg]]:
    found: defaultdict[UUID, list[Leg]] = defaultdict(list)
    for leg in LedgerLeg.objects.filter(entry__in=entries).order_by("id"):
        found[leg.entry_id].append(Leg(leg.account, leg.currency, leg.minor))
    return found
