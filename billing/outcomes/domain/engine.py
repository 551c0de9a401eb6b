"""The outcome engine: one pure function from a document to an outcome.

1. part the evidence into what was in time and what was not, the exclusions into approved and not;
2. per asset: states over time, volume, error shares, time in service;
3. the fee;
4. per clause and asset: service time, less exclusions by priority, is committed time; its states and gaps give a ratio;
5. per clause: coverage gate, aggregate, remedies, one rounding;
6. caps over all credits, shared by largest remainder; fee and amounts make the total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from billing.contracts.domain import Availability, Clause, Contract, Indicator, MeanRate, MeteredFee, Ratio, Throughput
from billing.outcomes.domain.admission import Admitted, admit
from billing.outcomes.domain.caps import apply_caps
from billing.outcomes.domain.counters import measure_volume
from billing.outcomes.domain.document import AssetEvidence, RateDocument
from billing.outcomes.domain.fees import FeeOutcome, charge, shares
from billing.outcomes.domain.indicators import Measure, RatedSpan, aggregate, measure, measure_ratio, observe_rates
from billing.outcomes.domain.outcome import (
    AssetOutcome,
    ClauseOutcome,
    Judgement,
    Observed,
    Outcome,
    Status,
    sum_totals,
)
from billing.outcomes.domain.period import Ledger, in_service, keep_ledger
from billing.outcomes.domain.remedies import judge
from billing.outcomes.domain.segments import Run, observe, stitch
from billing.outcomes.domain.spans import total
from tenants.kernel.errors import OutturnError
from tenants.kernel.money import LARGEST_MINOR, round_minor


class AmountTooLargeError(OutturnError):
    """An amount does not fit the integers that every reader of JSON reads exactly."""

    code = "rate.amount_too_large"
    status = 422


@dataclass(frozen=True, slots=True)
class _Scene:
    """What all clauses look at."""

    document: RateDocument
    admitted: Admitted
    observed: Mapping[str, Observed]
    runs: Mapping[tuple[str, str | None], Sequence[Run]]
    present: Mapping[str, int]
    fee: FeeOutcome


def rate(document: RateDocument) -> Outcome:
    """Rate a document: exact, pure, and the same outcome for the same evidence in any order.

    Raises:
        AmountTooLargeError: An amount is beyond 2**53 - 1 minor units; nothing is rated.
    """
    scene = _survey(document)
    contract = document.contract
    clauses = [_rate_clause(clause, scene) for clause in contract.clauses]
    caps = apply_caps(contract.caps, scene.fee.minor, [clause.credit_minor for clause in clauses])
    outcome = Outcome(
        contract=contract,
        period=document.period,
        as_of=document.as_of,
        observed=tuple(scene.observed[asset] for asset in sorted(scene.observed)),
        unrated=scene.admitted.unrated,
        fee=scene.fee,
        clauses=tuple(
            replace(clause, granted_minor=granted) for clause, granted in zip(clauses, caps.shares, strict=True)
        ),
        caps=caps,
    )
    _refuse_what_json_cannot_carry(outcome)
    return outcome


def _survey(document: RateDocument) -> _Scene:
    admitted = admit(document)
    observed = {asset: _observe(asset, known, document) for asset, known in admitted.evidence.items()}
    present = {asset: total(one.present) for asset, one in observed.items()}
    fee = document.contract.fee
    of = fee.of if isinstance(fee, MeteredFee) else None
    volumes = {asset: one.quantity(of) for asset, one in observed.items()}
    start, end = document.period
    return _Scene(
        document=document,
        admitted=admitted,
        observed=observed,
        runs=_runs(document.contract, observed),
        present=present,
        fee=charge(document.contract, end - start, present, volumes),
    )


def _observe(asset: str, known: AssetEvidence, document: RateDocument) -> Observed:
    return Observed(
        asset=asset,
        present=tuple(in_service(document.period, known.in_service)),
        states=observe(known, document.period),
        volume=measure_volume(known.counters, document.period),
        measures={name: measure_volume(some, document.period) for name, some in sorted(known.measures.items())},
        conditions={
            name: observe(AssetEvidence(states=some), document.period)
            for name, some in sorted(known.conditions.items())
        },
    )


def _runs(contract: Contract, observed: Mapping[str, Observed]) -> dict[tuple[str, str | None], Sequence[Run]]:
    """The states that clauses look at: those of the asset, or those of a condition by its name."""
    runs: dict[tuple[str, str | None], Sequence[Run]] = {
        (asset, None): stitch(one.states) for asset, one in observed.items()
    }
    for clause in contract.clauses:
        name = _condition(clause)
        if name is not None:
            runs |= {(asset, name): stitch(observed[asset].conditions[name]) for asset in clause.assets}
    return runs


def _condition(clause: Clause) -> str | None:
    return clause.indicator.of if isinstance(clause.indicator, Availability) else None


def _rate_clause(clause: Clause, scene: _Scene) -> ClauseOutcome:
    assets = tuple(_rate_asset(clause, asset, scene) for asset in clause.assets)
    totals = sum_totals(one.ledger.totals for one in assets)
    coverage = Fraction(totals.committed - totals.unknown, totals.committed) if totals.committed else None
    ratio = aggregate(clause.aggregate, [one.measure for one in assets])
    status = _status(clause, ratio, coverage)
    judgements = _judge(clause, ratio, assets, scene) if status == "settled" and ratio is not None else ()
    rated = ClauseOutcome(clause, status, ratio, coverage, totals, assets, judgements)
    mode = scene.document.contract.rounding
    return replace(rated, credit_minor=round_minor(rated.credit, mode), bonus_minor=round_minor(rated.bonus, mode))


def _rate_asset(clause: Clause, asset: str, scene: _Scene) -> AssetOutcome:
    document, seen = scene.document, scene.observed[asset]
    ledger = keep_ledger(
        clause,
        document.contract.zone,
        document.period,
        seen.present,
        scene.runs[asset, _condition(clause)],
        scene.admitted.claims[asset],
    )
    reports = scene.admitted.evidence[asset].rates if isinstance(clause.indicator, MeanRate) else ()
    rates = observe_rates(reports, document.period)
    return AssetOutcome(asset, ledger, _measure(clause.indicator, ledger, seen, rates))


def _measure(indicator: Indicator, ledger: Ledger, seen: Observed, rates: Sequence[RatedSpan]) -> Measure:
    if isinstance(indicator, Ratio):
        return measure_ratio(indicator, ledger, seen.quantity(indicator.of), seen.quantity(indicator.per))
    volume = seen.quantity(indicator.of) if isinstance(indicator, Throughput) else seen.volume.total
    return measure(indicator, ledger, volume, rates)


def _status(clause: Clause, ratio: Fraction | None, coverage: Fraction | None) -> Status:
    if ratio is None:
        return "indeterminate"
    gate = clause.minimum_coverage
    return "indeterminate" if gate is not None and coverage is not None and 100 * coverage < gate else "settled"


def _judge(clause: Clause, ratio: Fraction, assets: Sequence[AssetOutcome], scene: _Scene) -> tuple[Judgement, ...]:
    if clause.aggregate != "per_asset":
        return (Judgement("", 100 * ratio, scene.fee.exact, judge(clause.remedies, 100 * ratio)),)
    bases = shares(scene.fee, clause.assets, scene.present)
    return tuple(
        Judgement(one.asset, 100 * own, bases[one.asset], judge(clause.remedies, 100 * own))
        for one in assets
        if (own := one.measure.ratio) is not None
    )


def _refuse_what_json_cannot_carry(outcome: Outcome) -> None:
    amounts = [outcome.total_minor, outcome.fee.minor, outcome.caps.asked]
    amounts += [amount for one in outcome.clauses for amount in (one.credit_minor, one.bonus_minor)]
    if max(map(abs, amounts)) > LARGEST_MINOR:
        raise AmountTooLargeError(
            "An amount is larger than 9007199254740991 minor units.",
            place="contract",
            fix="Look for a price, a volume or a percentage that is too large by orders of magnitude.",
        )
