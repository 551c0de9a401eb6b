"""Jobs to show."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from tenants.jobs.models import Job, JobState


def jobs() -> QuerySet[Job]:
    """The jobs of the tenant in scope, newest first."""
    return Job.objects.all()


def job(job_id: UUID) -> Job | None:
    """One job."""
    return Job.objects.filter(id=job_id).first()


def jobs_under_way() -> QuerySet[Job]:
    """What waits or runs."""
    return Job.objects.filter(state__in=(JobState.QUEUED, JobState.RUNNING))
