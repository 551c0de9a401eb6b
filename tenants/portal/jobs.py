"""Jobs as people see them: a card with a live progress bar and, for those who may, a way to stop it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.jobs.models import Job, JobState
from tenants.jobs.registry import label_of
from tenants.jobs.selectors import jobs_seen_by
from tenants.jobs.services import cancel_job
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError
from tenants.scope.actors import Actor, Permission

ACTIVE = (JobState.QUEUED, JobState.RUNNING)


def card(job: Job, actor: Actor) -> dict[str, Any]:
    """What ``parts/progress.html`` shows of a job."""
    active = job.state in ACTIVE
    stoppable = active and actor.may(Permission.ORGANISATION_OPERATE) and not job.cancel_requested
    message = "Stopping…" if active and job.cancel_requested else job.error or job.message
    if job.attempts > 1:
        message = f"Attempt {job.attempts}, for a worker died. {message}"
    return {
        "id": job.id,
        "name": label_of(job.kind),
        "state": job.state,
        "progress": job.progress if job.state == JobState.RUNNING else None,
        "message": message,
        "active": active,
        "at": job.finished_at or job.started_at or job.created_at,
        "status_url": reverse("job", args=[actor.slug, job.id]),
        "cancel_url": reverse("job-cancel", args=[actor.slug, job.id]) if stoppable else None,
    }


@require_safe
@page(needs=Permission.ORGANISATION_READ)
def job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """One job's card, for the page that watches it."""
    actor = actor_of(request)
    found = jobs_seen_by(actor).filter(id=job_id).first()
    if found is None:
        raise Http404
    return render(request, "parts/progress.html", {"job": card(found, actor)})


@require_POST
@page(needs=Permission.ORGANISATION_OPERATE)
def cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Ask a job to stop, and show its card."""
    actor = actor_of(request)
    found = jobs_seen_by(actor).filter(id=job_id).first()
    if found is None:
        raise Http404
    with suppress(NotFoundError):  # it has ended by itself meanwhile
        cancel_job(job=job_id, now=utc_now())
        found.refresh_from_db()
    return render(request, "parts/progress.html", {"job": card(found, actor)})
