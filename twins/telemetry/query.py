"""The history of many signals at once: readings as they are, in buckets of time, or thinned for a drawing.

What is read is chosen by what is asked for: buckets whose edges fall on whole minutes, hours or days are made of the
rollups stored by these, so that a year is read about as fast as an hour; finer ones are made of the readings.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from tenants.kernel.errors import OutturnError
from twins.telemetry.instants import micros, moment
from twins.telemetry.query_buckets import (
    Buckets,
    Cells,
    buckets_of_cells,
    buckets_of_series,
    cells_of_rollups,
    edges_of,
    gaps_of,
    grain_for,
    joined,
    length_for,
    thinned,
)
from twins.telemetry.query_signals import KnownSignal
from twins.telemetry.rollups import roll_up, rollups
from twins.telemetry.schemas import Ints
from twins.telemetry.selectors import readings
from twins.telemetry.series import Grain, Series

MOST_SIGNALS = 50
MOST_BUCKETS = 5_000
MOST_POINTS = 5_000
MOST_PAGE = 50_000
"""Readings of one page."""
MOST_READ = 2_000_000
"""Readings, or cells, that are read for one answer."""
FINE = 200_000
"""So many readings are drawn point by point when the caller leaves the choice to us."""
FIRST_YEAR, LAST_YEAR = 1970, 2200
_GRAINS = (Grain.DAY, Grain.HOUR, Grain.MINUTE)


class HistoryTooLargeError(OutturnError):
    """More is asked for than one answer holds."""

    code = "history.too_large"
    status = 422


class HistorySpanError(OutturnError):
    """The span of time, or its cut into buckets, is not possible."""

    code = "history.span"
    status = 422


class Shape(StrEnum):
    """How a history is told."""

    READINGS = "readings"
    BUCKETS = "buckets"
    POINTS = "points"


class Mark(NamedTuple):
    """Up to which reading a page has told: its instant and its signal."""

    at: int
    signal: int


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The history of one signal: `data` are its readings, or its buckets.

    Attributes:
        gaps: Where it was silent for longer than its patience, ``[start, end)`` in microseconds, shape ``(n, 2)``.
    """

    signal: KnownSignal
    data: Series | Buckets
    gaps: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """The histories of signals over one span.

    Attributes:
        length_us: Of a bucket; None when they are told otherwise.
        after: What the next page of readings goes on after; None when this is the last.
    """

    shape: Shape
    start: datetime
    end: datetime
    signals: tuple[History, ...]
    length_us: int | None = None
    after: Mark | None = None


_EMPTY = Series(np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.int16))


def buckets(
    signals: Sequence[KnownSignal], start: datetime, end: datetime, *, number: int = 500, length_us: int | None = None,
    zone: ZoneInfo | None = None,
) -> Histories:  # fmt: skip
    """The histories of signals by buckets of time.

    Args:
        signals: At most `MOST_SIGNALS`.
        start: First instant.
        end: First instant after.
        number: At most so many buckets, of the shortest length that will do; not looked at with `length_us`.
        length_us: The length of a bucket in microseconds.
        zone: Whose calendar buckets of whole days keep; None for UTC.

    Raises:
        HistorySpanError: The span is empty or out of bounds.
        HistoryTooLargeError: There would be more than `MOST_BUCKETS`, or more would be read than `MOST_READ`.
    """
    _check(signals, start, end)
    first, last = micros(start), micros(end)
    length = length_us or length_for(last - first, number)
    if (last - first) // length >= MOST_BUCKETS:
        raise HistoryTooLargeError(
            f"the time would be cut into more than {MOST_BUCKETS:,} buckets", place="every",
            fix="Ask for longer buckets, for a number of them, or for a shorter time.",
        )  # fmt: skip
    edges = edges_of(first, last, length, zone)
    grain = grain_for(edges)
    found = _of_readings(signals, first, last, edges) if grain is None else _of_cells(signals, first, last, edges)
    return Histories(Shape.BUCKETS, start, end, tuple(found), length_us=length)


def _of_readings(signals: Sequence[KnownSignal], start: int, end: int, edges: Ints) -> Iterator[History]:
    read = _read(signals, start, end)
    for signal in signals:
        series = read.get(signal.id or 0, _EMPTY)
        yield History(signal, buckets_of_series(series, edges), gaps_of(series.at, signal.patience_us))


