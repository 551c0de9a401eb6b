"""The tenant's own end customers."""

from __future__ import annotations

from django.db import models

from tenants.scope.models import PerTenant, UniquePerTenant


class Customer(PerTenant):
    """A company the tenant serves: party to contracts, reader of its own reports."""

    name = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)
        constraints = (UniquePerTenant(fields=("name",), name="customer_name_per_tenant"),)

    def __str__(self) -> str:
        return self.name
