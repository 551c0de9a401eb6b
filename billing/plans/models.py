"""The platform's own plans: what they cost, who is charged, usage events for ever, bills; and each organisation's view.

Prices, accounts, events and bills are rows of the operator, the organisation that runs the platform; `PlanTaken`,
`PlanSheet` and `PlanInvoice` are rows of the organisation that is charged: it reads its own rows and never another's.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from billing.invoices.models import Invoice
from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody


class PlanPrice(AppendOnly, PerTenant):
    """What a plan costs from a moment on, as a document; a later version of the same moment takes its place."""

    plan = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    valid_from = models.DateTimeField()
    published_by = models.CharField(max_length=254)
    published_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("plan", "-version")
        constraints = (UniquePerTenant(fields=("plan", "version"), name="price_version_per_plan"),)

    def __str__(self) -> str:
        return f"{self.plan} v{self.version}"


class PlanAccount(PerTenant):
    """An organisation that is charged, and the operator's customer it is.

    Months are those of `time_zone` for good, so that none overlaps another. `baseline` is what the counters of the day
    of `since` said then: it is not charged. `why` is what keeps a bill from being made, and `why_place` where that is
    mended, such as ``customer/country``.
    """

    organisation = models.UUIDField()
    slug = models.SlugField(max_length=50)
    customer = TenantKey("tenants.Customer", models.PROTECT)
    time_zone = models.CharField(max_length=64)
    since = models.DateTimeField()
    baseline = models.JSONField(default=dict)
    why = models.CharField(max_length=1000, blank=True)
    why_place = models.CharField(max_length=120, blank=True)
    looked_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY
    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"why", "why_place", "looked_at", "slug"})

    class Meta:
        ordering = ("slug", "id")
        constraints = (UniquePerTenant(fields=("organisation",), name="one_account_per_organisation"),)

    def __str__(self) -> str:
        return self.slug


class PlanTerm(AppendOnly, PerTenant):
    """The plan that an organisation is on from a moment on; none, empty, once it was erased."""

    account = TenantKey(PlanAccount, models.PROTECT, related_name="terms")
    plan = models.CharField(max_length=40)
    since = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("since", "id")
        constraints = (UniquePerTenant(fields=("account", "since"), name="one_plan_at_a_time"),)

    def __str__(self) -> str:
        return f"{self.plan} since {self.since}"


class UsageEvent(AppendOnly, PerTenant):
    """Something that was used, once: its source and id are never taken a second time; the first that came stays.

    `item` is which one it was, for meters that count different ones; of our own counters the day it counts for.
    """

    source = models.CharField(max_length=255)
    event_id = models.CharField(max_length=255)
    account = TenantKey(PlanAccount, models.PROTECT, related_name="events")
    type = models.CharField(max_length=255)
    at = models.DateTimeField()
    value = models.DecimalField(max_digits=27, decimal_places=9, null=True)
    item = models.CharField(max_length=255, blank=True)
    digest = models.CharField(max_length=64)
    received_by = models.CharField(max_length=254)
    received_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("-id",)
        constraints = (UniquePerTenant(fields=("source", "event_id"), name="usage_event_once"),)
        indexes = (models.Index(fields=("tenant", "account", "at", "type"), name="usage_by_time"),)

    def __str__(self) -> str:
        return f"{self.type} {self.value or self.item}"


class PlanBill(AppendOnly, PerTenant):
    """What a month of an account comes to, with what earlier months come to more since; sealed once.

    `invoice` is None of a bill that comes to nought.
    """

    account = TenantKey(PlanAccount, models.PROTECT, related_name="bills")
    month = models.CharField(max_length=7)
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    invoice = TenantKey(Invoice, models.PROTECT, null=True, related_name="bills")
    sealed_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("-month", "-id")
        constraints = (UniquePerTenant(fields=("account", "month"), name="one_bill_per_month"),)

    def __str__(self) -> str:
        return f"{self.month} {self.total_minor} {self.currency}"


class PlanTaken(AppendOnly, PerTenant):
    """That the organisation took a plan: written in the transaction that does it, told to the operator later."""

    plan = models.CharField(max_length=40)
    at = models.DateTimeField()

    audited: ClassVar[bool] = False

    class Meta:
        ordering = ("id",)
        constraints = (UniquePerTenant(fields=("at",), name="one_plan_taken_at_a_time"),)

    def __str__(self) -> str:
        return self.plan


class PlanSheet(PerTenant):
    """What the running month comes to so far, as it was last reckoned for the organisation."""

    document = models.JSONField()
    as_of = models.DateTimeField()

    audited: ClassVar[bool] = False

    class Meta:
        constraints = (UniquePerTenant(fields=(), name="one_plan_sheet"),)

    def __str__(self) -> str:
        return f"as of {self.as_of}"


class PlanInvoice(PerTenant):
    """An invoice or credit note of the platform as the organisation got it, and what is open of it.

    Its id is the invoice's. `bill` is the document of the bill it was made of, empty for a credit note that takes
    something of an invoice back.
    """

    number = models.CharField(max_length=40)
    kind = models.CharField(max_length=12)
    currency = models.CharField(max_length=3)
    gross_minor = models.BigIntegerField()
    open_minor = models.BigIntegerField()
    issued_on = models.DateField()
    due_on = models.DateField()
    pay_url = models.CharField(max_length=1000, blank=True)
    document = models.JSONField()
    bill = models.JSONField(default=dict)

    audited: ClassVar[bool] = False
    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("-issued_on", "-id")

    def __str__(self) -> str:
        return self.number
