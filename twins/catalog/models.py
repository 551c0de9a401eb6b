"""Asset types that a tenant published; the built-in ones are documents of the library and need no rows."""

from __future__ import annotations

from django.db import models

from tenants.scope.models import PerTenant, UniquePerTenant
from tenants.scope.tables import AppendOnly


class AssetTypeVersion(AppendOnly, PerTenant):
    """A published version of a type; it never changes."""

    key = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    published_by = models.CharField(max_length=254)
    published_at = models.DateTimeField()

    class Meta:
        ordering = ("key", "version")
        constraints = (UniquePerTenant(fields=("key", "version"), name="type_version_per_tenant"),)

    def __str__(self) -> str:
        return f"{self.key}@{self.version}"
