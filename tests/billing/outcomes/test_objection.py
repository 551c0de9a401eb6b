"""Objection time: a claim about which the customer says nothing counts as approved when it is over, never before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from billing.contracts.models import Contract
from billing.outcomes.assembly import approved_by_silence
from billing.outcomes.deciding import DecidedError, approve_exclusion, decline_exclusion, withdraw_exclusion
from billing.outcomes.models import Exclusion, ExclusionDecision, OutcomeRun
from billing.outcomes.selectors import exclusion, exclusions, in_state, state_of, undecided
from billing.outcomes.services import claim_exclusion, run_outcome
from billing.reports.bundles import Bundle
from billing.reports.selectors import content_of, proof_ok, proven_bundle
from billing.reports.services import restate_period, settle_period
from billing.statements.holds import money_holds
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.outcomes.documents import AWS_TIERS, Json, a_clause
from tests.billing.signing import amended
from tests.billing.world import BY, DECEMBER, NOVEMBER, Fleet, a_fleet, agreement, at, fly_daily, published, visit

pytestmark = pytest.mark.django_db
CLAIMED, ENDS = at("2026-11-11"), at("2026-11-25")
JUST_BEFORE = at("2026-11-24T23:59:59.999")


@pytest.fixture(autouse=True)
def _meridian(tenant: Tenant) -> Iterator[None]:
    with scope(tenant.id):
        yield


@pytest.fixture
def fleet() -> Fleet:
    """E01a: 3000 s in the shop, worth 1,200.00 USD of credit when they count."""
    fleet = a_fleet("2026-10-29", "2026-12-01")
    visit(fleet.engines[0], "2026-11-10T12:00", "2026-11-10T12:50", told="2026-11-10T13:00")
    return fleet


def wanted(fleet: Fleet, **outer: Any) -> Json:
    rules = [{"category": name, "allowance": None} for name in ("planned", "weather")]
    clause = a_clause(id="uptime", assets=fleet.ids, exclusions=rules, remedies=[AWS_TIERS])
    return agreement(fleet, clause, **{"objection": "P14D"} | outer)


@pytest.fixture
def contract(fleet: Fleet) -> Contract:
    return published(wanted(fleet))


def claim(fleet: Fleet, contract: Contract | None, **changes: Any) -> Exclusion:
    made = claim_exclusion(
        **{
            "contract": None if contract is None else contract.id, "category": "weather", "assets": fleet.engines,
            "start": at("2026-11-10"), "end": at("2026-11-11"), "evidence": {}, "by": "planner", "now": CLAIMED,
        } | changes
    )  # fmt: skip
    return exclusion(made.id)


def run(contract: Contract, as_of: datetime) -> OutcomeRun:
    return run_outcome(
        contract=contract.id, period_start=NOVEMBER[0], period_end=NOVEMBER[1], as_of=as_of, by=BY,
        now=at("2026-12-20"),
    )  # fmt: skip


def test_a_claim_says_until_when_the_customer_may_object(fleet: Fleet, contract: Contract) -> None:
    made = claim(fleet, contract)
    assert (made.objection_until, made.document["objection_until"]) == (ENDS, "2026-11-25T00:00:00Z")
    assert (state_of(made, JUST_BEFORE), state_of(made, ENDS)) == ("proposed", "approved")


def test_claims_of_contracts_without_it_are_written_as_before(fleet: Fleet) -> None:
    contract = published(wanted(fleet, objection=None))
    made = claim(fleet, contract)
    assert (made.objection_until, "objection_until" in made.document) == (None, False)
    assert state_of(made, at("2199-01-01")) == "proposed"


def test_what_is_approved_in_advance_waits_for_nobody(fleet: Fleet) -> None:
    contract = published(wanted(fleet, preapproved=[{"category": "planned", "notice": None}]))
    made = claim(fleet, contract, category="planned")
    assert (made.objection_until, state_of(made, CLAIMED)) == (None, "approved")


def test_a_claim_under_no_contract_is_approved_by_nobodys_silence(fleet: Fleet, contract: Contract) -> None:
    published(wanted(fleet))
    made = claim(fleet, None)
    assert (made.contract_id, made.objection_until) == (None, None)


def test_an_amendment_does_not_change_what_was_said_to_the_customer(fleet: Fleet, contract: Contract) -> None:
    made = claim(fleet, contract)
    amended(contract, wanted(fleet, objection="P1D"), now=at("2026-11-12"))
    assert exclusion(made.id).objection_until == ENDS


def test_it_counts_from_the_moment_on_at_which_the_time_is_over(fleet: Fleet, contract: Contract) -> None:
    claim(fleet, contract, now=at("2026-12-01"))
    before, after = run(contract, at("2026-12-14T23:59:59.999")), run(contract, at("2026-12-15"))
    (one,) = before.document["outcome"]["workings"]["unrated"]
    assert (before.total_minor, one["kind"], one["reason"]) == (1_080_000, "exclusion", "not approved")
    assert (after.total_minor, after.document["outcome"]["workings"]["unrated"]) == (1_200_000, [])


@pytest.mark.parametrize("decide", [approve_exclusion, decline_exclusion])
def test_what_comes_after_it_comes_too_late(
    fleet: Fleet, contract: Contract, decide: Callable[..., ExclusionDecision]
) -> None:
    made = claim(fleet, contract)
    with pytest.raises(DecidedError) as error:
        decide(exclusion=made.id, why="No storm.", by="reader", customer=contract.customer_id, now=ENDS)
    assert error.value.message == (
        "The claim counts as approved since 2026-11-25T00:00:00Z: nobody had objected by then."
    )
    assert (error.value.status, error.value.kept) == (409, "The approval by objection time.")
    assert not ExclusionDecision.objects.exists()


def test_an_objection_in_time_declines(fleet: Fleet, contract: Contract) -> None:
    made = claim(fleet, contract)
    decline_exclusion(exclusion=made.id, why="No storm.", by="reader", customer=contract.customer_id, now=JUST_BEFORE)
    assert state_of(exclusion(made.id), ENDS) == "declined"
    assert run(contract, at("2026-12-10")).total_minor == 1_080_000


@pytest.mark.parametrize("when", ["2026-11-20", "2026-11-30"])
def test_a_withdrawal_before_or_after(fleet: Fleet, contract: Contract, when: str) -> None:
    made = claim(fleet, contract)
    withdraw_exclusion(exclusion=made.id, why="It was sunny.", by="planner", now=at(when))
    assert state_of(exclusion(made.id), at("2026-12-01")) == "withdrawn"
    assert run(contract, at("2026-12-10")).total_minor == 1_080_000


def test_when_silence_approves() -> None:
    document = {"objection_until": "2026-11-25T00:00:00Z"}
    late = [{"decision": "withdrawn", "decided_at": "2026-11-30T00:00:00Z"}]
    early = [{"decision": "declined", "decided_at": "2026-11-20T00:00:00Z"}]
    until, as_of = document["objection_until"], "2026-12-01T00:00:00Z"
    assert approved_by_silence(document, (), as_of) == until
    assert approved_by_silence(document, (), until) == until
    assert approved_by_silence(document, late, as_of) == until
    assert approved_by_silence(document, (), "2026-11-24T23:59:59.999Z") is None
    assert approved_by_silence(document, early, as_of) is None
    assert approved_by_silence({}, (), as_of) is None


def test_lists_find_claims_by_what_holds_of_them(fleet: Fleet, contract: Contract) -> None:
    silent = claim(fleet, contract)
    objected, withdrawn = claim(fleet, contract), claim(fleet, contract)
    decline_exclusion(
        exclusion=objected.id, why="No storm.", by="reader", customer=contract.customer_id, now=JUST_BEFORE
    )
    withdraw_exclusion(exclusion=withdrawn.id, why="Sunny.", by="planner", now=ENDS)
    states = {
        moment: {
            state: {row.id for row in in_state(exclusions(), state, moment)}
            for state in ("proposed", "approved", "declined", "withdrawn")
        }
        for moment in (JUST_BEFORE, ENDS)
    }
    decided = {"declined": {objected.id}, "withdrawn": {withdrawn.id}}
    assert states[JUST_BEFORE] == {"proposed": {silent.id}, "approved": set(), **decided}
    assert states[ENDS] == {"proposed": set(), "approved": {silent.id}, **decided}
    assert ([row.id for row in undecided(JUST_BEFORE)], list(undecided(ENDS))) == ([silent.id], [])


def test_a_claim_that_nobody_has_to_decide_any_more_keeps_no_readings(fleet: Fleet, contract: Contract) -> None:
    settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-02"))
    claim(fleet, contract, now=at("2027-01-10"))
    waiting = "Contract “Uptime”: a claim about November 2026 waits for a decision."
    assert waiting in [hold.reason for hold in money_holds(at("2027-01-20"))]
    assert waiting not in [hold.reason for hold in money_holds(at("2027-01-24"))]


def test_approved_by_silence_after_the_seal_it_makes_a_new_version(fleet: Fleet, contract: Contract) -> None:
    claim(fleet, contract, now=at("2026-12-01"))
    done = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))
    assert done.statement.total_minor == 1_080_000
    assert restate_period(statement=done.statement.id, by=BY, now=at("2026-12-14")) is None
    new = restate_period(statement=done.statement.id, by=BY, now=at("2026-12-15"))
    assert new is not None
    assert (new.statement.version, new.statement.total_minor) == (2, 1_200_000)
    assert proof_ok(new.report)
    bundle = proven_bundle(new.report)
    (given,) = Bundle.read(bundle).rate_document()["exclusions"]
    assert given["approved"] == "2026-12-15T00:00:00Z"
    (row,) = content_of(new.report, bundle).exclusions
    assert (row.decision, row.excluded) == ("approved by objection time", "yes")
    assert row.why == "Nobody had objected by 15 Dec 2026 00:00."
    fly_daily(fleet, "2026-12-02", "2026-12-31")
    december = settle_period(contract=contract.id, start=DECEMBER[0], end=DECEMBER[1], by=BY, now=at("2027-01-03"))
    assert [line["minor"] for line in december.statement.document["lines"]] == [1_200_000, 0, 120_000]


def test_approved_by_the_customer_after_the_seal_it_makes_a_new_version(fleet: Fleet) -> None:
    contract = published(wanted(fleet, objection=None))
    made = claim(fleet, contract)
    done = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))
    approve_exclusion(
        exclusion=made.id, why="There was a storm.", by="reader", customer=contract.customer_id, now=at("2026-12-10")
    )
    new = restate_period(statement=done.statement.id, by=BY, now=at("2026-12-11"))
    assert new is not None
    assert (done.statement.total_minor, new.statement.total_minor, new.statement.version) == (1_080_000, 1_200_000, 2)
