"""Operations on the readings of a time before each instant, on whole arrays.

Every result depends on the readings of its own window alone, down to the last bit: sums are taken window by window and
never as the difference of two running sums. So it does not matter from where on the readings were loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twins.language.pointwise import Values

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """Instants that look back at readings.

    Attributes:
        at: The instants that look, in microseconds, shape ``(n,)``.
        window_us: How far back they look; what is exactly so old does not count.
        read_at: Instants of the known readings, ascending, shape ``(m,)``.
        value: Their values, shape ``(m,)``.
        low: The first reading in each window, shape ``(n,)``.
        high: The first one after it.
        hold_us: How long a reading holds when nothing follows it.
    """

    at: Ints
    window_us: int
    read_at: Ints
    value: Values
    low: Ints
    high: Ints
    hold_us: int

    @property
    def is_empty(self) -> NDArray[np.bool_]:
        """Which windows have no reading."""
        return self.low >= self.high


def look(at: Ints, window_us: int, read_at: Ints, value: Values, hold_us: int) -> Looks:
    """Find the readings in the window before each instant."""
    low = np.searchsorted(read_at, at - window_us, side="right")
    high = np.searchsorted(read_at, at, side="right")
    return Looks(at, window_us, read_at, value, low, high, hold_us)


def reduced(ufunc: np.ufunc, values: NDArray[np.generic], low: Ints, high: Ints) -> NDArray[np.generic]:
    """``ufunc.reduce(values[low:high])`` for each pair; where that is nothing, anything."""
    if not low.size:
        return values[:0]
    padded = np.append(values, values[-1:] if values.size else np.zeros(1, values.dtype))
    pairs = np.empty(2 * low.size, np.int64)
    pairs[0::2], pairs[1::2] = low, np.maximum(high, low)
    found: NDArray[np.generic] = ufunc.reduceat(padded, pairs)[0::2]
    return found


def _over(looks: Looks, ufunc: np.ufunc) -> Values:
    found = reduced(ufunc, looks.value, looks.low, looks.high).astype(np.float64)
    return np.where(looks.is_empty, np.nan, found)


def _count(looks: Looks) -> Values:
    return (looks.high - looks.low).astype(np.float64)


def _count_true(looks: Looks) -> Values:
    return np.where(looks.is_empty, 0.0, np.nan_to_num(_over(looks, np.add)))


def _nth(looks: Looks, back: int) -> tuple[Values, Ints]:
    """The reading so many before the newest, and its instant; unknown where the window has none."""
    place = looks.high - 1 - back
    is_there = place >= looks.low
    if not looks.value.size:
        return np.full(looks.at.size, np.nan), looks.at
    place = np.where(is_there, place, 0)
    return np.where(is_there, looks.value[place], np.nan), looks.read_at[place]


def _rate(looks: Looks) -> Values:
    (new, new_at), (old, old_at) = _nth(looks, 0), _nth(looks, 1)
    return (new - old) / ((new_at - old_at) / 1e6)


def _age(looks: Looks) -> Values:
    value, at = _nth(looks, 0)
    return np.where(np.isnan(value), np.nan, (looks.at - at) / 1e6)


def _integral(looks: Looks) -> Values:
    """Each reading holds until the next one, or as long as it holds at all; unknown where none holds in the window."""
    if not looks.value.size:
        return np.full(looks.at.size, np.nan)
    held = np.minimum(np.diff(looks.read_at, append=looks.read_at[-1:]), looks.hold_us) / 1e6
    last = looks.high - 1
    # All but the newest reading of the window hold until their next one.
    inner = reduced(np.add, looks.value * held, looks.low, np.maximum(last, looks.low)).astype(np.float64)
    area = np.where(last > looks.low, inner, 0.0)
    newest, newest_at = _nth(looks, 0)
    area = area + np.where(looks.is_empty, 0.0, newest * (np.minimum(looks.at - newest_at, looks.hold_us) / 1e6))
    before = looks.low - 1
    place = np.maximum(before, 0)
    start = looks.at - looks.window_us
    next_at = np.where(looks.is_empty, looks.at, looks.read_at[np.minimum(looks.low, looks.read_at.size - 1)])
    end = np.minimum(next_at, looks.read_at[place] + looks.hold_us)
    carried = np.where(before >= 0, np.maximum(end - start, 0), 0) / 1e6
    area = area + np.where(carried > 0, looks.value[place] * carried, 0.0)
    return np.where(looks.is_empty & (carried == 0), np.nan, area)


WINDOWS: dict[str, Callable[[Looks], Values]] = {
    "avg": lambda looks: _over(looks, np.add) / (looks.high - looks.low),
    "min": lambda looks: _over(looks, np.minimum),
    "max": lambda looks: _over(looks, np.maximum),
    "sum": lambda looks: _over(looks, np.add),
    "count": _count,
    "count_true": _count_true,
    "last": lambda looks: _nth(looks, 0)[0],
    "previous": lambda looks: _nth(looks, 1)[0],
    "rate": _rate,
    "age": _age,
    "integral": _integral,
}
"""By name; ``delta`` is none of them, because it compares the values at two instants."""
