"""Service accounts and their keys under row-level security; digests where they are found before the tenant is known."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scope.models import PerTenant, TenantKey
from tenants.scope.tables import ReferenceTable


class ServiceAccount(PerTenant):
    """A program that works for the organisation: a partner's, a historian, a script.

    It may do what its `role` allows (one that every organisation has, or the id of one of its own), or, when that is
    empty, what its own `permissions` say. `is_held` says that it works in some places only; these stand where those of
    memberships do (`MembershipPlace`), under its id.
    """

    name = models.CharField(max_length=120)
    purpose = models.CharField(max_length=200, blank=True)
    role = models.CharField(max_length=36, blank=True)
    permissions = models.JSONField(default=list)
    is_held = models.BooleanField(default=False)
    created_by = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class ApiKey(PerTenant):
    """One of a service account's keys to the REST API.

    `scopes` narrow what the account may do (None: all of it); `networks` say where it is taken (none: everywhere).
    """

    account = TenantKey(ServiceAccount, models.CASCADE, related_name="keys")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16)
    scopes = models.JSONField(null=True)
    networks = models.JSONField(default=list)
    created_at = models.DateTimeField()
    rotated_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_from = models.CharField(max_length=45, blank=True)

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"last_used_at", "last_used_from"})

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class KeyDigest(ReferenceTable, models.Model):
    """Whose key has this digest; `until` when it gives way to a newer secret of the same key, None for the newest."""

    digest = models.CharField(max_length=64, primary_key=True)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    key = models.UUIDField(db_index=True)
    until = models.DateTimeField(null=True, blank=True)

    secret_fields: ClassVar[frozenset[str]] = frozenset({"digest"})

    def __str__(self) -> str:
        return f"{self.digest[:8]}…"
