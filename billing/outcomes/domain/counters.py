"""Volume from cumulative counters: the increases between readings, with resets, duplicates and any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from billing.outcomes.domain.document import CounterReading
from tenants.kernel.calendars import Span


class Increase(NamedTuple):
    """What a counter rose by up to a reading; ``reset`` when it had dropped and is counted from 0."""

    id: str
    at: int
    value: Fraction
    increase: Fraction
    reset: bool


@dataclass(frozen=True, slots=True)
class Volume:
    """What one asset's counter rose by in the period, in the unit of the counter.

    Attributes:
        total: The sum of the increases.
        base: The reading the first increase is counted from; None when there is no reading to start from.
        increases: In the order of time.
    """

    total: Fraction
    base: CounterReading | None
    increases: tuple[Increase, ...]


def measure_volume(readings: Sequence[CounterReading], period: Span) -> Volume:
    """The increases that end in the period, its start excluded and its end included.

    An increase belongs to the period in which its later reading lies, so that consecutive periods count everything
    once: the reading at the end of one is what the next is counted from. The same id is one reading, as received last.
    """
    once: dict[str, CounterReading] = {}
    for reading in sorted(readings, key=lambda one: (one.received, one.at, one.value)):
        once[reading.id] = reading
    in_order = sorted(once.values(), key=lambda one: (one.at, one.value, one.id))
    base: CounterReading | None = None
    increases: list[Increase] = []
    before: CounterReading | None = None
    for reading in in_order:
        if reading.at > period[1]:
            break
        if before is not None and reading.at > period[0]:
            base = base or before
            increases.append(_increase(before, reading))
        before = reading
    return Volume(sum((one.increase for one in increases), Fraction(0)), base or before, tuple(increases))


def _increase(before: CounterReading, reading: CounterReading) -> Increase:
    reset = reading.value < before.value
    rise = reading.value if reset else reading.value - before.value
    return Increase(reading.id, reading.at, reading.value, rise, reset)
