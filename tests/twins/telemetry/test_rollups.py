"""Readings by the minute, hour and day."""

from __future__ import annotations

import numpy as np

from twins.telemetry.rollups import roll_up
from twins.telemetry.schemas import Grain, Series


def test_each_whole_minute_that_has_readings_is_one_rollup() -> None:
    at = np.array([0, 59_999_999, 60_000_000, 180_000_001], np.int64)
    rolled = roll_up(Series(at, np.array([2.0, 1.0, 5.0, 4.0]), np.zeros(4, np.int16)), Grain.MINUTE)
    assert rolled.start.tolist() == [0, 60_000_000, 180_000_000]
    assert rolled.count.tolist() == [2, 1, 1]
    assert rolled.low.tolist() == [1.0, 5.0, 4.0]
    assert rolled.high.tolist() == [2.0, 5.0, 4.0]
    assert rolled.sum.tolist() == [3.0, 5.0, 4.0]
    assert rolled.last.tolist() == [1.0, 5.0, 4.0]


def test_no_readings_are_no_rollups() -> None:
    none = np.empty(0, np.int64)
    assert roll_up(Series(none, np.empty(0), none.astype(np.int16)), Grain.DAY).start.size == 0
