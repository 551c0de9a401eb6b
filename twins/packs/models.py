"""The packs that an organisation has installed."""

from __future__ import annotations

from django.db import models

from tenants.scope.models import PerTenant, UniquePerTenant


class Pack(PerTenant):
    """A pack as it was installed, and what was made of it: ``{"types": [refs], "rules": [ids]}``.

    Types that were there before are not among them; templates know their pack themselves.
    """

    key = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    made = models.JSONField()
    installed_by = models.CharField(max_length=254)
    installed_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "key")
        constraints = (UniquePerTenant(fields=("key",), name="pack_per_key"),)

    def __str__(self) -> str:
        return f"{self.key}@{self.version}"
