"""Statements: sealed once, restated as a whole, their differences charged once, in the next period."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from billing.contracts.agreement import AgreementTerms
from billing.contracts.models import Contract
from billing.contracts.periods import PeriodError
from billing.contracts.services import edit_contract, publish_contract
from billing.outcomes.models import OutcomeRun
from billing.outcomes.services import Assumption, run_outcome
from billing.statements.models import Adjustment, ChargedAdjustment, Statement
from billing.statements.selectors import (
    StatementNotFoundError,
    adjustments_of,
    charged_in,
    is_followed,
    name_of,
    open_adjustments,
    versions_of,
)
from billing.statements.services import (
    NotBillableError,
    SealedError,
    restate_statement,
    seal_statement,
    settle_statement,
)
from tenants.kernel.canonical import digest
from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.record.selectors import logged_leaves
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.signing import amended
from tests.billing.world import BY, DECEMBER, NOVEMBER, Fleet, a_fleet, agreement, at, e01, fly_daily, published, say
from tests.twins.evidence.fleet import fly

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _meridian(tenant: Tenant) -> Iterator[None]:
    with scope(tenant.id):
        yield


def run(contract: Contract, period: tuple[Any, Any] = NOVEMBER, now: str = "2026-12-05", **more: Any) -> OutcomeRun:
    return run_outcome(
        contract=contract.id, period_start=period[0], period_end=period[1], as_of=at(now), by=BY, now=at(now), **more
    )


def seal(contract: Contract, period: tuple[Any, Any] = NOVEMBER, now: str = "2026-12-05") -> Statement:
    return seal_statement(run=run(contract, period, now).id, by=BY, now=at(now))


def restate(statement: Statement, now: str) -> Statement | None:
    return restate_statement(statement=statement.id, by=BY, now=at(now))


def lines(statement: Statement) -> list[tuple[str, str, int]]:
    return [(line["kind"], line["clause"], line["minor"]) for line in statement.document["lines"]]


@pytest.fixture
def november() -> tuple[Fleet, Contract, Statement]:
    """E10: E01a sealed as version 1 on 5 December."""
    fleet, contract = e01()
    return fleet, contract, seal(contract)


November = tuple[Fleet, Contract, Statement]


def test_a_statement_says_what_it_relies_on(november: November) -> None:
    _, contract, statement = november
    document = statement.document
    assert lines(statement) == [("fee", "fee", 1_200_000), ("clause", "uptime", -120_000)]
    assert (document["total_minor"], statement.total_minor, document["currency"]) == (1_080_000, 1_080_000, "USD")
    assert document["lines"][0]["text"] == "Fee"
    assert document["lines"][1]["text"] == "uptime 99.88 %: credit"
    assert document["period"] == {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z", "time_zone": "UTC"}
    assert document["parties"] == {"provider": "Meridian Engines", "customer": "Northwind Air"}
    assert document["relies_on"] == {
        "contract_version": [statement.contract_version.digest],
        "outcome_run": [statement.run.digest],
        "what_if_run": [],
        "statement": [],
    }
    assert statement.digest == digest(document)
    name = ("statement", statement.digest)
    assert logged_leaves([name])[name].index == 3
    assert name_of(statement) == "November 2026, version 1"
    assert AuditEntry.objects.filter(action="statement.sealed").count() == 1
    assert contract.id == statement.contract_id


def test_the_same_run_gives_the_same_statement(november: November) -> None:
    _, contract, statement = november
    assert seal(contract).id == statement.id
    with pytest.raises(SealedError) as error:
        seal(contract, now="2026-12-06")
    assert error.value.status == 409
    assert Statement.objects.count() == 1


def test_a_period_is_settled_in_one_step(november: November) -> None:
    _, contract, statement = november
    start, end = NOVEMBER
    again = settle_statement(contract=contract.id, start=start, end=end, by=BY, now=at("2026-12-05"))
    assert again.id == statement.id
    with pytest.raises(SealedError):
        settle_statement(contract=contract.id, start=start, end=end, by=BY, now=at("2026-12-06"))
    next_one = settle_statement(contract=contract.id, start=DECEMBER[0], end=DECEMBER[1], by=BY, now=at("2027-01-05"))
    named = [("evidence_segment", name) for name in next_one.run.document["relies_on"]["evidence_segment"]]
    named += [("outcome_run", next_one.run.digest), ("statement", next_one.digest)]
    logged = logged_leaves(named)
    assert [logged[name].index for name in named] == sorted(logged[name].index for name in named)
    assert logged["statement", next_one.digest].index == logged["outcome_run", next_one.run.digest].index + 1


def test_part_of_a_sealed_period_is_not_sealed_again(november: November) -> None:
    _, contract, _ = november
    for start, end in (("2026-11-15", "2026-12-15"), ("2026-11-01", "2026-11-15"), ("2026-10-15", "2026-11-02")):
        with pytest.raises(SealedError):
            seal(contract, (at(start), at(end)), now="2026-12-20")


def test_what_is_not_billed(november: November) -> None:
    fleet, contract, _ = november
    what_if = run(contract, DECEMBER, "2027-01-02", assumption=Assumption("x", [{"asset": fleet.ids[0]}]))
    with pytest.raises(NotBillableError, match="what-if"):
        seal_statement(run=what_if.id, by=BY, now=at("2027-01-02"))
    early = run(contract, DECEMBER, "2026-12-31")
    with pytest.raises(NotBillableError, match="not over"):
        seal_statement(run=early.id, by=BY, now=at("2026-12-31"))
    with pytest.raises(StatementNotFoundError):
        restate_statement(statement=new_id(), by=BY, now=at("2026-12-31"))


def test_a_run_that_does_not_know_the_whole_period_is_not_sealed(november: November) -> None:
    contract = november[1]
    early = run(contract, DECEMBER, "2026-12-10")
    with pytest.raises(NotBillableError) as error:
        seal_statement(run=early.id, by=BY, now=at("2027-01-02"))
    assert error.value.message == (
        "The run rests on what was known at 2026-12-10T00:00:00Z, before the period ended at 2027-01-01T00:00:00Z."
    )
    assert (error.value.place, error.value.kept) == ("run", "The run. Nothing was sealed.")
    assert error.value.fix == "Rate the period again, and seal that run."
    whole = run(contract, DECEMBER, "2027-01-01")
    assert seal_statement(run=whole.id, by=BY, now=at("2027-01-02")).document["as_of"] == "2027-01-01T00:00:00Z"


def test_a_run_under_terms_that_no_longer_hold_is_not_sealed(november: November) -> None:
    fleet, contract, first = november
    old = run(contract, DECEMBER, "2027-01-02")
    cheaper = agreement(fleet, fee={"kind": "flat", "minor": 1_000_000})
    amended(contract, cheaper, now=at("2027-01-03"))  # from the same day as the first version
    with pytest.raises(NotBillableError) as error:
        seal_statement(run=old.id, by=BY, now=at("2027-01-04"))
    assert error.value.message == "The run is under version 1 of the contract, and version 2 holds in its period."
    assert (error.value.place, error.value.fix) == ("run", "Rate the period again, and seal that run.")
    new = seal(contract, DECEMBER, "2027-01-04")
    assert lines(new)[0] == ("fee", "fee", 1_000_000)
    assert seal_statement(run=first.run_id, by=BY, now=at("2027-01-04")).id == first.id


def test_a_run_across_an_amendment_is_not_sealed(november: November) -> None:
    fleet, contract, _ = november
    old = run(contract, DECEMBER, "2027-01-02")
    amended(contract, agreement(fleet, effective={"from": "2026-12-16", "to": None}), now=at("2027-01-03"))
    with pytest.raises(PeriodError, match="A later version takes effect at 2026-12-16T00:00:00"):
        seal_statement(run=old.id, by=BY, now=at("2027-01-04"))
    assert Statement.objects.count() == 1


def test_e10_later_evidence_is_charged_in_the_next_period(november: November) -> None:
    fleet, contract, first = november
    say(fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-20")
    second = restate(first, "2026-12-21")
    assert second is not None
    (clause,) = second.document["clauses"]
    assert (clause["percent"], clause["amount_minor"]) == ("99.953703", 0)
    assert (second.version, second.total_minor, second.document["replaces"]) == (2, 1_200_000, first.digest)
    assert Statement.objects.get(id=first.id).document == first.document
    assert [(one.clause, one.minor) for one in adjustments_of(second)] == [("uptime", 120_000)]
    assert [one.minor for one in open_adjustments(contract.id, DECEMBER[0], "USD")] == [120_000]

    fly_daily(fleet, "2026-12-02", "2026-12-31")
    december = seal(contract, DECEMBER, "2027-01-03")
    assert lines(december) == [("fee", "fee", 1_200_000), ("clause", "uptime", 0), ("adjustment", "uptime", 120_000)]
    assert december.total_minor == 1_320_000
    line = december.document["lines"][2]
    assert line["text"] == "November 2026, uptime: version 2 in place of version 1"
    assert line["of"] == {
        "from": {"version": 1, "digest": first.digest},
        "to": {"version": 2, "digest": second.digest},
    }
    assert december.document["relies_on"]["statement"] == sorted([first.digest, second.digest])
    (adjustment,) = adjustments_of(second)
    assert charged_in(adjustment.id) == december
    assert open_adjustments(contract.id, at("2027-02-01"), "USD") == []


def test_a_statement_is_not_restated_on_what_was_known_before_it(november: November) -> None:
    with pytest.raises(NotBillableError, match="which is later"):
        restate(november[2], "2026-12-04")


def test_e10_a_second_replay_changes_nothing(november: November) -> None:
    fleet, contract, first = november
    assert restate(first, "2026-12-06") is None
    say(fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-20")
    second = restate(first, "2026-12-21")
    assert second is not None
    assert restate(first, "2026-12-22") is None
    assert restate(second, "2026-12-23") is None
    assert [each.id for each in versions_of(first)] == [first.id, second.id]
    assert Adjustment.objects.count() == 1
    assert contract.id == second.contract_id


def test_e10_what_comes_after_the_correction_window_is_recorded_and_not_rated(november: November) -> None:
    fleet, contract, first = november
    say(fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2027-01-10")
    assert restate(first, "2027-01-11") is None
    newest = OutcomeRun.objects.order_by("-run_at").first()
    assert newest is not None
    assert newest.total_minor == 1_080_000
    unrated = newest.document["outcome"]["workings"]["unrated"]
    assert {each["reason"] for each in unrated} == {"received after the correction window"}
    assert Statement.objects.count() == 1
    assert contract.id == first.contract_id


def test_each_version_is_compared_with_the_one_before_and_charged_once(november: November) -> None:
    fleet, contract, first = november
    engine = fleet.engines[0]
    say(engine, "shop_out", "2026-11-10T12:20", told="2026-12-10")
    second = restate(first, "2026-12-11")
    fly_daily(fleet, "2026-12-02", "2026-12-31")
    december = seal(contract, DECEMBER, "2027-01-02")
    assert december.total_minor == 1_320_000
    say(engine, "failed", "2026-11-20T12:00", told="2027-01-03")
    say(engine, "returned", "2026-11-20T19:00", told="2027-01-03")
    third = restate(first, "2027-01-04")
    assert second is not None
    assert third is not None
    (clause,) = third.document["clauses"]
    assert (clause["down_s"], clause["percent"]) == (1200 + 7 * 3600, "98.981481")
    assert third.total_minor == 900_000
    assert [(one.replaced_id, one.minor) for one in adjustments_of(third)] == [(second.id, -300_000)]
    assert [one.minor for one in open_adjustments(contract.id, at("2027-02-01"), "USD")] == [-300_000]


def test_a_restated_period_keeps_the_adjustments_it_carried(november: November) -> None:
    fleet, contract, first = november
    engine = fleet.engines[0]
    say(engine, "shop_out", "2026-11-10T12:20", told="2026-12-10")
    restate(first, "2026-12-11")
    fly_daily(fleet, "2026-12-02", "2026-12-31")
    december = seal(contract, DECEMBER, "2027-01-02")
    say(engine, "failed", "2026-12-20T12:00", told="2027-01-08")
    say(engine, "returned", "2026-12-20T19:30", told="2027-01-08")
    again = restate(december, "2027-01-09")
    assert again is not None
    assert lines(again) == [
        ("fee", "fee", 1_200_000),
        ("clause", "uptime", -300_000),
        ("adjustment", "uptime", 120_000),
    ]
    assert [(one.clause, one.minor) for one in adjustments_of(again)] == [("uptime", -300_000)]
    assert ChargedAdjustment.objects.count() == 1


def test_a_period_is_restated_on_the_terms_it_was_sealed_on(november: November) -> None:
    fleet, contract, first = november
    dearer = agreement(fleet, fee={"kind": "flat", "minor": 9_900_000})
    edit_contract(contract=contract.id, revision=1, wanted=AgreementTerms.read(dearer), by=BY, now=at("2026-12-10"))
    publish_contract(contract=contract.id, revision=2, by=BY, now=at("2026-12-10"))
    assert restate(first, "2026-12-11") is None
    say(fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-20")
    second = restate(first, "2026-12-21")
    assert second is not None
    assert (second.contract_version_id, second.total_minor) == (first.contract_version_id, 1_200_000)


def test_a_fee_that_changes_is_a_difference_of_its_own() -> None:
    fleet = a_fleet("2026-10-29", "2026-12-01")
    fee = {"kind": "metered", "unit": "h", "mode": "graduated", "tiers": [{"to": None, "price": "350.00"}]}
    contract = published(agreement(fleet, a_clause(id="uptime", assets=fleet.ids, remedies=[AWS_TIERS]), fee=fee))
    first = seal(contract)
    assert first.total_minor == 30 * 4 * 35_000
    assert first.document["lines"][0]["text"] == "Fee for 120 h at 350.00 USD per h"

    fly([(fleet.engines[0], at("2026-11-15T06:00"))], received=at("2026-12-10"), keys=["t24"])
    second = restate(first, "2026-12-11")
    assert second is not None
    assert [(one.clause, one.minor) for one in adjustments_of(second)] == [("fee", 140_000)]


def test_a_clause_that_cannot_be_judged_settles_nothing() -> None:
    fleet = a_fleet("2026-10-29", "2026-11-20")
    clause = a_clause(id="uptime", assets=fleet.ids, remedies=[AWS_TIERS], minimum_coverage="98")
    contract = published(agreement(fleet, clause))
    statement = seal(contract)
    (figures,) = statement.document["clauses"]
    assert (figures["status"], figures["amount_minor"]) == ("indeterminate", None)
    assert lines(statement) == [("fee", "fee", 1_200_000)]


def test_comparisons_stand_in_the_statement() -> None:
    fleet, contract = e01()
    evidence = [{"asset": fleet.ids[0], "initial": "down"}]
    what_if = run(contract, assumption=Assumption("without the plan", evidence))
    statement = seal(contract)
    (comparison,) = statement.document["comparisons"]
    assert (comparison["assumption"], comparison["total_minor"]) == ("without the plan", 0)
    assert comparison["what_if_run"] == what_if.digest
    assert statement.document["relies_on"]["what_if_run"] == [what_if.digest]
    assert statement.total_minor == 1_080_000


def test_whether_another_statement_can_follow(november: November) -> None:
    fleet, _, statement = november
    assert is_followed(statement)
    ended = published(agreement(fleet, effective={"from": "2026-01-01", "to": "2026-12-01"}))
    assert not is_followed(seal(ended))


def test_statements_stay_as_they_are(november: November) -> None:
    fleet, contract, first = november
    say(fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-10")
    restate(first, "2026-12-11")
    seal(contract, DECEMBER, "2027-01-02")
    changes: list[tuple[Any, dict[str, Any]]] = [
        (Statement, {"total_minor": 0}),
        (Adjustment, {"minor": 0}),
        (ChargedAdjustment, {"statement": first}),
    ]
    for model, change in changes:
        assert model.objects.exists()
        attempts = partial(model.objects.update, **change), partial(model.objects.all()._raw_delete, "default")
        for attempt in attempts:
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                attempt()
