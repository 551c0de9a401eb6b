"""Readings over a span of time as a drawing of bounded size: means with the range around them, gaps as gaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 960.0, 240.0
BUCKETS = 120


@dataclass(frozen=True, slots=True)
class Bucket:
    """The readings of a stretch of time, told together; the values are None where there are none.

    Attributes:
        start: First moment, in microseconds since 1970.
        count: How many readings.
        mean: Their mean.
        low: The lowest.
        high: The highest.
    """

    start: int
    count: int
    mean: float | None
    low: float | None
    high: float | None


def buckets(
    at: NDArray[np.int64], value: NDArray[np.float64], start: int, end: int, number: int = BUCKETS
) -> list[Bucket]:
    """Readings by equal stretches of ``[start, end)``.

    Args:
        at: Instants in microseconds since 1970, ascending, shape ``(n,)``, all within the span.
        value: Values, shape ``(n,)``.
        start: First instant.
        end: First instant after; later than `start`.
        number: How many stretches; fewer when the span has fewer microseconds.
    """
    edges = np.unique(np.linspace(start, end, number + 1).astype(np.int64))
    places = np.searchsorted(at, edges)
    return [
        _bucket(int(edge), value[low:high])
        for edge, low, high in zip(edges[:-1], places[:-1], places[1:], strict=True)
    ]  # fmt: skip


def _bucket(start: int, values: NDArray[np.float64]) -> Bucket:
    if not values.size:
        return Bucket(start, 0, None, None, None)
    return Bucket(start, values.size, float(values.mean()), float(values.min()), float(values.max()))


def bounds(found: Sequence[Bucket]) -> tuple[float, float]:
    """The lowest and the highest value, a little apart when they are equal; 0 and 1 when there are none."""
    lows = [each.low for each in found if each.low is not None]
    highs = [each.high for each in found if each.high is not None]
    if not lows:
        return 0.0, 1.0
    low, high = min(lows), max(highs)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def line(found: Sequence[Bucket]) -> str:
    """The means as the data of an SVG path, ``WIDTH`` by ``HEIGHT``; it is lifted over stretches without readings."""
    low, high = bounds(found)
    steps = []
    for run in _runs(found):
        points = [f"{x:.1f},{_height(bucket.mean, low, high):.1f}" for x, bucket in run]
        # A lone point would be a path of no length, which is not drawn.
        steps.append(f"M{' L'.join(points)}" + (" h0.1" if len(points) == 1 else ""))
    return " ".join(steps)


def band(found: Sequence[Bucket]) -> str:
    """The ranges between lowest and highest as the data of an SVG path, ``WIDTH`` by ``HEIGHT``."""
    low, high = bounds(found)
    steps = []
    for run in _runs(found):
        above = [f"{x:.1f},{_height(bucket.high, low, high):.1f}" for x, bucket in run]
        below = [f"{x:.1f},{_height(bucket.low, low, high):.1f}" for x, bucket in reversed(run)]
        steps.append(f"M{' L'.join(above + below)} Z")
    return " ".join(steps)


def _runs(found: Sequence[Bucket]) -> Iterator[list[tuple[float, Bucket]]]:
    run: list[tuple[float, Bucket]] = []
    for index, bucket in enumerate(found):
        if bucket.count:
            run.append(((index + 0.5) / len(found) * WIDTH, bucket))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _height(value: float | None, low: float, high: float) -> float:
    return HEIGHT * (high - (value or 0.0)) / (high - low)
