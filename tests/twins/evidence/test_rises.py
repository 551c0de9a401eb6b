"""The readings that a counter's rise is told from."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twins.evidence.domain.conditions import Sampled
from twins.evidence.domain.items import HOUR_MS, Ints
from twins.evidence.domain.machine_documents import risen
from twins.evidence.domain.rises import rise

MINUTE = 60_000
SPAN = (10 * HOUR_MS, 13 * HOUR_MS)
NONE = np.empty(0, np.int64)
Reading = tuple[int, float, int]


def sampled(readings: Sequence[Reading], rank: Sequence[int] | None = None) -> Sampled:
    """Readings as (minute, value, minute received)."""
    rows = sorted(readings)
    at, value, received = (np.array(column) for column in zip(*rows, strict=True)) if rows else (NONE,) * 3
    return Sampled(
        at.astype(np.int64) * MINUTE * 1000, value.astype(np.float64),
        np.array(rank if rank is not None else [0] * len(rows), np.int16), received.astype(np.int64) * MINUTE, 1,
    )  # fmt: skip


def minutes(at: Ints) -> list[int]:
    return [each // MINUTE for each in at.tolist()]


def test_the_base_and_the_last_reading_of_each_hour_tell_all() -> None:
    found = rise(
        sampled(
            [(500, 1, 500), (590, 3, 590), (610, 4, 610), (650, 6, 650), (660, 7, 660), (661, 8, 661), (780, 9, 780),
             (781, 11, 781)]
        ), SPAN, NONE,
    )  # fmt: skip
    assert minutes(found.at) == [590, 660, 661, 780]
    assert found.value.tolist() == [3, 7, 8, 9]
    assert risen(found, SPAN[0]) == 6


def test_without_a_reading_before_the_span_the_first_in_it_is_the_base() -> None:
    found = rise(sampled([(630, 5, 630), (631, 6, 631), (700, 9, 700)]), SPAN, NONE)
    assert (minutes(found.at), float(risen(found, SPAN[0]))) == ([630, 631, 700], 4)


def test_a_counter_that_begins_anew_counts_from_nothing() -> None:
    found = rise(sampled([(600, 100, 600), (610, 120, 610), (615, 2, 615), (650, 30, 650)]), SPAN, NONE)
    assert minutes(found.at) == [600, 610, 615, 650]
    assert (float(risen(found, SPAN[0])), found.backwards.size) == (20 + 2 + 28, 0)


def test_a_counter_that_runs_backwards_is_left_out_until_it_is_where_it_was() -> None:
    found = rise(
        sampled([(600, 100, 600), (610, 120, 610), (615, 119.5, 615), (616, 119.9, 616), (650, 130, 650)]), SPAN, NONE
    )
    assert (minutes(found.at), minutes(found.backwards), float(risen(found, SPAN[0]))) == ([600, 650], [615, 616], 30)


def test_what_is_below_nothing_and_what_is_no_value_are_left_out() -> None:
    found = rise(
        sampled(
            [(600, 1, 600), (601, -5, 601), (602, np.nan, 602), (603, 9, 603), (610, 3, 610)], rank=[0, 0, 0, 13, 0]
        ), SPAN, NONE,
    )  # fmt: skip
    assert (minutes(found.at), minutes(found.negative), float(risen(found, SPAN[0]))) == ([600, 610], [601], 2)


def test_the_last_reading_of_a_millisecond_counts() -> None:
    two = Sampled(
        np.array([36_000_000_000, 36_060_000_000, 36_060_000_400]), np.array([1.0, 2.0, 3.0]),
        np.zeros(3, np.int16), np.array([1, 2, 3]), 1,
    )  # fmt: skip
    assert rise(two, SPAN, NONE).value.tolist() == [1, 3]


def test_what_comes_after_a_cut_takes_nothing_from_what_was_told_before() -> None:
    readings = [(600, 1, 600), (650, 5, 650), (655, 6, 2000)]
    found = rise(sampled(readings), SPAN, np.array([1000 * MINUTE]))
    assert minutes(found.at) == [600, 650, 655]
    assert minutes(rise(sampled(readings), SPAN, NONE).at) == [600, 655]


def test_nothing_read_tells_nothing() -> None:
    found = rise(sampled([]), SPAN, NONE)
    assert (found.at.size, float(risen(found, SPAN[0]))) == (0, 0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=40), st.lists(st.integers(0, 900), max_size=4))
def test_what_stays_rises_by_as_much_as_all_readings(steps: list[tuple[int, bool]], cuts: list[int]) -> None:
    value, rows, wanted = Fraction(1000), [], Fraction(0)
    for number, (step, anew) in enumerate(steps):
        before, value = value, Fraction(step) if anew and step < value / 2 else value + step
        minute = 590 + 5 * number
        rows.append((minute, float(value), minute + (number * 37) % 300))
        if 600 < minute <= 780 and number:
            wanted += value - before if value >= before else value
    found = rise(sampled(rows), SPAN, np.array(sorted(set(cuts)), np.int64) * MINUTE)
    assert risen(found, SPAN[0]) == wanted


@pytest.mark.parametrize("value", [0.1, 1e-7, 123456789.125, 1e20])
def test_a_value_is_told_to_the_last_bit(value: float) -> None:
    found = rise(sampled([(600, 0, 600), (620, value, 620)]), SPAN, NONE)
    assert float(risen(found, SPAN[0])) == value
