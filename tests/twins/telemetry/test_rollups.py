"""Readings by the minute, hour and day."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twins.telemetry.packing import pack_rollups, unpack_rollups
from twins.telemetry.rollups import Stretch, by_day, no_rollups, replaced, roll_up
from twins.telemetry.schemas import Quality
from twins.telemetry.series import Grain, Rollups, Series

MINUTE = int(Grain.MINUTE)


def series(*rows: tuple[int, float, int]) -> Series:
    at, value, quality = zip(*rows, strict=True) if rows else ((), (), ())
    return Series(np.array(at, np.int64), np.array(value, np.float64), np.array(quality, np.int16))


def rows(rolled: Rollups) -> list[tuple[float, ...]]:
    columns = (
        rolled.start,
        rolled.count,
        rolled.used,
        rolled.low,
        rolled.high,
        rolled.sum,
        rolled.last,
        rolled.doubtful,
    )
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_each_whole_minute_that_has_readings_is_one_rollup() -> None:
    rolled = roll_up(
        series((0, 2.0, 0), (59_999_999, 1.0, 1), (60_000_000, 5.0, 0), (180_000_001, 4.0, 0)), Grain.MINUTE
    )
    assert rows(rolled) == [
        (0, 2, 2, 1.0, 2.0, 3.0, 1.0, 1),
        (MINUTE, 1, 1, 5.0, 5.0, 5.0, 5.0, 0),
        (3 * MINUTE, 1, 1, 4.0, 4.0, 4.0, 4.0, 0),
    ]


def test_values_that_are_not_usable_count_for_nothing_but_are_told() -> None:
    bad = int(Quality.BAD)
    rolled = roll_up(series((0, 1e9, bad), (1, 2.0, 0), (2, -1e9, bad), (MINUTE, 7.0, bad)), Grain.MINUTE)
    assert rows(rolled)[0] == (0, 3, 1, 2.0, 2.0, 2.0, 2.0, 2)
    start, count, used, low, high, total, last, doubtful = rows(rolled)[1]
    assert (start, count, used, total, doubtful) == (MINUTE, 1, 0, 0.0, 1)
    assert all(map(math.isnan, (low, high, last)))


READINGS = st.lists(
    st.tuples(st.integers(-3 * 10**9, 3 * 10**9), st.integers(-100, 100).map(float), st.sampled_from([0, 1, 2])),
    max_size=30,
    unique_by=lambda row: row[0],
).map(sorted)


@given(READINGS, st.sampled_from(list(Grain)))
def test_it_is_what_a_loop_would_give(readings: list[tuple[int, float, int]], grain: Grain) -> None:
    expected: dict[int, list[tuple[int, float, int]]] = {}
    for reading in readings:
        expected.setdefault(reading[0] // grain * grain, []).append(reading)
    rolled = roll_up(series(*readings), grain)
    assert rolled.start.tolist() == list(expected)
    for row, own in zip(rows(rolled), expected.values(), strict=True):
        values = [value for _, value, quality in own if quality < 2]
        figures = (min(values), max(values), sum(values), values[-1]) if values else (math.nan, math.nan, 0, math.nan)
        wanted = (row[0], len(own), len(values), *figures, sum(quality > 0 for _, _, quality in own))
        assert np.array_equal(row, wanted, equal_nan=True)


@given(READINGS)
def test_days_are_made_of_hours_and_come_back_from_what_is_kept(readings: list[tuple[int, float, int]]) -> None:
    hours = roll_up(series(*readings), Grain.HOUR)
    assert repr(rows(by_day(hours))) == repr(rows(roll_up(series(*readings), Grain.DAY)))
    assert repr(rows(unpack_rollups(pack_rollups(hours)))) == repr(rows(hours))


def test_a_stretch_of_time_is_replaced() -> None:
    old = roll_up(series((0, 1.0, 0), (MINUTE, 2.0, 0), (2 * MINUTE, 3.0, 0)), Grain.MINUTE)
    newer = roll_up(series((MINUTE, 9.0, 0)), Grain.MINUTE)
    both = replaced(old, newer, [Stretch(MINUTE, 3 * MINUTE)])
    assert [(row[0], row[6]) for row in rows(both)] == [(0, 1.0), (MINUTE, 9.0)]
    assert rows(replaced(no_rollups(), newer, [])) == rows(newer)


def test_no_readings_are_no_rollups() -> None:
    assert roll_up(series(), Grain.DAY).start.size == 0
    assert by_day(no_rollups()).start.size == 0
