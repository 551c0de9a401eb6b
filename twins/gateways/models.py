"""Gateways, and the digests of their tokens where they can be found before the tenant is known."""

from __future__ import annotations

from django.db import models

from tenants.scope.models import NOT_TRASHED, PerTenant, TenantKey, Trashable, UniquePerTenant
from tenants.scope.tables import ReferenceTable


class Gateway(Trashable, PerTenant):
    """A device or program of the tenant's that sends readings, over whichever protocol.

    `customer` is the end customer at whose place it stands: its readings count towards that customer's share.
    """

    name = models.CharField(max_length=120)
    token_prefix = models.CharField(max_length=20)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, blank=True)
    customer = TenantKey("tenants.Customer", models.PROTECT, null=True, blank=True)

    class Meta:
        ordering = ("name",)
        constraints = (UniquePerTenant(fields=("name",), name="gateway_name_per_tenant", condition=NOT_TRASHED),)
        indexes = (models.Index(fields=("tenant", "created_at", "id"), name="gateway_by_age", condition=NOT_TRASHED),)

    def __str__(self) -> str:
        return self.name


class GatewayToken(ReferenceTable, models.Model):
    """Whose token has this digest. One that was replaced stays, so that its use can be told to the tenant."""

    digest = models.CharField(max_length=64, primary_key=True)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    gateway = models.UUIDField(db_index=True)
    customer = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.digest[:8]}…"
