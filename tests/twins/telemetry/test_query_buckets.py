"""Buckets of time, gaps and thinned lines: exact, and the same of cells as of readings."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.telemetry import query_buckets as query
from twins.telemetry.instants import micros
from twins.telemetry.rollups import roll_up
from twins.telemetry.series import Grain, Series

MINUTE, HOUR, DAY = query.MINUTE, query.HOUR, query.DAY
BERLIN = ZoneInfo("Europe/Berlin")


def series(*rows: tuple[int, float, int]) -> Series:
    at, value, quality = zip(*rows, strict=True) if rows else ((), (), ())
    return Series(np.array(at, np.int64), np.array(value, np.float64), np.array(quality, np.int16))


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text).astimezone(UTC))


def listed(buckets: query.Buckets) -> list[tuple[float, ...]]:
    names = ("start", "end", "count", "low", "mean", "high", "last", "sum", "doubtful")
    return list(zip(*(getattr(buckets, name).tolist() for name in names), strict=True))


def test_a_bucket_tells_what_its_readings_come_to() -> None:
    one = series((0, 4.0, 0), (59_999_999, 1.0, 1), (60_000_000, 7.0, 0), (200_000_000, 9.0, 1))
    found = query.buckets_of_series(one, query.edges_of(0, 180_000_000, MINUTE))
    assert listed(found) == [
        (0, MINUTE, 2, 1.0, 2.5, 4.0, 1.0, 5.0, 1),
        (MINUTE, 2 * MINUTE, 1, 7.0, 7.0, 7.0, 7.0, 7.0, 0),
    ]


def test_nothing_is_no_bucket() -> None:
    edges = query.edges_of(0, HOUR, MINUTE)
    assert listed(query.buckets_of_series(series(), edges)) == []
    assert listed(query.buckets_of_cells(query.joined(()), edges)) == []


def test_buckets_are_aligned_and_begun_ones_count() -> None:
    assert query.edges_of(90_000_000, 150_000_000, MINUTE).tolist() == [MINUTE, 2 * MINUTE, 3 * MINUTE]
    assert query.edges_of(0, MINUTE, MINUTE).tolist() == [0, MINUTE]


def test_days_are_those_of_the_zone_when_clocks_change() -> None:
    edges = query.edges_of(at("2026-03-28T12:00+01:00"), at("2026-03-30T12:00+02:00"), DAY, BERLIN)
    assert edges.tolist() == [
        at("2026-03-28T00:00+01:00"), at("2026-03-29T00:00+01:00"), at("2026-03-30T00:00+02:00"),
        at("2026-03-31T00:00+02:00"),
    ]  # fmt: skip
    assert np.diff(edges).tolist() == [24 * HOUR, 23 * HOUR, 24 * HOUR]
    assert query.grain_for(edges) is Grain.HOUR
    autumn = query.edges_of(at("2026-10-25T00:00+02:00"), at("2026-10-26T00:00+01:00"), DAY, BERLIN)
    assert np.diff(autumn).tolist() == [25 * HOUR]
    kathmandu = query.edges_of(0, DAY, DAY, ZoneInfo("Asia/Kathmandu"))
    assert query.grain_for(kathmandu) is Grain.MINUTE


@pytest.mark.parametrize(
    ("length", "grain"),
    [(DAY, Grain.DAY), (HOUR, Grain.HOUR), (36 * HOUR, Grain.HOUR), (7 * MINUTE, Grain.MINUTE), (1_000_000, None)],
)
def test_the_longest_rollup_that_fits(length: int, grain: Grain | None) -> None:
    assert query.grain_for(query.edges_of(5 * length, 9 * length, length)) is grain


@pytest.mark.parametrize(
    ("span", "most", "length"),
    [
        (HOUR, 600, 10_000_000), (365 * DAY, 500, 18 * HOUR), (10 * DAY, 5, 3 * DAY), (1_000, 500, 1_000),
        (2 * HOUR, 60, 3 * MINUTE), (DAY, 1, DAY),
    ],
)  # fmt: skip
def test_a_number_of_buckets_is_met_by_a_good_length(span: int, most: int, length: int) -> None:
    assert query.length_for(span, most) == length


@given(st.integers(1, 400 * DAY), st.integers(3, 5000), st.integers(0, 400 * DAY))
def test_there_are_never_more_buckets_than_asked_for(span: int, most: int, start: int) -> None:
    length = query.length_for(span, most)
    assert query.edges_of(start, start + span, length).size - 1 <= most


rows = st.lists(
    st.tuples(st.integers(0, 3 * DAY), st.integers(-4000, 4000), st.integers(0, 2)),
    max_size=60,
    unique_by=lambda r: r[0],
)


@given(rows, st.sampled_from([7 * MINUTE, HOUR, 6 * HOUR, DAY]))
def test_cells_give_the_same_buckets_as_readings(made: list[tuple[int, int, int]], length: int) -> None:
    one = series(*[(when, value / 4, quality) for when, value, quality in sorted(made)])
    edges = query.edges_of(0, 3 * DAY + 1, length)
    expected = listed(query.buckets_of_series(one, edges))
    for grain in Grain:
        if length % grain == 0:
            cells = query.cells_of_rollups(roll_up(one, grain), grain)
            assert repr(listed(query.buckets_of_cells(cells, edges))) == repr(expected)


def test_a_bucket_of_nothing_usable_says_so() -> None:
    edges = query.edges_of(0, DAY, DAY)
    found = query.buckets_of_series(series((0, 1e9, 2), (HOUR, -1e9, 2)), edges)
    assert (found.count.tolist(), found.doubtful.tolist(), found.sum.tolist()) == ([2], [2], [0.0])
    assert all(np.isnan(column).all() for column in (found.low, found.mean, found.high, found.last))
    mixed = query.buckets_of_series(series((0, 1e9, 2), (HOUR, 3.0, 1), (2 * HOUR, -1e9, 2)), edges)
    figures = (mixed.low, mixed.mean, mixed.high, mixed.last, mixed.sum)
    assert [column.tolist() for column in figures] == [[3.0]] * 5
    assert (mixed.count.tolist(), mixed.doubtful.tolist()) == ([3], [3])


def test_a_gap_is_a_silence_longer_than_the_patience() -> None:
    heard = np.array([0, 10, 21, 22], np.int64)
    assert query.gaps_of(heard, 10).tolist() == [[10, 21]]
    assert query.gaps_of(heard, 10, width=1).tolist() == []
    assert query.gaps_of(heard, None).tolist() == query.gaps_of(heard[:1], 0).tolist() == []


def test_thinning_keeps_extremes_gaps_and_doubtful_runs() -> None:
    when = np.append(np.arange(5000), np.arange(9000, 14_000))
    value = np.sin(when / 300)
    value[1234], value[7000] = 40.0, -40.0
    quality = np.zeros(when.size, np.int16)
    quality[2000:2010] = 2
    kept = query.thinned(Series(when.astype(np.int64), value, quality), 200, 100)
    assert kept.size <= 200
    assert {1234, 7000, 4999, 5000, 2000, 2009} <= set(kept.tolist())
    assert np.all(np.diff(kept) > 0)


@given(rows, st.integers(4, 40))
def test_thinning_never_gives_more_than_asked_for(made: list[tuple[int, int, int]], most: int) -> None:
    one = series(*[(when, float(value), quality) for when, value, quality in sorted(made)])
    kept = query.thinned(one, most, HOUR)
    assert kept.size <= max(most, 0)
    if one.at.size <= most:
        assert kept.size == one.at.size
