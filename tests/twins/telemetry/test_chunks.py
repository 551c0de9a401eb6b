"""Revisions are told apart, and readings go where they belong."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.twins.telemetry.test_packing import kept
from twins.telemetry import chunks
from twins.telemetry.chunks import Place, Span, cells_of, merged, pieces, start_of, starts
from twins.telemetry.instants import micros
from twins.telemetry.packing import Kept, joined

HOUR_US = 3_600_000_000
T0 = micros(datetime(2025, 1, 1, tzinfo=UTC))


def rows(one: Kept) -> list[tuple[int, int, float, int, int]]:
    columns = (one.signal, one.at, one.value, one.quality, one.commit)
    return list(zip(*(column.tolist() for column in columns), strict=True))


REVISIONS = st.lists(
    st.tuples(st.integers(1, 2), st.integers(0, 3), st.sampled_from([1.0, 2.0]), st.integers(0, 1)), max_size=12
)


@given(REVISIONS)
def test_the_last_revision_wins_and_one_that_says_the_same_became_known_before(
    sent: list[tuple[int, int, float, int]],
) -> None:
    parts = [
        kept([(at, value, quality, commit)], signal=signal)
        for commit, (signal, at, value, quality) in enumerate(sent, 1)
    ]
    expected: dict[tuple[int, int], tuple[float, int, int]] = {}
    for commit, (signal, at, value, quality) in enumerate(sent, 1):
        before = expected.get((signal, at))
        if before is None or before[:2] != (value, quality):
            expected[signal, at] = (value, quality, commit)
    assert rows(merged(joined(parts))) == [(*key, *expected[key]) for key in sorted(expected)]


def test_merging_merged_parts_is_merging_all() -> None:
    first = kept([(0, 1.0, 0, 1), (1, 2.0, 0, 1)])
    later = kept([(0, 1.0, 0, 2), (1, 3.0, 0, 2), (2, 4.0, 0, 2)])
    assert rows(merged(joined([first, later]))) == [(7, 0, 1.0, 0, 1), (7, 1, 3.0, 0, 2), (7, 2, 4.0, 0, 2)]


def test_hours_days_and_months_are_those_of_utc() -> None:
    at = micros(datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC))
    assert start_of(at, Span.HOUR) == micros(datetime(2024, 2, 29, 23, tzinfo=UTC))
    assert start_of(at, Span.DAY) == micros(datetime(2024, 2, 29, tzinfo=UTC))
    assert start_of(at, Span.MONTH) == micros(datetime(2024, 2, 1, tzinfo=UTC))
    before = np.array([micros(datetime(1969, 12, 31, 23, 30, tzinfo=UTC))], np.int64)
    assert [starts(before, span).tolist() for span in Span] == [
        [-HOUR_US],
        [-24 * HOUR_US],
        [micros(datetime(1969, 12, 1, tzinfo=UTC))],
    ]


def test_cells_are_the_hours_of_each_signal() -> None:
    one = joined([kept([(T0, 1.0, 0, 1), (T0 + HOUR_US - 1, 1.0, 0, 1), (T0 + HOUR_US, 1.0, 0, 1)], 1),
                  kept([(T0 + HOUR_US, 1.0, 0, 1)], 2)])  # fmt: skip
    cells = cells_of(one)
    assert cells.signal.tolist() == [1, 1, 2]
    assert cells.hour.tolist() == [T0, T0 + HOUR_US, T0 + HOUR_US]
    assert (cells.first.tolist(), cells.last.tolist()) == ([0, 2, 3], [2, 3, 4])
    assert cells_of(kept([])).signal.size == 0


def test_what_is_too_many_falls_apart_into_days_and_hours() -> None:
    step = HOUR_US // 1000  # 1,000 an hour
    month = kept([(T0 + number * step, 1.0, 0, 1) for number in range(3000)] + [(T0 + 49 * HOUR_US, 1.0, 0, 1)])
    found = list(pieces(month, Place(7, T0, Span.MONTH)))
    assert [(place, part.size) for place, part in found] == [
        (Place(7, T0, Span.HOUR), 1000),
        (Place(7, T0 + HOUR_US, Span.HOUR), 1000),
        (Place(7, T0 + 2 * HOUR_US, Span.HOUR), 1000),
        (Place(7, T0 + 48 * HOUR_US, Span.DAY), 1),
    ]
    assert rows(joined([part for _, part in found])) == rows(month)


def test_what_is_few_stays_together() -> None:
    few = kept([(T0 + number * HOUR_US, 1.0, 0, 1) for number in range(chunks.MOST_IN_CHUNK // 4)])
    assert [place for place, _ in pieces(few, Place(7, T0, Span.MONTH))] == [Place(7, T0, Span.MONTH)]
