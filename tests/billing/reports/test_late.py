"""What comes in after a statement was sealed: found where it counts, and rated again once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from billing.contracts.models import Contract
from billing.outcomes.corrections import Corrected, correct_evidence
from billing.outcomes.deciding import approve_exclusion, decline_exclusion, withdraw_exclusion
from billing.outcomes.services import claim_exclusion, run_outcome
from billing.reports.due import BY
from billing.reports.late import find_late
from billing.reports.restating import follow_late
from billing.reports.services import restate_period
from billing.statements.late import late_notices, rated_again
from billing.statements.models import LateEvidence, Statement
from billing.statements.services import seal_statement
from tenants.kernel.ids import new_id
from tenants.post.models import Letter
from tenants.scope.context import required_tenant, scope
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
from tests.billing.world import DECEMBER, NOVEMBER, Fleet, a_fleet, at, visit
from tests.conftest import Cast
from tests.twins.evidence.fleet import fly
from twins.telemetry.compaction import compact
from twins.telemetry.schemas import Quality

pytestmark = pytest.mark.django_db


@pytest.fixture
def meridian(cast: Cast) -> Iterator[None]:
    with scope(cast.meridian.id):
        yield


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
        assert follow_late(now=SWEEP + 5 * HOUR) == 0  # not twice a day
        assert follow_late(now=SWEEP + 25 * HOUR) == 1

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

    def test_what_came_between_a_run_and_its_statement_although_a_look_was_between_them(self) -> None:
        fleet = a_gappy_fleet()
        contract = of(fleet)
        run = run_outcome(
            contract=contract.id, period_start=NOVEMBER[0], period_end=NOVEMBER[1], as_of=SEALED, by=OWNER, now=SEALED
        )
        other = seal(of(fleet, title="Another"))
        assert follow_late(now=SEALED + HOUR) == 0
        fly_late(fleet)
        assert follow_late(now=SWEEP) == 1
        run_jobs(SWEEP)
        statement = seal_statement(run=run.id, by=OWNER, now=SWEEP + HOUR)
        assert follow_late(now=SWEEP + 2 * HOUR) == 1
        assert started() == [{"statement": str(other.id)}, {"statement": str(statement.id)}]
        run_jobs(SWEEP + 2 * HOUR)
        newest = Statement.objects.get(contract=contract, version=2)
        assert newest.total_minor > statement.total_minor
        assert [follow_late(now=SWEEP + hour * HOUR) for hour in (3, 4, 28)] == [0, 0, 0]

    def test_a_look_while_a_statement_is_being_made_does_not_lose_what_came_meanwhile(self) -> None:
        fleet = a_gappy_fleet()
        contract = of(fleet)
        seal(of(fleet, title="Another"))
        follow_late(now=SEALED + HOUR)
        fly_late(fleet)
        assert follow_late(now=LATE + HOUR / 2) == 1
        run_jobs(LATE + HOUR / 2)
        seal(contract, now=LATE - timedelta(minutes=1))  # it began then, and is there only now
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


def claimed(contract: Contract, fleet: Fleet, now: datetime) -> UUID:
    """A claim about two of the days of which nothing was heard."""
    return claim_exclusion(
        contract=contract.id, category="planned", assets=fleet.engines, start=at("2026-11-16"), end=at("2026-11-18"),
        evidence={}, by="planner", now=now,
    ).id  # fmt: skip


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

    def test_an_exclusion_that_is_approved_after_the_seal(self) -> None:
        fleet = a_gappy_fleet()
        contract = of(fleet)
        claim = claim_exclusion(
            contract=contract.id, category="planned", assets=fleet.engines, start=at("2026-11-16"),
            end=at("2026-11-18"), evidence={}, by="planner", now=at("2026-11-12"),
        )  # fmt: skip
        seal(contract)
        assert follow_late(now=SEALED + HOUR) == 0
        approve_exclusion(exclusion=claim.id, why="", by="nora", customer=contract.customer_id, now=LATE)
        assert follow_late(now=SWEEP) == 1
        run_jobs(SWEEP + timedelta(seconds=2))
        assert len(versions()) == 2
        assert follow_late(now=SWEEP + HOUR) == 0
        withdraw_exclusion(exclusion=claim.id, why="", by="planner", now=SWEEP + 2 * HOUR)
        assert [follow_late(now=SWEEP + hour * HOUR) for hour in (3, 25)] == [0, 1]
        run_jobs(SWEEP + 26 * HOUR)
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
        decline_exclusion(
            exclusion=claims[1].id, why="", by="nora", customer=contract.customer_id, now=at("2026-12-09")
        )
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

    def test_an_approval_that_had_to_wait_until_the_period_was_sealed(self) -> None:
        fleet = a_gappy_fleet()
        contract = of(fleet)
        claim = claimed(contract, fleet, now=at("2026-11-12"))
        seal(contract)
        approve_exclusion(
            exclusion=claim, why="", by="nora", customer=contract.customer_id, now=SEALED - timedelta(minutes=5)
        )
        assert follow_late(now=SEALED + HOUR / 2) == 1
        run_jobs(SEALED + HOUR / 2)
        assert len(versions()) == 2
        assert [follow_late(now=SEALED + hour * HOUR) for hour in (1, 2, 26)] == [0, 0, 0]

    def test_what_the_period_was_rated_on_is_not_late_however_short_before_it_was_decided(self) -> None:
        fleet = a_gappy_fleet()
        contract = of(fleet)
        claim, moment = claimed(contract, fleet, now=at("2026-11-12")), SEALED - timedelta(seconds=1)
        approve_exclusion(exclusion=claim, why="", by="nora", customer=contract.customer_id, now=moment)
        statement = seal(contract)
        assert follow_late(now=SEALED + HOUR / 2) == 0
        wanted = Corrected(
            contract.id, fleet.engines[0], None, at("2026-11-19"), at("2026-11-20"), "up", "d" * 64
        )  # fmt: skip
        correct_evidence(wanted=wanted, by="finance", now=LATE)
        assert restate_period(statement=statement.id, by=OWNER, now=LATE + timedelta(seconds=1)) is not None
        assert [follow_late(now=LATE + hour * HOUR) for hour in (1, 2)] == [0, 0]
        assert not LateEvidence.objects.exclude(found_at=None).exists()

    def test_what_a_rating_that_failed_had_seen_is_told_once(self) -> None:
        fleet = a_gappy_fleet()
        contract = of(fleet)
        claim = claimed(contract, fleet, now=at("2026-11-12"))
        seal(contract)
        approve_exclusion(exclusion=claim, why="", by="nora", customer=contract.customer_id, now=LATE)
        assert find_late(now=LATE + timedelta(minutes=1)) == 1
        rated_again(contract.id, NOVEMBER[0], now=LATE + timedelta(minutes=2), why="too little is known")
        assert [find_late(now=LATE + hour * HOUR) for hour in (1, 2, 26)] == [0, 0, 0]

    def test_an_objection_that_had_to_wait_until_its_silence_had_counted(self) -> None:
        fleet, ends = a_gappy_fleet(), at("2026-12-11")
        contract = of(fleet, objection="P20D")
        claim = claimed(contract, fleet, now=at("2026-11-21"))
        seal(contract, now=ends + timedelta(seconds=5))
        said = decline_exclusion(
            exclusion=claim, why="", by="nora", customer=contract.customer_id, now=ends - timedelta(seconds=1)
        )
        assert follow_late(now=ends + HOUR) == 1
        run_jobs(ends + HOUR)
        assert Statement.objects.get(version=2).run.document["relies_on"]["exclusion_decision"] == [said.digest]
        assert [follow_late(now=ends + hour * HOUR) for hour in (2, 3, 27)] == [0, 0, 0]

    def test_an_objection_before_the_seal_was_counted(self) -> None:
        fleet, ends = a_gappy_fleet(), at("2026-12-11")
        contract = of(fleet, objection="P20D")
        claim = claimed(contract, fleet, now=at("2026-11-21"))
        decline_exclusion(
            exclusion=claim, why="", by="nora", customer=contract.customer_id, now=ends - timedelta(seconds=1)
        )
        seal(contract, now=ends + timedelta(seconds=5))
        assert follow_late(now=ends + HOUR) == 0

    def test_a_correction_of_what_the_contract_is_not_about(self) -> None:
        _, statement = sealed()
        span = at("2026-11-15"), at("2026-11-17")
        correct_evidence(
            wanted=Corrected(statement.contract_id, new_id(), None, *span, "up", "d" * 64), by="finance", now=LATE
        )
        assert follow_late(now=SWEEP) == 0

    def test_a_decision_about_another_period(self) -> None:
        fleet, statement = sealed()
        wanted = Corrected(statement.contract_id, fleet.engines[0], None, *DECEMBER, "up", "d" * 64)
        correct_evidence(wanted=wanted, by="finance", now=LATE)
        assert follow_late(now=SWEEP) == 0
