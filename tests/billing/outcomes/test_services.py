"""Claims, decisions and runs on the real database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.contracts.models import Contract
from billing.contracts.periods import PeriodError
from billing.contracts.selectors import NotInForceError, agreement_of, versions
from billing.outcomes.assembly import rate_document, rated
from billing.outcomes.claims import ExclusionError
from billing.outcomes.deciding import DecidedError, approve_exclusion, decline_exclusion
from billing.outcomes.models import AssumedEvidence, Exclusion, ExclusionDecision, OutcomeRun
from billing.outcomes.selectors import ExclusionNotFoundError, claims_within, decision_of, exclusion, what_ifs
from billing.outcomes.services import Assumption, claim_exclusion, run_outcome
from tenants.kernel.canonical import digest
from tenants.kernel.ids import new_id
from tenants.record.schemas import NewEntry
from tenants.record.selectors import logged_leaves
from tenants.record.services import append_leaves
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.outcomes.documents import AWS_TIERS, a_clause, a_state
from tests.billing.world import (
    BY,
    NOVEMBER,
    Fleet,
    a_fleet,
    agreement,
    at,
    e01,
    published,
    say,
)
from twins.evidence.selectors import segments

pytestmark = pytest.mark.django_db
PLANNED = [{"category": "planned", "allowance": None}, {"category": "weather", "allowance": None}]
AS_OF = at("2026-12-05")


@pytest.fixture(autouse=True)
def _meridian(tenant: Tenant) -> Iterator[None]:
    with scope(tenant.id):
        yield


@pytest.fixture
def fleet() -> Fleet:
    return a_fleet("2026-10-29", "2026-12-01", count=2)


@pytest.fixture
def contract(fleet: Fleet) -> Contract:
    return published(with_exclusions(fleet, preapproved=[{"category": "planned", "notice": "P2D"}]))


def with_exclusions(fleet: Fleet, **outer: Any) -> dict[str, Any]:
    return agreement(fleet, a_clause(id="uptime", assets=fleet.ids, exclusions=PLANNED, remedies=[AWS_TIERS]), **outer)


def claim(fleet: Fleet, contract: Contract | None, **changes: Any) -> Exclusion:
    wanted: dict[str, Any] = {
        "contract": contract and contract.id,
        "category": "planned",
        "assets": fleet.engines[:1],
        "start": at("2026-11-10"),
        "end": at("2026-11-12"),
        "evidence": {"plan": "P-7"},
        "by": "planner",
        "now": at("2026-11-01"),
    }
    return claim_exclusion(**wanted | changes)


def run(contract: Contract, **changes: Any) -> OutcomeRun:
    wanted: dict[str, Any] = {
        "contract": contract.id,
        "period_start": NOVEMBER[0],
        "period_end": NOVEMBER[1],
        "as_of": AS_OF,
        "by": BY,
        "now": AS_OF,
    }
    return run_outcome(**wanted | changes)


def outcome(run: OutcomeRun) -> dict[str, Any]:
    clause: dict[str, Any] = run.document["outcome"]["clauses"][0]
    return clause


class TestClaims:
    def test_a_category_approved_in_advance_is_approved_at_once(self, fleet: Fleet, contract: Contract) -> None:
        made = claim(fleet, contract, now=at("2026-11-08"))
        decision = decision_of(exclusion(made.id))
        assert decision is not None
        assert (decision.approved, decision.decided_by, decision.decided_at) == (True, "contract", at("2026-11-08"))
        assert decision.document["why"] == "In advance, under version 1."
        assert made.document == {
            "exclusion": str(made.id),
            "contract": str(contract.id),
            "category": "planned",
            "assets": fleet.ids[:1],
            "from": "2026-11-10T00:00:00Z",
            "to": "2026-11-12T00:00:00Z",
            "evidence": {"plan": "P-7"},
            "claimed_by": "planner",
            "claimed_at": "2026-11-08T00:00:00Z",
        }
        names = [("exclusion", made.digest), ("exclusion_decision", decision.digest)]
        assert [logged_leaves(names)[name].index for name in names] == [1, 2]
        assert decision.document["relies_on"] == {"exclusion": [made.digest]}

    @pytest.mark.parametrize("changes", [{"now": at("2026-11-08T00:00:01")}, {"category": "weather"}])
    def test_what_comes_too_late_or_is_not_approved_in_advance_is_proposed(
        self, fleet: Fleet, contract: Contract, changes: dict[str, Any]
    ) -> None:
        assert decision_of(exclusion(claim(fleet, contract, **changes).id)) is None

    def test_approved_in_advance_whenever_it_is_claimed(self, fleet: Fleet) -> None:
        contract = published(with_exclusions(fleet, preapproved=[{"category": "planned", "notice": None}]))
        assert decision_of(exclusion(claim(fleet, contract, now=AS_OF).id)) is not None

    def test_the_contract_is_found_by_the_assets(self, fleet: Fleet, contract: Contract) -> None:
        assert claim(fleet, None).contract_id == contract.id
        assert decision_of(exclusion(claim(fleet, None).id)) is not None
        published(with_exclusions(fleet, preapproved=[{"category": "planned"}]))
        ambiguous = claim(fleet, None)
        assert (ambiguous.contract_id, decision_of(exclusion(ambiguous.id))) == (None, None)

    def test_a_contract_that_knows_no_such_category_is_not_concerned(self, fleet: Fleet, contract: Contract) -> None:
        assert claim(fleet, None, category="whim").contract_id is None
        published(agreement(fleet))
        assert claim(fleet, None).contract_id == contract.id

    def test_without_a_contract_it_stays_proposed(self, fleet: Fleet) -> None:
        made = claim(fleet, None)
        assert (made.contract_id, decision_of(exclusion(made.id))) == (None, None)

    @pytest.mark.parametrize(
        "changes",
        [
            {"category": "whim"},
            {"assets": []},
            {"assets": [new_id()]},
            {"start": at("2026-11-12")},
            {"start": at("2026-11-12T00:00:00.0001"), "end": at("2026-11-12T00:00:00.0009")},
            {"start": at("2025-11-10"), "end": at("2025-11-12")},
            {"start": at("1899-11-12")},
            {"evidence": {"note": "x" * 20_000}},
            {"evidence": {"count": 2**53}},
            {"evidence": {"deep": json.loads("[" * 20 + "]" * 20)}},
        ],
    )
    def test_claims_that_make_no_sense(self, fleet: Fleet, contract: Contract, changes: dict[str, Any]) -> None:
        with pytest.raises((ExclusionError, PeriodError)) as error:
            claim(fleet, contract, **changes)
        assert error.value.status == 422
        assert not Exclusion.objects.exists()

    def test_the_contract_is_one_in_force_about_the_assets(self, fleet: Fleet, contract: Contract) -> None:
        unknown = Contract(id=new_id())
        with pytest.raises(ExclusionError, match="does not exist, is not published"):
            claim(fleet, unknown)
        assert not Exclusion.objects.exists()

    def test_a_claim_is_decided_once(self, fleet: Fleet, contract: Contract) -> None:
        made = claim(fleet, contract, category="weather")
        northwind = contract.customer_id
        decision = approve_exclusion(
            exclusion=made.id, why="hail, seen by both", by="northwind", customer=northwind, now=AS_OF
        )
        assert decision.document["why"] == "hail, seen by both"
        for decide in (approve_exclusion, decline_exclusion):
            with pytest.raises(DecidedError) as error:
                decide(exclusion=made.id, why="again", by="northwind", customer=northwind, now=AS_OF)
            assert error.value.status == 409
        with pytest.raises(ExclusionNotFoundError):
            approve_exclusion(exclusion=new_id(), why="?", by="northwind", customer=northwind, now=AS_OF)
        assert ExclusionDecision.objects.count() == 1

    def test_claims_and_decisions_stay_as_they_are(self, fleet: Fleet, contract: Contract) -> None:
        claim(fleet, contract)
        run(contract, assumption=Assumption("nothing happened", [{"asset": fleet.ids[0], "initial": "up"}]))
        changes: list[tuple[Any, dict[str, Any]]] = [
            (Exclusion, {"category": "weather"}),
            (ExclusionDecision, {"approved": False}),
            (OutcomeRun, {"total_minor": 0}),
            (AssumedEvidence, {"document": {}}),
        ]
        for model, change in changes:
            assert model.objects.exists()
            attempts = partial(model.objects.update, **change), partial(model.objects.all()._raw_delete, "default")
            for attempt in attempts:
                with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                    attempt()


class TestClaimsWithin:
    def test_what_was_known_by_a_moment(self, fleet: Fleet, contract: Contract) -> None:
        early = claim(fleet, contract)
        late = claim(fleet, contract, category="weather", now=at("2026-11-20"))
        approve_exclusion(
            exclusion=late.id, why="hail", by="northwind", customer=contract.customer_id, now=at("2026-11-25")
        )
        loose = claim(fleet, None, assets=[fleet.engines[1]], end=at("2027-01-01"), start=at("2026-11-29"))
        claim(fleet, contract, start=at("2026-12-01"), end=at("2026-12-02"))

        def known(as_of: str) -> list[tuple[Any, bool]]:
            found = claims_within(contract.id, fleet.ids, *NOVEMBER, at(as_of))
            return [(made.id, bool(decided)) for made, decided in found]

        assert known("2026-10-31") == []
        assert known("2026-11-19") == [(early.id, True), (loose.id, True)]
        assert known("2026-11-20") == [(early.id, True), (late.id, False), (loose.id, True)]
        assert known("2026-11-25") == [(early.id, True), (late.id, True), (loose.id, True)]
        assert claims_within(new_id(), fleet.ids, *NOVEMBER, AS_OF) == []

    def test_claims_without_a_contract_that_were_approved_before_count_for_all(self, fleet: Fleet) -> None:
        made = claim(fleet, None)
        contract = published(with_exclusions(fleet))
        assert [each.id for each, _ in claims_within(contract.id, fleet.ids, *NOVEMBER, AS_OF)] == [made.id]
        assert claims_within(contract.id, fleet.ids[1:], *NOVEMBER, AS_OF) == []
        document = {
            "exclusion": str(made.id), "decision": "approved", "why": "agreed by telephone", "decided_by": BY,
            "decided_at": "2026-12-05T00:00:00Z", "relies_on": {"exclusion": [made.digest]},
        }  # fmt: skip
        of_before = ExclusionDecision.objects.create(
            exclusion=made, approved=True, document=document, digest=digest(document), decided_by=BY, decided_at=AS_OF
        )
        append_leaves(entries=[NewEntry("exclusion_decision", of_before.digest)], now=AS_OF)
        assert outcome(run(contract))["excluded_s"] == 2 * 86400


class TestRuns:
    def test_the_same_inputs_give_the_same_run(self) -> None:
        _, contract = e01()
        first = run(contract)
        again = run(contract, now=at("2026-12-09"), by="somebody else")
        assert (again.id, again.run_by, OutcomeRun.objects.count()) == (first.id, BY, 1)
        assert outcome(first)["ratio"] == "863/864"
        assert first.total_minor == 1_080_000
        assert first.digest == digest(first.document)
        assert first.document["outcome"]["engine"] == "outturn-outcomes-1"

    def test_a_run_names_all_it_relies_on_and_all_of_it_is_logged(self, fleet: Fleet, contract: Contract) -> None:
        made = claim(fleet, contract)
        found = run(contract)
        relies_on = found.document["relies_on"]
        (decision,) = ExclusionDecision.objects.all()
        assert relies_on == {
            "contract_version": [versions(contract.id)[0].digest],
            "evidence_segment": [segment.digest for segment in segments(fleet.twin, *NOVEMBER)],
            "exclusion": [made.digest],
            "exclusion_decision": [decision.digest],
        }
        names = [(kind, name) for kind, digests in relies_on.items() for name in digests]
        leaves = logged_leaves([*names, ("outcome_run", found.digest)])
        assert len(leaves) == 6
        assert all(leaves[name].index < leaves["outcome_run", found.digest].index for name in names)
        assert outcome(found)["excluded_s"] == 2 * 86400

    def test_the_rate_document_gives_the_outcome_of_the_run(self) -> None:
        fleet, contract = e01()
        found = run(contract)
        (version,) = versions(contract.id)
        document = rate_document(
            agreement_of(version), found.document["period"], found.document["as_of"],
            [segment.document for segment in segments(fleet.twin, *NOVEMBER)], [],
        )  # fmt: skip
        assert rated(document) == found.document["outcome"]

    def test_later_evidence_gives_another_run_and_logs_only_what_is_new(self) -> None:
        fleet, contract = e01()
        first = run(contract)
        say(fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-04T12:00")
        second = run(contract)
        assert outcome(second)["down_s"] == 1200
        assert second.id != first.id
        old, new = (set(each.document["relies_on"]["evidence_segment"]) for each in (first, second))
        assert not old & new

    def test_what_was_known_earlier_can_be_rated_again(self) -> None:
        fleet, contract = e01()
        say(fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-04T12:00")
        assert outcome(run(contract))["down_s"] == 1200
        assert outcome(run(contract, as_of=at("2026-12-03")))["down_s"] == 3000

    def test_an_asset_of_which_nothing_is_known(self, fleet: Fleet) -> None:
        silent = Fleet(fleet.twin, fleet.engines)
        contract = published(agreement(silent, a_clause(assets=fleet.ids), effective={"from": "2025-01-01"}))
        clause = outcome(run(contract, period_start=at("2025-03-01"), period_end=at("2025-04-01")))
        assert (clause["unknown_s"], clause["coverage_percent"]) == (2 * 31 * 86400, "0.000000")

    def test_a_run_takes_a_number_of_queries_that_does_not_grow(self) -> None:
        counts = []
        for count, name in ((1, "small"), (8, "large")):
            fleet = a_fleet("2026-10-29", "2026-12-01", count=count, name=name)
            contract = published(agreement(fleet, title=name))
            with CaptureQueriesContext(connection) as queries:
                run(contract)
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 34

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"as_of": at("2026-12-06")}, PeriodError),
            ({"period_end": NOVEMBER[0]}, PeriodError),
            ({"period_end": at("2027-11-03")}, PeriodError),
            ({"period_start": at("1890-11-03"), "period_end": at("1890-12-03")}, PeriodError),
            ({"period_start": at("2025-11-01"), "period_end": at("2025-12-01")}, NotInForceError),
        ],
    )
    def test_what_cannot_be_rated(self, contract: Contract, changes: dict[str, Any], error: Any) -> None:
        with pytest.raises(error):
            run(contract, **changes)
        assert not OutcomeRun.objects.exists()


class TestWhatIfs:
    def test_a_world_that_did_not_happen(self, fleet: Fleet, contract: Contract) -> None:
        claim(fleet, contract)
        evidence = [
            {
                "asset": asset,
                "name": "as assumed",
                "initial": "up",
                "states": [a_state("2026-11-10T00:00:00Z", "2026-11-24T00:00:00Z")],
            }
            for asset in fleet.ids
        ]
        found = run(contract, assumption=Assumption("without the plan", evidence))
        assert (found.assumption, found.document["assumption"]) == ("without the plan", "without the plan")
        assert (outcome(found)["down_s"], outcome(found)["excluded_s"]) == (2 * 14 * 86400, 0)
        assert found.document["relies_on"] == {
            "contract_version": [versions(contract.id)[0].digest],
            "assumed_evidence": sorted(digest(document) for document in evidence),
        }
        assert ("what_if_run", found.digest) in logged_leaves([("what_if_run", found.digest)])
        assert AssumedEvidence.objects.count() == 2
        again = run(contract, assumption=Assumption("without the plan", evidence))
        assert (again.id, AssumedEvidence.objects.count()) == (found.id, 2)
        assert not segments(fleet.twin, *NOVEMBER)

    def test_the_newest_of_each_assumption(self, fleet: Fleet, contract: Contract) -> None:
        (version,) = versions(contract.id)
        up = [{"asset": asset, "initial": "up"} for asset in fleet.ids]
        down = [{"asset": asset, "initial": "down"} for asset in fleet.ids]
        run(contract, assumption=Assumption("without the plan", up))
        newer = run(contract, assumption=Assumption("without the plan", down), now=at("2026-12-06"))
        other = run(contract, assumption=Assumption("all well", up))
        run(contract)
        assert [each.id for each in what_ifs(version.id, *NOVEMBER)] == [other.id, newer.id]
