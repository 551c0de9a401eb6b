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
    """A published version of a twin: an immutable document and its digest.

    `revision` is that of the draft which it was made of, null for one that is older than this column.
    """

    twin = TenantKey(Twin, models.PROTECT)
    version = models.PositiveIntegerField()
    revision = models.PositiveIntegerField(null=True)
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


class VersionName(AppendOnly, PerTenant):
    """What a version was called at a time; the newest counts, an empty one takes the name away."""

    twin = TenantKey(Twin, models.PROTECT)
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=120, blank=True)
    given_by = models.CharField(max_length=254)
    given_at = models.DateTimeField()

    twin_path: ClassVar[str] = "twin"

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("tenant", "twin", "version"), name="name_of_version"),)

    def __str__(self) -> str:
        return self.name


class DraftAside(PerTenant):
    """Edits of a draft that a leap took out of it, kept to be looked at and brought back.

    Attributes:
        kind: What took them out: ``rollback`` or ``reset``.
        version: The version that `operations` lead on from, 0 for the empty twin.
        operations: What leads from it to the draft as it was.
        count: How many they are.
        revision: That of the draft before.
    """

    twin = TenantKey(Twin, models.CASCADE)
    kind = models.CharField(max_length=10)
    version = models.PositiveIntegerField()
    operations = models.JSONField()
    count = models.PositiveIntegerField()
    revision = models.PositiveIntegerField()
    put_by = models.CharField(max_length=254)
    put_at = models.DateTimeField()
    returned_by = models.CharField(max_length=254, blank=True)
    returned_at = models.DateTimeField(null=True)

    twin_path: ClassVar[str] = "twin"
    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"operations"})

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("tenant", "twin"), name="aside_by_twin"),)

    def __str__(self) -> str:
        return f"{self.count} edits of {self.twin_id}"


class ReviewState(models.TextChoices):
    """Where a review stands; one that was approved holds for its revision only."""

    OPEN = "open"
    APPROVED = "approved"
    CHANGES = "changes"
    WITHDRAWN = "withdrawn"


class TwinReview(PerTenant):
    """Somebody asks others to look at a revision of a draft before it is published, and what they said."""

    twin = TenantKey(Twin, models.CASCADE)
    revision = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=ReviewState.choices, default=ReviewState.OPEN)
    note = models.CharField(max_length=500, blank=True)
    asked_by = models.CharField(max_length=254)
    asked_at = models.DateTimeField()
    comment = models.CharField(max_length=1000, blank=True)
    decided_by = models.CharField(max_length=254, blank=True)
    decided_at = models.DateTimeField(null=True)

    twin_path: ClassVar[str] = "twin"

    class Meta:
        ordering = ("-id",)
        constraints = (
            UniquePerTenant(fields=("twin",), name="one_open_review", condition=models.Q(state=ReviewState.OPEN)),
        )
        indexes = (models.Index(fields=("tenant", "state"), name="review_by_state"),)

    def __str__(self) -> str:
        return f"review of revision {self.revision}"


class PublishingRule(PerTenant):
    """How the organisation publishes its twins."""

    needs_review = models.BooleanField(default=False)
    changed_by = models.CharField(max_length=254)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (UniquePerTenant(fields=(), name="one_publishing_rule_per_tenant"),)

    def __str__(self) -> str:
        return "with review" if self.needs_review else "without review"


class TwinLineage(PerTenant):
    """A twin that versions of another are promoted into.

    Attributes:
        version: The version of the source that was promoted last.
        gateways: Which gateway stood for which of the source's then, by id; null for none.
    """

    source = TenantKey(Twin, models.CASCADE)
    target = TenantKey(Twin, models.CASCADE)
    version = models.PositiveIntegerField()
    gateways = models.JSONField(default=dict)
    promoted_by = models.CharField(max_length=254)
    promoted_at = models.DateTimeField()

    twin_path: ClassVar[str] = "target"

    class Meta:
        ordering = ("id",)
        constraints = (UniquePerTenant(fields=("source", "target"), name="one_lineage_per_pair"),)

    def __str__(self) -> str:
        return f"{self.source_id} into {self.target_id}"


class CanvasImage(PerTenant):
    """An image on canvases, as it was sent but for what it does not need; `digest` is its SHA-256."""

    digest = models.CharField(max_length=64)
    media_type = models.CharField(max_length=20)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    content = models.BinaryField()
    added_by = models.CharField(max_length=254)
    added_at = models.DateTimeField()

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    class Meta:
        ordering = ("id",)
        constraints = (UniquePerTenant(fields=("digest",), name="image_per_digest"),)

    def __str__(self) -> str:
        return f"{self.media_type} {self.width} × {self.height}"
