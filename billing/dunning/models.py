"""What an organisation writes about invoices that are overdue, what it has written, and where it does not."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.invoices.models import Invoice
from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import Custody


class Hold(models.TextChoices):
    """Why nothing is written about an invoice."""

    SETTLED = "settled", _("Nothing is open")
    DISPUTED = "disputed", _("Disputed")
    UNDER_WAY = "under_way", _("A payment is under way")
    PAUSED = "paused", _("Paused")
    NOBODY = "nobody", _("Nobody of the customer signs in here")


class DunningSettings(PerTenant):
    """The levels of an organisation, ``{"days": 3, "text": ""}`` each; without a row nothing is written.

    From `starts_on` on, a day after it was turned on, letters are written.
    """

    is_on = models.BooleanField(default=False)
    levels = models.JSONField(default=list)
    starts_on = models.DateField(null=True)
    changed_by = models.CharField(max_length=254)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (UniquePerTenant(fields=(), name="one_dunning_settings_per_tenant"),)

    def __str__(self) -> str:
        return "on" if self.is_on else "off"


class DunningNotice(PerTenant):
    """That a level was written about an invoice, once; who of the customer was told is in the post (`tenants.post`).

    `dropped` says why nobody was told after all, because of what had happened until it went out; then the level counts
    as not written.
    """

    invoice = TenantKey(Invoice, models.PROTECT, related_name="notices")
    level = models.PositiveSmallIntegerField()
    days = models.PositiveIntegerField()
    open_minor = models.BigIntegerField()
    text = models.CharField(max_length=1000, blank=True)
    written_on = models.DateField()
    written_at = models.DateTimeField()
    dropped = models.CharField(max_length=10, choices=Hold.choices, blank=True)
    dropped_at = models.DateTimeField(null=True)

    custody: ClassVar[Custody] = Custody.MONEY
    audited: ClassVar[bool] = False

    class Meta:
        ordering = ("written_at", "id")
        constraints = (
            UniquePerTenant(
                fields=("invoice", "level"), name="one_notice_per_level", condition=models.Q(dropped="")
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"level {self.level} of {self.invoice_id}"


class DunningPause(PerTenant):
    """That nothing is written about one invoice, or about all of a customer, for a reason; until a day, or for good."""

    invoice = TenantKey(Invoice, models.PROTECT, null=True)
    customer = TenantKey("tenants.Customer", models.CASCADE, null=True)
    reason = models.CharField(max_length=200)
    until = models.DateField(null=True)
    paused_by = models.CharField(max_length=254)
    paused_at = models.DateTimeField()
    ended_by = models.CharField(max_length=254, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("paused_at", "id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(invoice=None, customer__isnull=False)
                | models.Q(invoice__isnull=False, customer=None),
                name="a_pause_is_of_one_thing",
            ),
            UniquePerTenant(
                fields=("invoice",), name="one_pause_per_invoice",
                condition=models.Q(ended_at=None, invoice__isnull=False),
            ),
            UniquePerTenant(
                fields=("customer",), name="one_pause_per_customer",
                condition=models.Q(ended_at=None, customer__isnull=False),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.reason
