"""Issuing invoices: numbered without gaps, booked in balance, equal to the statement or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from pydantic import JsonValue

from billing.contracts.agreement import AgreementDocument
from billing.contracts.figures import utc_text
from billing.contracts.selectors import agreement_of, locked_contract
from billing.invoices.domain import Amounts, Leg, amounts, legs, number_prefix, number_text, unbalanced
from billing.invoices.models import Invoice, InvoiceSeries, LedgerEntry, LedgerLeg
from billing.invoices.selectors import invoice_of
from billing.statements.domain import total
from billing.statements.models import ChargedAdjustment, Statement
from billing.statements.selectors import (
    adjustments_of,
    charged_in,
    is_followed,
    name_of,
    versions_of,
)
from billing.statements.selectors import (
    statement as statement_by_id,
)
from tenants.kernel.calendars import time_zone
from tenants.kernel.canonical import digest
from tenants.kernel.errors import ConflictError, OutturnError
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant

Lines = Sequence[Mapping[str, Any]]

_UNBALANCED = """
SELECT currency, sum(minor)::bigint FROM billing_ledgerleg WHERE tenant_id = %s AND entry_id = %s
GROUP BY currency HAVING sum(minor) <> 0
"""


class InvoiceMismatchError(ConflictError):
    """The invoice would not come to what the statement says."""

    code = "invoice.mismatch"


class ChargedLaterError(ConflictError):
    """The difference of a restated period is charged in a later statement, not by an invoice of its own."""

    code = "invoice.charged_later"


class UnbalancedEntryError(OutturnError):
    """The legs of a ledger entry do not sum to zero."""

    code = "ledger.unbalanced"
    status = 409


def issue_invoice(*, statement: UUID, by: str, now: datetime) -> Invoice:
    """Issue the invoice of a statement, or a credit note when the customer is owed; the same one when asked again.

    A later version of a statement has an invoice of its own, over its difference only, when no further statement of
    the contract can carry that difference.

    Raises:
        StatementNotFoundError: There is no such statement.
        ChargedLaterError: It is a later version, and its difference stands in another statement or will.
        InvoiceMismatchError: The lines do not come to the statement's total.
        UnbalancedEntryError: The booking does not sum to zero.
    """
    found = statement_by_id(statement)
    with transaction.atomic():
        locked_contract(found.contract_id)
        known = invoice_of(found.id)
        if known is not None:
            return known
        agreement = agreement_of(found.contract_version)
        lines = _lines(found)
        sums = amounts(lines, agreement.tax_percent, agreement.terms.rounding)
        _refuse_mismatch(found, sums)
        invoice = _numbered(found, agreement, lines, sums, by=by, now=now)
        _book(invoice, legs(lines, sums, found.currency), now=now)
        details: dict[str, JsonValue] = {"number": invoice.number, "statement": found.digest, "gross_minor": sums.gross}
        record_audit(action=f"{invoice.kind}.issued", subject=f"invoice/{invoice.id}", by=by, now=now, details=details)
    return invoice


def _lines(statement: Statement) -> Lines:
    if statement.version == 1:
        lines: Lines = statement.document["lines"]
        return lines
    adjustments = list(adjustments_of(statement))
    if is_followed(statement) or any(charged_in(one.id) for one in adjustments):
        raise ChargedLaterError(
            "The difference of this version stands as lines in the next statement of the contract.", place="statement",
            kept="The statement.", fix="Issue the invoice of the statement that carries it.",
        )  # fmt: skip
    ChargedAdjustment.objects.bulk_create(
        [ChargedAdjustment(adjustment=adjustment, statement=statement) for adjustment in adjustments]
    )
    return [
        {"kind": "adjustment", "clause": one.clause, "text": f"{name_of(statement)}: {one.clause}", "minor": one.minor}
        for one in adjustments
    ]


def _refuse_mismatch(statement: Statement, sums: Amounts) -> None:
    expected = statement.total_minor
    if statement.version > 1:
        expected -= versions_of(statement)[statement.version - 2].total_minor
    if not sums.net == expected or total(statement.document["lines"]) != statement.total_minor:
        raise InvoiceMismatchError(
            f"The lines come to {sums.net} minor units, the statement to {expected}.", place="statement",
            kept="Nothing was issued.", fix="Compare the statement's lines with its total; do not send it.",
        )  # fmt: skip


def _numbered(
    statement: Statement, agreement: AgreementDocument, lines: Lines, sums: Amounts, *, by: str, now: datetime
) -> Invoice:
    issued = now.astimezone(time_zone(agreement.terms.time_zone)).date()
    due = issued + timedelta(days=agreement.payment_days)
    number = _next_number(sums, issued.year)
    document = {
        "invoice": number,
        "kind": sums.kind,
        "statement": statement.digest,
        "contract": agreement.contract,
        "parties": agreement.parties.model_dump(),
        "period": statement.document["period"],
        "issued_on": issued.isoformat(),
        "due_on": due.isoformat(),
        "issued_at": utc_text(now),
        "currency": statement.currency,
        "lines": [dict(line) for line in lines],
        "net_minor": sums.net,
        "tax_percent": agreement.tax_percent,
        "tax_minor": sums.tax,
        "gross_minor": sums.gross,
    }
    return Invoice.objects.create(
        kind=sums.kind, number=number, statement=statement, contract_id=statement.contract_id,
        customer_id=UUID(agreement.customer), currency=statement.currency, net_minor=sums.net, tax_minor=sums.tax,
        gross_minor=sums.gross, issued_on=issued, due_on=due, document=document, digest=digest(document), issued_by=by,
        issued_at=now,
    )  # fmt: skip


def _next_number(sums: Amounts, year: int) -> str:
    """The next number of a series, which stays locked until the transaction ends, so that a failure leaves no gap."""
    wanted = InvoiceSeries.objects.select_for_update().filter(kind=sums.kind, year=year)
    series = wanted.first()
    if series is None:
        tenant = Tenant.objects.get(id=required_tenant("an invoice"))
        first = InvoiceSeries(kind=sums.kind, year=year, prefix=number_prefix(tenant.name, tenant.slug))
        # Two may come here at once: the second waits for the first, then finds its row.
        InvoiceSeries.objects.bulk_create([first], ignore_conflicts=True)
        series = wanted.get()
    series.last += 1
    series.save(update_fields=["last"])
    return number_text(series.prefix, sums.kind, year, series.last)


def _book(invoice: Invoice, booked: Sequence[Leg], *, now: datetime) -> None:
    """Write a ledger entry, and ask the database whether it sums to zero before anything is committed."""
    refused = UnbalancedEntryError(
        f"The booking of {invoice.number} does not sum to zero.", place="ledger", kept="Nothing was issued.",
        fix="Tell support the statement's number.",
    )  # fmt: skip
    if unbalanced(booked):
        raise refused
    entry = LedgerEntry.objects.create(invoice=invoice, text=f"{invoice.kind} {invoice.number}", booked_at=now)
    LedgerLeg.objects.bulk_create(
        [LedgerLeg(entry=entry, account=leg.account, currency=leg.currency, minor=leg.minor) for leg in booked]
    )
    with connection.cursor() as cursor:
        cursor.execute(_UNBALANCED, [required_tenant("the ledger"), entry.id])
        if cursor.fetchall():
            raise refused
