"""Invoices, the series their numbers come from, and the double-entry ledger."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from billing.contracts.models import Contract
from billing.statements.models import Statement
from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody


class InvoiceKind(models.TextChoices):
    """Who is owed: the tenant by an invoice, the customer by a credit note."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class InvoiceSeries(PerTenant):
    """The numbers of one kind and year, without gaps: whoever takes one holds the row until their transaction ends."""

    kind = models.CharField(max_length=12, choices=InvoiceKind.choices)
    year = models.PositiveSmallIntegerField()
    prefix = models.CharField(max_length=8)
    last = models.PositiveIntegerField(default=0)

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        constraints = (UniquePerTenant(fields=("kind", "year"), name="one_series_per_kind_and_year"),)

    def __str__(self) -> str:
        return f"{self.prefix} {self.kind} {self.year}"


class Invoice(AppendOnly, PerTenant):
    """An invoice, or a credit note with negative sums; once for each statement version."""

    kind = models.CharField(max_length=12, choices=InvoiceKind.choices)
    number = models.CharField(max_length=40)
    statement = TenantKey(Statement, models.PROTECT, related_name="invoices")
    contract = TenantKey(Contract, models.PROTECT)
    customer = TenantKey("tenants.Customer", models.PROTECT)
    currency = models.CharField(max_length=3)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    gross_minor = models.BigIntegerField()
    issued_on = models.DateField()
    due_on = models.DateField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    issued_by = models.CharField(max_length=254)
    issued_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("-id",)
        constraints = (
            UniquePerTenant(fields=("number",), name="invoice_number_per_tenant"),
            UniquePerTenant(fields=("statement",), name="one_invoice_per_statement"),
        )
        indexes = (
            models.Index(fields=("tenant", "issued_on", "id"), name="invoice_by_issue"),
            models.Index(fields=("tenant", "due_on", "id"), name="invoice_by_due"),
            models.Index(fields=("tenant", "gross_minor", "id"), name="invoice_by_gross"),
        )

    def __str__(self) -> str:
        return self.number


class LedgerEntry(AppendOnly, PerTenant):
    """What happened, booked at once on all accounts it touches."""

    invoice = TenantKey(Invoice, models.PROTECT)
    text = models.CharField(max_length=200)
    booked_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        constraints = (UniquePerTenant(fields=("invoice",), name="one_entry_per_invoice"),)

    def __str__(self) -> str:
        return self.text


class LedgerLeg(AppendOnly, PerTenant):
    """What an entry debits (positive) or credits (negative) one account; the legs of an entry sum to zero by currency.

    A deferred trigger of the database refuses a transaction in which they do not (see the migration).
    """

    entry = TenantKey(LedgerEntry, models.PROTECT)
    account = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    minor = models.BigIntegerField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        indexes = (models.Index(fields=("tenant", "account", "currency"), name="ledger_by_account"),)

    def __str__(self) -> str:
        return f"{self.account} {self.minor:+d} {self.currency}"
