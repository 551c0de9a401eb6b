"""What measured months come to under a contract, and what they would come to at other guaranteed percentages.

All of it is the arithmetic of the engine (``billing.outcomes.domain.settling``) on exact numbers: a month that is
settled here has the amounts of a full rating, and so has every point of a sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from billing.contracts.domain import Clause, Contract, Remedy, StepRemedy, TierRemedy
from billing.outcomes.domain.fees import FeeOutcome, charge
from billing.outcomes.domain.outcome import Status
from billing.outcomes.domain.period import Totals
from billing.outcomes.domain.settling import Settled, Weighed, settle, weigh
from billing.simulation.domain.measured import MeasuredMonth


@dataclass(frozen=True, slots=True)
class ClauseMonth:
    """One clause in one month.

    Attributes:
        id: The clause.
        status: ``indeterminate`` where nothing is settled for it.
        ratio: The exact outcome (dimensionless); None when there is nothing to measure against.
        coverage: The known share of committed time (dimensionless); None when no time is committed.
        totals: Milliseconds by category.
        credit_minor: What the customer gets after caps, minor units.
        bonus_minor: What the provider gets, minor units.
    """

    id: str
    status: Status
    ratio: Fraction | None
    coverage: Fraction | None
    totals: Totals
    credit_minor: int
    bonus_minor: int


@dataclass(frozen=True, slots=True)
class MonthResult:
    """What one month comes to.

    Attributes:
        name: The month, such as ``2026-09``.
        fee_minor: The fee, minor units.
        volume: What a metered fee counted; None for other fees.
        clauses: In the order of the contract.
        asked_minor: All credits before the cap of the month, minor units.
        limit_minor: That cap, minor units; None is no cap.
        credit_minor: All credits after it, minor units.
        bonus_minor: All bonuses, minor units.
    """

    name: str
    fee_minor: int
    volume: Fraction | None
    clauses: tuple[ClauseMonth, ...]
    asked_minor: int
    limit_minor: int | None
    credit_minor: int
    bonus_minor: int

    @property
    def total_minor(self) -> int:
        """Fee and bonuses less credits, minor units."""
        return self.fee_minor + self.bonus_minor - self.credit_minor

    @property
    def is_settled(self) -> bool:
        """Whether every clause is settled; a month with one that is not is in no distribution."""
        return all(clause.status == "settled" for clause in self.clauses)

    @property
    def is_capped(self) -> bool:
        """Whether the credits reached the cap of the month."""
        return self.limit_minor is not None and self.asked_minor > 0 and self.asked_minor >= self.limit_minor


@dataclass(frozen=True, slots=True)
class _Basis:
    """What does not change when only remedies do."""

    month: MeasuredMonth
    fee: FeeOutcome
    weighed: tuple[Weighed, ...]


def settle_months(months: Sequence[MeasuredMonth], contract: Contract) -> list[MonthResult]:
    """What each month comes to.

    Args:
        months: As measured under a contract with the same clauses, indicators, calendars, outages, gaps, exclusions.
        contract: The terms; remedies, aggregates, coverage gates, prices, rounding and caps may be others.

    Raises:
        AmountTooLargeError: An amount is beyond 2**53 - 1 minor units.
    """
    return [_result(_basis(month, contract), contract) for month in months]


def guarantee(clause: Clause) -> Fraction | None:
    """The percentage below which the first credit of a clause is due; None where it gives none."""
    thresholds = [below for remedy in clause.remedies for below in _thresholds(remedy)]
    return max(thresholds, default=None)


def guaranteeing(contract: Contract, clause: str, percent: Fraction) -> Contract:
    """The contract with another guaranteed percentage of a clause.

    All thresholds of its credits move by the same number of points, so that tiers keep their distance; bonuses stay
    where they are. A threshold that would come to nought or less never holds.

    Raises:
        KeyError: The contract has no such clause, or none of its remedies gives a credit.
    """
    chosen = next((one for one in contract.clauses if one.id == clause), None)
    now = None if chosen is None else guarantee(chosen)
    if chosen is None or now is None:
        raise KeyError(clause)
    moved = replace(chosen, remedies=tuple(_moved(remedy, percent - now) for remedy in chosen.remedies))
    return replace(contract, clauses=tuple(moved if one.id == clause else one for one in contract.clauses))


def sweep(
    months: Sequence[MeasuredMonth], contract: Contract, clause: str, percents: Sequence[Fraction]
) -> list[list[MonthResult]]:
    """What each month comes to at each of some guaranteed percentages of a clause.

    Months are weighed once, for what they measured does not depend on what is guaranteed.

    Raises:
        KeyError: The contract has no such clause, or none of its remedies gives a credit.
        AmountTooLargeError: An amount is beyond 2**53 - 1 minor units.
    """
    bases = [_basis(month, contract) for month in months]
    terms = (guaranteeing(contract, clause, percent) for percent in percents)
    return [[_result(basis, other) for basis in bases] for other in terms]


def _basis(month: MeasuredMonth, contract: Contract) -> _Basis:
    start, end = month.period
    fee = charge(contract, end - start, month.present, month.volumes)
    pairs = zip(contract.clauses, month.clauses, strict=True)
    return _Basis(month, fee, tuple(weigh(clause, one.totals, one.assets) for clause, one in pairs))


def _result(basis: _Basis, contract: Contract) -> MonthResult:
    settled = settle(contract, basis.fee, basis.month.present, basis.weighed)
    return MonthResult(
        name=basis.month.name,
        fee_minor=basis.fee.minor,
        volume=sum(basis.fee.volumes.values(), Fraction(0)) if basis.fee.kind == "metered" else None,
        clauses=_clauses(basis, contract, settled),
        asked_minor=settled.caps.asked,
        limit_minor=settled.caps.period_limit,
        credit_minor=settled.caps.granted,
        bonus_minor=sum(one.bonus_minor for one in settled.clauses),
    )


def _clauses(basis: _Basis, contract: Contract, settled: Settled) -> tuple[ClauseMonth, ...]:
    return tuple(
        ClauseMonth(
            id=clause.id,
            status=weighed.status,
            ratio=weighed.ratio,
            coverage=weighed.coverage,
            totals=weighed.totals,
            credit_minor=one.granted_minor,
            bonus_minor=one.bonus_minor,
        )
        for clause, weighed, one in zip(contract.clauses, basis.weighed, settled.clauses, strict=True)
    )


def _thresholds(remedy: Remedy) -> list[Fraction]:
    """The percentages below which a remedy gives credits."""
    if isinstance(remedy, TierRemedy):
        return [tier.below for tier in remedy.tiers]
    return [remedy.threshold] if _is_credit_below(remedy) else []


def _moved(remedy: Remedy, points: Fraction) -> Remedy:
    if isinstance(remedy, TierRemedy):
        return TierRemedy(tuple(replace(tier, below=tier.below + points) for tier in remedy.tiers))
    return replace(remedy, threshold=remedy.threshold + points) if _is_credit_below(remedy) else remedy


def _is_credit_below(remedy: StepRemedy) -> bool:
    return remedy.side == "below" and remedy.effect == "credit"
