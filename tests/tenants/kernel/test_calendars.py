from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.kernel.calendars import (
    Calendar,
    Span,
    UnknownZoneError,
    WeeklyWindow,
    epoch_ms,
    from_epoch_ms,
    local_ms,
    parse_duration,
    parse_moment,
    parse_wall_time,
    service_spans,
    time_zone,
)

HOUR = 3_600_000
EVERY_DAY = frozenset(range(7))


def utc(text: str) -> int:
    return epoch_ms(datetime.fromisoformat(text))


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "Asia/Kathmandu", "Pacific/Apia", "Etc/GMT+3", "EST5EDT"])
def test_known_zones(name: str) -> None:
    assert time_zone(name).key == name


@pytest.mark.parametrize(
    "name",
    ["", "Mars/Olympus", "Europe", "../UTC", "/etc/localtime", "localtime", "posixrules", "right/UTC", "x\0", "\ud800"],
)
def test_unknown_zones(name: str) -> None:
    with pytest.raises(UnknownZoneError) as refused:
        time_zone(name)
    assert (refused.value.code, refused.value.place) == ("calendar.unknown_zone", "time_zone")


@pytest.mark.parametrize(
    ("zone", "wall", "instant"),
    [
        ("Europe/Berlin", "2026-03-29T01:59:59.999", "2026-03-29T00:59:59.999Z"),
        ("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:00Z"),
        ("Europe/Berlin", "2026-03-29T02:30:00.500", "2026-03-29T01:00Z"),
        ("Europe/Berlin", "2026-03-29T02:59:59.999", "2026-03-29T01:00Z"),
        ("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00Z"),
        ("Europe/Berlin", "2026-10-25T01:59", "2026-10-24T23:59Z"),
        ("Europe/Berlin", "2026-10-25T02:00", "2026-10-25T00:00Z"),
        ("Europe/Berlin", "2026-10-25T02:59:59", "2026-10-25T00:59:59Z"),
        ("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00Z"),
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:00Z"),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30Z"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30Z"),
        ("Australia/Lord_Howe", "2026-10-04T02:30", "2026-10-03T15:30Z"),
        ("Australia/Lord_Howe", "2026-04-05T01:30", "2026-04-04T14:30Z"),
        ("Australia/Lord_Howe", "2026-04-05T02:00", "2026-04-04T15:30Z"),
        ("Pacific/Apia", "2011-12-29T23:59", "2011-12-30T09:59Z"),
        ("Pacific/Apia", "2011-12-30T00:00", "2011-12-30T10:00Z"),
        ("Pacific/Apia", "2011-12-30T12:34:56", "2011-12-30T10:00Z"),
        ("Pacific/Apia", "2011-12-31T00:00", "2011-12-30T10:00Z"),
        ("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T03:00Z"),
        ("America/Havana", "2026-11-01T00:30", "2026-11-01T04:30Z"),
    ],
)
def test_local_times(zone: str, wall: str, instant: str) -> None:
    assert local_ms(datetime.fromisoformat(wall), time_zone(zone)) == utc(instant)
    assert parse_moment(wall, time_zone(zone)) == utc(instant)


@cache
def shown(zone: str, year: int, month: int, day: int) -> list[datetime]:
    """The latest wall time a clock has shown by each minute of the four days around a date."""
    start = datetime(year, month, day, tzinfo=UTC) - timedelta(days=2)
    minutes = (start + timedelta(minutes=minute) for minute in range(5 * 1440))
    return list(accumulate((at.astimezone(time_zone(zone)).replace(tzinfo=None, fold=0) for at in minutes), max))


CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Asia/Kathmandu", date(2026, 6, 1)),
]


@given(st.sampled_from(CHANGES), st.integers(-600, 2040))
def test_a_local_time_is_the_first_minute_whose_clock_shows_it_or_later(change: tuple[str, date], minute: int) -> None:
    zone, day = change
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 - local on purpose
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=2)
    first = bisect_left(shown(zone, day.year, day.month, day.day), wall)
    assert local_ms(wall, time_zone(zone)) == epoch_ms(start) + first * 60_000


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-01", "2026-02-28T23:00Z"),
        ("2026-03-29T05:00Z", "2026-03-29T05:00Z"),
        ("2026-03-29T05:00:00.25Z", "2026-03-29T05:00:00.250Z"),
        ("2026-03-29T02:30+02:00", "2026-03-29T00:30Z"),
        ("2026-03-29T02:30-09:30", "2026-03-29T12:00Z"),
    ],
)
def test_moments(text: str, instant: str) -> None:
    assert parse_moment(text, time_zone("Europe/Berlin")) == utc(instant)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-3-1",
        "2026-02-29",
        "20260301",
        "2026-W10-1",
        "2026-03-01T05",
        "2026-03-01T24:00",
        "2026-03-01T05:60",
        "2026-03-01T05:00:60",
        "2026-03-01T05:00:00.0001Z",
        "2026-03-01T05:00:00,5Z",
        "2026-03-01 05:00",
        "2026-03-01T05:00z",
        "2026-03-01T05:00+1",
        "2026-03-01T05:00+24:00",
        "2026-03-01T05:00Z\n",
        "1899-12-31",
        "2200-01-01",
        "\u0662026-03-01",
    ],
)
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_moment(text, time_zone("Europe/Berlin"))


