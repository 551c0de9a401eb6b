"""What a year's credits may come to: years drawn from the months that were observed.

A bootstrap: each of many years is twelve months drawn from the observed ones, with replacement. A month is drawn whole,
with all its assets, clauses, fee and bonuses, so that what happened together stays together. It takes the months for
independent of each other and the time they are from for what will be; it cannot know a month worse than the worst.

Source: B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from billing.simulation.domain.months import MonthResult

FEWEST_MONTHS = 3
MONTHS_OF_YEAR = 12
MOST_YEARS = 100_000
BARS = 20
"""Into how many bars of equal width a histogram is cut, at most."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bar:
    """The years whose credits come to ``low`` up to and including ``high``, minor units."""

    low: int
    high: int
    years: int


@dataclass(frozen=True, slots=True)
class Margin:
    """What is left of a year after its cost, minor units.

    Attributes:
        cost_minor: The cost of a year.
        expected: The exact mean.
        p95_minor: What 95 of 100 years reach or exceed.
        p99_minor: What 99 of 100 years reach or exceed.
        loss: The share of years with less than nothing left (dimensionless).
    """

    cost_minor: int
    expected: Fraction
    p95_minor: int
    p99_minor: int
    loss: Fraction


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a year's credits come to, minor units.

    Attributes:
        months: How many observed months were drawn from.
        years: How many years were drawn.
        expected: The mean of a year's credits: exact, or where the year has a limit that of the years drawn.
        fees: The mean of a year's fees, exact.
        p50_minor: What half of the years stay within; `p90_minor`, `p95_minor`, `p99_minor` likewise.
        any_credit: The share of years with a credit (dimensionless).
        month_capped: The share of years in which a month reached its cap; None where there is none.
        year_capped: The share of years that reached the limit of a year; None where there is none.
        bars: The histogram, without a hole.
        margin: What is left of a year; None where no cost is known.
    """

    months: int
    years: int
    expected: Fraction
    fees: Fraction
    p50_minor: int
    p90_minor: int
    p95_minor: int
    p99_minor: int
    any_credit: Fraction
    month_capped: Fraction | None
    year_capped: Fraction | None
    bars: tuple[Bar, ...]
    margin: Margin | None

    def share_of_fees(self, minor: int) -> Fraction | None:
        """An amount as a share of a year's fees (dimensionless); None when there are none."""
        return Fraction(minor) / self.fees if self.fees else None


class Draws:
    """Years drawn once, to be asked what different terms would have made of them.

    Args:
        months: How many observed months there are, at least `FEWEST_MONTHS`.
        years: How many years are drawn, 1 to `MOST_YEARS`.
        seed: Of the generator; the same seed draws the same years.

    Raises:
        ValueError: There are too few months, or none or too many years.
    """

    def __init__(self, months: int, years: int, seed: int) -> None:
        if months < FEWEST_MONTHS or not 0 < years <= MOST_YEARS:
            raise ValueError("too few months to draw from, or a number of years that cannot be drawn")
        self.months, self.years = months, years
        self._drawn = np.random.default_rng(seed).integers(0, months, size=(years, MONTHS_OF_YEAR))

    def sums(self, amounts: Sequence[int]) -> Ints:
        """What an amount of each month, in minor units up to 2**53, comes to in each year."""
        found: Ints = np.array(amounts, np.int64)[self._drawn].sum(axis=1)
        return found

    def holding(self, months: Sequence[bool]) -> Ints:
        """In how many of its months something holds, for each year."""
        return self.sums([int(holds) for holds in months])


def expected_year(amounts: Sequence[int]) -> Fraction:
    """What an amount of observed months comes to in a year on average, exact; there is at least one month."""
    return Fraction(MONTHS_OF_YEAR * sum(amounts), len(amounts))


def percentile(amounts: Ints, percent: int) -> int:
    """The smallest of some amounts that at least so many percent of them do not exceed (nearest rank)."""
    rank = -(-percent * amounts.size // 100)
    return int(np.partition(amounts, rank - 1)[rank - 1])


def distribution(
    months: Sequence[MonthResult], draws: Draws, *, cost_minor: int | None = None, year_limit: int | None = None
) -> Distribution:
    """What a year's credits come to.

    Args:
        months: The settled months, as many as the draws are of.
        draws: Which months each year is made of.
        cost_minor: What a year costs the provider; None when that is not known.
        year_limit: The most that a year's credits come to, minor units; None is without limit.
    """
    asked = draws.sums([month.credit_minor for month in months])
    credits_ = asked if year_limit is None else np.minimum(asked, year_limit)
    capped = draws.holding([month.is_capped for month in months])
    has_cap = any(month.limit_minor is not None for month in months)
    exact = expected_year([month.credit_minor for month in months])
    return Distribution(
        months=draws.months,
        years=draws.years,
        expected=exact if year_limit is None else Fraction(int(credits_.sum()), draws.years),
        fees=expected_year([month.fee_minor for month in months]),
        p50_minor=percentile(credits_, 50),
        p90_minor=percentile(credits_, 90),
        p95_minor=percentile(credits_, 95),
        p99_minor=percentile(credits_, 99),
        any_credit=_share(credits_ > 0),
        month_capped=_share(capped > 0) if has_cap else None,
        year_capped=None if year_limit is None else _share((asked >= year_limit) & (asked > 0)),
        bars=bars(credits_),
        margin=None if cost_minor is None else _margin(months, draws, credits_, cost_minor, limited=year_limit),
    )


def bars(amounts: Ints) -> tuple[Bar, ...]:
    """The histogram of whole amounts: at most `BARS` bars of one width, the last one perhaps with room to spare."""
    low, high = int(amounts.min()), int(amounts.max())
    width = (high - low) // BARS + 1
    place, count = np.unique((amounts - low) // width, return_counts=True)
    counted = dict(zip(place.tolist(), count.tolist(), strict=True))
    return tuple(
        Bar(low + number * width, low + (number + 1) * width - 1, counted.get(number, 0))
        for number in range((high - low) // width + 1)
    )


def _margin(
    months: Sequence[MonthResult], draws: Draws, credits_: Ints, cost_minor: int, *, limited: int | None
) -> Margin:
    earned = draws.sums([month.fee_minor + month.bonus_minor for month in months])
    left = earned - credits_ - cost_minor
    exact = expected_year([month.total_minor for month in months]) - cost_minor
    return Margin(
        cost_minor=cost_minor,
        expected=exact if limited is None else Fraction(int(left.sum()), draws.years),
        p95_minor=-percentile(-left, 95),
        p99_minor=-percentile(-left, 99),
        loss=_share(left < 0),
    )


def _share(which: NDArray[np.bool_]) -> Fraction:
    return Fraction(int(np.count_nonzero(which)), which.size)
