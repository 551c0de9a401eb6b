"""Jobs to show."""

from __future__ import annotations

from django.db.models import QuerySet

from tenants.jobs.models import Job, JobState
from tenants.scope.actors import Actor


def jobs() -> QuerySet[Job]:
    """The jobs of the tenant in scope, newest first."""
    return Job.objects.all()


def jobs_seen_by(actor: Actor) -> QuerySet[Job]:
    """The jobs that somebody may see, newest first: all, or their own to who is held to some places."""
    return jobs() if actor.twins is None else jobs().filter(created_by=actor.name)


def jobs_under_way() -> QuerySet[Job]:
    """What waits or runs."""
    return Job.objects.filter(state__in=(JobState.QUEUED, JobState.RUNNING))
