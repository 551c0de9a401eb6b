"""What is rated: a contract, the evidence about its assets, the exclusions claimed, a period and a moment of knowledge.

Instants are milliseconds since the epoch, spans half-open. All of it is plain immutable data: the same document always
gives the same outcome. What there are thousands of are named tuples, which are four times as quick to make.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from operator import itemgetter
from typing import Any, NamedTuple

from billing.contracts.domain import Contract, State
from tenants.kernel.calendars import Span


class StateReport(NamedTuple):
    """Somebody said at ``received`` that an asset was in this state from ``start`` to ``end``."""

    start: int
    end: int
    state: State
    received: int


class CounterReading(NamedTuple):
    """A cumulative counter at one instant, in the unit of the contract; ``id`` is unique for the asset.

    What it stood at is kept as numerator and denominator, which need no common divisor taken out: as a fraction each
    would take longer to make and to ask than all that is reckoned with it.
    """

    id: str
    at: int
    ratio: tuple[int, int]
    received: int

    @property
    def value(self) -> Fraction:
        """What it stood at."""
        return Fraction(*self.ratio)


class RateReport(NamedTuple):
    """The error share (0 to 1) of an asset over a span; without ``received`` it is taken as known from the start."""

    start: int
    end: int
    value: Fraction
    received: int | None = None


RATIO: Callable[[CounterReading], tuple[int, int]] = itemgetter(2)
RECEIVED: Callable[[Any], int | None] = itemgetter(3)
"""When a report of whatever kind was received: all have it in the same place, where it is found twice as quickly."""


@dataclass(frozen=True, slots=True)
class AssetEvidence:
    """What is known about one asset.

    Attributes:
        in_service: First instant in service and first instant after; None on a side is without end.
        initial: The state wherever no report says another.
        states: Reports of its state, in any order.
        counters: Readings of its counter, in any order.
        rates: Reports of its error share, in any order.
        measures: Readings of further counters by name, in any order.
        conditions: Reports by name of when something held (``up``) and when not, in any order.
    """

    in_service: tuple[int | None, int | None] = (None, None)
    initial: State = "unknown"
    states: tuple[StateReport, ...] = ()
    counters: tuple[CounterReading, ...] = ()
    rates: tuple[RateReport, ...] = ()
    measures: Mapping[str, tuple[CounterReading, ...]] = field(default_factory=dict)
    conditions: Mapping[str, tuple[StateReport, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExclusionClaim:
    """A span that somebody asks not to count for some assets.

    ``approved`` is None until the other side agrees, ``withdrawn`` until whoever asked takes it back.
    """

    category: str
    assets: tuple[str, ...]
    start: int
    end: int
    approved: int | None
    withdrawn: int | None = None


@dataclass(frozen=True, slots=True)
class RateDocument:
    """Everything an outcome is computed from.

    Attributes:
        period: The billing period, ``[start, end)``.
        as_of: What was received or approved later is not known yet.
        contract: The terms.
        evidence: By asset id; every asset that a clause or an exclusion names is in it.
        exclusions: Claims, approved, withdrawn or neither, in any order.
    """

    period: Span
    as_of: int
    contract: Contract
    evidence: Mapping[str, AssetEvidence]
    exclusions: tuple[ExclusionClaim, ...] = ()