def _of_cells(signals: Sequence[KnownSignal], start: int, end: int, edges: Ints) -> Iterator[History]:
    grain = grain_for(edges)
    if (end - start) // int(grain or 1) * len(signals) > MOST_READ:
        raise HistoryTooLargeError(
            "too much would have to be read for buckets this short", place="every",
            fix="Ask for fewer buckets, fewer signals or a shorter time.",
        )  # fmt: skip
    read = cells([one.id for one in signals if one.id], start, end, _GRAINS[_GRAINS.index(grain or Grain.MINUTE) :])
    for signal in signals:
        found = read.get(signal.id or 0) or joined(())
        yield History(
            signal, buckets_of_cells(found, edges), gaps_of(found.rolled.start, signal.patience_us, found.width)
        )


def cells(signal_ids: Collection[int], start: int, end: int, grains: Sequence[Grain] = _GRAINS) -> dict[int, Cells]:
    """What signals come to in ``[start, end)`` by the first of some grains, its broken ends by the finer ones."""
    if start >= end or not signal_ids:
        return {}
    if not grains:
        read = readings(signal_ids, moment(start), moment(end))
        return {key: cells_of_rollups(roll_up(one, Grain.MINUTE), Grain.MINUTE) for key, one in read.items()}
    grain, finer = grains[0], grains[1:]
    first, last = -(-start // grain) * grain, end // grain * grain
    if first >= last:
        return cells(signal_ids, start, end, finer)
    whole = rollups(signal_ids, grain, moment(first), moment(last))
    head, tail = cells(signal_ids, start, first, finer), cells(signal_ids, last, end, finer)
    return {key: joined([*_of(head, key), cells_of_rollups(whole[key], grain), *_of(tail, key)]) for key in signal_ids}


def _of(part: dict[int, Cells], key: int) -> list[Cells]:
    return [part[key]] if key in part else []


def points(signals: Sequence[KnownSignal], start: datetime, end: datetime, number: int = 500) -> Histories:
    """The histories of signals as lines through at most `number` of their readings each.

    Raises:
        HistorySpanError: The span is empty or out of bounds.
        HistoryTooLargeError: There are more readings than `MOST_READ`.
    """
    _check(signals, start, end)
    read = _read(signals, micros(start), micros(end))
    return Histories(
        Shape.POINTS, start, end, tuple(_line(one, read.get(one.id or 0, _EMPTY), number) for one in signals)
    )


def _line(signal: KnownSignal, series: Series, number: int) -> History:
    kept = thinned(series, number, signal.patience_us)
    drawn = Series(series.at[kept], series.value[kept], series.quality[kept])
    return History(signal, drawn, gaps_of(series.at, signal.patience_us))


def drawing(
    signals: Sequence[KnownSignal], start: datetime, end: datetime, number: int = 500, zone: ZoneInfo | None = None
) -> Histories:
    """Points where there are few enough readings to look at each, and buckets where there are more."""
    _check(signals, start, end)
    if _number(signals, start, end) <= FINE:
        return points(signals, start, end, number)
    return buckets(signals, start, end, number=number, zone=zone)


def page_of_readings(
    signals: Sequence[KnownSignal], start: datetime, end: datetime, *, most: int, after: Mark | None = None
) -> Histories:
    """Readings of signals as they are, the oldest first, at most `most` in all.

    Raises:
        HistorySpanError: The span is empty or out of bounds.
    """
    _check(signals, start, end)
    by_id = {one.id: one for one in signals if one.id}
    first, last = micros(start) if after is None else max(after.at, micros(start)), micros(end)
    stop = _enough(list(by_id), first, last, most + len(by_id))
    read = readings(list(by_id), moment(first), moment(stop)) if by_id and first < stop else {}
    signal = np.concatenate([np.empty(0, np.int64), *(np.full(one.at.size, key) for key, one in read.items())])
    at = np.concatenate([np.empty(0, np.int64), *(one.at for one in read.values())])
    order = np.lexsort((signal, at))
    if after is not None:
        new = (at[order] > after.at) | ((at[order] == after.at) & (signal[order] > after.signal))
        order = order[new]
    more = order.size > most or stop < last
    order = order[:most]
    until = Mark(int(at[order[-1]]), int(signal[order[-1]])) if order.size else Mark(stop, -1)
    told = _told(signals, read, until if more else None, after)
    return Histories(Shape.READINGS, start, end, told, after=until if more else None)


def _told(
    signals: Sequence[KnownSignal], read: dict[int, Series], until: Mark | None, after: Mark | None
) -> tuple[History, ...]:
    """What of the readings one page tells: those behind the mark before, up to its own."""
    found = []
    for signal in signals:
        series = read.get(signal.id or 0, _EMPTY)
        low = 0 if after is None else _behind(series, signal, after)
        high = series.at.size if until is None else _behind(series, signal, until)
        shown = Series(series.at[low:high], series.value[low:high], series.quality[low:high])
        found.append(History(signal, shown, gaps_of(shown.at, signal.patience_us)))
    return tuple(found)


def _behind(series: Series, signal: KnownSignal, mark: Mark) -> int:
    side = "right" if (signal.id or 0) <= mark.signal else "left"
    return int(np.searchsorted(series.at, mark.at, side=side))  # type: ignore[call-overload]


def _enough(signal_ids: list[int], start: int, end: int, most: int) -> int:
    """The end of a stretch from `start` with more than `most` readings and few more; `end` when there are fewer.

    Found by counting days, in the day that is too much its hours, in that hour its minutes.
    """
    left = most
    for grain in _GRAINS:
        counted, width = joined(cells(signal_ids, start, end, _GRAINS[_GRAINS.index(grain) :]).values())
        order = np.argsort(counted.start, kind="stable")
        running = np.cumsum(counted.count[order])
        if not running.size or running[-1] <= left:
            return end
        full = order[int(np.searchsorted(running, left, side="right"))]
        before = counted.start < counted.start[full]
        left -= int(counted.count[before].sum())
        start = max(start, int(counted.start[full]))
        end = min(end, int(counted.start[full] + width[full]))
    return end


def check_number(signals: Sequence[KnownSignal], start: datetime, end: datetime, most: int) -> int:
    """How many readings a span has; refuse one with more than `most`.

    Raises:
        HistorySpanError: The span is empty or out of bounds.
        HistoryTooLargeError: There are more.
    """
    _check(signals, start, end)
    number = _number(signals, start, end)
    if number > most:
        raise HistoryTooLargeError(
            f"there are {number:,} readings in this time", place="end",
            fix=f"Ask for at most {most:,} at once: fewer signals, a shorter time, or buckets.",
        )  # fmt: skip
    return number


def _number(signals: Sequence[KnownSignal], start: datetime, end: datetime) -> int:
    counted = cells([one.id for one in signals if one.id], micros(start), micros(end))
    return sum(int(one.rolled.count.sum()) for one in counted.values())


def _read(signals: Sequence[KnownSignal], start: int, end: int) -> dict[int, Series]:
    ids = [one.id for one in signals if one.id]
    found = readings(ids, moment(start), moment(end), MOST_READ + 1) if ids else {}
    if sum(one.at.size for one in found.values()) > MOST_READ:
        raise HistoryTooLargeError(
            f"there are more than {MOST_READ:,} readings in this time", place="end",
            fix="Ask for buckets of a minute or longer, for fewer signals or for a shorter time.",
        )  # fmt: skip
    return found


def _check(signals: Sequence[KnownSignal], start: datetime, end: datetime) -> None:
    if end <= start:
        raise HistorySpanError("the time ends before it begins", place="end", fix="Choose an end after the start.")
    if start.year < FIRST_YEAR or end.year >= LAST_YEAR:
        raise HistorySpanError(
            f"the time is not within the years {FIRST_YEAR} to {LAST_YEAR - 1}",
            place="start" if start.year < FIRST_YEAR else "end", fix="Choose a time within them.",
        )  # fmt: skip
    if len(signals) > MOST_SIGNALS:
        raise HistoryTooLargeError(
            f"{len(signals)} signals are asked for", place="signal", fix=f"Ask for at most {MOST_SIGNALS} at once."
        )
