"""Twins: the draft that is edited, the operations that edit it, and the versions that were published."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from tenants.scope.models import NOT_TRASHED, PerTenant, TenantKey, Trashable, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody


class Twin(Trashable, PerTenant):
    """A twin with its draft; `revision` counts the operations ever applied to it.

    `published` is the newest published version, 0 before the first. `draft` is what its document and the operations
    since give; it is kept so that reading it costs one row. `asset_count` and `signal_count` are the assets and the
    bound signals of the newest published version, which the tenant's limits count. `site` is where its assets stand.
    """

    slug = models.SlugField(max_length=80)
    name = models.CharField(max_length=200)
    draft = models.JSONField()
    revision = models.PositiveIntegerField(default=0)
    published = models.PositiveIntegerField(default=0)
    published_revision = models.PositiveIntegerField(default=0)
    asset_count = models.PositiveIntegerField(default=0)
    signal_count = models.PositiveIntegerField(default=0)
    site = TenantKey("tenants.Site", models.PROTECT, null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    twin_path: ClassVar[str] = "id"
    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"draft"})

    custody: ClassVar[Custody] = Custody.REFERRED
    emptied: ClassVar[dict[str, Any]] = {"draft": {}, "site_id": None}

    class Meta:
        ordering = ("name",)
        constraints = (UniquePerTenant(fields=("slug",), name="twin_slug_per_tenant", condition=NOT_TRASHED),)
        indexes = (
            models.Index(fields=("tenant", "name", "id"), name="twin_by_name", condition=NOT_TRASHED),
            models.Index(fields=("tenant", "updated_at", "id"), name="twin_by_change", condition=NOT_TRASHED),
        )

    def __str__(self) -> str:
        return self.name


class TwinVersion(AppendOnly, PerTenant):
    """A published version of a twin: an immutable document and its digest."""

    twin = TenantKey(Twin, models.PROTECT)
    version = models.PositiveIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    note = models.CharField(max_length=500, blank=True)
    published_by = models.CharField(max_length=254)
    published_at = models.DateTimeField()

    twin_path: ClassVar[str] = "twin"

    class Meta:
        ordering = ("-version",)
        constraints = (UniquePerTenant(fields=("twin", "version"), name="version_per_twin"),)

    def __str__(self) -> str:
        return f"version {self.version} of {self.twin_id}"


class DraftOperation(AppendOnly, PerTenant):
    """One edit of a draft: who, when, and the revision that it made."""

    twin = TenantKey(Twin, models.PROTECT)
    revision = models.PositiveIntegerField()
    operation = models.JSONField()
    author = models.CharField(max_length=254)
    made_at = models.DateTimeField()

    twin_path: ClassVar[str] = "twin"

    class Meta:
        ordering = ("revision",)
        constraints = (UniquePerTenant(fields=("twin", "revision"), name="revision_per_twin"),)

    def __str__(self) -> str:
        return f"revision {self.revision} of {self.twin_id}"
