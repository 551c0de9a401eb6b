"""Asset types that a tenant published or drafts; the built-in ones are documents of the library and need no rows."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scope.models import PerTenant, UniquePerTenant
from tenants.scope.tables import AppendOnly


class AssetTypeVersion(AppendOnly, PerTenant):
    """A published version of a type; it never changes."""

    key = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    note = models.CharField(max_length=500, default="", blank=True)
    published_by = models.CharField(max_length=254)
    published_at = models.DateTimeField()

    class Meta:
        ordering = ("key", "version")
        constraints = (UniquePerTenant(fields=("key", "version"), name="type_version_per_tenant"),)

    def __str__(self) -> str:
        return f"{self.key}@{self.version}"


class AssetTypeState(PerTenant):
    """What became of a published version, of a built-in one too: it is not to be used any more, or is taken away.

    `successor` is what to use in its place as ``key@version``, empty for nothing. A version that was taken away keeps
    its row and its number.
    """

    key = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    deprecated_at = models.DateTimeField(null=True)
    deprecated_by = models.CharField(max_length=254, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    successor = models.CharField(max_length=74, blank=True)
    removed_at = models.DateTimeField(null=True)
    removed_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = (UniquePerTenant(fields=("key", "version"), name="type_state_per_version"),)

    def __str__(self) -> str:
        return f"{self.key}@{self.version}"


class AssetTypeDraft(PerTenant):
    """The draft of a type's next version: any JSON object of bounded size, sound or not.

    `revision` counts what was saved. `published_revision` is the one that was published last, as `published_version`;
    0 before the first. A draft with nothing newer than that is no open one.
    """

    key = models.CharField(max_length=64)
    document = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    published_revision = models.PositiveIntegerField(default=0)
    published_version = models.PositiveIntegerField(default=0)
    author = models.CharField(max_length=254)
    changed_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"document"})

    class Meta:
        ordering = ("key",)
        constraints = (UniquePerTenant(fields=("key",), name="type_draft_per_key"),)

    def __str__(self) -> str:
        return f"draft of {self.key}"


class Template(PerTenant):
    """What new things can be made from: a blueprint of twins, a dashboard for a type, the figures of a contract.

    The room that the new thing belongs to reads the document. `pack` is the key of the pack that brought it, empty for
    the organisation's own.
    """

    class Kind(models.TextChoices):
        """What is made from it."""

        BLUEPRINT = "blueprint"
        DASHBOARD = "dashboard"
        CONTRACT = "contract"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    key = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    document = models.JSONField()
    pack = models.CharField(max_length=64, blank=True)
    made_by = models.CharField(max_length=254)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("kind", "name", "key")
        constraints = (UniquePerTenant(fields=("kind", "key"), name="template_per_kind_and_key"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
