from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analytics.features.domain.windows import Floats, window_mean, window_slope

NAN = np.nan
CYCLES = np.array([1, 2, 3, 4])

measured = arrays(np.float64, (12, 2), elements=st.floats(-1e3, 1e3) | st.just(NAN))
windows = st.none() | st.integers(1, 15)


def column(*values: float) -> Floats:
    return np.array(values)[:, np.newaxis]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (1, [1.0, 2.0, 6.0, 7.0]),
        (2, [1.0, 1.5, 4.0, 6.5]),
        (3, [1.0, 1.5, 3.0, 5.0]),
        (None, [1.0, 1.5, 3.0, 4.0]),
    ],
)
def test_means(window: int | None, expected: list[float]) -> None:
    assert window_mean(column(1, 2, 6, 7), CYCLES, window)[:, 0].tolist() == expected


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (2, [NAN, 1.0, 4.0, 1.0]),
        (3, [NAN, 1.0, 2.5, 2.5]),
        (None, [NAN, 1.0, 2.5, 2.2]),
    ],
)
def test_slopes(window: int | None, expected: list[float]) -> None:
    np.testing.assert_allclose(window_slope(column(1, 2, 6, 7), CYCLES, window)[:, 0], expected, rtol=1e-12)


def test_a_gap_makes_a_window_hold_fewer_rows() -> None:
    cycles = np.array([1, 2, 10, 11])
    assert window_mean(column(1, 3, 5, 9), cycles, 3)[:, 0].tolist() == [1.0, 2.0, 5.0, 7.0]
    np.testing.assert_allclose(window_slope(column(0, 1, 9, 10), cycles, None)[1:, 0], [1.0, 1.0, 1.0])


def test_an_unknown_value_is_passed_over() -> None:
    values = column(NAN, 2, NAN, 6)
    np.testing.assert_array_equal(window_mean(values, CYCLES, 2)[:, 0], [NAN, 2.0, 2.0, 6.0])
    np.testing.assert_array_equal(window_slope(values, CYCLES, None)[:, 0], [NAN, NAN, NAN, 2.0])


def test_columns_do_not_touch_each_other() -> None:
    values = np.array([[1.0, NAN], [3.0, 5.0]])
    np.testing.assert_array_equal(window_mean(values, np.array([1, 2]), 2), [[1.0, NAN], [2.0, 5.0]])


@given(measured, windows)
def test_a_mean_agrees_with_its_definition(values: Floats, window: int | None) -> None:
    means = window_mean(values, np.arange(1, 13), window)
    for row in range(12):
        seen = values[max(0, row + 1 - (window or 12)) : row + 1, 0]
        known = seen[np.isfinite(seen)]
        np.testing.assert_allclose(means[row, 0], known.mean() if len(known) else NAN, atol=1e-9)


@given(measured, windows)
def test_a_slope_agrees_with_least_squares(values: Floats, window: int | None) -> None:
    slopes = window_slope(values, np.arange(1, 13), window)
    for row in range(12):
        seen = values[max(0, row + 1 - (window or 12)) : row + 1, 0]
        at = np.flatnonzero(np.isfinite(seen))
        expected = NAN
        if len(at) > 1:
            line = np.column_stack([at, np.ones(len(at))])
            expected = np.linalg.lstsq(line, seen[at], rcond=None)[0][0]
        np.testing.assert_allclose(slopes[row, 0], expected, atol=1e-8)


@given(measured, measured, windows, st.integers(0, 12))
def test_the_future_changes_no_past_row(values: Floats, other: Floats, window: int | None, now: int) -> None:
    cycles, changed = np.arange(1, 13), values.copy()
    changed[now:] = other[now:]
    for statistic in (window_mean, window_slope):
        before, after = statistic(values, cycles, window), statistic(changed, cycles, window)
        np.testing.assert_array_equal(before[:now], after[:now])
        np.testing.assert_array_equal(before[:now], statistic(values[:now], cycles[:now], window))
