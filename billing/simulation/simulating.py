"""A simulation: what the measured months come to under some terms, and what a year may come to by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np

from billing.contracts.domain import Contract
from billing.contracts.schemas import ContractDocument
from billing.simulation.domain.chances import (
    FEWEST_MONTHS,
    Distribution,
    Draws,
    distribution,
    expected_year,
    percentile,
)
from billing.simulation.domain.months import MonthResult, guarantee, settle_months, sweep
from billing.simulation.schemas import (
    MOST_DRAWN,
    MOST_JUDGED,
    MOST_POINTS,
    Chances,
    Measurement,
    OtherBasisError,
    SimulationError,
    Sweep,
    basis,
)


@dataclass(frozen=True, slots=True)
class Point:
    """A year's credits at one guaranteed percentage.

    Attributes:
        percent: What is guaranteed.
        expected: The mean of a year's credits, minor units.
        p95_minor: What 95 of 100 years stay within; None where nothing is drawn.
    """

    percent: Fraction
    expected: Fraction
    p95_minor: int | None


@dataclass(frozen=True, slots=True)
class Curve:
    """A year's credits by the guaranteed percentage of a clause."""

    clause: str
    guaranteed: Fraction
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """The answer.

    Attributes:
        terms: What was simulated.
        months: What each month comes to, the first first.
        curve: A year's credits by guaranteed percentage; None where no clause gives credits or no month is settled.
        distribution: What a year may come to; None with fewer than three settled months.
    """

    terms: ContractDocument
    months: tuple[MonthResult, ...]
    curve: Curve | None
    distribution: Distribution | None

    @property
    def settled(self) -> tuple[MonthResult, ...]:
        """The months of which every clause is settled."""
        return tuple(month for month in self.months if month.is_settled)


def simulate(
    measurement: Measurement, terms: ContractDocument, chances: Chances, wanted: Sweep | None = None
) -> Simulation:
    """What the measured months come to under some terms, and what a year may come to by them.

    Args:
        measurement: The months.
        terms: Those that were measured under, or others that differ only in what is paid.
        chances: How years are drawn, and what is known of one.
        wanted: The guaranteed percentages to try; a useful range of the first clause with credits when None.

    Raises:
        OtherBasisError: The terms measure something else.
        SimulationError: The sweep is of a clause without credits, or of too many percentages.
        AmountTooLargeError: An amount is beyond 2**53 - 1 minor units.
    """
    _check_basis(measurement, terms)
    contract = terms.terms()
    months = settle_months(measurement.months, contract)
    settled = [month for month in months if month.is_settled]
    draws = Draws(len(settled), chances.years, chances.seed) if len(settled) >= FEWEST_MONTHS else None
    chosen = wanted or default_sweep(contract, settled, chances)
    curve = None if chosen is None or not settled else _curve(measurement, contract, chosen, chances, draws)
    found = None
    if draws is not None:
        found = distribution(settled, draws, cost_minor=chances.cost_minor, year_limit=chances.year_limit)
    return Simulation(terms, tuple(months), curve, found)


def settled_months(measurement: Measurement, contract: Contract) -> list[MonthResult]:
    """What the months come to of which every clause is settled."""
    return [month for month in settle_months(measurement.months, contract) if month.is_settled]


def default_sweep(
    contract: Contract, months: Sequence[MonthResult], chances: Chances, clause: str | None = None
) -> Sweep | None:
    """Guaranteed percentages around what is guaranteed and what was attained, in round steps, as many as may be.

    Args:
        contract: The terms.
        months: The settled ones.
        chances: How many years each of them is asked of.
        clause: Whose guarantee; the first that gives credits when None.
    """
    for one in contract.clauses:
        now = guarantee(one)
        if now is None or clause not in (None, one.id):
            continue
        attained = [
            100 * found.ratio
            for month in months
            for found in month.clauses
            if found.id == one.id and found.ratio is not None
        ]
        low = Fraction(min(90, *(floor(percent) for percent in (now, *attained))))
        most = max(now, *attained) if attained else now
        high = Fraction("99.9") if most <= 100 else Fraction(ceil(most) + 1)
        return Sweep(one.id, low or Fraction(1), high, Fraction(1)).in_round_steps(
            most_points(contract, len(months), chances)
        )
    return None


def most_points(contract: Contract, months: int, chances: Chances) -> int:
    """How many guaranteed percentages can be tried within a moment."""
    judged = months * sum(len(one.assets) if one.aggregate == "per_asset" else 1 for one in contract.clauses)
    return min(MOST_POINTS, MOST_DRAWN // chances.years, MOST_JUDGED // max(judged, 1))


def _check_basis(measurement: Measurement, terms: ContractDocument) -> None:
    agreement = measurement.agreement.as_json()
    if basis(agreement | {"terms": terms.model_dump(mode="json", by_alias=True)}) != basis(agreement):
        raise OtherBasisError(
            "These terms measure something else than what was measured: other assets, indicators, calendars, gaps or "
            "exclusions, another zone or kind of fee.",
            place="terms", kept="What was measured.",
            fix="Change only remedies, aggregates, coverage gates, prices, rounding and caps, or measure again.",
        )  # fmt: skip


def _curve(
    measurement: Measurement, contract: Contract, wanted: Sweep, chances: Chances, draws: Draws | None
) -> Curve | None:
    guaranteed = next((guarantee(clause) for clause in contract.clauses if clause.id == wanted.clause), None)
    if guaranteed is None:
        raise SimulationError(
            f"No clause {wanted.clause} gives a credit below a percentage.", place="sweep/clause",
            fix="Choose a clause that does.",
        )  # fmt: skip
    percents, most = wanted.percents(), most_points(contract, len(measurement.months), chances)
    if len(percents) > max(most, 1):
        raise SimulationError(
            f"These are {len(percents)} guaranteed percentages; with so many years and assets it may be {most}.",
            place="sweep", fix="Take larger steps, or draw fewer years.",
        )  # fmt: skip
    points = []
    for percent, months in zip(percents, sweep(measurement.months, contract, wanted.clause, percents), strict=True):
        credits_ = [month.credit_minor for month in months if month.is_settled]
        if not credits_:
            return None
        points.append(_point(percent, credits_, draws, chances.year_limit))
    return Curve(wanted.clause, guaranteed, tuple(points))


def _point(percent: Fraction, credits_: Sequence[int], draws: Draws | None, limit: int | None) -> Point:
    expected = expected_year(credits_)
    if draws is None:
        return Point(percent, expected, None)
    years = draws.sums(credits_)
    if limit is not None:
        years = np.minimum(years, limit)
        expected = Fraction(int(years.sum()), draws.years)
    return Point(percent, expected, percentile(years, 95))
