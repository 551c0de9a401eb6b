"""The life of a job: asked for, claimed by one worker, reported on, finished; nothing lost when a worker dies."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from tenants.jobs.models import Job, JobState, JobTicket
from tenants.jobs.registry import is_free
from tenants.kernel.errors import NotFoundError
from tenants.limits.domain.plans import Meter
from tenants.limits.services import add_usage, require
from tenants.scope.context import required_tenant

logger = logging.getLogger(__name__)
LEASE = timedelta(seconds=settings.OUTTURN_JOB_LEASE_S)
CONCURRENT_PER_TENANT = 2


def start_job(*, kind: str, params: Mapping[str, Any], by: str, now: datetime) -> Job:
    """Ask for long work of the tenant in scope; it starts after this transaction has been committed.

    Raises:
        LimitReachedError: The month's job minutes are used up.
    """
    tenant = required_tenant("a job")
    if not is_free(kind):
        require(Meter.JOB_MINUTES, now=now)
    job = Job.objects.create(kind=kind, params=dict(params), created_by=by, created_at=now)
    JobTicket.objects.create(job=job.id, tenant_id=tenant, due_at=now)
    transaction.on_commit(partial(_hint, tenant, job.id))
    return job


def tell_workers(task: Any, *args: UUID, waits: str, **options: float) -> None:
    """Have a task run at once; while the broker is away nothing fails, for whatever sweeps comes to it later.

    Args:
        task: The Celery task.
        args: What it is about.
        waits: What the log says of what is left waiting.
        options: Of this call alone, such as `expires`: the seconds after which it need not begin any more.
    """
    from kombu.exceptions import OperationalError  # noqa: PLC0415

    try:
        task.apply_async(tuple(map(str, args)), retry=False, **options)
    except OperationalError:
        logger.warning("the broker is away: %s", waits)


def _hint(tenant: UUID, job: UUID) -> None:
    from tenants.jobs.tasks import run_job  # noqa: PLC0415 (the task calls these services)

    tell_workers(run_job, tenant, job, waits=f"job {job} waits for the sweeper")


def claim_job(*, job: UUID, now: datetime) -> Job | None:
    """Take a job that waits or whose worker has died; None when it is another's, finished, or not its turn.

    Raises:
        Nothing: losing the race is an ordinary answer.
    """
    waiting = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=now)
    others = Job.objects.filter(state=JobState.RUNNING, lease_until__gte=now).exclude(id=job).count()
    if others >= CONCURRENT_PER_TENANT:
        return None
    taken = Job.objects.filter(waiting, id=job).update(
        state=JobState.RUNNING, lease_until=now + LEASE, attempts=F("attempts") + 1, started_at=now, progress=0.0
    )
    if not taken:
        return None
    JobTicket.objects.filter(job=job).update(due_at=now + LEASE)
    return Job.objects.get(id=job)


def report_progress(*, job: UUID, attempt: int, share: float, message: str, now: datetime) -> bool:
    """Note how far a job is and hold the claim; False when the claim is lost or a person has cancelled."""
    mine = Job.objects.filter(id=job, state=JobState.RUNNING, attempts=attempt)
    mine.update(progress=min(max(share, 0.0), 1.0), message=message[:200], lease_until=now + LEASE)
    return mine.filter(cancel_requested=False).exists()


def hold_claim(*, job: UUID, attempt: int, now: datetime) -> None:
    """A sign of life between two reports."""
    Job.objects.filter(id=job, state=JobState.RUNNING, attempts=attempt).update(lease_until=now + LEASE)
    JobTicket.objects.filter(job=job).update(due_at=now + LEASE)


def finish_job(
    *,
    job: UUID,
    attempt: int,
    state: JobState,
    now: datetime,
    message: str = "",
    result: Mapping[str, Any] | None = None,
    error: str = "",
    energy_j: float = 0.0,
) -> None:
    """Write the end of a job, unless another worker has taken it over, and wake the tenant's next one.

    The seconds since it was claimed, begun ones as whole, count towards the month's job minutes.
    """
    done = {"progress": 1.0} if state == JobState.DONE else {}
    ended = Job.objects.filter(id=job, state=JobState.RUNNING, attempts=attempt).update(
        state=state, message=message[:200], result=result, error=error[:1000], finished_at=now, lease_until=None,
        energy_j=F("energy_j") + energy_j, **done,
    )  # fmt: skip
    if not ended:
        return
    JobTicket.objects.filter(job=job).delete()
    kind, began = Job.objects.values_list("kind", "started_at").get(id=job)
    if began is not None and not is_free(kind):
        add_usage(meter=Meter.JOB_MINUTES, amount=max(0, ceil((now - began).total_seconds())), now=now)
    following = Job.objects.filter(state=JobState.QUEUED).order_by("created_at").values_list("id", flat=True).first()
    if following is not None:
        transaction.on_commit(partial(_hint, required_tenant("a job"), following))


def cancel_job(*, job: UUID, now: datetime) -> None:
    """Ask a job to stop; one that has not begun ends at once.

    Raises:
        NotFoundError: The tenant has no such job that could still be cancelled.
    """
    with transaction.atomic():
        unbegun = Job.objects.filter(id=job, state=JobState.QUEUED).update(state=JobState.CANCELLED, finished_at=now)
        if unbegun:
            JobTicket.objects.filter(job=job).delete()
        elif not Job.objects.filter(id=job, state=JobState.RUNNING).update(cancel_requested=True):
            raise NotFoundError("there is no such job under way", place="job", fix="Look at the list of jobs.")


def sweep_jobs(*, now: datetime, most: int = 200) -> int:
    """Tell the workers again of the jobs whose time has come; how many."""
    due = list(JobTicket.objects.filter(due_at__lte=now).order_by("due_at").values_list("tenant_id", "job")[:most])
    for tenant, job in due:
        _hint(tenant, job)
    return len(due)
