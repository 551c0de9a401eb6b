"""Invoices and the ledger to read."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import DateTimeField, F, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce

from billing.contracts.selectors import locked_contract
from billing.invoices.models import BillingProfile, Invoice, LedgerLeg, LegalEntity
from tenants.customers.selectors import locked_customer
from tenants.kernel.errors import NotFoundError


class EntityNotFoundError(NotFoundError):
    """The tenant has no such legal entity."""

    code = "entity.not_found"


class InvoiceNotFoundError(NotFoundError):
    """The tenant has no such invoice."""

    code = "invoice.not_found"


def entities() -> QuerySet[LegalEntity]:
    """The legal entities of the tenant in scope, by name."""
    return LegalEntity.objects.all()


def entity(entity_id: UUID) -> LegalEntity:
    """One legal entity.

    Raises:
        EntityNotFoundError: There is none.
    """
    found = entities().filter(id=entity_id).first()
    if found is None:
        raise EntityNotFoundError("There is no such legal entity.", place="entity", fix="Choose one from the list.")
    return found


def profile_of(customer: UUID) -> BillingProfile | None:
    """What tax needs to know of a customer; None when nobody has entered anything."""
    return BillingProfile.objects.filter(customer_id=customer).select_related("entity").first()


def invoices() -> QuerySet[Invoice]:
    """The invoices and credit notes, the latest first."""
    return Invoice.objects.select_related("statement", "credits__statement", "contract", "customer")


def invoices_listed() -> QuerySet[Invoice]:
    """The invoices with their contract, and the `parties` and the `period` that they name, without their documents."""
    found = Invoice.objects.select_related("contract").defer("document", "contract__draft")
    return found.annotate(
        period=F("document__period"), customer_named=KT("document__parties__customer"),
        begins=Coalesce(
            "statement__period_start", "credits__statement__period_start",
            Cast(KT("document__period__start"), DateTimeField()),
        ),
    )  # fmt: skip


def invoice(invoice_id: UUID) -> Invoice:
    """One invoice.

    Raises:
        InvoiceNotFoundError: There is none.
    """
    found = invoices().filter(id=invoice_id).first()
    if found is None:
        raise InvoiceNotFoundError("There is no such invoice.", place="invoice", fix="Choose one from the list.")
    return found


def hold_account(*found: Invoice) -> None:
    """Hold what some invoices are decided under until the transaction ends: their contracts, else their customers."""
    for contract in sorted({each.contract_id for each in found if each.contract_id is not None}):
        locked_contract(contract)
    for customer in sorted({each.customer_id for each in found if each.contract_id is None}):
        locked_customer(customer)


def invoice_of_bill(bill: UUID) -> Invoice | None:
    """The invoice of a bill."""
    return invoices().filter(bill=bill).first()


def invoice_of(statement: UUID) -> Invoice | None:
    """The invoice of a statement version."""
    return invoices().filter(statement_id=statement).first()


def invoices_of(statements: Collection[UUID]) -> dict[UUID, Invoice]:
    """The invoices of some statement versions, by statement, without their documents."""
    found = Invoice.objects.filter(statement__in=statements).defer("document")
    return {row.statement_id: row for row in found if row.statement_id is not None}


def credit_notes_of(invoice_id: UUID) -> QuerySet[Invoice]:
    """The credit notes for an invoice, the first first."""
    return Invoice.objects.filter(credits=invoice_id).order_by("id")


def credited_of(invoice_id: UUID) -> int:
    """How much of an invoice was credited, net, in minor units: positive."""
    return -(credit_notes_of(invoice_id).aggregate(net=Sum("net_minor"))["net"] or 0)


def legs_of(row: Invoice) -> QuerySet[LedgerLeg]:
    """How an invoice was booked."""
    return LedgerLeg.objects.filter(entry__invoice=row).order_by("id")


def balances() -> dict[tuple[str, str], int]:
    """The balance of each account and currency, minor units; debits positive."""
    rows = LedgerLeg.objects.values("account", "currency").annotate(balance=Sum("minor"))
    return {(row["account"], row["currency"]): row["balance"] for row in rows.order_by("account", "currency")}
