"""The tenant's own end customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models

from tenants.scope.models import NOT_TRASHED, PerTenant, Trashable, UniquePerTenant
from tenants.scope.tables import Custody


class Customer(Trashable, PerTenant):
    """A company the tenant serves: party to contracts, reader of its own reports.

    `number` is the tenant's own for it, `address` the one on invoices, line by line.
    """

    name = models.CharField(max_length=120)
    number = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=500, blank=True)
    contact_name = models.CharField(max_length=120, blank=True)
    contact_email = models.EmailField(max_length=254, blank=True)
    created_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.REFERRED
    emptied: ClassVar[Mapping[str, Any]] = {"address": "", "contact_name": "", "contact_email": ""}

    class Meta:
        ordering = ("name",)
        constraints = (
            UniquePerTenant(fields=("name",), name="customer_name_per_tenant", condition=NOT_TRASHED),
            UniquePerTenant(
                fields=("number",), name="customer_number_per_tenant", condition=NOT_TRASHED & ~models.Q(number="")
            ),
        )

    def __str__(self) -> str:
        return self.name
