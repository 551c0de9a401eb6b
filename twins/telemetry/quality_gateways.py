"""How gateways deliver: how old readings are when they come, when nothing came, how their clocks stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from twins.telemetry.quality_figures import Seen
from twins.telemetry.schemas import Ints

CLOCK_IS_RIGHT_US = 5_000_000
"""A clock that is ahead by less than this is not told of."""
SLOW_US = 120_000_000
"""What always comes at least so old comes over a slow way, or by a clock that is behind."""
_QUARTER_US = 15 * 60 * 1_000_000
_NEAR_US = 20_000_000
"""How near to whole quarters of an hour an offset must be to be taken for a time zone."""
FROZEN_US = 5 * 60 * 1_000_000
FROZEN_SIGNALS = 3


class ClockFault(StrEnum):
    """What is wrong with a gateway's clock."""

    ZONE_AHEAD = "zone_ahead"
    """By whole quarters of an hour: it sends local time of a zone east of Greenwich as UTC."""
    ZONE_BEHIND = "zone_behind"
    """The same for a zone west of Greenwich."""
    AHEAD = "ahead"
    SLOW = "slow"
    """Everything comes late by about as much: a slow way, a long buffer, or a clock that is behind."""


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """Batches of one gateway in the order of their arrival; instants in microseconds, shape ``(n,)`` each.

    Attributes:
        received: When each came.
        first: The oldest instant of its readings.
        last: The newest.
        readings: How many it stored.
    """

    received: Ints
    first: Ints
    last: Ints
    readings: Ints


@dataclass(frozen=True, slots=True)
class Deliveries:
    """How a gateway delivered in a span.

    Attributes:
        batches: How many batches.
        readings: Readings they stored.
        median_us: How old the newest reading of a batch is when it comes: of half of the readings at most this.
            Negative when the gateway's clock is ahead.
        p95_us: The same of 95 in 100.
        worst_us: How old the oldest reading of all was when it came.
        silence: The longest time in the span in which nothing came, as start and end.
    """

    batches: int
    readings: int
    median_us: int | None
    p95_us: int | None
    worst_us: int | None
    silence: tuple[int, int]


def deliveries(batches: Batches, start: int, end: int) -> Deliveries:
    """How a gateway delivered in ``[start, end)``, told from what came there."""
    edges = np.concatenate([[start], batches.received, [end]])
    longest = int(np.argmax(np.diff(edges)))
    silence = (int(edges[longest]), int(edges[longest + 1]))
    if not batches.received.size:
        return Deliveries(0, 0, None, None, None, silence)
    age = batches.received - batches.last
    median, p95 = _weighted(age, batches.readings, (0.5, 0.95))
    worst = int((batches.received - batches.first).max())
    return Deliveries(batches.received.size, int(batches.readings.sum()), median, p95, worst, silence)


def clock_fault(behind_us: int | None) -> ClockFault | None:
    """What is wrong with a clock.

    Args:
        behind_us: The least that came between what a gateway says of its time and the arrival; negative when its clock
            is ahead. The way here makes it larger, never smaller, so what is negative is the clock's.
    """
    if behind_us is None or -CLOCK_IS_RIGHT_US < behind_us < SLOW_US:
        return None
    quarters = round(behind_us / _QUARTER_US)
    is_zone = quarters != 0 and abs(behind_us - quarters * _QUARTER_US) <= _NEAR_US
    if behind_us < 0:
        return ClockFault.ZONE_AHEAD if is_zone else ClockFault.AHEAD
    return ClockFault.ZONE_BEHIND if is_zone else ClockFault.SLOW


def frozen_since(signals: Sequence[Seen]) -> int | None:
    """Since when all signals of a gateway repeat their last values, while they go on coming.

    So it looks when a source behind the gateway is gone and its last values are sent on with new instants. Told of at
    least `FROZEN_SIGNALS` signals that did change in the span, and after `FROZEN_US`.
    """
    changing = [
        (one.changed_at, one.newest_at) for one in signals if one.changed_at is not None and one.newest_at is not None
    ]
    if len(changing) < FROZEN_SIGNALS:
        return None
    since = max(changed for changed, _ in changing)
    return since if min(newest for _, newest in changing) - since >= FROZEN_US else None


def _weighted(value: Ints, weight: Ints, shares: Sequence[float]) -> list[int]:
    """The smallest values that hold these shares of the weight."""
    order = np.argsort(value, kind="stable")
    upto = np.cumsum(np.maximum(weight[order], 1))
    places = np.searchsorted(upto, np.array(shares) * upto[-1])
    return [int(one) for one in value[order][places]]
