"""Disputes from the opening to the line of the next statement, and all that is refused on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from pypdf import PdfReader

from billing.disputes import deciding, selectors
from billing.disputes.deciding import DisputeStepError, Offer
from billing.disputes.domain.files import AttachmentError
from billing.disputes.models import Dispute, DisputeDecision, DisputeFile, DisputeMessage
from billing.disputes.services import DisputeClosedError, DisputeError, OldVersionError, say
from billing.outcomes.models import Correction, Exclusion, OutcomeRun
from billing.outcomes.selectors import exclusions, state_of
from billing.reports.bundles import Bundle
from billing.reports.selectors import content_of, proof_ok, proven_bundle
from billing.reports.services import restate_period, settle_period
from billing.reports.tasks import RESTATE
from billing.statements.models import Statement
from billing.statements.selectors import StatementNotFoundError, adjustments_of, charged_in
from billing.statements.services import restate_statement
from tenants.customers.services import create_customer
from tenants.jobs.models import Job
from tenants.kernel.canonical import digest
from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.record.selectors import logged_leaves
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.disputes.world import FINANCE, READER, Disputed, a_file, disputed
from tests.billing.outcomes.documents import a_clause
from tests.billing.world import BY, DECEMBER, NOVEMBER, a_fleet, agreement, at, fly_daily, published
from tests.billing.world import say as record
from twins.composer.models import Twin

pytestmark = pytest.mark.django_db
WHY = "the log of the hangar says so"


@pytest.fixture(autouse=True)
def _meridian(tenant: Tenant, request: pytest.FixtureRequest) -> Iterator[None]:
    if request.cls is TestAtOnce:
        yield
        return
    with scope(tenant.id):
        yield


@pytest.fixture
def house() -> Disputed:
    return disputed()


def uphold(row: Dispute, now: str = "2026-12-12", **more: Any) -> DisputeDecision:
    return deciding.uphold(dispute=row.id, why=WHY, by=FINANCE, now=at(now), **more)


def decline(row: Dispute, now: str = "2026-12-12") -> DisputeDecision:
    return deciding.decline(dispute=row.id, why=WHY, by=FINANCE, now=at(now))


def offer(row: Dispute, now: str = "2026-12-12", **changes: Any) -> DisputeDecision:
    given: dict[str, Any] = {"held": "down", "start": at("2026-11-20T00:00"), "end": at("2026-11-20T08:00")} | changes
    return deciding.offer_middle(dispute=row.id, offer=Offer(**given), why=WHY, by=FINANCE, now=at(now))


def by_customer(step: Callable[..., DisputeDecision], row: Dispute, now: str = "2026-12-13") -> DisputeDecision:
    return step(dispute=row.id, customer=row.customer_id, why=WHY, by=READER, now=at(now))


def state(row: Dispute) -> str:
    return selectors.state_of(selectors.dispute(row.id, None))


def restated(house: Disputed, now: str = "2026-12-14") -> Statement:
    new = restate_statement(statement=house.statement.id, by=BY, now=at(now))
    assert new is not None
    return new


class TestOpening:
    def test_a_dispute_is_bound_to_the_evidence_of_its_version(self, house: Disputed) -> None:
        row = house.open(files=[a_file()])
        run = house.statement.run.document
        assert row.document == {
            "dispute": 1, "id": str(row.id), "contract": str(house.contract.id), "customer": str(house.customer),
            "version": 1, "assets": house.fleet.ids, "clause": None, "of": None, "from": "2026-11-20T00:00:00Z",
            "to": "2026-11-20T12:00:00Z", "held": "down", "reason": "It stood in Hamburg with a warning light.",
            "attachments": [a_file().as_json()], "side": "customer", "opened_by": READER,
            "opened_at": "2026-12-10T00:00:00Z",
            "relies_on": {
                "statement": [house.statement.digest], "outcome_run": [house.statement.run.digest],
                "evidence_segment": run["relies_on"]["evidence_segment"],
            },
        }  # fmt: skip
        assert row.digest == digest(row.document)
        assert logged_leaves([("dispute", row.digest)])
        assert row.closes_at == at("2027-01-05")
        assert (state(row), selectors.is_living(selectors.dispute(row.id, None))) == ("open", True)
        assert AuditEntry.objects.filter(action="dispute.opened", subject=f"dispute/{row.id}").count() == 1

    @pytest.mark.parametrize(
        ("changes", "error", "words"),
        [
            ({"start": at("2026-10-31T23:00")}, DisputeError, "not within the period"),
            ({"end": at("2026-12-01T00:01")}, DisputeError, "not within the period"),
            ({"end": at("2026-11-20T00:00")}, DisputeError, "ends before it begins"),
            ({"start": at("1800-01-01")}, OutturnError, "1900 to 2199"),
            ({"assets": []}, DisputeError, "No asset was chosen"),
            ({"assets": [new_id()]}, DisputeError, "not about these assets"),
            ({"clause": "speed"}, DisputeError, "has no clause speed"),
            ({"reason": "  "}, DisputeError, "Say something"),
            ({"reason": "x" * 4001}, DisputeError, "at most 4000"),
            ({"files": [a_file()] * 21}, AttachmentError, "at most 20 files"),
            ({"now": at("2027-01-05T00:01")}, DisputeClosedError, "correction window"),
            ({"customer": new_id()}, StatementNotFoundError, "no such statement"),
            ({"statement": new_id()}, StatementNotFoundError, "no such statement"),
        ],
    )
    def test_what_cannot_be_disputed(
        self, house: Disputed, changes: dict[str, Any], error: type[OutturnError], words: str
    ) -> None:
        with pytest.raises(error, match=words) as found, transaction.atomic():
            house.open(**changes)
        assert found.value.fix
        assert not Dispute.objects.exists()
        assert not DisputeFile.objects.exists()

    def test_the_last_moment_of_the_window_is_in_time(self, house: Disputed) -> None:
        assert state(house.open(now=at("2027-01-05"))) == "open"

    def test_an_old_version_points_to_the_newest(self, house: Disputed) -> None:
        record(house.fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-06")
        second = restated(house, "2026-12-07")
        with pytest.raises(OldVersionError, match="version 2") as error:
            house.open()
        assert error.value.fix == f"Dispute version 2, statement {second.id}."
        assert house.open(statement=second.id).statement_id == second.id

    def test_the_same_is_not_disputed_twice_at_a_time(self, house: Disputed) -> None:
        first = house.open()
        with pytest.raises(DisputeClosedError, match="disputed already"):
            house.open()
        assert house.open(held="up").id != first.id
        by_customer(deciding.withdraw, first)
        assert state(house.open()) == "open"

    def test_what_would_change_no_figure_is_refused(self) -> None:
        fleet = a_fleet("2026-10-29", "2026-12-01")
        counted = {"kind": "throughput", "unit": "h", "target": "1", "per": "h", "hours": "committed"}
        contract = published(agreement(fleet, a_clause(id="hours", assets=fleet.ids, indicator=counted)))
        done = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))
        other = Disputed(fleet, contract, done)
        for changes in ({}, {"clause": "hours"}):
            with pytest.raises(DisputeError, match="No share of time"):
                other.open(**changes)
        with pytest.raises(DisputeError, match="excludes nothing"):
            other.open(held="excluded")

    def test_what_was_written_stays(self, house: Disputed) -> None:
        row = house.open()
        for change in (lambda: Dispute.objects.filter(id=row.id).update(held="up"), row.delete):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()


class TestTalking:
    def test_both_sides_talk(self, house: Disputed) -> None:
        row = house.open(files=[a_file("first.txt")])
        say(dispute=row.id, customer=None, text="Which hangar?", files=[], by=FINANCE, now=at("2026-12-11"))
        said = say(
            dispute=row.id, customer=house.customer, text=" Number <b>4</b>. ", files=[a_file("second.txt", b"x")],
            by=READER, now=at("2026-12-12"),
        )  # fmt: skip
        assert said.document["text"] == "Number <b>4</b>."
        assert said.document["attachments"][0]["name"] == "second.txt"
        assert said.digest == digest(said.document)
        assert logged_leaves([("dispute_message", said.digest)])
        told = [(one.side, one.text, [file.name for file in one.files]) for one in selectors.conversation(row)]
        assert told == [
            ("customer", "It stood in Hamburg with a warning light.", ["first.txt"]),
            ("provider", "Which hangar?", []),
            ("customer", "Number <b>4</b>.", ["second.txt"]),
        ]

    def test_nobody_talks_about_what_is_over_or_anothers(self, house: Disputed) -> None:
        row = house.open()
        with pytest.raises(selectors.DisputeNotFoundError):
            say(dispute=row.id, customer=new_id(), text="x", files=[], by=READER, now=at("2026-12-11"))
        with pytest.raises(AttachmentError, match="at most 20"):
            say(dispute=row.id, customer=None, text="x", files=[a_file()] * 21, by=BY, now=at("2026-12-11"))
        decline(row)
        with pytest.raises(DisputeClosedError, match="declined") as error:
            say(dispute=row.id, customer=house.customer, text="x", files=[], by=READER, now=at("2026-12-13"))
        assert error.value.fix == "Take it up again, with the reason."
        assert not DisputeMessage.objects.exists()


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
        assert "20 Nov 2026 00:00 to 20 Nov 2026 12:00" in [one.span for one in content.outages]
        (row,) = content.corrections
        assert (row.asset, row.span, row.counts_as, row.dispute) == (
            "Engine 081", "20 Nov 2026 00:00 to 20 Nov 2026 12:00", "down", correction["dispute"],
        )  # fmt: skip
        assert row.decided == f"{FINANCE}, 12 Dec 2026 00:00"
        text = "".join(page.extract_text() for page in PdfReader(BytesIO(bytes(again.report.pdf))).pages)
        assert "What was corrected" in text
        first = "".join(page.extract_text() for page in PdfReader(BytesIO(bytes(house.done.report.pdf))).pages)
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


class TestReading:
    def test_what_the_statement_counted_and_what_the_evidence_says(self, house: Disputed) -> None:
        row = house.open(start=at("2026-11-10T11:00"), end=at("2026-11-10T13:00"))
        counted = [(one.state, one.start, one.end, one.hours) for one in selectors.counted(row)]
        assert counted == [
            ("up", at("2026-11-10T11:00"), at("2026-11-10T12:00"), "1.00"),
            ("down", at("2026-11-10T12:00"), at("2026-11-10T12:50"), "0.83"),
            ("up", at("2026-11-10T12:50"), at("2026-11-10T13:00"), "0.16"),
        ]
        assert ("down", at("2026-11-10T13:00")) in [(one.state, one.received) for one in selectors.reported(row)]

    def test_by_state_and_by_customer(self, house: Disputed) -> None:
        one, two, three = (
            house.open(start=at(f"2026-11-{day}"), end=at(f"2026-11-{day}T06:00")) for day in (12, 13, 14)
        )
        decline(two)
        offer(three, start=at("2026-11-14"), end=at("2026-11-14T01:00"))
        listed = selectors.disputes_listed(None)
        for name, row in (("open", one), ("declined", two), ("offered", three)):
            assert [each.id for each in selectors.in_state(listed, name)] == [row.id]
        assert {row.id for row in selectors.living(listed)} == {one.id, three.id}
        assert selectors.disputes(house.customer).count() == 3
        assert selectors.disputes(create_customer(name="Southwind", now=at("2026-12-01")).id).count() == 0


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
class TestAtOnce:
    def test_two_decisions_at_once_are_one(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            row = disputed().open()
        ready, answers = threading.Barrier(2), list[str]()

        def decide(step: Callable[[Dispute], DisputeDecision]) -> None:
            try:
                ready.wait(timeout=30)
                with scope(tenant.id):
                    answers.append(step(row).verdict)
            except DisputeStepError as error:
                answers.append(error.code)
            finally:
                connection.close()

        threads = [threading.Thread(target=decide, args=(step,)) for step in (uphold, decline)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        with scope(tenant.id):
            (decision,) = DisputeDecision.objects.all()
            assert sorted(answers) == sorted([decision.verdict, "dispute.step"])
            assert Correction.objects.count() == (decision.verdict == "upheld")


def test_runs_without_corrections_keep_their_bytes(house: Disputed) -> None:
    run = OutcomeRun.objects.get(id=house.statement.run_id)
    assert sorted(run.document["relies_on"]) == [
        "contract_version", "evidence_segment", "exclusion", "exclusion_decision",
    ]  # fmt: skip
