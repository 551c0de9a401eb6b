"""Windows: days and months where people are, also when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tenants.limits.domain.plans import Kind
from tenants.limits.domain.windows import day_begins, local_day, window_of

ZONES = ("UTC", "Europe/Berlin", "America/Havana", "America/Santiago", "Pacific/Apia", "Asia/Kathmandu", "Africa/Cairo")
moments = st.integers(631_152_000, 2_114_380_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def test_a_day_somewhere() -> None:
    window = window_of(Kind.DAY, datetime(2026, 7, 1, 22, 30, tzinfo=UTC), "Europe/Berlin")
    assert window is not None
    assert (window.first, window.end) == (date(2026, 7, 2), date(2026, 7, 3))
    assert window.resets_at == datetime(2026, 7, 2, 22, tzinfo=UTC)


def test_a_month_somewhere() -> None:
    window = window_of(Kind.MONTH, datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "Europe/Berlin")
    assert window is not None
    assert (window.first, window.end) == (date(2027, 1, 1), date(2027, 2, 1))
    assert window.resets_at == datetime(2027, 1, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("Europe/Berlin", date(2026, 3, 30), datetime(2026, 3, 29, 22, tzinfo=UTC)),  # the day before had 23 hours
        ("America/Santiago", date(2026, 9, 6), datetime(2026, 9, 6, 4, tzinfo=UTC)),  # midnight is skipped
        ("America/Havana", date(2026, 11, 1), datetime(2026, 11, 1, 4, tzinfo=UTC)),  # midnight comes twice
        ("Pacific/Apia", date(2011, 12, 30), datetime(2011, 12, 30, 10, tzinfo=UTC)),  # the day never was
    ],
)
def test_days_that_begin_oddly(zone: str, day: date, begins: datetime) -> None:
    assert day_begins(day, zone) == begins


def test_what_has_no_window() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert [window_of(kind, now, "UTC") for kind in (Kind.COUNT, Kind.LEVEL, Kind.RATE)] == [None, None, None]


@pytest.mark.parametrize("zone", ["", "Nowhere/At all", "../etc/passwd", "\x00"])
def test_a_zone_that_is_unknown_is_taken_for_utc(zone: str) -> None:
    window = window_of(Kind.DAY, datetime(2026, 1, 1, 12, tzinfo=UTC), zone)
    assert window is not None
    assert window.resets_at == datetime(2026, 1, 2, tzinfo=UTC)


@given(now=moments, zone=st.sampled_from(ZONES), kind=st.sampled_from([Kind.DAY, Kind.MONTH]))
@example(now=datetime(2011, 12, 30, 9, 59, tzinfo=UTC), zone="Pacific/Apia", kind=Kind.DAY)
@example(now=datetime(2026, 11, 1, 4, 30, tzinfo=UTC), zone="America/Havana", kind=Kind.DAY)
def test_a_window_ends_when_its_last_day_does(now: datetime, zone: str, kind: Kind) -> None:
    window = window_of(kind, now, zone)
    assert window is not None
    assert window.first <= local_day(now, zone) < window.end
    assert now < window.resets_at
    assert local_day(window.resets_at, zone) >= window.end
    assert local_day(window.resets_at - timedelta(microseconds=1), zone) < window.end
    assert day_begins(window.first, zone) <= now


@given(now=moments, zone=st.sampled_from(ZONES))
def test_days_follow_each_other_without_a_gap(now: datetime, zone: str) -> None:
    window = window_of(Kind.DAY, now, zone)
    assert window is not None
    following = window_of(Kind.DAY, window.resets_at, zone)
    assert following is not None
    assert day_begins(following.first, zone) <= window.resets_at < following.resets_at
    assert local_day(now, zone) == now.astimezone(ZoneInfo(zone)).date()
