"""Buckets of time, gaps in a signal, and readings thinned for a drawing: arrays in, arrays out.

Instants and lengths are whole microseconds, spans are half-open. A bucket is made of *cells* (what readings come to in
some short time), so that it is the same whether its cells were stored or are worked out of the readings now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxLTTBDownsampler

from twins.telemetry.instants import micros, moment
from twins.telemetry.rollups import all_rollups, gathered, gathered_readings, no_rollups
from twins.telemetry.schemas import Floats, Ints, Quality
from twins.telemetry.series import Grain, Rollups, Series

MILLISECOND, SECOND = 1_000, 1_000_000
MINUTE, HOUR, DAY = int(Grain.MINUTE), int(Grain.HOUR), int(Grain.DAY)
_SHORT = tuple(
    [number * MILLISECOND for number in (1, 2, 5, 10, 20, 50, 100, 200, 500)]
    + [number * SECOND for number in (1, 2, 5, 10, 15, 20, 30)]
)
"""The lengths below a minute that a number of buckets is met with."""


class Cells(NamedTuple):
    """What the readings of a signal come to in stretches of time that have any.

    Attributes:
        rolled: One for each stretch.
        width: How long each is, shape ``(n,)``.
    """

    rolled: Rollups
    width: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """The buckets of a signal that have readings; shape ``(n,)`` each.

    Attributes:
        start: The first instant of each, ascending.
        end: The first instant after each.
        count: How many readings.
        low: The smallest usable value, NaN where there is none, as for the figures that follow.
        mean: Their mean, each reading weighing the same.
        high: The largest.
        last: The newest.
        sum: Of them, 0 where there is none.
        doubtful: How many readings are not good.
    """

    start: Ints
    end: Ints
    count: Ints
    low: Floats
    mean: Floats
    high: Floats
    last: Floats
    sum: Floats
    doubtful: Ints


def length_for(span: int, most: int) -> int:
    """The shortest good length that cuts a span into at most so many buckets.

    Good are some lengths below a minute, whole minutes below an hour, whole hours below a day, and whole days: the
    longer ones are made of what is stored by the minute, hour and day.
    """
    shortest = -(-span // most)
    for length in _SHORT:
        # An aligned bucket at either end may be begun, so that one more is needed than the span has whole ones.
        if length >= shortest and _number(span, length) <= most:
            return length
    for unit, limit in ((MINUTE, HOUR), (HOUR, DAY)):
        length = max(-(-shortest // unit), 1) * unit
        while length < limit:
            if _number(span, length) <= most:
                return length
            length += unit
    length = max(-(-shortest // DAY), 1) * DAY
    while _number(span, length) > max(most, 2):
        length += DAY
    return length


def _number(span: int, length: int) -> int:
    return -(-span // length) + 1


def edges_of(start: int, end: int, length: int, zone: ZoneInfo | None = None) -> Ints:
    """The edges of the buckets that ``[start, end)`` touches: one more than there are buckets.

    Args:
        start: First instant.
        end: First instant after; later than `start`.
        length: Of a bucket; they are counted from 1970.
        zone: Whole days are those of its calendar, 23 or 25 hours long where clocks change; None for UTC.
    """
    if zone is not None and length % DAY == 0:
        return _day_edges(start, end, length // DAY, zone)
    first = start // length
    return np.arange(first, -(-end // length) + 1, dtype=np.int64) * length


def _day_edges(start: int, end: int, days: int, zone: ZoneInfo) -> Ints:
    since = datetime(1970, 1, 1, tzinfo=UTC).date()
    day = (moment(start).astimezone(zone).date() - since).days // days * days
    edges: list[int] = []
    while not edges or edges[-1] < end:
        local = datetime.combine(since + timedelta(days=day), datetime.min.time(), tzinfo=zone)
        edges.append(micros(local.astimezone(UTC)))
        day += days
    return np.array(edges, np.int64)


def grain_for(edges: Ints) -> Grain | None:
    """The longest rollups that fit between all edges; None when these are finer than minutes."""
    return next((grain for grain in (Grain.DAY, Grain.HOUR, Grain.MINUTE) if not (edges % grain).any()), None)


def cells_of_rollups(rolled: Rollups, grain: Grain) -> Cells:
    """Rollups as cells."""
    return Cells(rolled, np.full(rolled.start.size, int(grain), np.int64))


def joined(parts: Iterable[Cells]) -> Cells:
    """Cells one after the other, as they are given."""
    parts = [Cells(no_rollups(), np.empty(0, np.int64)), *parts]
    return Cells(all_rollups([part.rolled for part in parts]), np.concatenate([part.width for part in parts]))


def buckets_of_cells(cells: Cells, edges: Ints) -> Buckets:
    """The buckets between edges that have readings, of cells that no edge cuts."""
    return _buckets(gathered(cells.rolled, np.searchsorted(edges, cells.rolled.start, side="right") - 1), edges)


def buckets_of_series(series: Series, edges: Ints) -> Buckets:
    """The buckets between edges that have readings, of the readings themselves."""
    within = slice(*np.searchsorted(series.at, edges[[0, -1]]).tolist())
    inside = Series(series.at[within], series.value[within], series.quality[within])
    # Edges are few: their places among the readings are found much sooner than those of the readings among them.
    place = np.repeat(np.arange(edges.size - 1), np.diff(np.searchsorted(inside.at, edges)))
    return _buckets(gathered_readings(inside, place), edges)


def _buckets(found: Rollups, edges: Ints) -> Buckets:
    """Rollups whose starts are the numbers of buckets."""
    return Buckets(
        start=edges[found.start], end=edges[found.start + 1], count=found.count, low=found.low,
        mean=_mean(found.sum, found.used), high=found.high, last=found.last, sum=found.sum, doubtful=found.doubtful,
    )  # fmt: skip


def _mean(total: Floats, used: Ints) -> Floats:
    return np.asarray(np.divide(total, used, out=np.full(total.size, np.nan), where=used > 0))


def gaps_of(at: Ints, patience: int | None, width: Ints | int = 0) -> Ints:
    """Where a signal was silent for longer than its patience: ``[start, end)`` of each, shape ``(n, 2)``.

    Args:
        at: Instants at which it was heard, ascending.
        patience: How long it may be silent; None for as long as it likes.
        width: For how long from each instant it was heard.
    """
    if patience is None or at.size < 2:
        return np.empty((0, 2), np.int64)
    heard = (at + width)[:-1]
    silent = np.flatnonzero(at[1:] - heard > patience)
    return np.stack((heard[silent], at[1:][silent]), axis=1)


def thinned(series: Series, most: int, patience: int | None) -> NDArray[np.int64]:
    """The indices of the readings that a line of at most so many points is drawn through.

    The shape is kept by MinMaxLTTB (Van Der Donckt et al. 2023, arXiv:2305.00332); both sides of a gap and both ends of
    a run of doubtful readings are among the points, the longest first, as far as a half of the points reaches.
    """
    size = series.at.size
    if size <= most:
        return np.arange(size, dtype=np.int64)
    kept = _landmarks(series, most // 2, patience)
    left = most - kept.size
    drawn = MinMaxLTTBDownsampler().downsample(series.at, series.value, n_out=left) if left >= 3 else np.empty(0)  # type: ignore[no-untyped-call]
    return np.union1d(kept, drawn.astype(np.int64))


def _landmarks(series: Series, most: int, patience: int | None) -> NDArray[np.int64]:
    doubtful = series.quality != Quality.GOOD
    turns = np.flatnonzero(np.diff(doubtful.astype(np.int8), prepend=0, append=0))
    first, last = turns[::2], turns[1::2] - 1
    if patience is not None:
        before = np.flatnonzero(np.diff(series.at) > patience)
        first, last = np.append(first, before), np.append(last, before + 1)
    length = series.at[last] - series.at[first]
    longest = np.argsort(-length, kind="stable")[: most // 2]
    return np.unique(np.append(first[longest], last[longest])).astype(np.int64)
