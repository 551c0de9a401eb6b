"""Imports to show, what they come to, and how much history may still be taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from tenants.jobs.models import Job
from tenants.jobs.selectors import jobs
from tenants.limits.domain.plans import Meter
from tenants.limits.selectors import allowance
from twins.gateways.imports.errors import ImportNotFoundError
from twins.gateways.imports.models import FileImport
from twins.gateways.imports.schemas import Tally

STATES = ("uploading", "ready", "queued", "running", "done", "failed", "cancelled")
HISTORY_DAYS = 100
"""Days' worth of the plan's readings that files may bring in `HISTORY_WINDOW`."""
HISTORY_WINDOW = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ImportState:
    """An import and how it stands.

    Attributes:
        state: One of ``STATES``.
        progress: How far it is, 0 to 1.
        message: What is being done, or why it failed.
    """

    row: FileImport
    state: str
    progress: float
    message: str
    tally: Tally


def imports() -> QuerySet[FileImport]:
    """The imports of the tenant in scope, newest first."""
    return FileImport.objects.select_related("gateway")


def import_of(import_: UUID) -> FileImport:
    """One import.

    Raises:
        ImportNotFoundError: The tenant has no such import.
    """
    found = imports().filter(id=import_).first()
    if found is None:
        raise ImportNotFoundError
    return found


def states(rows: Iterable[FileImport]) -> list[ImportState]:
    """How some imports stand, in their order."""
    rows = list(rows)
    known = {job.id: job for job in jobs().filter(id__in=[row.job for row in rows if row.job])}
    return [_state(row, known) for row in rows]


def _state(row: FileImport, known: Mapping[UUID, Job]) -> ImportState:
    job = known.get(row.job) if row.job else None
    tally = Tally.of(row.tally)
    if row.received < row.size:
        return ImportState(row, "uploading", row.received / row.size, "", tally)
    if row.job is None:
        return ImportState(row, "ready", 0.0, "", tally)
    if job is None:  # its time is over
        return ImportState(row, "done" if row.finished_at else "failed", 1.0, "", tally)
    return ImportState(row, str(job.state), job.progress, job.error or job.message, tally)


def history_left(*, now: datetime) -> int | None:
    """How many readings files may still bring, None for no limit.

    Files count towards an allowance of their own, a hundred days' worth in thirty days: a plan that has room for a
    stream has room for the history of what it streams.
    """
    limit = allowance(now=now).limits[Meter.READINGS_PER_DAY]
    if limit is None:
        return None
    recent = FileImport.objects.filter(created_at__gte=now - HISTORY_WINDOW).values_list("tally", flat=True)
    return max(0, limit * HISTORY_DAYS - sum(Tally.of(tally).stored for tally in recent))
