"""What becomes of late evidence: jobs that rate a period again, and people who are told once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.contracts.models import Contract
from billing.outcomes.corrections import Corrected, correct_evidence
from billing.reports import tasks
from billing.reports.restating import RESTATE_LATE, follow_late, late_letter, restate_unattended
from billing.reports.services import restate_period
from billing.statements.late import late_notices
from billing.statements.models import EvidenceLook, LateEvidence, Statement
from tenants.jobs.models import Job, JobState
from tenants.people.models import User
from tenants.post.models import Letter
from tenants.post.schemas import Occasion
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.reports.late_world import (
    HOUR,
    LATE,
    SEALED,
    SWEEP,
    a_gappy_fleet,
    fly_late,
    of,
    run_jobs,
    seal,
    sealed,
    started,
    versions,
)
from tests.billing.world import BY as OWNER
from tests.billing.world import at, body
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def meridian(cast: Cast) -> Iterator[None]:
    with scope(cast.meridian.id):
        yield


@pytest.mark.usefixtures("meridian")
class TestJobs:
    def test_a_job_that_died_is_started_again_and_one_under_way_is_not(self) -> None:
        fleet, _ = sealed()
        fly_late(fleet)
        assert follow_late(now=SWEEP) == 1
        assert follow_late(now=SWEEP + HOUR) == 0
        Job.objects.filter(kind=RESTATE_LATE).update(state=JobState.RUNNING)
        assert follow_late(now=SWEEP + 2 * HOUR) == 0
        Job.objects.filter(kind=RESTATE_LATE).update(state=JobState.FAILED)
        assert follow_late(now=SWEEP + 3 * HOUR) == 1
        run_jobs(SWEEP + 4 * HOUR)
        assert follow_late(now=SWEEP + 5 * HOUR) == 0
        assert (len(started()), len(versions())) == (2, 2)

    def test_a_person_who_was_sooner_leaves_nothing_to_do(self) -> None:
        fleet, statement = sealed()
        fly_late(fleet)
        follow_late(now=SWEEP)
        restate_period(statement=statement.id, by=OWNER, now=SWEEP + timedelta(minutes=1))
        run_jobs(SWEEP + timedelta(minutes=2))
        assert follow_late(now=SWEEP + HOUR) == 0
        assert versions() == [(1, OWNER), (2, OWNER)]

    def test_the_queries_do_not_grow(self) -> None:
        fleet = a_gappy_fleet()
        seal(of(fleet))
        follow_late(now=SEALED + HOUR)
        fly_late(fleet)
        with CaptureQueriesContext(connection) as few:
            assert follow_late(now=SWEEP) == 1
        for number in range(3):
            seal(of(fleet, title=f"Contract {number}"), now=SWEEP)
        Job.objects.all().delete()
        fly_late(fleet, value=2.0, received=SWEEP + HOUR)
        with CaptureQueriesContext(connection) as more:
            assert follow_late(now=SWEEP + 2 * HOUR) == 4
        jobs = 2  # a job and its ticket
        assert len(more) - len(few) == 3 * jobs


class _Reporter:
    """Whom a job tells how far it is."""

    def __init__(self, tenant: UUID) -> None:
        self.tenant = tenant

    def progress(self, share: float, message: str) -> None:
        assert (share, message) == (0.1, "Sealing evidence and rating it again")

    def cancelled(self) -> bool:
        return False


@pytest.mark.usefixtures("meridian")
class TestPeople:
    def test_without_a_grace_time_people_are_told_once_and_rate_again(self, cast: Cast) -> None:
        fleet, statement = sealed(grace=None)
        fly_late(fleet)
        assert [follow_late(now=SWEEP + hour * HOUR) for hour in range(3)] == [0, 0, 0]
        assert (started(), len(versions())) == ([], 1)
        (notice,) = late_notices(Contract.objects.get())
        assert (notice.statement.id, notice.by_itself, notice.why) == (statement.id, False, "")
        assert (notice.name, notice.received_at) == ("November 2026, version 1", LATE)
        letter = Letter.objects.get(kind="late_evidence")
        about = Occasion(cast.meridian, letter.about, letter.facts, letter.customer, SWEEP)
        told = late_letter(about)
        assert told is not None
        assert told.subject == "Meridian Engines: evidence came in for November 2026, version 1 of “By itself”"
        assert f"/t/meridian/statements/{statement.id}/" in told.body
        assert AuditEntry.objects.get(action="restatement.waits").subject == f"statement/{statement.id}"
        restate_period(statement=statement.id, by=OWNER, now=SWEEP + 3 * HOUR)
        assert late_letter(about) is None
        assert late_notices(Contract.objects.get()) == []
        fly_late(fleet, value=2.0, received=SWEEP + 4 * HOUR)
        follow_late(now=SWEEP + 5 * HOUR)
        assert Letter.objects.filter(kind="late_evidence").count() == 2

    def test_what_was_rated_before_it_was_looked_for_is_not_told(self) -> None:
        fleet, statement = sealed(grace=None)
        fly_late(fleet, "2026-11-25", "2026-11-25", value=2.0)
        span = at("2026-11-15"), at("2026-11-17")
        wanted = Corrected(statement.contract_id, fleet.engines[0], None, *span, "up", "d" * 64)
        correct_evidence(wanted=wanted, by="finance", now=LATE + timedelta(minutes=5))
        rated = LATE + timedelta(minutes=5, seconds=1)
        assert restate_period(statement=statement.id, by=OWNER, now=rated) is not None
        assert restate_period(statement=statement.id, by=OWNER, now=rated + timedelta(minutes=1)) is None
        follow_late(now=SWEEP)
        assert late_notices(Contract.objects.get()) == []
        assert not Letter.objects.filter(kind="late_evidence").exists()

    def test_that_nothing_changed_is_an_answer_too(self) -> None:
        fleet, statement = sealed(grace=None)
        fly_late(fleet, "2026-11-25", "2026-11-25", value=2.0)
        follow_late(now=SWEEP)
        assert restate_period(statement=statement.id, by=OWNER, now=SWEEP + HOUR) is None
        assert late_notices(Contract.objects.get()) == []
        follow_late(now=SWEEP + 2 * HOUR)
        assert Letter.objects.filter(kind="late_evidence").count() == 1


def test_the_job_does_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with scope(cast.meridian.id):
        fleet, statement = sealed()
        fly_late(fleet)
    monkeypatch.setattr(tasks, "utc_now", lambda: SWEEP)
    reporter, params = _Reporter(cast.meridian.id), {"statement": str(statement.id)}
    told = [tasks.restate_on_late_evidence(reporter, params) for _ in range(2)]
    assert [each["changed"] for each in told] == [True, False]
    with scope(cast.meridian.id):
        assert told[0]["statement"] == str(Statement.objects.get(version=2).id)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_sweep_looks_at_every_tenant(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with scope(cast.meridian.id):
        fleet, statement = sealed()
        fly_late(fleet)
    monkeypatch.setattr(tasks, "utc_now", lambda: SWEEP)
    tasks.follow_late_evidence()
    with scope(cast.meridian.id):
        assert started() == [{"statement": str(statement.id)}]
    with scope(cast.stranger.id):
        assert not EvidenceLook.objects.exists()


@pytest.mark.parametrize(("grace", "is_asked"), [(None, True), ("P5D", False)])
def test_the_pages_say_it(cast: Cast, sign_in: SignIn, grace: str | None, is_asked: bool) -> None:
    with scope(cast.meridian.id):
        fleet, statement = sealed(grace=grace)
        fly_late(fleet)
        follow_late(now=SWEEP)
    button = f'action="/t/meridian/statements/{statement.id}/restate/"'
    client = sign_in(cast.owner)
    for path in ("contracts/by-itself/statements/", f"statements/{statement.id}/"):
        page = body(client, f"/t/meridian/{path}")
        assert "vidence came in since this was sealed." in page
        assert ("Rate the period again: a new version appears if its figures change." in page) == is_asked
        assert ("The period is rated again by itself" in page) != is_asked
        assert page.count(button) == (1 if is_asked or path.startswith("statements") else 0)
    with scope(cast.meridian.id):
        restate_unattended(statement=statement.id, now=SWEEP + HOUR)
        newest = Statement.objects.get(version=2)
    for path in ("contracts/by-itself/statements/", f"statements/{statement.id}/", f"statements/{newest.id}/"):
        assert "vidence came in since" not in body(client, f"/t/meridian/{path}")


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_two_sweeps_at_once_are_one(tenant: Tenant) -> None:
    with scope(tenant.id):
        fleet = a_gappy_fleet()
        seal(of(fleet))
        fly_late(fleet)
    ready, counts = threading.Barrier(2), list[int]()

    def sweep() -> None:
        try:
            ready.wait(timeout=30)
            with scope(tenant.id):
                counts.append(follow_late(now=SWEEP))
        finally:
            connection.close()

    threads = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(counts) == [0, 1]
    with scope(tenant.id):
        assert len(started()) == EvidenceLook.objects.count() == LateEvidence.objects.count() == 1
