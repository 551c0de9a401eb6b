"""What Celery runs."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from tenants.jobs import services
from tenants.kernel.clock import utc_now


@shared_task(name="jobs.run", acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def run_job(tenant: str, job: str) -> None:
    """Run a job; harmless when it is delivered twice."""
    from tenants.jobs.running import run  # noqa: PLC0415 (the web server needs the task's name only)

    run(UUID(tenant), UUID(job))


@shared_task(name="jobs.sweep", ignore_result=True, expires=30)
def sweep_jobs() -> None:
    """Find the jobs a crash left behind."""
    services.sweep_jobs(now=utc_now())
