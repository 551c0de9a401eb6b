"""Arithmetic on sets of time: lists of half-open spans in milliseconds, sorted, disjoint, none empty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import TypeVar

from tenants.kernel.calendars import Span

T = TypeVar("T")


def union(spans: Iterable[Span]) -> list[Span]:
    """The time in any of some spans, which may be empty, overlap and come in any order."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def intersect(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """The time in both sets."""
    common: list[Span] = []
    at_one = at_other = 0
    ones, others = len(one), len(other)
    while at_one < ones and at_other < others:
        start, end = one[at_one]
        other_start, other_end = other[at_other]
        if end <= other_end:
            at_one += 1
        else:
            at_other += 1
            end = other_end
        if start < other_start:  # noqa: PLR1730 - max() takes three times as long
            start = other_start
        if start < end:
            common.append((start, end))
    return common


def subtract(spans: Sequence[Span], holes: Sequence[Span]) -> list[Span]:
    """The time in the first set and not in the second."""
    if not holes:
        return list(spans)
    left: list[Span] = []
    at = 0
    for start, end in spans:
        while at < len(holes) and holes[at][1] <= start:
            at += 1
        cursor, hole = start, at
        while hole < len(holes) and holes[hole][0] < end:
            if cursor < holes[hole][0]:
                left.append((cursor, holes[hole][0]))
            cursor = holes[hole][1]
            hole += 1
        if cursor < end:
            left.append((cursor, end))
    return left


def total(spans: Iterable[Span]) -> int:
    """How long a set lasts, milliseconds."""
    return sum([end - start for start, end in spans])


def earliest(spans: Sequence[Span], limit: int | None) -> list[Span]:
    """The first ``limit`` milliseconds of a set in the order of time; None is all of it."""
    if limit is None:
        return list(spans)
    taken: list[Span] = []
    for start, end in spans:
        if limit <= 0:
            break
        taken.append((start, min(end, start + limit)))
        limit -= end - start
    return taken


def overlay(layers: Sequence[tuple[int, int, T]]) -> list[tuple[int, int, T]]:
    """What is seen of spans laid over each other, a later one hiding the earlier: sorted, disjoint pieces.

    One sweep over the edges with the layers open at each, topmost first: n log n in their number.
    """
    by_start = sorted((start, at) for at, (start, end, _) in enumerate(layers) if start < end)
    if all(layers[at][1] <= start for (_, at), (start, _) in pairwise(by_start)):
        return [layers[at] for _, at in by_start]  # nothing overlaps, as is usual
    edges = sorted({edge for _, at in by_start for edge in layers[at][:2]})
    pieces: list[tuple[int, int, T]] = []
    opened: list[int] = []
    upcoming = 0
    for left, right in pairwise(edges):
        while upcoming < len(by_start) and by_start[upcoming][0] <= left:
            heappush(opened, -by_start[upcoming][1])
            upcoming += 1
        while opened and layers[-opened[0]][1] <= left:
            heappop(opened)
        if not opened:
            continue
        seen = layers[-opened[0]][2]
        if pieces and pieces[-1][1] == left and pieces[-1][2] is seen:
            pieces[-1] = (pieces[-1][0], right, seen)
        else:
            pieces.append((left, right, seen))
    return pieces
