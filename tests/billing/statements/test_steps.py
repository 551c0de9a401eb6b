"""The steps behind each amount: every one exact, in sentences, and the same arithmetic as the sealed outcome."""

from __future__ import annotations

from typing import Any

from django.utils.translation import override

from billing.contracts.agreement import AgreementDocument
from billing.statements.steps import cap_steps, line_steps
from tests.billing.outcomes.documents import AWS_TIERS, Json
from tests.billing.reports.settled import CLAUSES, Case


def steps(case: Case, name: str, *, left: int | None = None) -> list[str]:
    """The steps of a line, by the clause that it is about."""
    case.settle(left=left)
    (line,) = (line for line in case.statement["lines"] if line["clause"] == name)
    return list(line_steps(line, case.run["outcome"], AgreementDocument.read(case.contract)))


def caps(case: Case, *, left: int | None = None) -> list[str]:
    case.settle(left=left)
    return list(cap_steps(case.run["outcome"], AgreementDocument.read(case.contract)))


def flat(*remedies: Json, minor: int = 1_000_000, **terms: Any) -> Case:
    """A case with a flat fee whose first clause, over all assets together, has these remedies alone."""
    clauses = [CLAUSES[0] | {"aggregate": "pooled", "remedies": list(remedies)}]
    return Case(**{"fee": {"kind": "flat", "minor": minor}, "clauses": clauses, "caps": {}} | terms)


PER_ASSET = {"kind": "per_asset", "minor": 70_001, "prorate": "seconds"}
EVEN = "rounded to the nearest minor unit, a half to the even one"


def test_a_fee_by_volume_is_told_tier_by_tier() -> None:
    assert steps(Case(), "fee") == [
        "0 to 20,000 t: 20,000 t × 1.20 EUR = 24,000.00 EUR.",
        "Above 20,000 t: 4,149.65 t × 1.05 EUR = 4,357.1325 EUR.",
        f"Together 28,357.1325 EUR, {EVEN}: 28,357.13 EUR.",
    ]


def test_tiers_that_cost_the_same_stay_apart() -> None:
    tiers = [{"to": "100", "price": "1"}, {"to": "200", "price": "1"}, {"to": None, "price": "0.5"}]
    fee = {"kind": "metered", "unit": "t", "mode": "graduated", "of": "volume", "tiers": tiers}
    assert steps(Case(fee=fee), "fee")[:2] == [
        "0 to 100 t: 100 t × 1.00 EUR = 100.00 EUR.", "100 to 200 t: 100 t × 1.00 EUR = 100.00 EUR."
    ]  # fmt: skip


def test_a_minimum_that_was_not_taken_is_told_as_such() -> None:
    tiers = [{"to": "20000", "price": "1.205"}, {"to": None, "price": "1.05"}]
    fee = {"kind": "metered", "unit": "t", "mode": "volume", "of": "volume", "minimum_minor": 9_000_000, "tiers": tiers}
    assert steps(Case(fee=fee), "fee") == [
        "Above 20,000 t: 24,149.65 t × 1.05 EUR = 25,357.1325 EUR.",
        "Up to the minimum: 64,642.8675 EUR.",
        f"Together 90,000.00 EUR, {EVEN}: 90,000.00 EUR.",
    ]


def test_a_fee_per_asset_names_each_by_its_share_and_counts_those_alike() -> None:
    assert steps(Case(fee=PER_ASSET), "fee") == [
        "E-1: 1 × 700.01 EUR = 700.01 EUR.",
        "E-2: 0.967698 (719/743) × 700.01 EUR = 677.398640 (50330719/74300) EUR.",
        f"Together 1,377.408640 (51170731/37150) EUR, {EVEN}: 1,377.41 EUR.",
    ]
    assert steps(Case(fee=PER_ASSET | {"prorate": None}), "fee") == [
        "2 assets: 2 × 700.01 EUR = 1,400.02 EUR.",
        f"Together 1,400.02 EUR, {EVEN}: 1,400.02 EUR.",
    ]


def test_a_flat_fee_has_no_steps() -> None:
    assert steps(flat(AWS_TIERS), "fee") == []


def test_tiers_are_told_with_the_one_that_holds_and_what_it_is_a_percentage_of() -> None:
    assert steps(flat(AWS_TIERS, minor=1_000_005, rounding="down"), "uptime") == [
        "Reached exactly 2612/2637, which is 99.051952 %, cut off at six digits.",
        (
            "Tiers: below 99.9 % a credit of 10 %, below 99 % a credit of 25 %, below 95 % a credit of 100 %. "
            "The tier below 99.9 % holds."
        ),
        "10 % of the fee base of 10,000.05 EUR is a credit of 1,000.005 EUR.",
        "Credit before rounding 1,000.005 EUR, rounded towards zero: 1,000.00 EUR.",
    ]
    mild = {"kind": "tiers", "tiers": [{"below": "99", "credit": "10"}]}
    assert steps(flat(mild), "uptime")[1:] == [
        "Tiers: below 99 % a credit of 10 %. None of them holds.", "No credit and no bonus."
    ]  # fmt: skip


