"""Times as gateways write them; many at once give what each by itself gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.telemetry.instants import instant, instants, micros, moment

MOMENTS = st.datetimes(timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-20T12:00:00Z", 1_795_176_000_000_000),
        ("2026-11-20T12:00:00.25Z", 1_795_176_000_250_000),
        ("2026-11-20T14:00:00+02:00", 1_795_176_000_000_000),
        ("2024-02-29T23:59:59.999999Z", 1_709_251_199_999_999),
        (0, 0),
        (1_795_176_000_123, 1_795_176_000_123_000),
        (-62_135_596_800_000, -62_135_596_800_000_000),
    ],
)
def test_what_is_read(written: int | str, expected: int) -> None:
    assert instant(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        "", "now", "2026-11-20", "2026-11-20T12:00:00", "2026-02-29T00:00:00Z", "2026-11-20T24:01:00Z",
        "2026-11-20T12:00:60Z", "0000-01-01T00:00:00Z", 1.5, None, True, [], 253_402_300_800_000, -62_135_596_800_001,
    ],
)  # fmt: skip
def test_what_is_no_time(written: object) -> None:
    with pytest.raises(ValueError, match=r"no time|isoformat|offset|within|range|must be"):
        instant(written)
    assert instants([written]) is None or isinstance(written, float)  # type: ignore[list-item]


@given(st.lists(MOMENTS, min_size=1, max_size=20), st.sampled_from(["seconds", "milliseconds", "microseconds"]))
def test_texts_are_read_all_at_once_as_one_by_one(moments: list[datetime], spec: str) -> None:
    written = [one.isoformat(timespec=spec).replace("+00:00", "Z") for one in moments]
    read = instants(written)
    assert read is not None
    assert read.tolist() == [instant(one) for one in written]


@given(st.lists(st.integers(-62_135_596_800_000, 253_402_300_799_999), max_size=20))
def test_numbers_are_milliseconds(written: list[int]) -> None:
    read = instants(written)
    assert read is not None
    assert read.tolist() == [one * 1000 for one in written]


@pytest.mark.parametrize("times", [1, 10], ids=["few", "many"])
@given(written=st.lists(st.text("0123456789-:.TZ+", max_size=30), min_size=1, max_size=5))
def test_a_text_is_never_read_in_another_way_than_by_itself(written: list[str], times: int) -> None:
    read = instants(written * times)
    if read is not None:
        assert read.tolist() == [instant(one) for one in written] * times


@pytest.mark.parametrize(
    "written",
    [
        ["2026-11-20T12:00:00Z", 1],
        [1, "2026-11-20T12:00:00Z"],
        [1, 2**70],
        ["2026-11-20T12:00:00Z2", "026-11-20T12:00:00Z"],
        ["2026-11-20T12:00:00Z", "2026-11-20T12:00:00.5Z"],
        ["２026-11-20T12:00:00Z"],
    ],
)
def test_what_is_not_alike_is_left_to_be_looked_at_one_by_one(written: list[int | str]) -> None:
    assert instants(written * 10) is None


def test_few_are_looked_at_one_by_one_at_once() -> None:
    read = instants(["2026-11-20T12:00:00Z", "2026-11-20T13:00:00.5+01:00", 1])
    assert read is not None
    assert read.tolist() == [1_795_176_000_000_000, 1_795_176_000_500_000, 1000]


@given(MOMENTS)
def test_a_moment_and_its_instant(one: datetime) -> None:
    assert moment(micros(one)) == one
    assert micros(one.astimezone(timezone(timedelta(hours=5)))) == micros(one) if one.year < 9999 else True


def test_no_times_at_all() -> None:
    read = instants([])
    assert read is not None
    assert read.dtype == np.int64
    assert read.size == 0
