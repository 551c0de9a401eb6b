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
from dataclasses import dataclass

from billing.contracts.domain import (
    Availability,
    Clause,
    Contract,
    MeanRate,
    MeteredFee,
    Ratio,
    Response,
    Throughput,
)
from billing.outcomes.domain.admission import Admitted, admit
from billing.outcomes.domain.counters import measure_volume
from billing.outcomes.domain.document import AssetEvidence, RateDocument
from billing.outcomes.domain.fees import FeeOutcome, charge
from billing.outcomes.domain.incidents import find_incidents
from billing.outcomes.domain.indicators import Measure, measure, measure_incidents, measure_ratio, observe_rates
from billing.outcomes.domain.outcome import AssetOutcome, ClauseOutcome, Observed, Outcome, sum_totals
from billing.outcomes.domain.period import Ledger, in_service, keep_ledger
from billing.outcomes.domain.segments import Run, observe, stitch
from billing.outcomes.domain.settling import settle, weigh
from billing.outcomes.domain.spans import total


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
    measured = [tuple(_rate_asset(clause, asset, scene) for asset in clause.assets) for clause in contract.clauses]
    weighed = [
        weigh(clause, sum_totals(one.ledger.totals for one in assets), [one.as_measured() for one in assets])
        for clause, assets in zip(contract.clauses, measured, strict=True)
    ]
    settled = settle(contract, scene.fee, scene.present, weighed)
    return Outcome(
        contract=contract,
        period=document.period,
        as_of=document.as_of,
        observed=tuple(scene.observed[asset] for asset in sorted(scene.observed)),
        unrated=scene.admitted.unrated,
        fee=scene.fee,
        clauses=tuple(
            ClauseOutcome(
                clause=clause,
                status=weight.status,
                ratio=weight.ratio,
                coverage=weight.coverage,
                totals=weight.totals,
                assets=assets,
                judgements=one.judgements,
                credit_minor=one.credit_minor,
                bonus_minor=one.bonus_minor,
                granted_minor=one.granted_minor,
            )
            for clause, assets, weight, one in zip(contract.clauses, measured, weighed, settled.clauses, strict=True)
        ),
        caps=settled.caps,
    )


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
    return AssetOutcome(asset, ledger, _measure(clause, ledger, seen, scene))


def _measure(clause: Clause, ledger: Ledger, seen: Observed, scene: _Scene) -> Measure:
    indicator, period = clause.indicator, scene.document.period
    if isinstance(indicator, Ratio):
        return measure_ratio(indicator, ledger, seen.quantity(indicator.of), seen.quantity(indicator.per))
    if isinstance(indicator, Response):
        runs = scene.runs[seen.asset, None]
        held = seen.held(indicator.of)
        return measure_incidents(find_incidents(clause, indicator, period, ledger.committed, runs, held))
    reports = scene.admitted.evidence[seen.asset].rates if isinstance(indicator, MeanRate) else ()
    volume = seen.quantity(indicator.of) if isinstance(indicator, Throughput) else seen.volume.total
    return measure(indicator, ledger, volume, observe_rates(reports, period))