def test_steps_are_counted_full_or_started_up_to_the_cap_of_the_remedy() -> None:
    up = {"kind": "steps", "above": "97", "bonus": "1.5", "per": "0.3", "step": "full", "cap": "3"}
    down = {"kind": "steps", "below": "99.5", "credit": "0.7", "per": "0.3", "step": "started", "cap": None}
    far = {"kind": "steps", "above": "99.9", "bonus": "1", "per": "0.1", "step": "full", "cap": None}
    assert steps(flat(up, down, far), "uptime")[1:] == [
        "2.051952 (5411/2637) above 97 %, in 6 full steps of 0.3: 6 × 1.5 % = 9 %.",
        "At most 3 %: 3 %.",
        "0.448047 (2363/5274) below 99.5 %, in 2 started steps of 0.3: 2 × 0.7 % = 1.4 %.",
        "Not above 99.9 %: no step.",
        "1.4 % of the fee base of 10,000.00 EUR is a credit of 140.00 EUR.",
        "3 % of the fee base of 10,000.00 EUR is a bonus of 300.00 EUR.",
        f"Credit before rounding 140.00 EUR, {EVEN}: 140.00 EUR.",
        f"Bonus before rounding 300.00 EUR, {EVEN}: 300.00 EUR.",
        "Bonus of 300.00 EUR less credit of 140.00 EUR: 160.00 EUR.",
    ]


def test_each_asset_that_is_judged_by_itself_and_costs_something_has_a_step() -> None:
    assert steps(Case(caps={}), "uptime") == [
        "Reached exactly 2612/2637, which is 99.051952 %, cut off at six digits.",
        (
            "E-1, 98.724681 (131600/1333) %: Not above 99.5 %: no step. "
            "Tiers: below 99 % a credit of 10 %, below 97 % a credit of 25 %. The tier below 99 % holds. "
            "10 % of the fee base of 16,614.995894 (641994136947/38639440) EUR "
            "is a credit of 1,661.499589 (641994136947/386394400) EUR."
        ),
        "1 asset: no credit and no bonus.",
        f"Credit before rounding 1,661.499589 (641994136947/386394400) EUR, {EVEN}: 1,661.50 EUR.",
    ]


def test_the_limits_of_period_and_year_say_what_is_forfeited() -> None:
    assert steps(Case(), "uptime")[-1] == ("The limits on credits leave 1,092.28 EUR of it; 569.22 EUR are forfeited.")
    assert caps(Case()) == [
        "Limit of the period, 17 % of the fee: 4,820.71 EUR.",
        "Credits before limits 7,332.93 EUR: 4,820.71 EUR granted, 2,512.22 EUR forfeited.",
    ]
    assert caps(Case(), left=1000) == [
        "Limit of the period, 17 % of the fee: 4,820.71 EUR.",
        "Left of the limit of the contract year: 10.00 EUR.",
        "Credits before limits 7,332.93 EUR: 10.00 EUR granted, 7,322.93 EUR forfeited.",
    ]
    assert caps(flat(AWS_TIERS)) == []


def test_a_clause_without_a_remedy_comes_to_nothing() -> None:
    assert steps(Case(), "cold") == [
        "Reached exactly 1, which is 100.000000 %, cut off at six digits.", "No credit and no bonus."
    ]  # fmt: skip


def test_the_difference_of_another_period_has_no_steps() -> None:
    case = Case()
    case.adjust("uptime", 5)
    case.settle()
    (line,) = (line for line in case.statement["lines"] if line["kind"] == "adjustment")
    assert line_steps(line, case.run["outcome"], AgreementDocument.read(case.contract)) == ()


def test_what_stands_of_a_clause_that_an_earlier_version_settled_has_no_steps() -> None:
    case = Case()
    of = {"settled": {"version": 1, "digest": "0" * 64}}
    line = {"kind": "clause", "clause": "uptime", "text": "uptime: indeterminate", "minor": -5, "of": of}
    assert line_steps(line, case.run["outcome"], AgreementDocument.read(case.contract)) == ()


def test_steps_are_told_in_german() -> None:
    with override("de"):
        assert steps(Case(), "fee")[:2] == [
            "0 bis 20.000 t: 20.000 t × 1,20 € = 24.000,00 €.",
            "Über 20.000 t: 4.149,65 t × 1,05 € = 4.357,1325 €.",
        ]
        assert steps(Case(), "loading") == [
            "Erreicht sind genau 482993/877200, das sind 55,060761 %, nach sechs Stellen abgeschnitten.",
            "44,939238 (394207/8772) unter 100 %, in 45 angefangenen Schritten von 1: 45 × 1,5 % = 67,5 %.",
            "Höchstens 20 %: 20 %.",
            "20 % der Bemessungsgrundlage von 28.357,1325 € sind eine Gutschrift von 5.671,4265 €.",
            (
                "Gutschrift vor dem Runden 5.671,4265 €, gerundet zur nächsten kleinsten Einheit, die Hälfte zur "
                "geraden: 5.671,43 €."
            ),
            "Die Grenzen der Gutschriften lassen davon 3.728,43 €; 1.943,00 € verfallen.",
        ]
