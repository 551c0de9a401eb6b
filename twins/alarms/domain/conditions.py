"""When the conditions of alarms hold: many alarms over a batch of readings at once, with exact instants.

Terms are those of ISA-18.2 / IEC 62682. A limit is passed when the value lies beyond it, and left when the value is
back by the deadband; between the two nothing changes. An alarm becomes active when its limit was passed for the whole
of the on-delay, and inactive when it was left for the whole of the off-delay; both happen at the very instant at which
the delay is over, whether a reading comes then or not, because a value counts until the next one.

What is late: a reading that is not newer than the newest one that was looked at changes nothing. One that is newer, but
older than the last change that was told (which happened as a delay ran out), counts from that change on. So what was
told is never taken back, and the present is right.

Instants and spans are whole microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NEVER = int(np.iinfo(np.int64).min) // 4
"""Stands for an instant before all others; sums of it with any span stay within 64 bits."""


class Kind(IntEnum):
    """What is asked of a signal."""

    ABOVE = 0
    BELOW = 1
    RISING = 2
    FALLING = 3
    STALE = 4


MEMORY = np.dtype(
    [
        ("raw", "?"), ("active", "?"), ("since", "<i8"), ("read_at", "<i8"), ("told_at", "<i8"),
        ("anchor_at", "<i8"), ("anchor", "<f8"), ("value", "<f8"),
    ]
)  # fmt: skip
"""What is kept of each alarm between batches.

