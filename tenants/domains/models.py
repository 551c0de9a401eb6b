"""Domains that organisations claim, and those that lead to one: the latter are read before a tenant is known."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.domains.domain import Pointing, Result, State
from tenants.scope.models import PerTenant, UniquePerTenant
from tenants.scope.tables import ReferenceTable


class Domain(PerTenant):
    """A domain that an organisation says is its own; several organisations may say so of one.

    `token` stands in public DNS and is no secret. `missing_since` is since when a proven one is without its record.
    """

    name = models.CharField(max_length=253)
    is_web = models.BooleanField()
    is_mail = models.BooleanField()
    token = models.CharField(max_length=64)
    state = models.CharField(
        max_length=8, choices=[(each.value, each.value) for each in State], default=State.PENDING.value
    )
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=254)
    proven_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    missing_since = models.DateTimeField(null=True)
    result = models.CharField(
        max_length=8, choices=[(each.value, each.value) for each in Result], default=Result.UNSEEN.value
    )
    found = models.JSONField(default=list)
    pointing = models.CharField(
        max_length=9, choices=[(each.value, each.value) for each in Pointing], default=Pointing.UNSEEN.value
    )
    leads_to = models.CharField(max_length=300, blank=True)

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"checked_at", "result", "found", "pointing", "leads_to"})

    class Meta:
        ordering = ("name",)
        constraints = (UniquePerTenant(fields=("name",), name="one_claim_per_domain"),)

    def __str__(self) -> str:
        return self.name


class ProvenHost(ReferenceTable, models.Model):
    """Whose pages a host shows: a domain proven for the web, of one organisation only."""

    host = models.CharField(max_length=253, primary_key=True)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    proven_at = models.DateTimeField()

    audited: ClassVar[bool] = False

    def __str__(self) -> str:
        return self.host
