"""The platform's own plans: what they cost, who is charged, usage events for ever, bills; and each organisation's view.

Prices, accounts, events and bills are rows of the operator, the organisation that runs the platform; `PlanTaken`,
`PlanSheet` and `PlanInvoice` are rows of the organisation that is charged: it reads its own rows and never another's.
What is told to Stripe's meters (`Meter…`) are rows of the operator too.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from billing.invoices.models import Invoice
from billing.plans.domain.meters import Told
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


class MeterSettings(PerTenant):
    """Whether the operator's usage is told to Stripe's meters, and from when on; without a row it is not.

    `sealed_secret` is what Stripe signs its reports of errors with: they come from a destination of their own.
    """

    is_on = models.BooleanField(default=False)
    since = models.DateTimeField(null=True)
    sealed_secret = models.BinaryField(max_length=2048, default=b"")
    changed_at = models.DateTimeField()

    secret_fields: ClassVar[frozenset[str]] = frozenset({"sealed_secret"})

    class Meta:
        constraints = (UniquePerTenant(fields=(), name="one_meter_settings_per_tenant"),)

    def __str__(self) -> str:
        return "on" if self.is_on else "off"


class StripeMeter(PerTenant):
    """A meter at Stripe for a type of events; it is told nothing while there is a `finding` or a look is due.

    `turn` is part of the idempotency key: it counts the failures that Stripe would repeat for a day.
    """

    type = models.CharField(max_length=255)
    event_name = models.CharField(max_length=100)
    formula = models.CharField(max_length=8)
    object_id = models.CharField(max_length=120, blank=True)
    finding = models.JSONField(null=True)
    look_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    turn = models.PositiveIntegerField(default=0)

    audited: ClassVar[bool] = False

    class Meta:
        ordering = ("type",)
        constraints = (UniquePerTenant(fields=("type",), name="one_stripe_meter_per_type"),)

    def __str__(self) -> str:
        return self.event_name


class MeteredCustomer(PerTenant):
    """What the customer of an account is called at Stripe; empty until it was found there."""

    account = TenantKey(PlanAccount, models.PROTECT)
    object_id = models.CharField(max_length=120, blank=True)
    finding = models.JSONField(null=True)
    next_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    turn = models.PositiveIntegerField(default=0)

    audited: ClassVar[bool] = False

    class Meta:
        constraints = (UniquePerTenant(fields=("account",), name="one_metered_customer_per_account"),)

    def __str__(self) -> str:
        return self.object_id


class MeterTally(PerTenant):
    """What an account used of a meter in a month, and how much of it Stripe was told: the outbox of usage.

    `counted` is what is to stand there, `told` what does as far as we know (None: nobody knows), `seen` what Stripe
    said last, of the whole month. `checked_value` was proven to stand there of all tellings up to `checked_position`.
    While `leased_until` has not passed, a call may be under way. `takes_seen`: a person has decided that what Stripe
    says holds, although we never told so much.
    """

    account = TenantKey(PlanAccount, models.PROTECT, related_name="tallies")
    type = models.CharField(max_length=255)
    month = models.CharField(max_length=7)
    counted = models.DecimalField(max_digits=40, decimal_places=0)
    told = models.BigIntegerField(null=True, default=0)
    checked_position = models.PositiveIntegerField(default=0)
    checked_value = models.BigIntegerField(default=0)
    seen = models.BigIntegerField(null=True)
    looked_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    look_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    refusals = models.PositiveIntegerField(default=0)
    looks = models.PositiveIntegerField(default=0)
    takes_seen = models.BooleanField(default=False)
    finding = models.JSONField(null=True)

    audited: ClassVar[bool] = False

    class Meta:
        ordering = ("-month", "type", "id")
        constraints = (UniquePerTenant(fields=("account", "type", "month"), name="one_tally_per_meter_and_month"),)
        indexes = (
            models.Index(fields=("tenant", "next_at"), name="tally_by_next_try"),
            models.Index(fields=("tenant", "look_at"), name="tally_by_look"),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.month}: {self.counted}"


class MeterTelling(PerTenant):
    """One event told to Stripe's meter: what it says never changes, so that a repeated call is the same call."""

    tally = TenantKey(MeterTally, models.PROTECT, related_name="tellings")
    position = models.PositiveIntegerField()
    identifier = models.CharField(max_length=100)
    customer = models.CharField(max_length=120)
    value = models.BigIntegerField()
    at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=[(each.value, each.value) for each in Told], default=Told.SENDING)
    attempts = models.PositiveIntegerField(default=0)
    turn = models.PositiveIntegerField(default=0)
    first_tried_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    finding = models.JSONField(null=True)

    audited: ClassVar[bool] = False

    class Meta:
        ordering = ("position",)
        constraints = (
            UniquePerTenant(fields=("tally", "position"), name="order_of_meter_tellings"),
            UniquePerTenant(fields=("identifier",), name="meter_telling_once"),
        )

    def __str__(self) -> str:
        return f"{self.identifier} {self.state}"


class MeterReport(PerTenant):
    """That Stripe has refused usage later, as its webhook said: each once; what it says is read from Stripe."""

    event_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=100)
    received_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    handled_at = models.DateTimeField(null=True)

    audited: ClassVar[bool] = False

    class Meta:
        constraints = (UniquePerTenant(fields=("event_id",), name="meter_report_once"),)
        indexes = (models.Index(fields=("tenant", "next_at"), name="meter_report_by_try"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
