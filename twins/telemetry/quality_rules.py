"""The rules of signals, held against readings as they arrive: stale, stuck, spike.

What a rule needs of the past is kept in the process, a few numbers for each signal that has one. A verdict depends on
the readings of its signal alone, not on how they were cut into batches; only staleness is about what came together.

A spike is more than ``k`` robust deviations away from the ``WINDOW`` values before it and from the median of the last
three of them. The deviation is 1.4826 times the median absolute deviation (Hampel, *The influence curve and its role in
robust estimation*, JASA 69, 1974), and at least the smallest step in the window, so that a value that is written with
few decimals does not spike by its last one. After a true jump the third value agrees with the last ones and is sound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from twins.telemetry.schemas import NEVER, NO_TIME, Floats, Ints, Normalised, Quality, Readings, RuleTable
from twins.telemetry.series import Series

WINDOW = 15
"""Values before a reading that it is held against; until there are so many nothing is called a spike."""
FRESH_US = 5 * 60 * 1_000_000
"""A message whose newest reading is younger than this comes as news; in an older one, of history, nothing is stale."""
_DEVIATION = 1.4826
"""The standard deviation of normal noise, in median absolute deviations."""
_IGNORED = (Quality.BAD, Quality.OUT_OF_RANGE, Quality.STALE)
"""Of these the value says nothing of what the signal does; what comes after is not held against them."""

Mask = NDArray[np.bool_]


class Past:
    """What is remembered of the signals of one tenant that have rules."""

    def __init__(self) -> None:
        # Sorted by signal. `at` and `value` are of the newest reading, `since` is when it first had that value.
        self.signal: Ints = np.empty(0, np.int64)
        self.at: Ints = np.empty(0, np.int64)
        self.since: Ints = np.empty(0, np.int64)
        self.value: Floats = np.empty(0, np.float64)
        self.window: Floats = np.empty((0, WINDOW), np.float64)

    def unknown(self, signal: Ints) -> Ints:
        """Those of some signals of which nothing is remembered yet."""
        return np.setdiff1d(signal, self.signal, assume_unique=True)

    def forget(self, signal: Ints) -> None:
        """Forget some signals: what was remembered of them was not stored."""
        kept = ~np.isin(self.signal, signal)
        if not kept.all():
            self.signal, self.at, self.since = self.signal[kept], self.at[kept], self.since[kept]
            self.value, self.window = self.value[kept], self.window[kept]

    def learn(self, table: RuleTable, stored: Mapping[int, Series]) -> None:
        """Take up signals as their last stored readings leave them; one without readings begins anew.

        Args:
            table: Rules of these signals, and of others.
            stored: The newest readings of each signal, as many as there are at hand.
        """
        new = self.unknown(np.array(sorted(stored), np.int64))
        where = np.searchsorted(self.signal, new)
        self.signal = np.insert(self.signal, where, new)
        self.at = np.insert(self.at, where, NO_TIME)
        self.since = np.insert(self.since, where, NO_TIME)
        self.value = np.insert(self.value, where, np.nan)
        self.window = np.insert(self.window, where, np.full((new.size, WINDOW), np.nan), axis=0)
        for signal in new.tolist():
            self._take_up(signal, table, stored[signal])

    def _take_up(self, signal: int, table: RuleTable, series: Series) -> None:
        row = int(np.searchsorted(table.signal, signal))
        fed = ~np.isin(series.quality, _IGNORED)
        at, value, quality = series.at[fed], series.value[fed], series.quality[fed]
        if not at.size or row == table.signal.size or table.signal[row] != signal:
            return
        place, length = int(np.searchsorted(self.signal, signal)), int(table.stuck[row])
        start = int(_run_starts(at, value, np.full(at.size, length))[-1])
        was_stuck = at[start:][quality[start:] == Quality.STUCK]
        since = int(at[start])
        if was_stuck.size and length != NEVER:
            since = min(since, int(was_stuck[0]) - length)
        self.at[place], self.value[place], self.since[place] = at[-1], value[-1], since
        last = value[-WINDOW:]
        self.window[place, WINDOW - last.size :] = last


def judged(normalised: Normalised, table: RuleTable, past: Past, *, now_us: int) -> Normalised:
    """A message with the verdicts of the rules in the quality of its readings; the past goes on.

    Args:
        normalised: What the message came to.
        table: The rules of the gateway's signals.
        past: What is remembered of them; it knows all of the table.
        now_us: The present, in microseconds since 1970.
    """
    readings = normalised.readings
    row = np.searchsorted(table.signal, readings.signal)
    ruled = np.flatnonzero(table.signal[np.minimum(row, table.signal.size - 1)] == readings.signal)
    if not ruled.size:
        return normalised
    order = ruled[np.lexsort((readings.at[ruled], readings.signal[ruled]))]
    one = _Ordered(row[order], readings.signal[order], readings.at[order], readings.value[order])
    quality = readings.quality[order]
    quality[_doubtful(quality) & _stale(one, table, int(readings.at.max()), now_us)] = Quality.STALE
    fed = np.flatnonzero(~np.isin(quality, _IGNORED))
    fed = fed[one.at[fed] > past.at[np.searchsorted(past.signal, one.signal[fed])]]
    if fed.size:
        quality[fed] = _followed(one.at_places(fed), quality[fed], table, past)
    late = _doubtful(quality)
    late[fed] = False
    quality[late & _in_the_run(one, table, past)] = Quality.STUCK
    changed = readings.quality.copy()
    changed[order] = quality
    return replace(normalised, readings=Readings(readings.signal, readings.at, readings.value, changed))


@dataclass(frozen=True, slots=True, eq=False)
class _Ordered:
    """Readings by signal in the order of time; `row` is that of their signal's rules. Shape ``(n,)`` each."""

    row: Ints
    signal: Ints
    at: Ints
    value: Floats

    def at_places(self, places: Ints) -> _Ordered:
        return _Ordered(self.row[places], self.signal[places], self.at[places], self.value[places])


