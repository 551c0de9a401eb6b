"""Months that are left out, told by runs: a year of them is one sentence, not twelve."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.simulation.printed import left_out_told
from billing.simulation.schemas import LeftOut

BEGAN, THEY_BEGAN = "nothing was known of any asset when it began", "nothing was known of any asset when they began"
GONE = "their readings are kept no longer and were never sealed"


def left_out(names: str, reason: Literal["before", "gone"] = "before") -> list[LeftOut]:
    return [LeftOut(name, reason) for name in names.split()]


@pytest.mark.parametrize(
    ("months", "told"),
    [
        ([], []),
        (left_out("2025-11"), [f"November 2025 is left out: {BEGAN}."]),
        (left_out("2025-11 2025-12"), [f"November and December 2025 are left out: {THEY_BEGAN}."]),
        (left_out("2026-03 2026-01 2026-02"), [f"January to March 2026 are left out: {THEY_BEGAN}."]),
        (left_out("2025-12 2026-01"), [f"December 2025 and January 2026 are left out: {THEY_BEGAN}."]),
        (left_out("2025-11 2025-12 2026-01"), [f"November 2025 to January 2026 are left out: {THEY_BEGAN}."]),
        (
            [*left_out("2026-01 2026-02"), *left_out("2026-03 2026-04 2026-05", "gone")],
            [f"January and February 2026 are left out: {THEY_BEGAN}.", f"March to May 2026 are left out: {GONE}."],
        ),
        (
            left_out("2026-01 2026-03", "gone"),
            [
                "January 2026 is left out: its readings are kept no longer and were never sealed.",
                "March 2026 is left out: its readings are kept no longer and were never sealed.",
            ],
        ),
    ],
)
def test_runs_of_months(months: list[LeftOut], told: list[str]) -> None:
    assert left_out_told(months) == told


@given(st.sets(st.integers(min_value=24_000, max_value=24_060)))
def test_each_run_is_one_sentence_whatever_the_order(numbers: set[int]) -> None:
    months = [LeftOut(f"{each // 12}-{each % 12 + 1:02}", "before") for each in numbers]
    starts = [each for each in numbers if each - 1 not in numbers]
    assert len(left_out_told(months)) == len(starts)
    assert left_out_told(months) == left_out_told(reversed(months))
