"""Volume from cumulative counters: the increases between readings, with resets, duplicates and any order.

What is compared and added are whole multiples of a unit that all readings of a counter share: that is exact,
and twenty times as quick as fractions. The increases themselves are made when somebody wants to see them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import pairwise, repeat
from math import lcm
from operator import gt, itemgetter, le, lt
from typing import NamedTuple

from billing.outcomes.domain.document import RATIO, CounterReading
from tenants.kernel.calendars import Span

_ID, _AT = itemgetter(0), itemgetter(1)


class Increase(NamedTuple):
    """What a counter rose by up to a reading, to be shown; ``reset`` when it had dropped and is counted from 0.

    `value` and `increase` are exact, as texts that `Fraction` reads.
    """

    id: str
    at: int
    value: str
    increase: str
    reset: bool


@dataclass(frozen=True)
class Volume:
    """What one asset's counter rose by in the period, in the unit of the counter.

    Attributes:
        total: The sum of the increases.
        base: The reading the first increase is counted from; None when there is no reading to start from.
        counted: The readings that increases lead to, in the order of time.
        units: What the base and each of these stood at, in parts of the unit.
        scale: How many of these parts make a unit.
    """

    total: Fraction
    base: CounterReading | None
    counted: tuple[CounterReading, ...]
    units: Sequence[int] = field(default=(), compare=False, repr=False)
    scale: int = field(default=1, compare=False, repr=False)

    @cached_property
    def increases(self) -> tuple[Increase, ...]:
        """The increases, in the order of time; made once, and shown more than once."""
        after = self.units[1:]
        resets = list(map(gt, self.units, after))
        rises = [now if reset else now - before for before, now, reset in zip(self.units, after, resets, strict=False)]
        ids, instants, scale = map(_ID, self.counted), map(_AT, self.counted), repeat(self.scale)
        return tuple(map(Increase, ids, instants, map(_text, after, scale), map(_text, rises, scale), resets))


def measure_volume(readings: Sequence[CounterReading], period: Span) -> Volume:
    """The increases that end in the period, its start excluded and its end included.

    An increase belongs to the period in which its later reading lies, so that consecutive periods count everything
    once: the reading at the end of one is what the next is counted from. The same id is one reading, as received last.
    """
    in_order, instants = _in_order(readings)
    reached = bisect_right(instants, period[1])
    first = max(1, bisect_right(instants, period[0], hi=reached))
    if not reached:
        return Volume(Fraction(0), None, ())
    since = in_order[first - 1 : reached]
    units, scale = _in_units(since)
    is_rising = all(map(le, units, units[1:]))
    lost = 0 if is_rising else sum([before for before, after in pairwise(units) if after < before])  # before a reset
    return Volume(Fraction(units[-1] - units[0] + lost, scale), since[0], tuple(since[1:]), units, scale)


def _in_order(readings: Sequence[CounterReading]) -> tuple[list[CounterReading], list[int]]:
    """Each reading once, in the order of time, those of one instant as they were received, and when they were made."""
    once = list(readings)
    if len(set(map(_ID, readings))) < len(readings):
        by_receipt = sorted(readings, key=lambda one: (one.received, one.at, one.value))
        once = list({reading.id: reading for reading in by_receipt}.values())
    instants = list(map(_AT, once))
    if not all(map(lt, instants, instants[1:])):
        once.sort(key=lambda one: (one.at, one.received, one.value, one.id))
        instants = list(map(_AT, once))
    return once, instants


@lru_cache(maxsize=4096)  # what runs evenly rises by the same again and again
def _text(units: int, scale: int) -> str:
    return str(Fraction(units, scale))


def _in_units(readings: Sequence[CounterReading]) -> tuple[Sequence[int], int]:
    """Their values in whole multiples of a unit that all share, and how many of these make one of the counter's."""
    numerators, denominators = zip(*map(RATIO, readings), strict=True)
    scale = lcm(*set(denominators))
    if {scale}.issuperset(denominators):  # as many digits after the point, as most write them
        return numerators, scale
    return [part * (scale // whole) for part, whole in zip(numerators, denominators, strict=True)], scale
