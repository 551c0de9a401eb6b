"""A job through a real broker and a real worker, which is killed in the middle of it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tenants.jobs.models import Job, JobState
from tenants.jobs.services import cancel_job, start_job, sweep_jobs
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.processes import LONG_S, environment, kill, start

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
Worker = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    """Starts real workers on this test's database; they are gone afterwards."""
    started: list[subprocess.Popen[bytes]] = []
    command = ["-m", "celery", "-A", "tests.worker", "worker", "-c", "1", "-l", "warning"]
    command += ["--without-mingle", "--without-gossip"]

    def begin() -> subprocess.Popen[bytes]:
        log = tmp_path / f"worker-{len(started)}.log"
        started.append(start(command, log, env=environment(OUTTURN_JOB_LEASE_S="1")))
        return started[-1]

    yield begin
    for process in started:
        kill(process)


def ended(tenant: Tenant, job: Job, *, sweeping: bool = False) -> Job:
    """The job once it has ended."""
    deadline = time.monotonic() + LONG_S
    while time.monotonic() < deadline:
        with scope(tenant.id):
            found = Job.objects.get(id=job.id)
        if found.finished_at is not None:
            return found
        if sweeping:
            sweep_jobs(now=utc_now())
        time.sleep(0.1)
    raise AssertionError(f"the job is still {found.state}: {found.message}")


def started(tenant: Tenant, kind: str, **params: object) -> Job:
    with scope(tenant.id):
        return start_job(kind=kind, params=params, by="test", now=utc_now())


def test_jobs_run_fail_and_are_cancelled(tenant: Tenant, worker: Worker, tmp_path: Path) -> None:
    worker()
    done = ended(tenant, started(tenant, "test.count", to=5))
    assert (done.state, done.result, done.progress) == (JobState.DONE, {"counted": 5}, 1.0)
    assert done.message == "4 of 5"  # the last that was said, though it came too soon after another to be written
    assert done.energy_j >= 0.0
    failed = ended(tenant, started(tenant, "test.fail"))
    assert failed.state == JobState.FAILED
    assert str(failed.id) in failed.error
    assert "ZeroDivision" not in failed.error
    marker = tmp_path / "hanging"
    hanging = started(tenant, "test.hang", marker=str(marker))
    while not marker.exists():
        time.sleep(0.02)
    with scope(tenant.id):
        cancel_job(job=hanging.id, now=utc_now())
    assert ended(tenant, hanging).state == JobState.CANCELLED


def test_a_job_survives_its_worker(tenant: Tenant, worker: Worker, tmp_path: Path) -> None:
    first = worker()
    marker = tmp_path / "first attempt"
    job = started(tenant, "test.hang", marker=str(marker))
    while not marker.exists() or not marker.read_text():
        time.sleep(0.02)
    kill(first)
    worker()
    survived = ended(tenant, job, sweeping=True)
    assert (survived.state, survived.result, survived.attempts) == (JobState.DONE, {"attempt": 2}, 2)
