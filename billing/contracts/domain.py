"""The terms of an outcome contract, ready to be reckoned with.

Durations are whole milliseconds, percentages and quantities exact fractions, money whole minor units. Field by field
these are the words of the contract document (``billing.contracts.schemas``), read once.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from tenants.kernel.calendars import Calendar
from tenants.kernel.money import Rounding

State = Literal["up", "down", "unknown"]
Aggregate = Literal["pooled", "mean", "worst", "per_asset"]


@dataclass(frozen=True, slots=True)
class FlatFee:
    """One amount for the period."""

    minor: int


@dataclass(frozen=True, slots=True)
class PerAssetFee:
    """One amount for every asset in service; ``prorated`` charges only the share of the period it was in service."""

    minor: int
    prorated: bool


@dataclass(frozen=True, slots=True)
class PriceTier:
    """A price in major units per unit of volume, up to and including ``to`` (None: without end)."""

    to: Fraction | None
    price: Fraction


@dataclass(frozen=True, slots=True)
class MeteredFee:
    """A price on the volume: each part at the price of its own tier, or all of it at the tier it ends in.

    ``of`` names the measure whose volume it is, or the condition whose hours; None is that of ``counters``.
    """

    unit: str
    mode: Literal["graduated", "volume"]
    tiers: tuple[PriceTier, ...]
    of: str | None = None


Fee = FlatFee | PerAssetFee | MeteredFee


@dataclass(frozen=True, slots=True)
class Availability:
    """The share of committed time that was up, or in which the condition ``of`` held."""

    of: str | None = None


@dataclass(frozen=True, slots=True)
class Throughput:
    """Volume per hour against a target.

    Attributes:
        unit: Unit of the counters.
        target: Units per hour.
        hours: Hours each asset is measured against; None is its committed time.
        of: The measure whose volume it is, or the condition whose hours; None is that of ``counters``.
    """

    unit: str
    target: Fraction
    hours: Fraction | None
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """One quantity by another against a target, such as energy by tonne.

    Attributes:
        of: The measure that is divided, or the condition whose hours are.
        per: The one it is divided by.
        unit: Unit of the quotient.
        target: The quotient that is 100 percent.
        better: Whether more or less of it is better; with less, half the target is 200 percent.
    """

    of: str
    per: str
    unit: str
    target: Fraction
    better: Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class MeanRate:
    """One less the mean error share over intervals of ``interval`` milliseconds."""

    interval: int


@dataclass(frozen=True, slots=True)
class Response:
    """The share of incidents whose clock had not passed ``within`` when it stopped.

    Attributes:
        within: Milliseconds of committed time.
        of: The condition that stops the clock when it begins to hold, besides the return of the asset; None is only
            the return.
    """

    within: int
    of: str | None = None


Indicator = Availability | Throughput | Ratio | MeanRate | Response


@dataclass(frozen=True, slots=True)
class OutageRule:
    """Outages shorter than ``minimum`` are dropped, longer ones cut to whole ``quantum`` (0: not cut)."""

    minimum: int
    quantum: int


@dataclass(frozen=True, slots=True)
class GapRule:
    """What unknown time counts as; ``carry`` milliseconds and ``then`` belong to ``carry_forward``."""

    policy: Literal["as_up", "as_down", "exclude", "carry_forward"]
    carry: int = 0
    then: Literal["up", "down"] = "down"


@dataclass(frozen=True, slots=True)
class ExclusionRule:
    """A category of exclusions and how long it may exclude each asset in a period (None: without limit)."""

    category: str
    allowance: int | None


@dataclass(frozen=True, slots=True)
class Tier:
    """A credit, in percent of the fee base, for an outcome below a percentage."""

    below: Fraction
    credit: Fraction


@dataclass(frozen=True, slots=True)
class TierRemedy:
    """The credit of the most severe tier that holds."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class StepRemedy:
    """A percentage of the fee base for every step of ``per`` points on one side of a threshold.

    Attributes:
        side: The side of the threshold on which it works.
        threshold: Percent.
        effect: Whether the customer or the provider gains.
        percent: Percent of the fee base per step.
        per: Percentage points of a step.
        started: Whether a step counts when it is started, or only when it is full.
        cap: The most it can come to, percent of the fee base; None is no cap.
    """

    side: Literal["below", "above"]
    threshold: Fraction
    effect: Literal["credit", "bonus"]
    percent: Fraction
    per: Fraction
    started: bool
    cap: Fraction | None


Remedy = TierRemedy | StepRemedy


@dataclass(frozen=True, slots=True)
class Clause:
    """One guarantee: what is measured on which assets, what does not count, and what a miss or a surplus is worth.

    ``minimum_coverage`` is the percentage of committed time that must be known for anything to be settled.
    """

    id: str
    indicator: Indicator
    assets: tuple[str, ...]
    aggregate: Aggregate
    calendar: Calendar | None
    outages: OutageRule
    gaps: GapRule
    minimum_coverage: Fraction | None
    exclusions: tuple[ExclusionRule, ...]
    remedies: tuple[Remedy, ...]


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits on the sum of credits: percent of the fee, and minor units left of the year's limit (None: no limit)."""

    period_percent: Fraction | None
    year_remaining_minor: int | None


@dataclass(frozen=True, slots=True)
class Contract:
    """An outcome contract; ``correction_window`` is how long after the period evidence is still rated."""

    currency: str
    zone: ZoneInfo
    rounding: Rounding
    correction_window: int
    fee: Fee
    clauses: tuple[Clause, ...]
    caps: Caps
