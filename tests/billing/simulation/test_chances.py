"""What a year may come to: drawn years, their ranks and shares, recomputed by hand."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.simulation.domain.chances import (
    BARS,
    Draws,
    bars,
    distribution,
    expected_year,
    percentile,
)
from billing.simulation.domain.months import MonthResult


def a_month(credit: int, *, fee: int = 1000, bonus: int = 0, limit: int | None = None) -> MonthResult:
    asked = credit if limit is None else credit * (2 if credit == limit else 1)
    return MonthResult("2026-11", fee, None, (), asked, limit, credit, bonus)


def test_the_same_seed_draws_the_same_years() -> None:
    months = [a_month(credit) for credit in (0, 0, 50, 300)]
    first, again, other = (distribution(months, Draws(4, 5000, seed)) for seed in (7, 7, 8))
    assert first == again
    assert first.bars != other.bars
    assert first.expected == other.expected == Fraction(12 * 350, 4)


@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(500, 5000), st.integers(0, 300)), min_size=3, max_size=12),
    st.integers(0, 2**32 - 1),
    st.one_of(st.none(), st.integers(0, 4000)),
)
def test_every_figure_is_that_of_the_years_one_by_one(
    rows: list[tuple[int, int, int]], seed: int, limit: int | None
) -> None:
    months = [a_month(credit, fee=fee, bonus=bonus, limit=450) for credit, fee, bonus in rows]
    cost, years = 20_000, 60
    found = distribution(months, Draws(len(rows), years, seed), cost_minor=cost, year_limit=limit)
    drawn = np.random.default_rng(seed).integers(0, len(rows), size=(years, 12)).tolist()
    asked = [sum(months[one].credit_minor for one in year) for year in drawn]
    credits_ = [amount if limit is None else min(amount, limit) for amount in asked]
    ranked = sorted(credits_)
    for percent, value in ((50, found.p50_minor), (90, found.p90_minor), (95, found.p95_minor), (99, found.p99_minor)):
        assert value == ranked[ceil(percent * years / 100) - 1]
    assert found.any_credit == Fraction(sum(amount > 0 for amount in credits_), years)
    assert found.month_capped == Fraction(sum(any(months[one].is_capped for one in year) for year in drawn), years)
    assert sum(bar.years for bar in found.bars) == years
    assert all(sum(bar.low <= one <= bar.high for one in credits_) == bar.years for bar in found.bars)
    left = sorted(
        sum(months[one].fee_minor + months[one].bonus_minor for one in year) - credit - cost
        for year, credit in zip(drawn, credits_, strict=True)
    )
    assert found.margin is not None
    assert found.margin.p95_minor == left[years - ceil(0.95 * years)]
    assert found.margin.loss == Fraction(sum(one < 0 for one in left), years)
    if limit is None:
        assert found.year_capped is None
        assert found.expected == expected_year([month.credit_minor for month in months])
        assert found.margin.expected == expected_year([month.total_minor for month in months]) - cost
    else:
        assert found.expected == Fraction(sum(credits_), years)
        assert found.margin.expected == Fraction(sum(left), years)
        assert found.year_capped == Fraction(sum(one >= limit and one > 0 for one in asked), years)


def test_months_that_are_alike_make_years_that_are_alike() -> None:
    found = distribution([a_month(25)] * 3, Draws(3, 1000, 1), cost_minor=12_000)
    assert {found.p50_minor, found.p90_minor, found.p95_minor, found.p99_minor} == {300}
    assert (found.any_credit, found.month_capped, found.year_capped) == (Fraction(1), None, None)
    assert [(bar.low, bar.high, bar.years) for bar in found.bars] == [(300, 300, 1000)]
    assert found.margin is not None
    assert (found.margin.expected, found.margin.p99_minor, found.margin.loss) == (Fraction(-300), -300, Fraction(1))
    assert found.share_of_fees(300) == Fraction(1, 40)


def test_shares_are_those_that_probability_gives() -> None:
    # One month of three has a credit: a year is without any with (2/3)**12.
    found = distribution([a_month(0), a_month(0), a_month(100)], Draws(3, 100_000, 3))
    assert abs(float(found.any_credit) - (1 - (2 / 3) ** 12)) < 0.002
    # Binomial of 12 with a third: P(X <= 4) = 0.6315, P(X <= 3) = 0.3931; P(X <= 6) = 0.9336, P(X <= 7) = 0.9812.
    assert (found.p50_minor, found.p95_minor, found.p99_minor) == (400, 700, 800)


def test_what_happened_in_one_month_stays_together() -> None:
    # A good month pays its bonus, a bad one its credit: no year has both from one month.
    months = [a_month(0, bonus=100), a_month(0, bonus=100), a_month(300)]
    found = distribution(months, Draws(3, 2000, 5), cost_minor=0)
    assert found.margin is not None
    assert found.margin.expected == 12 * Fraction(1100 + 1100 + 700, 3)


@pytest.mark.parametrize(("percent", "value"), [(1, 1), (50, 5), (90, 9), (91, 10), (99, 10), (100, 10)])
def test_ranks(percent: int, value: int) -> None:
    assert percentile(np.array([10, 1, 9, 2, 8, 3, 7, 4, 6, 5]), percent) == value


def test_amounts_of_the_largest_size_are_summed_exactly() -> None:
    most = 2**53 - 1
    found = distribution([a_month(most, fee=most)] * 3, Draws(3, 10, 1), cost_minor=most)
    assert (found.p99_minor, found.expected) == (12 * most, Fraction(12 * most))
    assert found.margin is not None
    assert found.margin.p95_minor == -most


@given(st.lists(st.integers(0, 2**53), min_size=1, max_size=50))
def test_bars_hold_every_year_once(amounts: list[int]) -> None:
    found = bars(np.array(amounts, np.int64))
    assert len(found) <= BARS
    assert sum(bar.years for bar in found) == len(amounts)
    assert found[0].low == min(amounts)
    assert found[-1].low <= max(amounts) <= found[-1].high
    assert all(one.high + 1 == other.low for one, other in pairwise(found))


@pytest.mark.parametrize(("months", "years"), [(2, 10), (0, 10), (3, 0), (3, 100_001)])
def test_too_few_months_and_too_many_years_are_not_drawn(months: int, years: int) -> None:
    with pytest.raises(ValueError, match="cannot be drawn"):
        Draws(months, years, 1)
