"""A history as a drawing: means, ranges, gaps as gaps, whatever the readings are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.sharing.domain import HEIGHT, WIDTH, Bucket, band, bounds, buckets, line


def of(*readings: tuple[int, float], end: int = 40, number: int = 4) -> list[Bucket]:
    at, value = zip(*readings, strict=True) if readings else ((), ())
    return buckets(np.array(at, np.int64), np.array(value, np.float64), 0, end, number)


def test_readings_are_told_by_equal_stretches() -> None:
    assert of((0, 1.0), (9, 3.0), (10, 5.0), (39, 7.0)) == [
        Bucket(0, 2, 2.0, 1.0, 3.0),
        Bucket(10, 1, 5.0, 5.0, 5.0),
        Bucket(20, 0, None, None, None),
        Bucket(30, 1, 7.0, 7.0, 7.0),
    ]


def test_a_span_shorter_than_its_stretches_has_fewer() -> None:
    assert [each.start for each in of((1, 1.0), end=2, number=120)] == [0, 1]


def test_a_gap_lifts_the_line_and_a_lone_point_is_drawn() -> None:
    found = of((0, 0.0), (10, 10.0), (30, 5.0))
    assert line(found) == "M120.0,240.0 L360.0,0.0 M840.0,120.0 h0.1"
    assert band(found) == "M120.0,240.0 L360.0,0.0 L360.0,0.0 L120.0,240.0 Z M840.0,120.0 L840.0,120.0 Z"


@pytest.mark.parametrize(
    ("readings", "expected"), [([], (0.0, 1.0)), ([(0, 3.0)], (2.5, 3.5)), ([(0, -1.0), (20, 4.0)], (-1.0, 4.0))]
)
def test_bounds_are_apart(readings: list[tuple[int, float]], expected: tuple[float, float]) -> None:
    assert bounds(of(*readings)) == expected


def test_nothing_is_drawn_of_nothing() -> None:
    assert (line(of()), band(of())) == ("", "")


@given(st.lists(st.tuples(st.integers(0, 999_999), st.floats(-1e6, 1e6)), max_size=50))
def test_no_reading_is_lost_and_all_lies_within_the_drawing(readings: list[tuple[int, float]]) -> None:
    found = of(*sorted(readings), end=1_000_000, number=120)
    assert sum(each.count for each in found) == len(readings)
    low, high = bounds(found)
    for each in found:
        if each.mean is not None and each.low is not None and each.high is not None:
            assert low <= each.low <= each.high <= high
            assert each.low - 1e-6 <= each.mean <= each.high + 1e-6
    for step in line(found).replace("M", "").replace("L", "").replace("h0.1", "").split():
        x, y = map(float, step.split(","))
        assert 0 <= x <= WIDTH
        assert -0.1 <= y <= HEIGHT + 0.1
