"""What a month measured, without the evidence: all that remedies, prices and caps are worked out from.

Evidence of a year is large and slow to tell, what it measured is a few numbers for each asset and clause. These numbers
are exact, so that whoever settles them again gets what a full rating would give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

from billing.contracts.domain import Clause, Contract, MeteredFee
from billing.outcomes.domain.indicators import Measure, MeasuredAsset
from billing.outcomes.domain.outcome import ClauseOutcome, Outcome
from billing.outcomes.domain.period import Totals
from billing.outcomes.domain.spans import total
from tenants.kernel.calendars import Span

Json = dict[str, Any]
_CATEGORIES = tuple(field.name for field in fields(Totals))


@dataclass(frozen=True, slots=True)
class MeasuredClause:
    """What one clause measured.

    Attributes:
        id: The clause.
        totals: Milliseconds by category, summed over the assets.
        assets: The numerator, the denominator and the committed time of each, in the order of the clause.
    """

    id: str
    totals: Totals
    assets: tuple[MeasuredAsset, ...]


@dataclass(frozen=True, slots=True)
class MeasuredMonth:
    """What one month measured.

    Attributes:
        name: The month on the clocks of the contract, such as ``2026-09``.
        period: ``[start, end)``, milliseconds since the epoch.
        present: Milliseconds in service, by asset.
        volumes: What a metered fee counts, by asset; empty for other fees.
        clauses: In the order of the contract.
    """

    name: str
    period: Span
    present: Mapping[str, int]
    volumes: Mapping[str, Fraction]
    clauses: tuple[MeasuredClause, ...]

    def as_json(self) -> Json:
        """The month as JSON: exact numbers as text, totals by field, measures in the order of the clause's assets."""
        return {
            "month": self.name,
            "start_ms": self.period[0],
            "end_ms": self.period[1],
            "present_ms": dict(self.present),
            "volumes": {asset: str(volume) for asset, volume in self.volumes.items()},
            "clauses": [
                {
                    "id": clause.id,
                    "totals_ms": [getattr(clause.totals, name) for name in _CATEGORIES],
                    "measures": [
                        [str(one.measure.numerator), str(one.measure.denominator), one.committed]
                        for one in clause.assets
                    ],
                }
                for clause in self.clauses
            ],
        }

    @classmethod
    def read(cls, value: Mapping[str, Any], contract: Contract) -> MeasuredMonth:
        """The month that ``as_json`` wrote, of a contract with the same clauses about the same assets."""
        return cls(
            name=value["month"],
            period=(value["start_ms"], value["end_ms"]),
            present=value["present_ms"],
            volumes={asset: Fraction(volume) for asset, volume in value["volumes"].items()},
            clauses=tuple(
                _read_clause(found, clause) for found, clause in zip(value["clauses"], contract.clauses, strict=True)
            ),
        )


def measured(name: str, outcome: Outcome) -> MeasuredMonth:
    """What the outcome of a month measured."""
    fee = outcome.contract.fee
    volumes = {one.asset: one.quantity(fee.of) for one in outcome.observed} if isinstance(fee, MeteredFee) else {}
    return MeasuredMonth(
        name=name,
        period=outcome.period,
        present={one.asset: total(one.present) for one in outcome.observed},
        volumes=volumes,
        clauses=tuple(_measured_clause(clause) for clause in outcome.clauses),
    )


def _measured_clause(clause: ClauseOutcome) -> MeasuredClause:
    assets = (one.as_measured() for one in clause.assets)
    bare = (one._replace(measure=Measure(one.measure.numerator, one.measure.denominator)) for one in assets)
    return MeasuredClause(clause.clause.id, clause.totals, tuple(bare))


def _read_clause(value: Mapping[str, Any], clause: Clause) -> MeasuredClause:
    totals = Totals(**dict(zip(_CATEGORIES, value["totals_ms"], strict=True)))
    assets = (
        MeasuredAsset(asset, Measure(Fraction(over), Fraction(under)), committed)
        for asset, (over, under, committed) in zip(clause.assets, value["measures"], strict=True)
    )
    return MeasuredClause(value["id"], totals, tuple(assets))
