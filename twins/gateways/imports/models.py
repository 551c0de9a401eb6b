"""Files of history, how far each has come, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scope.models import PerTenant, TenantKey
from twins.gateways.imports.schemas import Kind


class FileImport(PerTenant):
    """A file of readings that is taken in the name of a gateway.

    `received` is how many of its bytes are here. `run` begins the names of its batches: it comes from the file's
    content, the mapping and the bindings, so that the same rows are the same batches. `position` is how many batches
    are durable, and `tally`, `unbound` (keys that nothing reads) and `rejected_bytes` (of the file of what was set
    aside) are as of that batch: a worker that takes over goes on from there.
    """

    gateway = TenantKey("twins.Gateway", models.CASCADE)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=7, choices=[(one.value, one.value) for one in Kind])
    size = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    mapping = models.JSONField(null=True)
    job = models.UUIDField(null=True)
    run = models.CharField(max_length=40, blank=True)
    position = models.BigIntegerField(default=0)
    tally = models.JSONField(default=dict)
    unbound = models.JSONField(default=list)
    rejected_bytes = models.BigIntegerField(default=0)
    created_by = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    kept_by: ClassVar[tuple[str, str]] = ("jobs", "finished_at")

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("tenant", "created_at", "id"), name="import_by_age"),)

    def __str__(self) -> str:
        return self.name
