"""In which chunks readings stay: one for each signal and hour, or for a day or month where few come.

Chunks of a signal never overlap. A new month of a signal begins as one chunk; when it grows beyond ``MOST_IN_CHUNK`` it
falls apart into days, and a day into hours, which hold any number.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from twins.telemetry.packing import Kept
from twins.telemetry.schemas import Ints

MOST_IN_CHUNK = 2000
"""Readings of a chunk that is longer than an hour."""
_HOUR_US, _DAY_US = 3_600_000_000, 86_400_000_000


class Span(IntEnum):
    """How long a chunk is; each lies within one of the next, in UTC."""

    HOUR = 1
    DAY = 2
    MONTH = 3


class Place(NamedTuple):
    """Which chunk: of a signal, from an instant on, how long."""

    signal: int
    start: int
    span: Span


class Cells(NamedTuple):
    """The hours of signals that some readings fall into, each once, and where its readings begin and end.

    Attributes:
        signal: Shape ``(n,)`` as all of them.
        hour: First instant of the hour.
        first: Place of its first reading.
        last: Place after its last reading.
    """

    signal: Ints
    hour: Ints
    first: Ints
    last: Ints


def starts(at: Ints, span: Span) -> Ints:
    """The first instants of the hours, days or months that instants lie in."""
    if span is Span.HOUR:
        return at // _HOUR_US * _HOUR_US
    if span is Span.DAY:
        return at // _DAY_US * _DAY_US
    days = (at // _DAY_US).astype("datetime64[D]")
    return np.asarray(days.astype("datetime64[M]").astype("datetime64[us]").astype(np.int64))


def start_of(at: int, span: Span) -> int:
    """The same of one instant."""
    return int(starts(np.array([at], np.int64), span)[0])


def ordered(kept: Kept) -> Kept:
    """Readings by signal in the order of time, revisions of one in the order in which they stand."""
    return kept.where(np.lexsort((kept.at, kept.signal)))


def merged(kept: Kept) -> Kept:
    """Readings by signal in the order of time, each once: of several revisions the last.

    A revision that says what the one before it said became known with that one. So all revisions that are there must
    be merged at once: without one in between, the result would be another.

    Args:
        kept: Revisions of one reading stand in the order in which they were committed.
    """
    all_ = ordered(kept)
    same = (all_.signal[1:] == all_.signal[:-1]) & (all_.at[1:] == all_.at[:-1])
    if not same.any():
        return all_
    again = same & (all_.value[1:] == all_.value[:-1]) & (all_.quality[1:] == all_.quality[:-1])
    said = np.arange(all_.size)
    said[1:][again] = 0
    all_.commit[:] = all_.commit[np.maximum.accumulate(said)]
    return all_.where(np.append(~same, np.ones(1, np.bool_)))


def cells_of(kept: Kept) -> Cells:
    """The hours that readings fall into.

    Args:
        kept: Ordered.
    """
    hour = starts(kept.at, Span.HOUR)
    begins = np.ones(kept.size, np.bool_)
    begins[1:] = (kept.signal[1:] != kept.signal[:-1]) | (hour[1:] != hour[:-1])
    first = np.flatnonzero(begins)
    return Cells(kept.signal[first], hour[first], first, np.append(first[1:], kept.size)[: first.size])


def pieces(kept: Kept, place: Place) -> Iterator[tuple[Place, Kept]]:
    """The chunks that the readings of one place are to be kept in: itself, or shorter ones when they are too many.

    Args:
        kept: Readings of the place's signal within its span, merged.
        place: Where they belong.
    """
    if kept.size <= MOST_IN_CHUNK or place.span is Span.HOUR:
        yield place, kept
        return
    shorter = Span(place.span - 1)
    start = starts(kept.at, shorter)
    edges = [0, *(np.flatnonzero(start[1:] != start[:-1]) + 1).tolist(), kept.size]
    for low, high in pairwise(edges):
        yield from pieces(kept.where(slice(low, high)), Place(place.signal, int(start[low]), shorter))
