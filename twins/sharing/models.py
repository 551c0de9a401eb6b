"""Shared views: what an end customer sees of a twin."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scope.models import PerTenant, TenantKey
from twins.composer.models import Twin


class SharedView(PerTenant):
    """Some signals of some assets, in a span of time, to be read by one end customer's people.

    `signals` are the keys of signals by asset. Readings in ``[start, end)`` are seen (without an `end`, all since
    `start`) until `expires_at`, and until it is revoked. Any number of customers may have views of one asset.
    """

    customer = TenantKey("tenants.Customer", models.CASCADE)
    twin = TenantKey(Twin, models.CASCADE)
    name = models.CharField(max_length=120)
    signals = models.JSONField()
    start = models.DateTimeField()
    end = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    made_by = models.CharField(max_length=254)
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    twin_path: ClassVar[str] = "twin"

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("tenant", "customer"), name="shared_views_by_customer"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(end=None) | models.Q(end__gt=models.F("start")),
                name="shared_span_ends_after_start",
            ),
        )

    def __str__(self) -> str:
        return self.name