def test_instants_and_moments() -> None:
    assert from_epoch_ms(-1) == datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
    assert epoch_ms(from_epoch_ms(1_774_746_000_123)) == 1_774_746_000_123
    with pytest.raises(ValueError, match="no time zone"):
        epoch_ms(datetime(2026, 1, 1))  # noqa: DTZ001 - refused


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("PT0S", 0),
        ("P35D", 35 * 24 * HOUR),
        ("P1W", 7 * 24 * HOUR),
        ("PT1H30M", 3 * HOUR // 2),
        ("P1DT12H", 36 * HOUR),
        ("PT90M", 3 * HOUR // 2),
        ("PT0.25S", 250),
        ("PT1H0.5S", HOUR + 500),
        ("P2DT1H2M3.045S", 2 * 24 * HOUR + HOUR + 123_045),
    ],
)
def test_durations(text: str, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1Y", "P1M", "P1DT", "1H", "PT-1H", "-PT1H", "PT1,5S", "PT1.5H", "P1W1D", "PT1M1H", "p1d"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


def test_times_of_day() -> None:
    assert [parse_wall_time(text) for text in ("00:00", "06:30", "23:59:59", "24:00")] == [0, 23400, 86399, 86400]
    for text in ("", "6:30", "24:01", "12:60", "12:00:60", "12:00Z", "12:00\n"):
        with pytest.raises(ValueError, match="not a time of day"):
            parse_wall_time(text)


def spans(
    zone: str, start: str, end: str, *windows: WeeklyWindow, holidays: frozenset[date] = frozenset()
) -> list[Span]:
    where = time_zone(zone)
    calendar = Calendar(windows, holidays)
    return list(service_spans(calendar, where, parse_moment(start, where), parse_moment(end, where)))


def test_always_and_never() -> None:
    assert service_spans(None, time_zone("UTC"), 5, 9) == ((5, 9),)
    assert service_spans(None, time_zone("UTC"), 9, 9) == ()
    assert spans("UTC", "2026-11-02", "2026-11-09") == []


def test_windows_are_clipped_to_the_period_and_merged() -> None:
    day, evening = WeeklyWindow(EVERY_DAY, 6 * 3600, 14 * 3600), WeeklyWindow(EVERY_DAY, 12 * 3600, 22 * 3600)
    whole = WeeklyWindow(EVERY_DAY, 0, 86400)
    assert spans("UTC", "2026-11-02T08:00", "2026-11-03T07:00", day, evening) == [
        (utc("2026-11-02T08:00Z"), utc("2026-11-02T22:00Z")),
        (utc("2026-11-03T06:00Z"), utc("2026-11-03T07:00Z")),
    ]
    assert spans("UTC", "2026-11-02", "2026-11-09", whole) == [(utc("2026-11-02T00:00Z"), utc("2026-11-09T00:00Z"))]


def test_a_window_past_midnight_starts_on_its_day() -> None:
    night = WeeklyWindow(frozenset({4}), 22 * 3600, 6 * 3600)
    friday, saturday = "2026-11-06", "2026-11-07"
    expected = [(utc("2026-11-06T22:00Z"), utc("2026-11-07T06:00Z"))]
    assert spans("UTC", "2026-11-02", "2026-11-09", night) == expected
    assert spans("UTC", saturday, "2026-11-08", night) == [(utc("2026-11-07T00:00Z"), utc("2026-11-07T06:00Z"))]
    assert spans("UTC", "2026-11-02", "2026-11-09", night, holidays=frozenset({date(2026, 11, 7)})) == expected
    assert spans("UTC", friday, "2026-11-08", night, holidays=frozenset({date(2026, 11, 6)})) == []


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 7),
        ("Europe/Berlin", "2026-10-25", 9),
        ("Australia/Lord_Howe", "2026-10-04", 7.5),
        ("Australia/Lord_Howe", "2026-04-05", 8.5),
        ("Asia/Kathmandu", "2026-10-25", 8),
    ],
)
def test_a_night_shift_is_an_hour_longer_or_shorter_when_the_clocks_change(zone: str, day: str, hours: float) -> None:
    night = WeeklyWindow(EVERY_DAY, 22 * 3600, 6 * 3600)
    noon_before = (date.fromisoformat(day) - timedelta(days=1)).isoformat() + "T12:00"
    ((start, end),) = spans(zone, noon_before, f"{day}T12:00", night)
    assert end - start == hours * HOUR


def test_apia_had_no_30_december() -> None:
    shift = WeeklyWindow(EVERY_DAY, 6 * 3600, 22 * 3600)
    found = spans("Pacific/Apia", "2011-12-29", "2012-01-01", shift)
    assert [(end - start) / HOUR for start, end in found] == [16, 16]
    whole = WeeklyWindow(frozenset({4}), 0, 86400)  # the Friday that never was
    assert spans("Pacific/Apia", "2011-12-26", "2012-01-02", whole) == []
