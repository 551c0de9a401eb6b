"""Invoices and the ledger to read."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import F, QuerySet, Sum
from django.db.models.fields.json import KT

from billing.invoices.models import Invoice, LedgerLeg
from tenants.kernel.errors import NotFoundError


class InvoiceNotFoundError(NotFoundError):
    """The tenant has no such invoice."""

    code = "invoice.not_found"


def invoices() -> QuerySet[Invoice]:
    """The invoices and credit notes, the latest first."""
    return Invoice.objects.select_related("statement", "contract", "customer")


def invoices_listed() -> QuerySet[Invoice]:
    """The invoices with their contract, and the `parties` and the `period` that they name, without their documents."""
    found = Invoice.objects.select_related("contract").defer("document", "contract__draft")
    return found.annotate(period=F("document__period"), customer_named=KT("document__parties__customer"))


def invoice(invoice_id: UUID) -> Invoice:
    """One invoice.

    Raises:
        InvoiceNotFoundError: There is none.
    """
    found = invoices().filter(id=invoice_id).first()
    if found is None:
        raise InvoiceNotFoundError("There is no such invoice.", place="invoice", fix="Choose one from the list.")
    return found


def invoice_of(statement: UUID) -> Invoice | None:
    """The invoice of a statement version."""
    return invoices().filter(statement_id=statement).first()


def invoices_of(statements: Collection[UUID]) -> dict[UUID, Invoice]:
    """The invoices of some statement versions, by statement, without their documents."""
    found = Invoice.objects.filter(statement__in=statements).defer("document")
    return {row.statement_id: row for row in found}


def legs_of(row: Invoice) -> QuerySet[LedgerLeg]:
    """How an invoice was booked."""
    return LedgerLeg.objects.filter(entry__invoice=row).order_by("id")


def balances() -> dict[tuple[str, str], int]:
    """The balance of each account and currency, minor units; debits positive."""
    rows = LedgerLeg.objects.values("account", "currency").annotate(balance=Sum("minor"))
    return {(row["account"], row["currency"]): row["balance"] for row in rows.order_by("account", "currency")}
