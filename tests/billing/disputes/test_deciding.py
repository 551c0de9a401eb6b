"""What is decided about a dispute, and what that changes: down to the line of the next statement."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from billing.disputes import deciding, selectors
from billing.disputes.deciding import DisputeStepError
from billing.disputes.services import DisputeError, say
from billing.outcomes.models import Correction, Exclusion
from billing.outcomes.selectors import exclusions, state_of
from billing.reports.bundles import Bundle
from billing.reports.selectors import content_of, proof_ok, proven_bundle
from billing.reports.services import restate_period, settle_period
from billing.reports.tasks import RESTATE
from billing.statements.selectors import adjustments_of, charged_in
from billing.statements.services import restate_statement
from tenants.jobs.models import Job
from tenants.kernel.ids import new_id
from tenants.record.selectors import logged_leaves
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.disputes.world import (
    FINANCE,
    READER,
    WHY,
    Disputed,
    a_file,
    by_customer,
    decline,
    disputed,
    offer,
    restated,
    state,
    uphold,
)
from tests.billing.world import BY, DECEMBER, NOVEMBER, agreement, at, fly_daily, published, written
from tests.billing.world import say as record
from twins.composer.models import Twin

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _meridian(tenant: Tenant) -> Iterator[None]:
    with scope(tenant.id):
        yield


@pytest.fixture
def house() -> Disputed:
    return disputed()


class TestDeciding:
    def test_a_correction_becomes_a_line_of_the_next_statement(self, house: Disputed) -> None:
        row = house.open()
        decision = uphold(row)
        (correction,) = Correction.objects.all()
        assert correction.document == {
            "correction": 1, "dispute": row.digest, "contract": str(house.contract.id), "asset": house.fleet.ids[0],
            "of": None, "from": "2026-11-20T00:00:00Z", "to": "2026-11-20T12:00:00Z", "state": "down",
            "decided_by": FINANCE, "decided_at": "2026-12-12T00:00:00Z",
        }  # fmt: skip
        assert decision.document["relies_on"] == {
            "dispute": [row.digest], "evidence_correction": [correction.digest],
        }  # fmt: skip
        assert state(row) == "upheld"
        assert list(Job.objects.values_list("kind", "params")) == [
            (RESTATE, {"statement": str(house.statement.id), "by": FINANCE})
        ]
        # 3000 s and half a day of 2,592,000 s: 2545800/2592000, below 99 %: a quarter of 12,000.00 USD.
        again = restate_period(statement=house.statement.id, by=BY, now=at("2026-12-14"))
        assert again is not None
        (clause,) = again.statement.document["clauses"]
        assert (clause["percent"], clause["down_s"], clause["amount_minor"]) == ("98.217592", 46_200, -300_000)
        assert (again.statement.version, again.statement.total_minor) == (2, 900_000)
        assert again.statement.run.document["relies_on"]["evidence_correction"] == [correction.digest]
        assert [(one.clause, one.minor) for one in adjustments_of(again.statement)] == [("uptime", -180_000)]
        fly_daily(house.fleet, "2026-12-02", "2026-12-31")
        december = settle_period(
            contract=house.contract.id, start=DECEMBER[0], end=DECEMBER[1], by=BY, now=at("2027-01-03")
        )
        assert [(line["kind"], line["minor"]) for line in december.statement.document["lines"]] == [
            ("fee", 1_200_000), ("clause", 0), ("adjustment", -180_000),
        ]  # fmt: skip
        assert december.invoice is not None
        assert december.invoice.net_minor == 1_020_000
        (adjustment,) = adjustments_of(again.statement)
        assert charged_in(adjustment.id) == december.statement
        assert "evidence_correction" not in december.statement.run.document["relies_on"]

    def test_the_report_of_the_new_version_proves_the_correction(self, house: Disputed) -> None:
        assert "evidence_correction" not in house.statement.run.document["relies_on"]
        uphold(house.open())
        again = restate_period(statement=house.statement.id, by=BY, now=at("2026-12-14"))
        assert again is not None
        assert proof_ok(again.report)
        bundle = Bundle.read(proven_bundle(again.report))
        (correction,) = bundle.relied_upon("evidence_correction")
        assert correction["state"] == "down"
        assert bundle.recomputes()
        states = bundle.rate_document()["evidence"][house.fleet.ids[0]]["states"]
        assert states[-1] == {
            "from": "2026-11-20T00:00:00Z", "to": "2026-11-20T12:00:00Z", "state": "down",
            "received": "2026-12-12T00:00:00Z",
        }  # fmt: skip
        content = content_of(again.report, bytes(again.report.bundle))
        assert "20 Nov 2026 00:00 to 20 Nov 2026 12:00" in [one.span for one in content.timelines[0].outages]
        (row,) = content.corrections
        assert (row.asset, row.span, row.counts_as, row.dispute) == (
            "Engine 081", "20 Nov 2026 00:00 to 20 Nov 2026 12:00", "down", correction["dispute"],
        )  # fmt: skip
        assert row.decided == f"{FINANCE}, 12 Dec 2026 00:00"
        text = written(bytes(again.report.pdf))
        assert "What was corrected" in text
        first = written(bytes(house.done.report.pdf))
        assert "What was corrected" not in first

    def test_held_up_takes_an_outage_away(self, house: Disputed) -> None:
        uphold(house.open(held="up", start=at("2026-11-10T12:00"), end=at("2026-11-10T12:50")))
        second = restated(house)
        assert (second.document["clauses"][0]["percent"], second.total_minor) == ("100.000000", 1_200_000)

    def test_later_evidence_goes_over_a_correction(self, house: Disputed) -> None:
        engine = house.fleet.engines[0]
        uphold(house.open(held="up", start=at("2026-11-15T00:00"), end=at("2026-11-15T12:00")))
        assert restate_statement(statement=house.statement.id, by=BY, now=at("2026-12-14")) is None
        record(engine, "failed", "2026-11-15T06:00", told="2026-12-20")
        record(engine, "returned", "2026-11-15T10:00", told="2026-12-20")
        assert restated(house, "2026-12-21").document["clauses"][0]["down_s"] == 3000 + 4 * 3600

    def test_a_correction_goes_over_earlier_evidence(self, house: Disputed) -> None:
        engine = house.fleet.engines[0]
        record(engine, "failed", "2026-11-15T06:00", told="2026-12-08")
        record(engine, "returned", "2026-11-15T10:00", told="2026-12-08")
        second = restated(house, "2026-12-09")
        uphold(house.open(statement=second.id, held="up", start=at("2026-11-15T00:00"), end=at("2026-11-15T12:00")))
        assert restated(house).document["clauses"][0]["down_s"] == 3000

    def test_time_that_should_not_count_becomes_an_exclusion(self, house: Disputed) -> None:
        row = house.open(held="excluded", start=at("2026-11-10T12:00"), end=at("2026-11-10T12:50"))
        with pytest.raises(DisputeError, match="planned, weather"):
            uphold(row)
        decision = uphold(row, category="weather")
        (claim,) = exclusions()
        assert (claim.category, claim.claimed_by, state_of(claim, at("2027-03-01"))) == ("weather", READER, "approved")
        assert claim.document["evidence"] == {"dispute": row.digest}
        (approval,) = claim.decisions.all()
        assert (approval.decided_by, approval.document["why"]) == (FINANCE, WHY)
        assert decision.document["relies_on"] == {
            "dispute": [row.digest], "exclusion": [claim.digest], "exclusion_decision": [approval.digest],
        }  # fmt: skip
        second = restated(house)
        assert (second.document["clauses"][0]["excluded_s"], second.total_minor) == (3000, 1_200_000)
        assert not Correction.objects.exists()

    def test_declined_changes_nothing(self, house: Disputed) -> None:
        row = house.open()
        decision = decline(row)
        assert (state(row), decision.effect) == ("declined", None)
        assert logged_leaves([("dispute_decision", decision.digest)])
        assert restate_statement(statement=house.statement.id, by=BY, now=at("2026-12-14")) is None
        assert not Correction.objects.exists()
        assert not Exclusion.objects.exists()
        assert not Job.objects.exists()

    def test_a_middle_way_counts_once_the_customer_agrees(self, house: Disputed) -> None:
        row = house.open()
        offer(row)
        assert state(row) == "offered"
        assert not Correction.objects.exists()
        assert restate_statement(statement=house.statement.id, by=BY, now=at("2026-12-12T12:00")) is None
        by_customer(deciding.refuse, row)
        assert state(row) == "open"
        offer(row, "2026-12-14", end=at("2026-11-20T02:00"))
        offer(row, "2026-12-15", end=at("2026-11-20T04:00"))
        decision = by_customer(deciding.agree, row, "2026-12-16")
        assert (state(row), decision.number) == ("settled", 5)
        second = restated(house, "2026-12-17")
        # 3000 s and 4 h: 99.328703 %, still a tenth; the same total, and another outcome all the same.
        assert (second.document["clauses"][0]["down_s"], second.total_minor) == (17_400, 1_080_000)
        assert [one.params["by"] for one in Job.objects.all()] == [FINANCE]

    @pytest.mark.parametrize(
        "changes",
        [
            {"start": at("2026-11-19T23:59")},
            {"end": at("2026-11-20T12:01")},
            {"end": at("2026-11-20T00:00")},
        ],
    )
    def test_an_offer_lies_within_what_is_disputed(self, house: Disputed, changes: dict[str, Any]) -> None:
        with pytest.raises(DisputeError, match="not within the interval"):
            offer(house.open(), **changes)

    def test_declined_is_taken_up_again_once(self, house: Disputed) -> None:
        row = house.open()
        decline(row)
        by_customer(deciding.reopen, row)
        assert state(row) == "open"
        decline(row, "2026-12-14")
        with pytest.raises(DisputeStepError, match="once before"):
            by_customer(deciding.reopen, row, "2026-12-15")
        assert state(row) == "declined"

    def test_each_step_is_its_sides(self, house: Disputed) -> None:
        row = house.open()
        offer(row)
        for step in (deciding.agree, deciding.refuse, deciding.withdraw):
            with pytest.raises(DisputeStepError, match="Only the customer"):
                step(dispute=row.id, customer=None, why=WHY, by=FINANCE, now=at("2026-12-13"))
            with pytest.raises(selectors.DisputeNotFoundError):
                step(dispute=row.id, customer=new_id(), why=WHY, by=READER, now=at("2026-12-13"))
        assert state(row) == "offered"

    @pytest.mark.parametrize("late", ["uphold", "offer", "agree", "reopen"])
    def test_after_the_window_nothing_changes_figures(self, house: Disputed, late: str) -> None:
        row, after = house.open(), "2027-01-05T00:00:01"
        if late in ("agree", "reopen"):
            (offer if late == "agree" else decline)(row)
        steps = {
            "uphold": partial(uphold, row, after), "offer": partial(offer, row, after),
            "agree": partial(by_customer, deciding.agree, row, after),
            "reopen": partial(by_customer, deciding.reopen, row, after),
        }  # fmt: skip
        with pytest.raises(DisputeStepError, match="correction window"):
            steps[late]()
        if late != "reopen":
            decline(row, after)
            assert state(row) == "declined"
        assert not Correction.objects.exists()

    def test_decided_once(self, house: Disputed) -> None:
        row = house.open()
        uphold(row)
        for again in (uphold, decline, offer):
            with pytest.raises(DisputeStepError, match="The dispute is upheld") as error:
                again(row)
            assert error.value.status == 409
        assert Correction.objects.count() == 1

    def test_a_failure_on_the_way_undoes_the_decision(self, house: Disputed, monkeypatch: pytest.MonkeyPatch) -> None:
        row = house.open()

        def broken(*_args: Any, **_more: Any) -> None:
            raise RuntimeError

        monkeypatch.setattr("billing.reports.tasks.follow_decision", broken)
        with pytest.raises(RuntimeError):
            uphold(row)
        assert state(row) == "open"
        assert not Correction.objects.exists()

    def test_a_correction_is_of_its_contract_alone(self, house: Disputed) -> None:
        other = published(agreement(house.fleet, title="Another"))
        uphold(house.open())
        settled = settle_period(contract=other.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-14"))
        assert settled.statement.document["clauses"][0]["down_s"] == 3000
        assert "evidence_correction" not in settled.statement.run.document["relies_on"]

    def test_a_deleted_twin_is_disputed_and_decided_all_the_same(self, house: Disputed) -> None:
        Twin.everything.filter(id=house.fleet.twin).update(trashed_at=at("2026-12-08"))
        row = house.open(files=[a_file()])
        say(dispute=row.id, customer=None, text="Which hangar?", files=[], by=FINANCE, now=at("2026-12-11"))
        uphold(row)
        assert state(row) == "upheld"
        assert [one.state for one in selectors.counted(row)] == ["up"]
        assert list(selectors.reported(row))
        Twin.everything.filter(id=house.fleet.twin).update(trashed_at=None)
        assert restated(house).total_minor == 900_000
