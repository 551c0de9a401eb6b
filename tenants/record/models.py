"""The tenant's log and audit trail in PostgreSQL; all of it but the log's own row is written once and never changed."""

from __future__ import annotations

from django.db import models

from tenants.scope.models import PerTenant, UniquePerTenant
from tenants.scope.tables import AppendOnly


class Log(PerTenant):
    """The tenant's log: its name, its key, and how many entries it has.

    Whoever appends holds this row's lock until their transaction ends, so that indexes have no gaps and the order of
    entries is the order of commits.
    """

    origin = models.CharField(max_length=200)
    public_key = models.BinaryField(max_length=32)
    wrapped_key = models.BinaryField(max_length=60)
    size = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (UniquePerTenant(fields=(), name="one_log_per_tenant"),)

    def __str__(self) -> str:
        return self.origin


class LogLeaf(AppendOnly, PerTenant):
    """An entry of the log; ``id`` is its index, from 0."""

    id = models.PositiveBigIntegerField(primary_key=True)  # type: ignore[assignment]
    kind = models.CharField(max_length=64)
    digest = models.BinaryField(max_length=32)
    salt = models.BinaryField(max_length=16)
    hash = models.BinaryField(max_length=32)
    logged_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("tenant", "digest"), name="log_leaf_by_digest"),)

    def __str__(self) -> str:
        return f"{self.kind} at {self.id}"


class LogNode(AppendOnly, PerTenant):
    """The hash of a perfect subtree of two leaves or more; ``id`` is its place, see ``selectors.node_place``."""

    id = models.PositiveBigIntegerField(primary_key=True)  # type: ignore[assignment]
    hash = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"node {self.id}"


class TreeHead(AppendOnly, PerTenant):
    """A signed head of the log."""

    size = models.PositiveBigIntegerField()
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    sealed_at = models.DateTimeField()

    class Meta:
        constraints = (UniquePerTenant(fields=("size",), name="one_head_per_size"),)

    def __str__(self) -> str:
        return f"head of {self.size}"


class AuditEntry(AppendOnly, PerTenant):
    """What somebody did; its digest goes into the log when the next head is sealed."""

    at = models.DateTimeField()
    by = models.CharField(max_length=254)
    action = models.CharField(max_length=100)
    subject = models.CharField(max_length=200)
    details = models.JSONField(default=dict)
    digest = models.BinaryField(max_length=32)

    class Meta:
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=("tenant", "at"), name="audit_by_time"),
            models.Index(fields=("tenant", "subject", "at"), name="audit_by_subject"),
        )

    def __str__(self) -> str:
        return f"{self.by}: {self.action} {self.subject}"
