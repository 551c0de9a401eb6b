"""The life of a job, step by step with the clock in hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tenants.jobs.models import Job, JobState, JobTicket
from tenants.jobs.services import (
    CONCURRENT_PER_TENANT,
    LEASE,
    cancel_job,
    claim_job,
    finish_job,
    hold_claim,
    report_progress,
    start_job,
)
from tenants.kernel.errors import NotFoundError
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tenants.scope.models import Tenant

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MOMENT = timedelta(seconds=1)


def job(now: datetime = NOON) -> Job:
    return start_job(kind="train", params={"engines": 80}, by="owner@meridian.example", now=now)


def test_a_job_waits_with_a_ticket_for_the_sweeper(tenant: Tenant) -> None:
    with scope(tenant.id):
        made = job()
        assert (made.state, made.params, made.progress) == (JobState.QUEUED, {"engines": 80}, 0.0)
    assert list(JobTicket.objects.values_list("job", "tenant_id", "due_at")) == [(made.id, tenant.id, NOON)]


def test_one_worker_claims_it_and_another_only_when_the_first_gives_no_sign_of_life(tenant: Tenant) -> None:
    with scope(tenant.id):
        made = job()
        first = claim_job(job=made.id, now=NOON)
        assert first is not None
        assert (first.attempts, first.lease_until) == (1, NOON + LEASE)
        assert claim_job(job=made.id, now=NOON + LEASE) is None
        hold_claim(job=made.id, attempt=1, now=NOON + LEASE)
        assert claim_job(job=made.id, now=NOON + LEASE + MOMENT) is None
        second = claim_job(job=made.id, now=NOON + 2 * LEASE + MOMENT)
        assert second is not None
        assert second.attempts == 2


def test_the_worker_that_lost_its_claim_changes_nothing_any_more(tenant: Tenant) -> None:
    with scope(tenant.id):
        made = job()
        claim_job(job=made.id, now=NOON)
        claim_job(job=made.id, now=NOON + LEASE + MOMENT)
        assert not report_progress(job=made.id, attempt=1, share=0.9, message="late", now=NOON)
        finish_job(job=made.id, attempt=1, state=JobState.DONE, result={"from": "the first"}, now=NOON)
        found = Job.objects.get()
        assert (found.state, found.progress, found.message, found.result) == (JobState.RUNNING, 0.0, "", None)


def test_progress_is_kept_between_0_and_1_and_the_message_short(tenant: Tenant) -> None:
    with scope(tenant.id):
        made = job()
        claim_job(job=made.id, now=NOON)
        assert report_progress(job=made.id, attempt=1, share=1.7, message="m" * 300, now=NOON)
        found = Job.objects.get()
        assert (found.progress, found.message) == (1.0, "m" * 200)


def test_the_end_is_written_once_and_takes_the_ticket(tenant: Tenant) -> None:
    with scope(tenant.id):
        made = job()
        claim_job(job=made.id, now=NOON)
        finish_job(job=made.id, attempt=1, state=JobState.DONE, result={"rmse": 11.2}, energy_j=30.0, now=NOON + MOMENT)
        found = Job.objects.get()
        assert (found.state, found.progress, found.result, found.energy_j) == (JobState.DONE, 1.0, {"rmse": 11.2}, 30.0)
        assert (found.finished_at, found.lease_until) == (NOON + MOMENT, None)
        assert claim_job(job=made.id, now=NOON + 2 * LEASE) is None
    assert not JobTicket.objects.exists()


def test_a_tenant_runs_so_many_at_once_and_no_more(tenant: Tenant, stranger: Tenant) -> None:
    with scope(tenant.id):
        jobs = [job() for _ in range(CONCURRENT_PER_TENANT + 1)]
        claims = [claim_job(job=each.id, now=NOON) for each in jobs]
        assert [claim is not None for claim in claims] == [True] * CONCURRENT_PER_TENANT + [False]
    with scope(stranger.id):
        assert claim_job(job=job().id, now=NOON) is not None
    with scope(tenant.id):
        finish_job(job=jobs[0].id, attempt=1, state=JobState.DONE, now=NOON)
        assert claim_job(job=jobs[-1].id, now=NOON) is not None


def test_cancelling_ends_a_waiting_job_and_asks_a_running_one(tenant: Tenant) -> None:
    with scope(tenant.id):
        waiting, running = job(), job()
        claim_job(job=running.id, now=NOON)
        cancel_job(job=waiting.id, now=NOON)
        cancel_job(job=running.id, now=NOON)
        assert Job.objects.get(id=waiting.id).state == JobState.CANCELLED
        assert Job.objects.get(id=running.id).cancel_requested
        assert not report_progress(job=running.id, attempt=1, share=0.5, message="", now=NOON)
        with pytest.raises(NotFoundError):
            cancel_job(job=waiting.id, now=NOON)
        with pytest.raises(NotFoundError):
            cancel_job(job=new_id(), now=NOON)


def test_another_tenants_job_can_be_neither_claimed_nor_cancelled(tenant: Tenant, stranger: Tenant) -> None:
    with scope(tenant.id):
        made = job()
    with scope(stranger.id):
        assert claim_job(job=made.id, now=NOON) is None
        with pytest.raises(NotFoundError):
            cancel_job(job=made.id, now=NOON)
    with scope(tenant.id):
        assert Job.objects.get().state == JobState.QUEUED
