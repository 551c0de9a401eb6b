"""From what was measured to what is paid: coverage gate, aggregate, remedies, one rounding for each clause, the caps.

Nothing here looks at evidence. Whoever asks what other thresholds, credits or prices would have come to measures once
and settles again, with the arithmetic that statements are made by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from billing.contracts.domain import Clause, Contract
from billing.outcomes.domain.caps import CapsOutcome, apply_caps
from billing.outcomes.domain.fees import FeeOutcome, shares
from billing.outcomes.domain.indicators import MeasuredAsset, aggregate, without_cause
from billing.outcomes.domain.outcome import Judgement, Status
from billing.outcomes.domain.period import Totals
from billing.outcomes.domain.remedies import judge
from tenants.kernel.errors import OutturnError
from tenants.kernel.money import LARGEST_MINOR, round_minor


class AmountTooLargeError(OutturnError):
    """An amount does not fit the integers that every reader of JSON reads exactly."""

    code = "rate.amount_too_large"
    status = 422


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a clause measured over its assets, before anything is paid for it.

    Attributes:
        totals: Milliseconds by category, summed over the assets.
        status: ``indeterminate`` when too little is known or there is nothing to measure against.
        ratio: The exact outcome (dimensionless); None when there is nothing to measure against.
        coverage: The known share of committed time (dimensionless); None when no time is committed.
        ratios: The exact outcome of each asset that has one, in the order of the clause.
    """

    totals: Totals
    status: Status
    ratio: Fraction | None
    coverage: Fraction | None
    ratios: tuple[tuple[str, Fraction], ...]


@dataclass(frozen=True, slots=True)
class SettledClause:
    """What a clause comes to.

    Attributes:
        judgements: One for the clause, or one per asset; none when indeterminate.
        credit_minor: The exact credit, rounded once.
        bonus_minor: The exact bonus, rounded once.
        granted_minor: The credit after caps, minor units.
    """

    judgements: tuple[Judgement, ...]
    credit_minor: int
    bonus_minor: int
    granted_minor: int


@dataclass(frozen=True, slots=True)
class Settled:
    """What all clauses come to, in the order of the contract, and what the caps did."""

    clauses: tuple[SettledClause, ...]
    caps: CapsOutcome


def weigh(clause: Clause, totals: Totals, assets: Sequence[MeasuredAsset]) -> Weighed:
    """What a clause measured: the ratio over its assets, and whether enough is known for it to count.

    Args:
        clause: Its aggregate and its coverage gate.
        totals: Milliseconds by category, summed over the assets.
        assets: What its indicator measured of each.
    """
    coverage = Fraction(totals.committed - totals.unknown, totals.committed) if totals.committed else None
    ratio = aggregate(clause.aggregate, [one.measure for one in assets])
    if ratio is None:
        ratio = without_cause(clause.indicator, totals.committed)
    ratios = tuple((one.asset, own) for one in assets if (own := _own_ratio(clause, one)) is not None)
    return Weighed(totals, _status(clause, ratio, coverage), ratio, coverage, ratios)


def settle(contract: Contract, fee: FeeOutcome, present: Mapping[str, int], weighed: Sequence[Weighed]) -> Settled:
    """What the clauses of a contract come to.

    Args:
        contract: Its remedies, rounding and caps.
        fee: The fee of the period.
        present: Milliseconds in service within the period, by asset.
        weighed: What each clause measured, in the order of the contract.

    Raises:
        AmountTooLargeError: An amount is beyond 2**53 - 1 minor units; nothing is settled.
    """
    pairs = zip(contract.clauses, weighed, strict=True)
    clauses = [_settle_clause(contract, clause, fee, present, one) for clause, one in pairs]
    caps = apply_caps(contract.caps, fee.minor, [clause.credit_minor for clause in clauses])
    granted = tuple(replace(clause, granted_minor=share) for clause, share in zip(clauses, caps.shares, strict=True))
    _refuse_what_json_cannot_carry(fee, granted, caps)
    return Settled(granted, caps)


def _settle_clause(
    contract: Contract, clause: Clause, fee: FeeOutcome, present: Mapping[str, int], weighed: Weighed
) -> SettledClause:
    judgements: tuple[Judgement, ...] = ()
    if weighed.status == "settled" and weighed.ratio is not None:
        judgements = _judge(clause, weighed.ratio, weighed.ratios, fee, present)
    credit = sum((one.credit for one in judgements), Fraction(0))
    bonus = sum((one.bonus for one in judgements), Fraction(0))
    mode = contract.rounding
    return SettledClause(judgements, round_minor(credit, mode), round_minor(bonus, mode), 0)


def _own_ratio(clause: Clause, one: MeasuredAsset) -> Fraction | None:
    if one.measure.ratio is None:
        return without_cause(clause.indicator, one.committed)
    return one.measure.ratio


def _status(clause: Clause, ratio: Fraction | None, coverage: Fraction | None) -> Status:
    if ratio is None:
        return "indeterminate"
    gate = clause.minimum_coverage
    return "indeterminate" if gate is not None and coverage is not None and 100 * coverage < gate else "settled"


def _judge(
    clause: Clause,
    ratio: Fraction,
    ratios: Sequence[tuple[str, Fraction]],
    fee: FeeOutcome,
    present: Mapping[str, int],
) -> tuple[Judgement, ...]:
    if clause.aggregate != "per_asset":
        return (Judgement("", 100 * ratio, fee.exact, judge(clause.remedies, 100 * ratio)),)
    bases = shares(fee, clause.assets, present)
    return tuple(Judgement(asset, 100 * own, bases[asset], judge(clause.remedies, 100 * own)) for asset, own in ratios)


def _refuse_what_json_cannot_carry(fee: FeeOutcome, clauses: Sequence[SettledClause], caps: CapsOutcome) -> None:
    total = fee.minor + sum(one.bonus_minor - one.granted_minor for one in clauses)
    amounts = [total, fee.minor, caps.asked]
    amounts += [amount for one in clauses for amount in (one.credit_minor, one.bonus_minor)]
    if max(map(abs, amounts)) > LARGEST_MINOR:
        raise AmountTooLargeError(
            "An amount is larger than 9007199254740991 minor units.",
            place="contract",
            fix="Look for a price, a volume or a percentage that is too large by orders of magnitude.",
        )
