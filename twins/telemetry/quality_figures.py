"""How well a signal came in a span of time: what is missing, what is doubtful, and whether its values have moved.

All of it is worked out from columns, without looking at one reading after the other. Where a span holds too many
readings, buckets of rollups stand for them: what is said of gaps is then as coarse as the buckets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twins.telemetry.schemas import Floats, Ints, Quality
from twins.telemetry.series import Grain, Rollups, Series

MISSED = 3
"""A pause longer than so many intervals is a gap."""
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The quantiles by which two spans of time are compared."""
FEWEST = 20
"""Values that a distribution is told from."""
_NOT_OF_THE_RANGE = (Quality.BAD, Quality.SPIKE, Quality.STALE, Quality.SUBSTITUTED)
"""What a distribution leaves out. What is out of range stays: a change of unit shows there."""


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Stretches of time in microseconds since 1970, half-open, ascending; shape ``(n,)`` each."""

    start: Ints
    end: Ints

    @property
    def longest_us(self) -> int:
        """The length of the longest, 0 when there is none."""
        return int((self.end - self.start).max(initial=0))

    def longest_first(self, most: int) -> list[tuple[int, int]]:
        """The longest of them as start and end."""
        order = np.argsort(self.start - self.end, kind="stable")[:most]
        return list(zip(self.start[order].tolist(), self.end[order].tolist(), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What came of a signal in ``[start, end)``.

    Attributes:
        came: How many readings.
        completeness: The share that came of what its rate makes expected, None where it has no rate.
        gaps: When nothing came for too long.
        by_quality: How many readings of each quality, by its number; from rollups good ones and those that are not,
            under ``UNCERTAIN``.
        levels: Quantiles of the values, as `LEVELS`; None where there are too few.
        changed_at: When the value last changed, None when it never did or is not known.
        newest_at: The newest reading.
    """

    came: int
    completeness: float | None
    gaps: Spans
    by_quality: Ints
    levels: Floats | None
    changed_at: int | None
    newest_at: int | None

    @property
    def doubtful(self) -> float:
        """The share of readings that are not good."""
        return 1 - float(self.by_quality[Quality.GOOD]) / self.came if self.came else 0.0


def seen_in_series(series: Series, start: int, end: int, rate_us: int | None) -> Seen:
    """What came, told from the readings of ``[start, end)``.

    Args:
        series: The readings.
        start: First instant.
        end: First instant after.
        rate_us: How often a reading is expected, if that is known.
    """
    at = series.at
    moved = np.flatnonzero(series.value[1:] != series.value[:-1])
    return Seen(
        came=int(at.size),
        completeness=None if rate_us is None else completeness(at, start, end, rate_us),
        gaps=gaps(at, start, end, rate_us or usual_interval(at)),
        by_quality=np.bincount(series.quality, minlength=len(Quality)),
        levels=levels(series.value[~np.isin(series.quality, _NOT_OF_THE_RANGE)]),
        changed_at=int(at[moved[-1] + 1]) if moved.size else None,
        newest_at=int(at[-1]) if at.size else None,
    )


def seen_in_rollups(rollups: Rollups, grain: Grain, start: int, end: int, rate_us: int | None) -> Seen:
    """What came, told from rollups: gaps are whole buckets, and the values those of their means."""
    came = int(rollups.count.sum())
    by_quality = np.zeros(len(Quality), np.int64)
    by_quality[Quality.UNCERTAIN] = rollups.doubtful.sum()
    by_quality[Quality.GOOD] = came - by_quality[Quality.UNCERTAIN]
    with np.errstate(invalid="ignore", over="ignore"):
        means = rollups.sum / rollups.used
    return Seen(
        came=came,
        completeness=None if rate_us is None else _completeness_of_counts(rollups, grain, start, end, rate_us),
        gaps=_empty_buckets(rollups.start, grain, start, end),
        by_quality=by_quality,
        levels=levels(means),
        changed_at=None,
        newest_at=min(int(rollups.start[-1]) + grain, end) if came else None,
    )


def completeness(at: Ints, start: int, end: int, rate_us: int) -> float:
    """The share of expected readings that came in ``[start, end)``, from 0 to 1.

    One is missing for every whole interval that a pause is longer than one, so that neither readings in bursts nor
    instants that waver a little are taken for what they are not.
    """
    expected = (end - start) / rate_us
    if not at.size or expected <= 0:
        return 0.0 if expected > 0 else 1.0
    pauses = np.diff(np.append(at, end))
    missing = np.maximum(np.floor(pauses / rate_us + 0.5) - 1, 0).sum() + (at[0] - start) // rate_us
    return float(np.clip(1 - missing / expected, 0, 1))


def usual_interval(at: Ints) -> int | None:
    """The median interval between readings, for signals of which nobody said it; None of fewer than three."""
    return int(np.median(np.diff(at))) or 1 if at.size > 2 else None


def gaps(at: Ints, start: int, end: int, interval_us: int | None) -> Spans:
    """Where nothing came for more than `MISSED` intervals in ``[start, end)``; of no known interval, only all of it."""
    if not at.size:
        return Spans(np.array([start]), np.array([end])) if end > start else _none()
    if interval_us is None:
        return _none()
    edges = np.concatenate([[start], at, [end]])
    long = np.flatnonzero(np.diff(edges) > MISSED * interval_us)
    return Spans(edges[long], edges[long + 1])


def levels(value: Floats) -> Floats | None:
    """The quantiles of some values, as `LEVELS`; None of too few."""
    value = value[np.isfinite(value)]
    return None if value.size < FEWEST else np.asarray(np.quantile(value, LEVELS))


def runs_of_quality(series: Series, most: int) -> list[tuple[int, int, int, int]]:
    """The stretches in which readings were not good, newest first.

    Returns:
        Quality, instant of the first and of the last reading, and how many, at most so many stretches.
    """
    quality = series.quality.astype(np.int64)
    first = np.flatnonzero(np.append([True], quality[1:] != quality[:-1])) if quality.size else quality
    last = np.append(first[1:], quality.size) - 1 if quality.size else quality
    doubtful = np.flatnonzero(quality[first] != Quality.GOOD)[::-1][:most]
    rows = [quality[first], series.at[first], series.at[last], last - first + 1]
    return list(zip(*(row[doubtful].tolist() for row in rows), strict=True))


def _completeness_of_counts(rollups: Rollups, grain: Grain, start: int, end: int, rate_us: int) -> float:
    """As `completeness`: what a bucket has beyond its share makes up for no other."""
    expected = (end - start) / rate_us
    if expected <= 0:
        return 1.0
    held = np.minimum(rollups.start + grain, end) - np.maximum(rollups.start, start)
    came = np.minimum(rollups.count, np.maximum(held, 0) / rate_us).sum()
    return float(np.clip(came / expected, 0, 1))


def _empty_buckets(first: Ints, grain: Grain, start: int, end: int) -> Spans:
    edges_from = np.append([start], np.minimum(first + grain, end))
    edges_to = np.append(np.maximum(first, start), [end])
    long = np.flatnonzero(edges_to - edges_from >= grain)
    return Spans(edges_from[long], edges_to[long])


def _none() -> Spans:
    none: NDArray[np.int64] = np.empty(0, np.int64)
    return Spans(none, none)
