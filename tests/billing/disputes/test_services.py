"""Disputes from the opening to the line of the next statement, and all that is refused on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from billing.disputes import deciding, selectors
from billing.disputes.deciding import DisputeStepError
from billing.disputes.domain.files import AttachmentError
from billing.disputes.models import Dispute, DisputeDecision, DisputeFile, DisputeMessage
from billing.disputes.services import DisputeClosedError, DisputeError, OldVersionError, say
from billing.outcomes.models import Correction, OutcomeRun
from billing.reports.services import settle_period
from billing.statements.selectors import StatementNotFoundError
from tenants.customers.services import create_customer
from tenants.kernel.canonical import digest
from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.record.selectors import logged_leaves
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.disputes.world import (
    FINANCE,
    READER,
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
from tests.billing.outcomes.documents import a_clause
from tests.billing.world import BY, NOVEMBER, a_fleet, agreement, at, published
from tests.billing.world import say as record

pytestmark = pytest.mark.django_db


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
