"""Evidence that comes in after a statement was sealed: found where it counts, rated again once, or told once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.contracts.models import Contract
from billing.outcomes.corrections import Corrected, correct_evidence
from billing.outcomes.services import approve_exclusion, claim_exclusion, decline_exclusion, withdraw_exclusion
from billing.reports import tasks
from billing.reports.due import BY
from billing.reports.restating import RESTATE_LATE, follow_late, late_letter, restate_unattended
from billing.reports.services import restate_period, settle_period
from billing.statements.late import late_notices
from billing.statements.models import EvidenceLook, LateEvidence, Statement
from tenants.jobs.models import Job, JobState
from tenants.people.models import User
from tenants.post.models import Letter
from tenants.post.schemas import Occasion
from tenants.record.models import AuditEntry
from tenants.scope.context import required_tenant, scope
from tenants.scope.models import Tenant
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.world import BY as OWNER
from tests.billing.world import (
    DECEMBER,
    NOVEMBER,
    Fleet,
    a_fleet,
    agreement,
    at,
    body,
    fly_daily,
    published,
    visit,
)
from tests.conftest import Cast
from tests.twins.evidence.fleet import fly
from twins.telemetry.compaction import compact
from twins.telemetry.schemas import Quality

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
SEALED, LATE, SWEEP = at("2026-12-06"), at("2026-12-10T12:00"), at("2026-12-10T13:00")
HOUR = timedelta(hours=1)
MISSED = "2026-11-14", "2026-11-20"
"""Days of which nothing is heard until late."""


@pytest.fixture
def meridian(cast: Cast) -> Iterator[None]:
    with scope(cast.meridian.id):
        yield


def a_gappy_fleet(name: str = "Northwind fleet") -> Fleet:
    """An engine of which a week of November is missing."""
    fleet = a_fleet("2026-10-29", "2026-11-13", name=name)
    fly_daily(fleet, "2026-11-21", "2026-12-01")
    return fleet


def of(fleet: Fleet, **changes: Any) -> Contract:
    """A contract about an engine that settles by itself five days after a month; with `grace=None` people settle."""
    rules = [{"category": "planned", "allowance": None}]
    clause = a_clause(id="uptime", assets=fleet.ids, remedies=[AWS_TIERS], exclusions=rules)
    clause |= {name: changes.pop(name) for name in ("minimum_coverage",) if name in changes}
    outer = {"grace": "P5D", "title": "By itself"} | changes
    return published(agreement(fleet, clause, **{name: value for name, value in outer.items() if value is not None}))


def seal(contract: Contract, now: datetime = SEALED) -> Statement:
    return settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=OWNER, now=now).statement


def sealed(**changes: Any) -> tuple[Fleet, Statement]:
    """A contract settled for November, and one look at it after that."""
    fleet = a_gappy_fleet()
    statement = seal(of(fleet, **changes))
    assert follow_late(now=SEALED + HOUR) == 0
    return fleet, statement


def fly_late(
    fleet: Fleet, first: str = MISSED[0], last: str = MISSED[1], *, received: datetime = LATE, value: float = 1.0
) -> None:
    """Flights of some days come in at once, at 20:00 as all do."""
    days = [at(f"{first}T20:00") + timedelta(days=day) for day in range((at(last) - at(first)).days + 1)]
    flights = [(engine, day) for engine in fleet.engines for day in days]
    fly(flights, received=received, keys=["t24"], value=value)
    compact(required_tenant("readings"), wait=True)


def started() -> list[dict[str, Any]]:
    return list(Job.objects.filter(kind=RESTATE_LATE).order_by("created_at").values_list("params", flat=True))


def run_jobs(now: datetime) -> None:
    """What waits is done, as a worker does it."""
    for job in Job.objects.filter(kind=RESTATE_LATE, state=JobState.QUEUED):
        restate_unattended(statement=UUID(job.params["statement"]), now=now)
        Job.objects.filter(id=job.id).update(state=JobState.DONE)


def versions() -> list[tuple[int, str]]:
    rows = Statement.objects.filter(period_start=NOVEMBER[0]).order_by("version")
    return [(row.version, row.sealed_by) for row in rows]


@pytest.mark.usefixtures("meridian")
class TestReadings:
    def test_what_comes_late_makes_a_new_version_without_anybody(self) -> None:
        fleet, statement = sealed()
        fly_late(fleet)
        assert follow_late(now=SWEEP) == 1
        assert started() == [{"statement": str(statement.id)}]
        run_jobs(SWEEP + HOUR)
        assert versions() == [(1, OWNER), (2, BY)]
        newest = Statement.objects.get(version=2)
        assert newest.total_minor > statement.total_minor

    def test_a_replay_changes_nothing_and_starts_nothing(self) -> None:
        fleet, _ = sealed()
        fly_late(fleet)
        follow_late(now=SWEEP)
        run_jobs(SWEEP + timedelta(minutes=5))
        for hour in range(1, 4):
            assert follow_late(now=SWEEP + hour * HOUR) == 0
        assert (len(started()), len(versions())) == (1, 2)

    def test_what_changes_nothing_is_not_tried_until_there_is_something_newer(self) -> None:
        fleet, _ = sealed()
        fly_late(fleet, "2026-11-25", "2026-11-25", value=2.0)  # hotter, and a flight all the same
        assert follow_late(now=SWEEP) == 1
        run_jobs(SWEEP + timedelta(seconds=5))
        assert len(versions()) == 1
        assert [follow_late(now=SWEEP + hour * HOUR) for hour in range(1, 4)] == [0, 0, 0]
        fly_late(fleet, "2026-11-25", "2026-11-25", value=2.0, received=SWEEP + 3 * HOUR)
        assert follow_late(now=SWEEP + 4 * HOUR) == 0  # the same again is nothing new
        fly_late(fleet, received=SWEEP + 4 * HOUR)
        assert follow_late(now=SWEEP + 5 * HOUR) == 1

    @pytest.mark.parametrize(
        ("first", "last"), [("2026-12-02", "2026-12-05"), ("2026-10-10", "2026-10-30")]
    )  # fmt: skip
    def test_what_is_of_another_period_is_not_of_this(self, first: str, last: str) -> None:
        fleet, _ = sealed()
        fly_late(fleet, first, last)
        assert follow_late(now=SWEEP) == 0
        assert not LateEvidence.objects.exists()

    def test_the_last_day_before_a_period_says_how_it_began(self) -> None:
        fleet, _ = sealed()
        fly_late(fleet, "2026-10-31", "2026-10-31", value=2.0)
        assert follow_late(now=SWEEP) == 1

    def test_readings_of_another_asset_are_of_no_concern(self) -> None:
        other = a_gappy_fleet("Southwind fleet")
        sealed()
        fly_late(other)
        assert follow_late(now=SWEEP) == 0

    def test_what_came_before_the_seal_is_known(self) -> None:
        fleet = a_gappy_fleet()
        fly_late(fleet, received=SEALED - HOUR)
        seal(of(fleet))
        assert follow_late(now=SEALED + HOUR) == 0
        assert not LateEvidence.objects.exists()

    def test_after_the_correction_window_nothing_counts(self) -> None:
        fleet, _ = sealed()
        closes = at("2027-01-05")  # 35 days after November
        follow_late(now=closes - HOUR)
        fly_late(fleet, received=closes + timedelta(minutes=1))
        assert follow_late(now=closes + HOUR) == 0
        assert not LateEvidence.objects.exists()

    def test_what_came_in_its_last_minutes_counts_although_it_is_seen_later(self) -> None:
        fleet, _ = sealed()
        closes = at("2027-01-05")
        follow_late(now=closes - HOUR)
        fly_late(fleet, received=closes - timedelta(minutes=1))
        fly_late(fleet, "2026-11-25", "2026-11-25", value=2.0, received=closes + timedelta(minutes=1))
        assert follow_late(now=closes + HOUR) == 1
        assert LateEvidence.objects.get().received_at == closes - timedelta(minutes=1)
        run_jobs(closes + 2 * HOUR)
        assert len(versions()) == 2

    def test_the_first_look_finds_what_came_since_the_seal(self) -> None:
        fleet = a_gappy_fleet()
        seal(of(fleet))
        fly_late(fleet)
        assert follow_late(now=SWEEP) == 1

    def test_what_is_not_compacted_yet_is_found_once_it_is(self) -> None:
        fleet, _ = sealed()
        fly([(fleet.engines[0], at("2026-11-15T20:00"))], received=LATE, keys=["t24"])
        assert follow_late(now=SWEEP) == 0
        compact(required_tenant("readings"), wait=True)
        assert follow_late(now=SWEEP + HOUR) == 1

    def test_what_would_make_it_indeterminate_waits_for_a_person(self, cast: Cast) -> None:
        fleet = a_fleet("2026-10-29", "2026-12-01")
        seal(of(fleet, minimum_coverage="90"))
        days = [at("2026-11-05T20:00") + timedelta(days=day) for day in range(15)]
        fly(
            [(fleet.engines[0], day) for day in days], received=LATE, keys=["t24"], quality=Quality.BAD
        )  # fmt: skip
        compact(required_tenant("readings"), wait=True)
        assert follow_late(now=SWEEP) == 1
        run_jobs(SWEEP + HOUR)
        assert len(versions()) == 1
        (notice,) = late_notices(Contract.objects.get())
        assert "too little is known of this period for uptime: nothing is taken back by itself" in notice.why
        assert (notice.by_itself, notice.needs_person) == (True, True)
        assert Letter.objects.get(kind="late_evidence").user == cast.owner.id
        assert follow_late(now=SWEEP + 2 * HOUR) == 0
        assert len(started()) == 1


@pytest.mark.usefixtures("meridian")
class TestWhatPeopleSay:
    def test_an_event_that_is_told_late(self) -> None:
        fleet, _ = sealed()
        visit(fleet.engines[0], "2026-11-25T10:00", "2026-11-25T12:00", told=LATE.isoformat()[:16])
        assert follow_late(now=SWEEP) == 1
        run_jobs(SWEEP + timedelta(seconds=2))
        assert len(versions()) == 2
        assert [follow_late(now=SWEEP + hour * HOUR) for hour in (1, 2)] == [0, 0]

    def test_an_event_of_a_day_that_is_not_settled(self) -> None:
        fleet, _ = sealed()
        visit(fleet.engines[0], "2026-12-02T10:00", "2026-12-02T12:00", told=LATE.isoformat()[:16])
        assert follow_late(now=SWEEP) == 0

    @pytest.mark.parametrize("is_loose", [False, True])
    def test_an_exclusion_that_is_approved_after_the_seal(self, is_loose: bool) -> None:
        fleet = a_gappy_fleet()
        contract = of(fleet)
        if is_loose:
            of(fleet, title="Another")  # about the same assets, so the claim is under neither
        claim = claim_exclusion(
            contract=None, category="planned", assets=fleet.engines, start=at("2026-11-16"), end=at("2026-11-18"),
            evidence={}, by="planner", now=at("2026-11-12"),
        )  # fmt: skip
        assert (claim.contract_id is None) == is_loose
        seal(contract)
        assert follow_late(now=SEALED + HOUR) == 0
        approve_exclusion(exclusion=claim.id, why="", by="nora", now=LATE)
        assert follow_late(now=SWEEP) == 1
        run_jobs(SWEEP + timedelta(seconds=2))
        assert len(versions()) == 2
        assert follow_late(now=SWEEP + HOUR) == 0
        withdraw_exclusion(exclusion=claim.id, why="", by="planner", now=SWEEP + 2 * HOUR)
        assert follow_late(now=SWEEP + 3 * HOUR) == 1
        run_jobs(SWEEP + 4 * HOUR)
        assert len(versions()) == 3

    def test_silence_approves_and_a_decline_changes_nothing(self) -> None:
        fleet = a_gappy_fleet()
        contract = of(fleet, objection="P20D")
        claims = [
            claim_exclusion(
                contract=contract.id, category="planned", assets=fleet.engines, start=at(f"2026-11-{day}"),
                end=at(f"2026-11-{day + 1}"), evidence={}, by="planner", now=at("2026-11-21"),
            )
            for day in (15, 17)
        ]  # fmt: skip
        seal(contract)
        follow_late(now=SEALED + HOUR)
        decline_exclusion(exclusion=claims[1].id, why="", by="nora", now=at("2026-12-09"))
        assert follow_late(now=at("2026-12-10T23:00")) == 0
        assert follow_late(now=at("2026-12-11T00:30")) == 1
        assert LateEvidence.objects.get().received_at == at("2026-12-11")

    def test_a_correction_that_a_dispute_came_to(self) -> None:
        fleet, statement = sealed()
        wanted = Corrected(
            statement.contract_id, fleet.engines[0], None, at("2026-11-15"), at("2026-11-17"), "up", "d" * 64
        )
        correct_evidence(wanted=wanted, by="finance", now=LATE)
        assert follow_late(now=SWEEP) == 1
        run_jobs(SWEEP + HOUR)
        assert len(versions()) == 2

    def test_a_decision_about_another_period(self) -> None:
        fleet, statement = sealed()
        wanted = Corrected(statement.contract_id, fleet.engines[0], None, *DECEMBER, "up", "d" * 64)
        correct_evidence(wanted=wanted, by="finance", now=LATE)
        assert follow_late(now=SWEEP) == 0


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


def test_the_sweep_looks_at_every_tenant(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with scope(cast.meridian.id):
        fleet, statement = sealed()
        fly_late(fleet)
    monkeypatch.setattr(tasks, "utc_now", lambda: SWEEP)
    tasks.follow_late_evidence()
    with scope(cast.meridian.id):
        assert started() == [{"statement": str(statement.id)}]


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
