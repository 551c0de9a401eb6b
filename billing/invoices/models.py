"""Who sells and who buys, invoices, the series their numbers come from, and the double-entry ledger."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.contracts.models import Contract
from billing.statements.models import Statement
from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody

_WITHOUT_ENTITY = models.Q(entity=None)


class InvoiceKind(models.TextChoices):
    """Who is owed: the tenant by an invoice, the customer by a credit note."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class Treatment(models.TextChoices):
    """How a customer is taxed: as the rules say, or as a person has stated."""

    RULE = "rule", _("As the rules say")
    ZERO = "zero", _("Zero rate (Z)")
    EXEMPT = "exempt", _("Exempt (E)")
    EXPORT = "export", _("Export (G)")
    OUTSIDE = "outside", _("Outside the scope of tax (O)")


class LegalEntity(PerTenant):
    """A company of the organisation that sells: its invoices have numbers and tax of their own.

    `exemption` is why it charges no tax at home; empty when it does. `account` is where it is paid: an IBAN, or the
    national number where there is none; `bank` its BIC, or the national routing code. Both are empty until entered.
    """

    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=8)
    street = models.CharField(max_length=200)
    postcode = models.CharField(max_length=20)
    city = models.CharField(max_length=80)
    country = models.CharField(max_length=2)
    vat_id = models.CharField(max_length=24, blank=True)
    registration = models.CharField(max_length=40, blank=True)
    tax_number = models.CharField(max_length=40, blank=True)
    exemption = models.CharField(max_length=200, blank=True)
    account = models.CharField(max_length=34, blank=True)
    bank = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("name", "id")
        constraints = (UniquePerTenant(fields=("prefix",), name="one_entity_per_prefix"),)

    def __str__(self) -> str:
        return self.name


class VatRate(AppendOnly, PerTenant):
    """The standard rate of a legal entity's country from a day on; one set later for the same day takes its place."""

    entity = TenantKey(LegalEntity, models.PROTECT, related_name="rates")
    percent = models.CharField(max_length=6)
    valid_from = models.DateField()
    set_by = models.CharField(max_length=254)
    set_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("tenant", "entity", "valid_from"), name="rate_by_day"),)

    def __str__(self) -> str:
        return f"{self.percent} % from {self.valid_from}"


class BillingProfile(PerTenant):
    """What tax needs to know of a customer; `entity` is which of several legal entities sells to it."""

    customer = TenantKey("tenants.Customer", models.CASCADE)
    entity = TenantKey(LegalEntity, models.PROTECT, null=True)
    street = models.CharField(max_length=200, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=2, blank=True)
    vat_id = models.CharField(max_length=24, blank=True)
    registration = models.CharField(max_length=40, blank=True)
    reference = models.CharField(max_length=80, blank=True)
    treatment = models.CharField(max_length=8, choices=Treatment.choices, default=Treatment.RULE)
    reason = models.CharField(max_length=200, blank=True)
    changed_by = models.CharField(max_length=254)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (UniquePerTenant(fields=("customer",), name="one_profile_per_customer"),)

    def __str__(self) -> str:
        return f"{self.country} {self.vat_id}".strip()


class InvoiceSeries(PerTenant):
    """The numbers of one kind and year of a legal entity, or of the organisation while it has none, without gaps.

    Whoever takes a number holds the row until their transaction ends.
    """

    entity = TenantKey(LegalEntity, models.PROTECT, null=True)
    kind = models.CharField(max_length=12, choices=InvoiceKind.choices)
    year = models.PositiveSmallIntegerField()
    prefix = models.CharField(max_length=8)
    last = models.PositiveIntegerField(default=0)

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        constraints = (
            UniquePerTenant(fields=("kind", "year"), name="one_series_per_kind_and_year", condition=_WITHOUT_ENTITY),
            UniquePerTenant(
                fields=("entity", "kind", "year"), name="one_series_per_entity", condition=~_WITHOUT_ENTITY
            ),
        )

    def __str__(self) -> str:
        return f"{self.prefix} {self.kind} {self.year}"


class Invoice(AppendOnly, PerTenant):
    """An invoice, or a credit note with negative sums; once for each statement version.

    A credit note that takes back an invoice, or a part of it, rests on this one and not on a statement of its own.
    What is sold without an outcome contract, such as the platform's own plans, rests on a `bill` of a room above, which
    is named by its id, once.
    """

    kind = models.CharField(max_length=12, choices=InvoiceKind.choices)
    number = models.CharField(max_length=40)
    statement = TenantKey(Statement, models.PROTECT, related_name="invoices", null=True)
    credits = TenantKey("self", models.PROTECT, related_name="credit_notes", null=True)
    entity = TenantKey(LegalEntity, models.PROTECT, null=True)
    bill = models.UUIDField(null=True)
    contract = TenantKey(Contract, models.PROTECT, null=True)
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
            UniquePerTenant(fields=("bill",), name="one_invoice_per_bill"),
            models.CheckConstraint(
                condition=models.Q(statement=None, credits__isnull=False, bill=None)
                | models.Q(statement__isnull=False, credits=None, bill=None, contract__isnull=False)
                | models.Q(statement=None, credits=None, bill__isnull=False, contract=None),
                name="invoice_rests_on_one_thing",
            ),
        )
        indexes = (
            models.Index(fields=("tenant", "issued_on", "id"), name="invoice_by_issue"),
            models.Index(fields=("tenant", "due_on", "id"), name="invoice_by_due"),
            models.Index(fields=("tenant", "gross_minor", "id"), name="invoice_by_gross"),
            models.Index(fields=("tenant", "credits"), name="invoice_by_credited"),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def rests_on(self) -> Statement | None:
        """The statement that it, or the invoice it takes back, was made of; None of what rests on a bill."""
        found: Statement | None = self.statement if self.credits is None else self.credits.statement
        return found


class LedgerEntry(AppendOnly, PerTenant):
    """What happened, booked at once on all accounts it touches.

    It books the issue of `invoice`; one without is named by what it books, such as a payment.
    """

    invoice = TenantKey(Invoice, models.PROTECT, null=True)
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
