"""Withdrawing a claim: what was excluded counts again, from the moment of the withdrawal on, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing.contracts.models import Contract
from billing.outcomes.deciding import DecidedError, approve_exclusion, decline_exclusion, withdraw_exclusion
from billing.outcomes.models import Exclusion, ExclusionDecision, OutcomeRun
from billing.outcomes.selectors import claims_within, decision_of, exclusion, state_of, withdrawal_of
from billing.outcomes.services import claim_exclusion, run_outcome
from billing.reports.bundles import Bundle
from billing.reports.selectors import content_of, proof_ok, proven_bundle
from billing.reports.services import restate_period, settle_period
from billing.statements.domain import figures
from tenants.record.models import AuditEntry
from tenants.record.selectors import logged_leaves
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.world import BY, DECEMBER, NOVEMBER, Fleet, a_fleet, agreement, at, fly_daily, published, visit

pytestmark = pytest.mark.django_db
WHY, READER = "the engine failed before the visit", "reader@northwind.example"
LATER = at("2027-03-01")


@pytest.fixture(autouse=True)
def _meridian(tenant: Tenant) -> Iterator[None]:
    with scope(tenant.id):
        yield


@pytest.fixture
def fleet() -> Fleet:
    """One engine that was 3000 s in the shop: E01a, 1,200.00 USD of credit when they count."""
    fleet = a_fleet("2026-10-29", "2026-12-01")
    visit(fleet.engines[0], "2026-11-10T12:00", "2026-11-10T12:50", told="2026-11-10T13:00")
    return fleet


@pytest.fixture
def contract(fleet: Fleet) -> Contract:
    rules = [{"category": name, "allowance": None} for name in ("planned", "weather")]
    clause = a_clause(id="uptime", assets=fleet.ids, exclusions=rules, remedies=[AWS_TIERS])
    return published(agreement(fleet, clause, preapproved=[{"category": "planned", "notice": "P2D"}]))


def claim(fleet: Fleet, contract: Contract | None, category: str = "planned", now: str = "2026-11-01") -> Exclusion:
    return claim_exclusion(
        contract=contract.id if contract else None, category=category, assets=fleet.engines,
        start=at("2026-11-10T12:00"), end=at("2026-11-10T12:50"), evidence={"plan": "P-7"}, by="planner", now=at(now),
    )  # fmt: skip


def withdraw(made: Exclusion, now: str = "2026-12-10") -> ExclusionDecision:
    return withdraw_exclusion(exclusion=made.id, why=WHY, by="planner", now=at(now))


def run(contract: Contract, as_of: str) -> OutcomeRun:
    return run_outcome(
        contract=contract.id, period_start=NOVEMBER[0], period_end=NOVEMBER[1], as_of=at(as_of), by=BY, now=at(as_of)
    )


def outcome(found: OutcomeRun) -> Any:
    return figures(found.document["outcome"])


class TestWithdrawing:
    def test_an_approved_claim(self, fleet: Fleet, contract: Contract) -> None:
        made = claim(fleet, contract)
        approval = decision_of(made)
        withdrawal = withdraw(made)
        assert approval is not None
        assert withdrawal.document == {
            "exclusion": str(made.id),
            "decision": "withdrawn",
            "why": WHY,
            "decided_by": "planner",
            "decided_at": "2026-12-10T00:00:00Z",
            "relies_on": {"exclusion": [made.digest], "exclusion_decision": [approval.digest]},
        }
        assert ("exclusion_decision", withdrawal.digest) in logged_leaves([("exclusion_decision", withdrawal.digest)])
        assert AuditEntry.objects.get(action="exclusion.withdrawn").subject == f"exclusion/{made.id}"
        found = exclusion(made.id)
        assert (state_of(found, LATER), decision_of(found), withdrawal_of(found)) == ("withdrawn", approval, withdrawal)
        assert str(withdrawal) == "withdrawn by planner"

    def test_a_proposed_claim_is_never_approved_after(self, fleet: Fleet, contract: Contract) -> None:
        made = claim(fleet, contract, "weather")
        assert state_of(made, LATER) == "proposed"
        assert withdraw(made).document["relies_on"] == {"exclusion": [made.digest]}
        for decide in (approve_exclusion, decline_exclusion, withdraw_exclusion):
            with pytest.raises(DecidedError, match="The claim was withdrawn by planner"):
                decide(
                    exclusion=made.id, why="after all", by=READER, customer=contract.customer_id, now=at("2026-12-11")
                )
        assert (ExclusionDecision.objects.count(), decision_of(exclusion(made.id))) == (1, None)

    def test_a_declined_claim_is_not_withdrawn(self, fleet: Fleet, contract: Contract) -> None:
        made = claim(fleet, contract, "weather")
        decline_exclusion(
            exclusion=made.id, why="no hail was seen", by=READER, customer=contract.customer_id, now=at("2026-12-01")
        )
        with pytest.raises(DecidedError, match=f"The claim was declined by {READER}"):
            withdraw(made)
        assert state_of(exclusion(made.id), LATER) == "declined"

    def test_the_database_keeps_one_decision_and_one_withdrawal(self, fleet: Fleet, contract: Contract) -> None:
        made = claim(fleet, contract)
        withdraw(made)
        for withdrawn in (False, True):
            again = ExclusionDecision(
                exclusion=made, approved=False, withdrawn=withdrawn, document={}, digest="0" * 64, decided_by=BY,
                decided_at=at("2026-12-11"),
            )  # fmt: skip
            with pytest.raises(IntegrityError, match="one_decision_and_one_withdrawal"), transaction.atomic():
                again.save(force_insert=True)


class TestOutcomes:
    def test_a_run_knows_what_was_withdrawn_by_its_moment(self, fleet: Fleet, contract: Contract) -> None:
        made = claim(fleet, contract)
        withdrawal = withdraw(made)
        before, after = run(contract, "2026-12-09"), run(contract, "2026-12-10")
        assert (before.total_minor, after.total_minor) == (1_200_000, 1_080_000)
        assert len(before.document["relies_on"]["exclusion_decision"]) == 1
        assert after.document["relies_on"]["exclusion_decision"][1:] == [withdrawal.digest]
        told = "exclusion of {0}, {1}T12:00:00+00:00 to {1}T12:50:00+00:00, planned: withdrawn ({2}), not rated"
        trace = after.document["outcome"]["trace"]
        assert told.format(fleet.ids[0], "2026-11-10", "2026-12-10T00:00:00+00:00") in trace
        assert "withdrawn" not in before.document["outcome"]["trace"]
        found = claims_within(contract.id, fleet.ids, *NOVEMBER, at("2026-12-10"))
        assert [[one.verdict for one in decided] for _, decided in found] == [["approved", "withdrawn"]]

    @pytest.mark.parametrize(("category", "bound"), [("planned", True), ("weather", True), ("planned", False)])
    def test_it_is_as_if_it_had_never_been_claimed(
        self, fleet: Fleet, contract: Contract, category: str, *, bound: bool
    ) -> None:
        never = outcome(run(contract, "2026-12-09"))
        made = claim(fleet, contract if bound else None, category)
        if state_of(made, LATER) == "proposed":
            approve_exclusion(
                exclusion=made.id, why="seen by both", by=READER, customer=contract.customer_id, now=at("2026-11-12")
            )
        assert outcome(run(contract, "2026-12-09"))["total_minor"] == 1_200_000
        withdraw(made)
        assert outcome(run(contract, "2026-12-11")) == never
        assert never["total_minor"] == 1_080_000


def test_a_settled_month_is_restated_and_the_difference_charged_later(fleet: Fleet, contract: Contract) -> None:
    made = claim(fleet, contract)
    first = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))
    sealed = dict(first.statement.document)
    assert (first.statement.total_minor, first.invoice and first.invoice.gross_minor) == (1_200_000, 1_200_000)
    rows = content_of(first.report, bytes(first.report.bundle)).exclusions
    assert [(row.decision, row.excluded) for row in rows] == [("approved by rules agreed in advance", "yes")]

    withdraw(made)
    first.statement.refresh_from_db()
    assert first.statement.document == sealed
    second = restate_period(statement=first.statement.id, by=BY, now=at("2026-12-11"))
    assert second is not None
    clause = second.statement.document["clauses"][0]
    assert (clause["ratio"], clause["excluded_s"], clause["amount_minor"]) == ("863/864", 0, -120_000)
    assert (second.statement.version, second.statement.total_minor, second.invoice) == (2, 1_080_000, None)
    rows = content_of(second.report, bytes(second.report.bundle)).exclusions
    assert [(row.decision, row.why, row.excluded) for row in rows] == [("withdrawn by planner", WHY, "no")]
    assert proof_ok(second.report)
    bundle = Bundle.read(proven_bundle(second.report))
    (given,) = bundle.rate_document()["exclusions"]
    assert (given["approved"], given["withdrawn"]) == ("2026-11-01T00:00:00Z", "2026-12-10T00:00:00Z")
    assert bundle.recomputes()
    assert restate_period(statement=first.statement.id, by=BY, now=at("2026-12-12")) is None

    fly_daily(fleet, "2026-12-02", "2026-12-31")
    december = settle_period(contract=contract.id, start=DECEMBER[0], end=DECEMBER[1], by=BY, now=at("2027-01-03"))
    assert [line["minor"] for line in december.statement.document["lines"]] == [1_200_000, 0, -120_000]
    assert december.invoice is not None
    assert december.invoice.gross_minor == 1_080_000
