"""Contracts: the draft that is edited, the versions that were published, and what customers said of them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from tenants.scope.models import NOT_TRASHED, PerTenant, TenantKey, Trashable, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody


class Contract(Trashable, PerTenant):
    """A contract with its draft, which is always a whole agreement; `revision` counts the edits ever made of it.

    `published` is the newest published version, 0 before the first; `published_revision` is the edit it was made of.
    """

    slug = models.SlugField(max_length=80)
    title = models.CharField(max_length=120)
    customer = TenantKey("tenants.Customer", models.PROTECT)
    twin = TenantKey("twins.Twin", models.PROTECT)
    draft = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    published = models.PositiveIntegerField(default=0)
    published_revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    twin_path: ClassVar[str] = "twin"

    custody: ClassVar[Custody] = Custody.REFERRED
    emptied: ClassVar[dict[str, Any]] = {"draft": {}}

    class Meta:
        ordering = ("title", "slug")
        constraints = (UniquePerTenant(fields=("slug",), name="contract_slug_per_tenant", condition=NOT_TRASHED),)
        indexes = (
            models.Index(fields=("tenant", "title", "id"), name="contract_by_title", condition=NOT_TRASHED),
            models.Index(fields=("tenant", "updated_at", "id"), name="contract_by_change", condition=NOT_TRASHED),
        )

    def __str__(self) -> str:
        return self.title


class ContractVersion(AppendOnly, PerTenant):
    """A published version of a contract; it holds from `effective_from` up to `effective_to` (null: without end).

    One that `needs_acceptance` holds only once the customer has accepted it (`selectors.agreed`).
    """

    contract = TenantKey(Contract, models.PROTECT)
    version = models.PositiveIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    effective_from = models.DateTimeField()
    effective_to = models.DateTimeField(null=True)
    needs_acceptance = models.BooleanField(default=False)
    published_by = models.CharField(max_length=254)
    published_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("-version",)
        constraints = (UniquePerTenant(fields=("contract", "version"), name="version_per_contract"),)
        indexes = (models.Index(fields=("tenant", "digest"), name="contract_version_by_digest"),)

    def __str__(self) -> str:
        return f"version {self.version} of {self.contract_id}"


class ContractAcceptance(AppendOnly, PerTenant):
    """What the customer said of a version, once: accepted, or declined; `text` is what they were shown."""

    version = TenantKey(ContractVersion, models.PROTECT, related_name="answers")
    accepted = models.BooleanField()
    text = models.TextField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    answered_by = models.CharField(max_length=254)
    answered_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("id",)
        constraints = (UniquePerTenant(fields=("version",), name="one_answer_per_version"),)
        indexes = (models.Index(fields=("tenant", "digest"), name="acceptance_by_digest"),)

    def __str__(self) -> str:
        return f"{'accepted' if self.accepted else 'declined'} by {self.answered_by}"
