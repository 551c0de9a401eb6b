"""Which partitions rows need."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.twins.telemetry.sample import SOURCE
from twins.telemetry.instants import micros
from twins.telemetry.partitions import _wanted
from twins.telemetry.rows import rows_of
from twins.telemetry.schemas import Delivery, Normalised, Readings

MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(st.lists(st.tuples(st.sampled_from([1, 2**56 - 1, 2**56]), MOMENTS), max_size=20))
def test_class_and_month_of_every_row(found: list[tuple[int, datetime]]) -> None:
    signal = np.array([signal for signal, _ in found], np.int64)
    at = np.array([micros(moment) for _, moment in found], np.int64)
    readings = Readings(signal, at, np.zeros(at.size), np.zeros(at.size, np.int16))
    rows = rows_of([Delivery(SOURCE, "b", 1, Normalised(readings, ()))])
    months = {(1 if signal < 2**56 else 2, (moment.year - 1970) * 12 + moment.month - 1) for signal, moment in found}
    assert _wanted(rows) == months