``raw``: whether the limit is passed, by deadband; ``since``: from when on; ``active``: whether the alarm is, by delays;
``read_at``: the newest reading that was looked at; ``told_at``: the last change; ``anchor_at`` and ``anchor``: the
reading from which the next rate is measured; ``value``: what was measured as ``raw`` last changed.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """The conditions, shape ``(n,)`` each.

    Attributes:
        kind: Values of `Kind`.
        limit: In the unit of the signal; for rates, per second. No meaning for staleness.
        deadband: Not negative, in the unit of the limit.
        on_delay: For staleness the patience, at least 1: so long may no reading come.
        off_delay: No meaning for staleness.
        window: Rates are measured between the first readings of successive spans of this length, at least 1.
    """

    kind: Ints
    limit: Floats
    deadband: Floats
    on_delay: Ints
    off_delay: Ints
    window: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What was read, by point in the order of time; shape ``(m,)`` each.

    Attributes:
        point: The number of the condition that the reading is for.
        at: Its instant; no two of a point are alike.
        value: NaN for what says nothing of a limit.
    """

    point: Ints
    at: Ints
    value: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Transitions:
    """The changes of alarms, by point in the order of time; shape ``(k,)`` each.

    Attributes:
        point: The number of the condition.
        at: When it changed.
        active: To what.
        value: What was measured as the limit was passed or left.
    """

    point: Ints
    at: Ints
    active: Bools
    value: Floats


def fresh_memory(count: int, start: int) -> NDArray[np.void]:
    """The memory of alarms that nothing was read for yet; for staleness the time runs from `start` on."""
    memory = np.zeros(count, MEMORY)
    memory["since"] = start
    for name in ("read_at", "told_at", "anchor_at"):
        memory[name] = NEVER
    for name in ("anchor", "value"):
        memory[name] = np.nan
    return memory


def nothing_read() -> Batch:
    """The batch that time alone has."""
    none = np.empty(0, np.int64)
    return Batch(none, none, none.astype(np.float64))


def evaluate(
    points: Points, memory: NDArray[np.void], batch: Batch, horizon: int
) -> tuple[Transitions, NDArray[np.void]]:
    """The changes that a batch and the passing of time bring about, and the memory after them.

    Args:
        points: The conditions.
        memory: What is remembered of them, shape ``(n,)`` of `MEMORY`.
        batch: What was read.
        horizon: The instant up to which delays run out without a reading, inclusive.
    """
    after = memory.copy()
    batch = _newer(batch, memory)
    at = np.maximum(batch.at, memory["told_at"][batch.point])
    _remember_newest(after, batch)
    stale = points.kind[batch.point] == Kind.STALE
    runs = _Runs.of(
        points, memory, after, Batch(batch.point[~stale], at[~stale], batch.value[~stale]), batch.at[~stale]
    )
    clocks = _clocks(points, memory, after, Batch(batch.point[stale], at[stale], batch.value[stale]))
    found = _ordered(runs.fired(points, horizon), clocks.fired(points, horizon))
    changes = _changes(found, memory)
    after["active"][changes.point] = changes.active  # the last of each point stands, for they come in the order of time
    after["told_at"][changes.point] = changes.at
    return changes, after


def due(points: Points, memory: NDArray[np.void]) -> Ints:
    """When a delay of each alarm runs out if nothing is read till then; the greatest number when none runs."""
    is_stale = points.kind == Kind.STALE
    waits = np.where(is_stale, ~memory["active"], memory["raw"] != memory["active"])
    delay = np.where(is_stale | memory["raw"], points.on_delay, points.off_delay)
    return np.where(waits, memory["since"] + delay, np.iinfo(np.int64).max)


def _newer(batch: Batch, memory: NDArray[np.void]) -> Batch:
    is_new = batch.at > memory["read_at"][batch.point]
    return batch if is_new.all() else Batch(batch.point[is_new], batch.at[is_new], batch.value[is_new])


def _firsts(point: Ints) -> Bools:
    """Which elements are the first of their points."""
    is_first = np.ones(point.size, np.bool_)
    is_first[1:] = point[1:] != point[:-1]
    return is_first


def _lasts(point: Ints) -> Bools:
    is_last = np.ones(point.size, np.bool_)
    is_last[:-1] = point[1:] != point[:-1]
    return is_last


def _remember_newest(after: NDArray[np.void], batch: Batch) -> None:
    newest = _lasts(batch.point)
    after["read_at"][batch.point[newest]] = batch.at[newest]


def _quantities(points: Points, memory: NDArray[np.void], after: NDArray[np.void], batch: Batch, read: Ints) -> Batch:
    """What is compared with the limits: values, and for rates the slopes between the first readings of the spans."""
    kind = points.kind[batch.point]
    is_rate = (kind == Kind.RISING) | (kind == Kind.FALLING)
    if not is_rate.any():
        return batch
    rated = np.flatnonzero(is_rate & np.isfinite(batch.value))
    point, at, value = batch.point[rated], read[rated], batch.value[rated]
    first, window = _firsts(point), points.window[point]
    before = np.where(first, memory["anchor_at"][point], np.append(np.int64(NEVER), at[:-1])[: at.size])
    opens = at // window != before // window  # of its point the first reading in this span
    # Whichever readings stood in the same span as the remembered anchor were passed over then, too.
    rated, point, at, value = rated[opens], point[opens], at[opens], value[opens]
    first = _firsts(point)
    old_at = np.where(first, memory["anchor_at"][point], np.append(np.int64(NEVER), at[:-1])[: at.size])
    old = np.where(first, memory["anchor"][point], np.append(np.nan, value[:-1])[: at.size])
    slope = (value - old) / np.maximum((at - old_at) / 1e6, 1e-6)
    newest = _lasts(point)
    after["anchor_at"][point[newest]], after["anchor"][point[newest]] = at[newest], value[newest]
    quantity = np.where(is_rate, np.nan, batch.value)
    quantity[rated] = slope
    return Batch(batch.point, batch.at, quantity)


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Spans in which a limit is passed, or not; the first of each point began in an earlier batch.

    ``end`` is the start of the next; of the last one the newest instant at which it is known to hold still.
    """

    point: Ints
    start: Ints
    end: Ints
    raw: Bools
    value: Floats
    is_open: Bools

    @classmethod
    def of(cls, points: Points, memory: NDArray[np.void], after: NDArray[np.void], batch: Batch, read: Ints) -> _Runs:
        """The runs of limits; what is remembered is brought up to date."""
        batch = _quantities(points, memory, after, batch, read)
        raw = _passed(points, memory, batch)
        first = _firsts(batch.point)
        before = np.where(first, memory["raw"][batch.point], np.append(False, raw[:-1])[: raw.size])
        turns = np.flatnonzero(raw != before)
        every = np.flatnonzero(points.kind != Kind.STALE)
        point = np.concatenate((every, batch.point[turns]))
        order = np.argsort(point, kind="stable")  # what is remembered stands before what was read
        point = point[order]
        start = np.concatenate((memory["since"][every], batch.at[turns]))[order]
        state = np.concatenate((memory["raw"][every], raw[turns]))[order]
        value = np.concatenate((memory["value"][every], batch.value[turns]))[order]
        known = np.full(memory.size, NEVER, np.int64)
        newest = _lasts(batch.point)
        known[batch.point[newest]] = batch.at[newest]
        last = _lasts(point)
        for name, column in (("raw", state), ("since", start), ("value", value)):
            after[name][point[last]] = column[last]
        end = np.where(last, known[point], np.append(start[1:], NEVER)[: start.size])
        return cls(point, start, end, state, value, last)

    def fired(self, points: Points, horizon: int) -> Transitions:
        """The runs that lasted as long as their delay."""
        over = self.start + np.where(self.raw, points.on_delay[self.point], points.off_delay[self.point])
        # What came late may have passed and left the limit at one instant: without a delay that tells.
        ended = (over < self.end) | (over == self.start)
        fires = np.where(self.is_open, over <= np.maximum(self.end, horizon), ended)
        return Transitions(self.point[fires], over[fires], self.raw[fires], self.value[fires])


