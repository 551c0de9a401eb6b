"""A worker's side of a job: claim it, keep the claim alive, do the work, write the end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections, connection

from tenants.jobs.models import Job, JobState
from tenants.jobs.registry import JobCancelledError, handler_of
from tenants.jobs.services import LEASE, claim_job, finish_job, hold_claim, report_progress
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.context import scope

logger = logging.getLogger(__name__)
REPORT_EVERY_S = 0.25


class JobReporter:
    """Writes progress at most four times a second, each in a short scope of its own, and watches the cancel flag.

    Attributes:
        said: The last message, written or not.
    """

    def __init__(self, tenant: UUID, job: Job) -> None:
        self.tenant = tenant
        self._job, self._attempt = job.id, job.attempts
        self._next, self._wanted = 0.0, True
        self.said = job.message

    def progress(self, share: float, message: str) -> None:
        """Say how far the work is.

        Raises:
            JobCancelledError: A person has cancelled the job, or another worker has taken it over.
        """
        self.said = message
        if time.monotonic() >= self._next or share >= 1.0:
            self._report(share, message)
        if not self._wanted:
            raise JobCancelledError

    def cancelled(self) -> bool:
        """Whether a person has asked to cancel."""
        if self._wanted and time.monotonic() >= self._next:
            self._next = time.monotonic() + REPORT_EVERY_S
            with scope(self.tenant):
                self._wanted = not Job.objects.filter(id=self._job, cancel_requested=True).exists()
        return not self._wanted

    def _report(self, share: float, message: str) -> None:
        self._next = time.monotonic() + REPORT_EVERY_S
        with scope(self.tenant):
            self._wanted = report_progress(
                job=self._job, attempt=self._attempt, share=share, message=message, now=utc_now()
            )


@contextmanager
def _alive(tenant: UUID, job: Job) -> Iterator[None]:
    """Hold the claim from a thread of its own while the work computes without reporting."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(LEASE.total_seconds() / 4):
            with scope(tenant):
                hold_claim(job=job.id, attempt=job.attempts, now=utc_now())
        connection.close()

    thread = threading.Thread(target=beat, name=f"job-{job.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def run(tenant: UUID, job_id: UUID) -> None:
    """Run a job of a tenant if it is there to be run."""
    close_old_connections()
    with scope(tenant):
        job = claim_job(job=job_id, now=utc_now())
    if job is None:
        return
    before = time.process_time()
    reporter, state, result, error = JobReporter(tenant, job), JobState.DONE, None, ""
    try:
        with _alive(tenant, job):
            result = handler_of(job.kind)(reporter, job.params)
    except JobCancelledError:
        state = JobState.CANCELLED
    except OutturnError as problem:
        state, error = JobState.FAILED, " ".join(filter(None, (problem.message, problem.fix)))
    except Exception:
        logger.exception("job %s of the kind %s failed", job.id, job.kind)
        state, error = JobState.FAILED, f"Something went wrong on our side. Tell support the job's number, {job.id}."
    energy = (time.process_time() - before) * settings.OUTTURN_CORE_WATTS
    with scope(tenant):
        finish_job(
            job=job.id, attempt=job.attempts, state=state, now=utc_now(), message=reporter.said, result=result,
            error=error, energy_j=energy,
        )  # fmt: skip
