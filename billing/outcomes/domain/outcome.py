"""What comes out of rating a document, each figure beside what it was computed from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Literal

from billing.contracts.domain import Clause, Contract
from billing.outcomes.domain.admission import Unrated
from billing.outcomes.domain.caps import CapsOutcome
from billing.outcomes.domain.counters import Volume
from billing.outcomes.domain.fees import FeeOutcome
from billing.outcomes.domain.indicators import HOUR_MS, Measure, MeasuredAsset
from billing.outcomes.domain.period import Ledger, Totals
from billing.outcomes.domain.remedies import Verdict
from billing.outcomes.domain.segments import Stretch
from billing.outcomes.domain.spans import intersect, total
from tenants.kernel.calendars import Span

ENGINE = "outturn-outcomes-1"
"""The rules of reckoning; a change that can change a figure changes this name."""

Status = Literal["settled", "indeterminate"]


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen of one asset, whatever the clause.

    Attributes:
        asset: Its id.
        present: Its time in service within the period, no span or one.
        states: Its states over the period and beyond, with the report each comes from.
        volume: What its counter rose by.
        measures: What its further counters rose by, by name.
        conditions: When something held and when not, by name, as `states`.
    """

    asset: str
    present: tuple[Span, ...]
    states: tuple[Stretch, ...]
    volume: Volume
    measures: Mapping[str, Volume] = field(default_factory=dict)
    conditions: Mapping[str, tuple[Stretch, ...]] = field(default_factory=dict)

    def quantity(self, of: str | None) -> Fraction:
        """What a name of the contract stands for: a volume, or the hours in service in which a condition held.

        Args:
            of: A measure or a condition; None for what the counter rose by. What the asset has not, it has nothing of.
        """
        if of is None:
            return self.volume.total
        if of in self.measures:
            return self.measures[of].total
        return Fraction(total(intersect(self.held(of), self.present)), HOUR_MS)

    def held(self, of: str | None) -> list[Span]:
        """When a condition is known to have held, also beyond the period; what the asset has not, never did."""
        return [(start, end) for start, end, state, _ in self.conditions.get(of or "", ()) if state == "up"]


@dataclass(frozen=True, slots=True)
class AssetOutcome:
    """One asset under one clause."""

    asset: str
    ledger: Ledger
    measure: Measure

    def as_measured(self) -> MeasuredAsset:
        """What of it remedies, prices and caps are worked out from."""
        return MeasuredAsset(self.asset, self.measure, self.ledger.totals.committed)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the remedies of a clause make of one ratio.

    Attributes:
        asset: Whose ratio it is; empty for that of the whole clause.
        percent: The exact outcome in percent.
        base: The fee base, exact minor units.
        verdicts: One for each remedy, in the order of the clause.
    """

    asset: str
    percent: Fraction
    base: Fraction
    verdicts: tuple[Verdict, ...]

    @property
    def credit(self) -> Fraction:
        """Exact minor units for the customer."""
        return self.base * sum((one.credit for one in self.verdicts), Fraction(0)) / 100

    @property
    def bonus(self) -> Fraction:
        """Exact minor units for the provider."""
        return self.base * sum((one.bonus for one in self.verdicts), Fraction(0)) / 100


@dataclass(frozen=True, slots=True)
class ClauseOutcome:
    """One clause, rated.

    Attributes:
        clause: Its terms.
        status: ``indeterminate`` when too little is known or there is nothing to measure against; nothing is settled.
        ratio: The exact outcome (dimensionless); None when there is nothing to measure against.
        coverage: The known share of committed time (dimensionless); None when no time is committed.
        totals: Milliseconds by category, summed over the assets.
        assets: Each asset, in the order of the clause.
        judgements: One for the clause, or one per asset; none when indeterminate.
        credit_minor: ``credit``, rounded once.
        bonus_minor: ``bonus``, rounded once.
        granted_minor: The credit after caps, minor units.
    """

    clause: Clause
    status: Status
    ratio: Fraction | None
    coverage: Fraction | None
    totals: Totals
    assets: tuple[AssetOutcome, ...]
    judgements: tuple[Judgement, ...]
    credit_minor: int = 0
    bonus_minor: int = 0
    granted_minor: int = 0

    @property
    def credit(self) -> Fraction:
        """Exact minor units for the customer before caps."""
        return sum((one.credit for one in self.judgements), Fraction(0))

    @property
    def bonus(self) -> Fraction:
        """Exact minor units for the provider."""
        return sum((one.bonus for one in self.judgements), Fraction(0))

    @property
    def amount_minor(self) -> int | None:
        """What the clause adds to the fee, minor units, credits negative; None when nothing is settled."""
        return self.bonus_minor - self.granted_minor if self.status == "settled" else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A rated document.

    Attributes:
        contract: The terms.
        period: ``[start, end)``, milliseconds since the epoch.
        as_of: What was known when, milliseconds since the epoch.
        observed: Every asset of the evidence, by id.
        unrated: Evidence and exclusions that did not count, and why.
        fee: The fee.
        clauses: In the order of the contract.
        caps: What the caps did.
    """

    contract: Contract
    period: Span
    as_of: int
    observed: tuple[Observed, ...]
    unrated: tuple[Unrated, ...]
    fee: FeeOutcome
    clauses: tuple[ClauseOutcome, ...]
    caps: CapsOutcome

    @property
    def total_minor(self) -> int:
        """The fee and what the clauses add to it, minor units."""
        return self.fee.minor + sum(clause.amount_minor or 0 for clause in self.clauses)


def sum_totals(parts: Iterable[Totals]) -> Totals:
    """The sum over assets, category by category."""
    every = tuple(parts)
    return Totals(**{field.name: sum(getattr(one, field.name) for one in every) for field in fields(Totals)})
