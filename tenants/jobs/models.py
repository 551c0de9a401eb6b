"""Long work as rows: what was asked, how far it is, what came out."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scope.models import PerTenant
from tenants.scope.tables import ReferenceTable


class JobState(models.TextChoices):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(PerTenant):
    """One piece of long work of a tenant.

    `lease_until` is how long a worker's claim holds without a sign of life; after it another worker may take over.
    """

    kind = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    progress = models.FloatField(default=0.0)
    message = models.CharField(max_length=200, blank=True)
    cancel_requested = models.BooleanField(default=False)
    result = models.JSONField(null=True)
    error = models.CharField(max_length=1000, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    energy_j = models.FloatField(default=0.0)
    created_by = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)

    kept_by: ClassVar[tuple[str, str]] = ("jobs", "finished_at")

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("tenant", "state", "created_at"), name="job_by_state"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class JobTicket(ReferenceTable, models.Model):
    """Says that a tenant has a job to be run: what the sweeper reads before any tenant is known."""

    job = models.UUIDField(primary_key=True)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.job} due {self.due_at}"
