"""API keys: the key itself under row-level security, its digest where it can be found before the tenant is known."""

from __future__ import annotations

from django.db import models

from tenants.scope.actors import Role
from tenants.scope.models import PerTenant
from tenants.scope.tables import ReferenceTable


class ApiKey(PerTenant):
    """A partner's or a program's access to the REST API, with the permissions of a role."""

    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16)
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role if role != Role.CUSTOMER])
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class KeyDigest(ReferenceTable, models.Model):
    """Whose key has this digest."""

    digest = models.CharField(max_length=64, primary_key=True)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    key = models.UUIDField()

    def __str__(self) -> str:
        return f"{self.digest[:8]}…"
