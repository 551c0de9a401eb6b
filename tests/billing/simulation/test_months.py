"""Settling what was measured again: the amounts of a full rating, at every guaranteed percentage."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.outcomes.domain.document import RateDocument
from billing.outcomes.domain.engine import rate
from billing.outcomes.domain.outcome import Outcome
from billing.outcomes.intake import rate_document_of
from billing.simulation.domain.measured import MeasuredMonth, measured
from billing.simulation.domain.months import MonthResult, guarantee, guaranteeing, settle_months, sweep
from tests.billing.outcomes.documents import AWS_TIERS, Json, a_clause, a_document, a_state, rate_documents, seen

DAY_DOWN = seen(a_state("2026-11-10T00:00:00Z", "2026-11-11T00:00:00Z"))


def month_of(document: RateDocument) -> MeasuredMonth:
    """What a document measures, written down and read again."""
    written = json.loads(json.dumps(measured("2026-11", rate(document)).as_json()))
    return MeasuredMonth.read(written, document.contract)


def same(result: MonthResult, outcome: Outcome) -> None:
    """Every figure of a month that was settled again, beside that of a full rating."""
    assert (result.fee_minor, result.total_minor) == (outcome.fee.minor, outcome.total_minor)
    assert (result.asked_minor, result.limit_minor) == (outcome.caps.asked, outcome.caps.period_limit)
    assert [
        (one.id, one.status, one.ratio, one.coverage, one.totals, one.credit_minor, one.bonus_minor)
        for one in result.clauses
    ] == [
        (one.clause.id, one.status, one.ratio, one.coverage, one.totals, one.granted_minor, one.bonus_minor)
        for one in outcome.clauses
    ]


def with_tiers(*tiers: tuple[str, str], **clause: object) -> RateDocument:
    remedy = {"kind": "tiers", "tiers": [{"below": below, "credit": credit} for below, credit in tiers]}
    return rate_document_of(a_document(a_clause(remedies=[remedy], **clause), evidence={"m1": DAY_DOWN}))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(rate_documents(), st.lists(st.integers(1, 1300), min_size=1, max_size=3))
def test_months_and_sweeps_are_what_full_ratings_give(document: Json, tenths: list[int]) -> None:
    read = rate_document_of(document)
    month = month_of(read)
    (result,) = settle_months([month], read.contract)
    same(result, rate(read))
    percents = [Fraction(one, 10) for one in tenths]
    for clause in read.contract.clauses:
        if guarantee(clause) is None:
            continue
        for percent, (swept,) in zip(percents, sweep([month], read.contract, clause.id, percents), strict=True):
            same(swept, rate(replace(read, contract=guaranteeing(read.contract, clause.id, percent))))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(rate_documents(), rate_documents())
def test_other_prices_and_caps_are_settled_on_the_same_measurement(document: Json, other: Json) -> None:
    read = rate_document_of(document)
    terms = rate_document_of(other).contract
    fee = terms.fee if isinstance(terms.fee, type(read.contract.fee)) else read.contract.fee
    clauses = tuple(
        replace(clause, remedies=terms.clauses[0].remedies, minimum_coverage=terms.clauses[0].minimum_coverage)
        for clause in read.contract.clauses
    )
    tried = replace(
        read.contract, fee=fee, clauses=clauses, caps=terms.caps, rounding=terms.rounding, currency=terms.currency
    )
    (result,) = settle_months([month_of(read)], tried)
    same(result, rate(replace(read, contract=tried)))


def test_all_thresholds_of_credits_move_together_and_bonuses_stay() -> None:
    steps = {"kind": "steps", "below": "98", "credit": "1", "per": "0.1", "step": "full", "cap": None}
    bonus = {"kind": "steps", "above": "99.5", "bonus": "1", "per": "0.1", "step": "full", "cap": "5"}
    read = rate_document_of(a_document(a_clause(remedies=[AWS_TIERS, steps, bonus]), evidence={"m1": DAY_DOWN}))
    (clause,) = read.contract.clauses
    assert guarantee(clause) == Fraction("99.9")
    tiers, below, above = guaranteeing(read.contract, "uptime", Fraction("97")).clauses[0].remedies
    assert [tier.below for tier in tiers.tiers] == [97, Fraction("96.1"), Fraction("92.1")]  # type: ignore[union-attr]
    assert (below.threshold, above.threshold) == (Fraction("95.1"), Fraction("99.5"))  # type: ignore[union-attr]


def test_a_sweep_over_a_worked_example() -> None:
    # A day of thirty down: 96.666... %. Tiers 98: 5 %, 96: 10 % of 10,000.00 EUR.
    read = with_tiers(("98", "5"), ("96", "10"))
    percents = [Fraction(one) for one in ("96.6", "96.7", "98", "98.6", "98.7", "1")]
    swept = sweep([month_of(read)], read.contract, "uptime", percents)
    assert [months[0].credit_minor for months in swept] == [0, 50_000, 50_000, 50_000, 100_000, 0]
    assert [months[0].total_minor for months in swept] == [1_000_000, 950_000, 950_000, 950_000, 900_000, 1_000_000]


def test_a_month_with_an_indeterminate_clause_is_not_settled_whatever_is_guaranteed() -> None:
    document = a_document(
        a_clause(remedies=[AWS_TIERS], minimum_coverage="98"), a_clause(id="other", remedies=[AWS_TIERS]),
        evidence={"m1": {"initial": None}},
    )  # fmt: skip
    read = rate_document_of(document)
    for (result,) in sweep([month_of(read)], read.contract, "other", [Fraction(50), Fraction(99)]):
        assert [clause.status for clause in result.clauses] == ["indeterminate", "settled"]
        assert not result.is_settled


def test_a_cap_that_is_reached_is_told() -> None:
    document = a_document(a_clause(remedies=[AWS_TIERS]), evidence={"m1": DAY_DOWN}, caps={"period_percent": "25"})
    read = rate_document_of(document)
    (result,) = settle_months([month_of(read)], read.contract)
    assert (result.asked_minor, result.limit_minor, result.credit_minor) == (250_000, 250_000, 250_000)
    assert result.is_capped
    higher = replace(read.contract, caps=replace(read.contract.caps, period_percent=Fraction(26)))
    assert not settle_months([month_of(read)], higher)[0].is_capped


@pytest.mark.parametrize("clause", ["uptime", "nowhere"])
def test_what_gives_no_credit_has_no_guarantee_to_move(clause: str) -> None:
    read = rate_document_of(a_document(evidence={"m1": DAY_DOWN}))
    assert guarantee(read.contract.clauses[0]) is None
    with pytest.raises(KeyError):
        guaranteeing(read.contract, clause, Fraction(98))
