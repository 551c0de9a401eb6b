"""What every invoice and credit note goes through: a number without a gap, a document, a booking in balance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from pydantic import JsonValue

from billing.contracts.figures import utc_text
from billing.invoices.domain.sums import Amounts, Kind, Leg, legs, number_prefix, number_text, unbalanced
from billing.invoices.models import Invoice, InvoiceSeries, LedgerEntry, LedgerLeg, LegalEntity
from billing.invoices.registry import tell_issued
from billing.statements.models import Statement
from tenants.kernel.canonical import digest
from tenants.kernel.errors import OutturnError
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant
from tenants.scope.locks import hold
from tenants.scope.models import Tenant

Lines = Sequence[Mapping[str, Any]]

_UNBALANCED = """
SELECT currency, sum(minor)::bigint FROM billing_ledgerleg WHERE tenant_id = %s AND entry_id = %s
GROUP BY currency HAVING sum(minor) <> 0
"""


class UnbalancedEntryError(OutturnError):
    """The legs of a ledger entry do not sum to zero."""

    code = "ledger.unbalanced"
    status = 409


@dataclass(frozen=True, slots=True)
class Wanted:
    """An invoice or a credit note that is to be written.

    Attributes:
        statement: What it is made of; None for a credit note.
        credits: The invoice that it takes back, or a part of it; else None.
        entity: Who sells; None while the organisation has no legal entity.
        contract: The contract; None of what is sold without one.
        customer: The customer.
        currency: ISO 4217 code.
        lines: Its lines.
        sums: What they come to.
        issued_on: The day it is issued, on the clocks of the contract.
        due_on: The day it is due.
        document: What its document says beyond these.
        bill: The id of the bill it is made of; None for what rests on a statement.
    """

    statement: Statement | None
    credits: Invoice | None
    entity: LegalEntity | None
    contract: UUID | None
    customer: UUID
    currency: str
    lines: Lines
    sums: Amounts
    issued_on: date
    due_on: date
    document: Mapping[str, Any]
    bill: UUID | None = None


def hold_numbers() -> None:
    """Wait until nobody else numbers invoices of the tenant, or says who sells, until the transaction ends."""
    hold(f"invoices/{required_tenant('an invoice')}")


def write_invoice(wanted: Wanted, *, by: str, now: datetime) -> Invoice:
    """Number, write and book an invoice or a credit note; `hold_numbers` comes before.

    Raises:
        UnbalancedEntryError: The booking does not sum to zero.
    """
    sums = wanted.sums
    # A small part of an invoice with several taxes may round to a sum that is owed: it is taken back all the same.
    kind: Kind = sums.kind if wanted.credits is None else "credit_note"
    number = _next_number(wanted.entity, kind, wanted.issued_on.year)
    document = {
        **wanted.document,
        "invoice": number,
        "kind": kind,
        "issued_on": wanted.issued_on.isoformat(),
        "due_on": wanted.due_on.isoformat(),
        "issued_at": utc_text(now),
        "currency": wanted.currency,
        "lines": [dict(line) for line in wanted.lines],
        "net_minor": sums.net,
        "tax_minor": sums.tax,
        "gross_minor": sums.gross,
    }
    invoice = Invoice.objects.create(
        kind=kind, number=number, statement=wanted.statement, credits=wanted.credits, entity=wanted.entity,
        bill=wanted.bill, contract_id=wanted.contract, customer_id=wanted.customer, currency=wanted.currency,
        net_minor=sums.net, tax_minor=sums.tax, gross_minor=sums.gross, issued_on=wanted.issued_on,
        due_on=wanted.due_on, document=document, digest=digest(document), issued_by=by, issued_at=now,
    )  # fmt: skip
    booked = legs(wanted.lines, sums, wanted.currency)
    book(booked, text=f"{invoice.kind} {number}", invoice=invoice, now=now)
    details: dict[str, JsonValue] = {
        "number": number,
        "statement": document["statement"],
        "gross_minor": sums.gross,
    }
    record_audit(action=f"{invoice.kind}.issued", subject=f"invoice/{invoice.id}", by=by, now=now, details=details)
    tell_issued(invoice, by=by, now=now)
    return invoice


def _next_number(entity: LegalEntity | None, kind: Kind, year: int) -> str:
    """The next number of a series, which stays locked until the transaction ends, so that a failure leaves no gap.

    What was issued before there was a legal entity is credited in the numbers of the first, which goes on with them.
    """
    entity = entity or LegalEntity.objects.order_by("created_at", "id").first()
    wanted = InvoiceSeries.objects.select_for_update().filter(entity=entity, kind=kind, year=year)
    series = wanted.first()
    if series is None:
        prefix = own_prefix() if entity is None else entity.prefix
        series = InvoiceSeries.objects.create(entity=entity, kind=kind, year=year, prefix=prefix)
    series.last += 1
    series.save(update_fields=["last"])
    return number_text(series.prefix, kind, year, series.last)


def own_prefix() -> str:
    """What the numbers of the organisation begin with while it has no legal entity."""
    tenant = Tenant.objects.get(id=required_tenant("an invoice"))
    return number_prefix(tenant.name, tenant.slug)


def book(booked: Sequence[Leg], *, text: str, invoice: Invoice | None = None, now: datetime) -> LedgerEntry:
    """Write a ledger entry, and ask the database whether it sums to zero before anything is committed.

    Args:
        booked: What it debits and credits.
        text: What happened, in a few words.
        invoice: The invoice whose issue it books, or None for an entry that something else names.
        now: When.

    Raises:
        UnbalancedEntryError: It does not sum to zero.
    """
    refused = UnbalancedEntryError(
        f"The booking of {text} does not sum to zero.", place="ledger", kept="Nothing was booked.",
        fix="Tell support what you did.",
    )  # fmt: skip
    if unbalanced(booked):
        raise refused
    entry = LedgerEntry.objects.create(invoice=invoice, text=text[:200], booked_at=now)
    LedgerLeg.objects.bulk_create(
        [LedgerLeg(entry=entry, account=leg.account, currency=leg.currency, minor=leg.minor) for leg in booked]
    )
    with connection.cursor() as cursor:
        cursor.execute(_UNBALANCED, [required_tenant("the ledger"), entry.id])
        if cursor.fetchall():
            raise refused
    return entry
