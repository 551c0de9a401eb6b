from __future__ import annotations

from fractions import Fraction
from typing import Literal

import pytest

from billing.contracts.domain import StepRemedy, Tier, TierRemedy
from billing.outcomes.domain.remedies import StepVerdict, judge

TIERS = TierRemedy(tuple(Tier(Fraction(below), Fraction(credit)) for below, credit in ((99, 5), (97, 10), (95, 25))))


@pytest.mark.parametrize(
    ("percent", "credit"),
    [("99", 0), ("98.999999999", 5), ("97", 5), ("96.9", 10), ("95", 10), ("94.9", 25), ("0", 25), ("120", 0)],
)
def test_the_most_severe_tier_that_holds(percent: str, credit: int) -> None:
    (verdict,) = judge([TIERS], Fraction(percent))
    assert verdict.credit == credit
    assert verdict.bonus == 0


def test_the_lowest_threshold_is_the_most_severe_whatever_its_credit() -> None:
    (verdict,) = judge([TierRemedy((Tier(Fraction(99), Fraction(30)), Tier(Fraction(95), Fraction(10))))], Fraction(90))
    assert verdict.credit == 10


def steps(
    percent: str,
    *,
    side: Literal["below", "above"] = "below",
    effect: Literal["credit", "bonus"] = "credit",
    started: bool = False,
    cap: int | None = None,
) -> StepVerdict:
    remedy = StepRemedy(
        side, Fraction(99), effect, Fraction(2), Fraction("0.1"), started, None if cap is None else Fraction(cap)
    )
    (verdict,) = judge([remedy], Fraction(percent))
    assert isinstance(verdict, StepVerdict)
    return verdict


@pytest.mark.parametrize(
    ("percent", "full", "started"),
    [("99", 0, 0), ("98.95", 0, 1), ("98.9", 1, 1), ("98.75", 2, 3), ("98.7", 3, 3), ("99.5", 0, 0)],
)
def test_full_and_started_steps(percent: str, full: int, started: int) -> None:
    assert (steps(percent).steps, steps(percent, started=True).steps) == (full, started)


def test_both_sides_and_both_effects() -> None:
    assert steps("98.5").credit == 10
    assert steps("98.5").bonus == 0
    assert steps("98.5", effect="bonus").bonus == 10
    assert steps("98.5", side="above", effect="bonus").bonus == 0
    assert steps("99.35", side="above", effect="bonus").bonus == 6
    assert steps("99.35", side="above").credit == 6


def test_a_cap_limits_the_percentage_and_not_the_steps() -> None:
    verdict = steps("90", cap=15)
    assert verdict.steps == 90
    assert verdict.uncapped == 180
    assert verdict.percent == 15
    assert steps("90", cap=0).credit == 0


def test_remedies_of_a_clause_add_up() -> None:
    verdicts = judge([TIERS, TIERS], Fraction(96))
    assert sum(verdict.credit for verdict in verdicts) == 20