def _passed(points: Points, memory: NDArray[np.void], batch: Batch) -> Bools:
    """Whether the limit is passed from each reading on."""
    kind = points.kind[batch.point]
    sign = np.where((kind == Kind.BELOW) | (kind == Kind.FALLING), -1.0, 1.0)
    beyond = sign * (batch.value - points.limit[batch.point])
    says = np.where(beyond > 0, 1, np.where(beyond <= -points.deadband[batch.point], -1, 0))
    index = np.arange(says.size)
    first = _firsts(batch.point)
    start = np.maximum.accumulate(np.where(first, index, 0))
    last = np.maximum.accumulate(np.where((says != 0) | first, index, 0))
    last = np.maximum(last, start)
    return np.where(says[last] != 0, says[last] > 0, memory["raw"][batch.point])


def _clocks(points: Points, memory: NDArray[np.void], after: NDArray[np.void], batch: Batch) -> _Clocks:
    """The spans between readings of the conditions that ask for staleness."""
    every = np.flatnonzero(points.kind == Kind.STALE)
    point = np.concatenate((every, batch.point))
    order = np.argsort(point, kind="stable")
    point = point[order]
    start = np.concatenate((memory["since"][every], batch.at))[order]
    value = np.concatenate((memory["value"][every], batch.value))[order]
    last = _lasts(point)
    after["since"][point[last]], after["value"][point[last]] = start[last], value[last]
    end = np.where(last, NEVER, np.append(start[1:], NEVER)[: start.size])
    runs = _Runs(point, start, end, np.ones(point.size, np.bool_), value, last)
    return _Clocks(runs, batch)


@dataclass(frozen=True, slots=True, eq=False)
class _Clocks:
    """Each reading ends the staleness before it, and starts the clock anew."""

    runs: _Runs
    batch: Batch

    def fired(self, points: Points, horizon: int) -> Transitions:
        """When patience was over, and when a reading came."""
        over, came = self.runs.fired(points, horizon), self.batch
        ended = np.zeros(came.point.size, np.bool_)
        point = np.concatenate((over.point, came.point))
        at = np.concatenate((over.at, came.at))
        active = np.concatenate((over.active, ended))
        value = np.concatenate((over.value, came.value))
        order = np.lexsort((at, point))
        return Transitions(point[order], at[order], active[order], value[order])


def _ordered(limits: Transitions, clocks: Transitions) -> Transitions:
    """Both together by point; no point is in both."""
    point = np.concatenate((limits.point, clocks.point))
    order = np.argsort(point, kind="stable")
    return Transitions(
        point[order],
        np.concatenate((limits.at, clocks.at))[order],
        np.concatenate((limits.active, clocks.active))[order],
        np.concatenate((limits.value, clocks.value))[order],
    )


def _changes(found: Transitions, memory: NDArray[np.void]) -> Transitions:
    """What of it changes anything."""
    before = np.where(
        _firsts(found.point), memory["active"][found.point], np.append(False, found.active[:-1])[: found.active.size]
    )
    turns = found.active != before
    return Transitions(found.point[turns], found.at[turns], found.active[turns], found.value[turns])
