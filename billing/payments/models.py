"""Payments as facts, the provider a tenant has chosen, what is to be done there, and what it has told."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.invoices.models import Invoice, LedgerEntry
from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody


class ProviderKind(models.TextChoices):
    """Who collects."""

    MANUAL = "manual", _("Bank transfer, recorded by hand")
    STRIPE = "stripe", _("Stripe")


class PaymentKind(models.TextChoices):
    """What happened; `credited` moves no money: a credit note was set off against the invoice.

    A refund that failed after it was made is `reversed`. What the customer's bank took back is `withdrawn`, and
    `reinstated` when it gave it back.
    """

    RECEIVED = "received", _("Received")
    REFUNDED = "refunded", _("Paid back")
    REVERSED = "reversed", _("Refund came back")
    WITHDRAWN = "withdrawn", _("Charged back or debit returned")
    REINSTATED = "reinstated", _("Chargeback undone")
    FAILED = "failed", _("Failed")
    CREDITED = "credited", _("Credit note set off")


class Payment(AppendOnly, PerTenant):
    """Something that happened to an invoice, once, of a positive amount.

    `external` tells it apart from all others of its provider: what the provider calls it, or the id of the form it was
    recorded by. `reference` is what a person reads, `intent` the payment at the provider that a refund names.
    """

    invoice = TenantKey(Invoice, models.PROTECT, related_name="payments")
    kind = models.CharField(max_length=10, choices=PaymentKind.choices)
    provider = models.CharField(max_length=10, choices=ProviderKind.choices)
    currency = models.CharField(max_length=3)
    minor = models.BigIntegerField()
    value_on = models.DateField()
    reference = models.CharField(max_length=200, blank=True)
    external = models.CharField(max_length=120)
    intent = models.CharField(max_length=120, blank=True)
    credit_note = TenantKey(Invoice, models.PROTECT, null=True, related_name="set_off")
    entry = TenantKey(LedgerEntry, models.PROTECT, null=True)
    recorded_by = models.CharField(max_length=254)
    recorded_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("value_on", "id")
        constraints = (
            UniquePerTenant(fields=("provider", "external", "kind"), name="payment_once"),
            models.CheckConstraint(condition=models.Q(minor__gt=0), name="payment_is_positive"),
        )
        indexes = (
            models.Index(fields=("tenant", "invoice"), name="payment_by_invoice"),
            models.Index(fields=("tenant", "value_on", "id"), name="payment_by_value"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.minor} {self.currency}"


class PaymentSettings(PerTenant):
    """The provider a tenant has chosen, and its keys there; without a row, bank transfers are recorded by hand.

    `since` is when Stripe was chosen: invoices issued from then on are collected by it. `findings` are what the last
    test of the connection found.
    """

    provider = models.CharField(max_length=10, choices=ProviderKind.choices, default=ProviderKind.MANUAL)
    sealed_key = models.BinaryField(max_length=2048, default=b"")
    sealed_webhook_secret = models.BinaryField(max_length=2048, default=b"")
    key_hint = models.CharField(max_length=24, blank=True)
    changed_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    findings = models.JSONField(default=list)

    secret_fields: ClassVar[frozenset[str]] = frozenset({"sealed_key", "sealed_webhook_secret"})
    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"checked_at", "findings"})

    class Meta:
        constraints = (UniquePerTenant(fields=(), name="one_payment_settings_per_tenant"),)

    def __str__(self) -> str:
        return self.provider


class StepState(models.TextChoices):
    """Where a step is; a blocked one waits for a person, and all later ones of its invoice with it."""

    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Done")
    BLOCKED = "blocked", _("Needs you")


class ProviderStep(PerTenant):
    """One thing to be done at the provider for an invoice: the outbox. Steps of an invoice are done in order.

    `name` tells it apart within its invoice, `params` never change, so that a repeated call is the same call. `round`
    is part of the idempotency key: it counts the answers that the provider would otherwise repeat for a day: that it
    had failed itself, and refusals whose cause a person has mended. `object_id` is what the provider calls what was
    made.
    """

    invoice = TenantKey(Invoice, models.PROTECT, related_name="steps")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=60)
    operation = models.CharField(max_length=12)
    params = models.JSONField(default=dict)
    round = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=8, choices=StepState.choices, default=StepState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    object_id = models.CharField(max_length=120, blank=True)
    finding = models.JSONField(null=True)
    asked_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    audited: ClassVar[bool] = False
    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("position",)
        constraints = (
            UniquePerTenant(fields=("invoice", "name"), name="step_once_per_invoice"),
            UniquePerTenant(fields=("invoice", "position"), name="step_order_of_invoice"),
        )
        indexes = (
            models.Index(
                fields=("tenant", "next_at"), condition=models.Q(state="waiting"), name="step_by_next_try"
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.name} {self.state}"


class ProviderInvoice(PerTenant):
    """What an invoice is called at the provider, where it can be paid, and when it is to be looked at next.

    `is_under_way` says that somebody has paid and it is not through yet, as a debit of a bank account takes days.
    """

    invoice = TenantKey(Invoice, models.PROTECT, related_name="at_provider")
    object_id = models.CharField(max_length=120)
    pay_url = models.CharField(max_length=1000, blank=True)
    look_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    finding = models.JSONField(null=True)
    is_under_way = models.BooleanField(default=False)

    audited: ClassVar[bool] = False
    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        constraints = (
            UniquePerTenant(fields=("invoice",), name="one_provider_invoice"),
            UniquePerTenant(fields=("object_id",), name="provider_invoice_once"),
        )
        indexes = (models.Index(fields=("tenant", "look_at"), name="provider_invoice_by_look"),)

    def __str__(self) -> str:
        return self.object_id


class ProviderEvent(PerTenant):
    """What the provider told by its webhook, each event once and for ever; it says only where to look.

    `handled_as` is empty until it was: `looked`, `ignored` (a kind we know nothing of) or `foreign` (no invoice of
    ours).
    """

    event_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=100)
    object_id = models.CharField(max_length=255, blank=True)
    payload = models.JSONField()
    received_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    handled_as = models.CharField(max_length=10, blank=True)
    handled_at = models.DateTimeField(null=True)

    audited: ClassVar[bool] = False

    class Meta:
        constraints = (UniquePerTenant(fields=("event_id",), name="provider_event_once"),)
        indexes = (
            models.Index(fields=("tenant", "next_at"), condition=models.Q(handled_as=""), name="provider_event_by_try"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