def _doubtful(quality: NDArray[np.int16]) -> Mask:
    """Where a rule may change what is said: not what is known to be wrong already."""
    return np.isin(quality, (Quality.GOOD, Quality.UNCERTAIN))


def _stale(one: _Ordered, table: RuleTable, newest: int, now_us: int) -> Mask:
    """The newest of a signal where it is too old beside the newest of the message, in a message that is news."""
    if newest < now_us - FRESH_US:
        return np.zeros(one.at.size, np.bool_)
    is_last = np.append(one.signal[1:] != one.signal[:-1], [True])
    return is_last & (newest - one.at > table.stale[one.row])


def _in_the_run(one: _Ordered, table: RuleTable, past: Past) -> Mask:
    """Readings that come after newer ones and lie where the value was stuck already."""
    place = np.searchsorted(past.signal, one.signal)
    held = (one.value == past.value[place]) & (one.at <= past.at[place]) & (one.at >= past.since[place])
    length = one.at - np.where(held, past.since[place], one.at)
    return np.asarray(held & (length >= table.stuck[one.row]))


def _followed(one: _Ordered, quality: NDArray[np.int16], table: RuleTable, past: Past) -> NDArray[np.int16]:
    """The qualities of readings that are newer than what is remembered; they are remembered."""
    first = np.flatnonzero(np.append([True], one.signal[1:] != one.signal[:-1]))
    place = np.searchsorted(past.signal, one.signal[first])
    since = _since(one, first, table, past, place)
    laid, at_laid = _laid(one, first, past.window[place])
    spike = np.flatnonzero(np.isfinite(table.spike[one.row]))
    found = quality.copy()
    found[spike[_spikes(laid, at_laid[spike], table.spike[one.row[spike]])]] = Quality.SPIKE
    found[one.at - since >= table.stuck[one.row]] = Quality.STUCK
    last = np.append(first[1:], one.at.size) - 1
    past.at[place], past.value[place], past.since[place] = one.at[last], one.value[last], since[last]
    past.window[place] = laid[at_laid[last][:, None] + np.arange(1 - WINDOW, 1)]
    return found


def _since(one: _Ordered, first: Ints, table: RuleTable, past: Past, place: Ints) -> Ints:
    """From when on each reading's value has been the same, with what is remembered before the first of each signal."""
    known = past.at[place] != NO_TIME
    at, value = np.insert(one.at, first, past.at[place]), np.insert(one.value, first, past.value[place])
    length = np.insert(table.stuck[one.row], first, table.stuck[one.row[first]])
    before = first + np.arange(first.size)
    at[before[~known]] = one.at[first[~known]]  # not the value: nothing is equal to what was never read
    start = _run_starts(at, value, length, before)
    begun = at.copy()
    begun[before] = np.where(known, past.since[place], at[before])
    return np.delete(begun[start], before)


def _run_starts(at: Ints, value: Floats, length: Ints, first: Ints | None = None) -> Ints:
    """Where the run of equal values begins that each reading is in.

    A pause longer than the rule's time ends a run: nothing is known of what the signal did meanwhile.

    Args:
        at: Instants, ascending within a signal, shape ``(n,)`` as all.
        value: Values.
        length: The rule's time.
        first: Where another signal begins; the first place when there is one signal.
    """
    begins = np.ones(at.size, np.bool_)
    begins[1:] = (value[1:] != value[:-1]) | (at[1:] - at[:-1] > length[1:])
    if first is not None:
        begins[first] = True
    return np.maximum.accumulate(np.where(begins, np.arange(at.size), 0))


def _laid(one: _Ordered, first: Ints, window: Floats) -> tuple[Floats, Ints]:
    """All values in one row, those of each signal after its window; and where each reading lies in it."""
    signals = np.repeat(np.arange(first.size), np.diff(np.append(first, one.at.size)))
    place = np.arange(one.at.size) + (signals + 1) * WINDOW
    laid = np.empty(one.at.size + first.size * WINDOW, np.float64)
    laid[place] = one.value
    starts = place[first] - WINDOW
    laid[starts[:, None] + np.arange(WINDOW)] = window
    return laid, place


def _spikes(laid: Floats, place: Ints, most: Floats) -> Mask:
    """Which of the values at some places are spikes among those before them; see the module."""
    if not place.size:
        return np.zeros(0, np.bool_)
    with np.errstate(invalid="ignore", over="ignore"):
        before = sliding_window_view(laid, WINDOW)[place - WINDOW]
        middle = np.median(before, axis=1)
        deviation = _DEVIATION * np.median(np.abs(before - middle[:, None]), axis=1)
        step = np.abs(np.diff(before, axis=1))
        step[step == 0] = np.inf
        bound = most * np.maximum(deviation, step.min(axis=1))
        value, (one, two, three) = laid[place], before[:, -3:].T
        recent = np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), three))
        return np.asarray((np.abs(value - middle) > bound) & (np.abs(value - recent) > bound))
