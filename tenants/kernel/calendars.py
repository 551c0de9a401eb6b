"""Wall clocks and instants: local times, durations and recurring service windows in IANA time zones.

Instants are whole milliseconds since 1970-01-01T00:00:00Z, spans are half-open ``[start, end)``. A wall time that a
clock shows twice is the first of the two; one that no clock shows moves to the end of the gap. Recurring windows are
kept as local start and local end, so they follow every change of the clocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tenants.kernel.errors import OutturnError

Span = tuple[int, int]
"""``[start, end)`` in milliseconds since the epoch."""

_DATE = r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}"
_OFFSET = r"(Z|[+-][0-9]{2}:[0-9]{2})"
_HOURS, _MINUTES, _SECONDS = r"[0-9]{1,6}H", r"[0-9]{1,8}M", r"[0-9]{1,10}(\.[0-9]{1,3})?S"
_CLOCK = rf"T({_HOURS}({_MINUTES})?({_SECONDS})?|{_MINUTES}({_SECONDS})?|{_SECONDS})"

DATE_PATTERN = rf"^{_DATE}$"
"""A date of the years 1900 to 2199."""

MOMENT_PATTERN = rf"^{_DATE}(T[0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]{{1,3}})?)?{_OFFSET}?)?$"
"""A date, a local time, or a time with its offset, of the years 1900 to 2199, never finer than a millisecond."""

DURATION_PATTERN = rf"^P([0-9]{{1,5}}W|[0-9]{{1,5}}D({_CLOCK})?|{_CLOCK})$"
"""ISO 8601 in weeks, days, hours, minutes and seconds; months and years have no fixed length."""

WALL_TIME_PATTERN = r"^(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00(:00)?)$"
"""A time of day; 24:00 is the end of the day."""

_MOMENT, _DURATION, _WALL_TIME = (re.compile(one) for one in (MOMENT_PATTERN, DURATION_PATTERN, WALL_TIME_PATTERN))
_DURATION_PART = re.compile(r"([0-9]+)(?:\.([0-9]+))?([WDHMS])")
_UNIT_S = {"W": 604800, "D": 86400, "H": 3600, "M": 60, "S": 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DAY = timedelta(days=1)
_MACHINE_ZONES = ("localtime", "posixrules", "Factory")


class UnknownZoneError(OutturnError):
    """The name is not a time zone of the IANA database."""

    code = "calendar.unknown_zone"


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """A window that recurs every week.

    Attributes:
        days: Weekdays on which it starts, 0 for Monday to 6 for Sunday.
        start_s: Its start, seconds of wall clock after midnight.
        end_s: Its end likewise, up to 86400; at or before ``start_s`` it is on the next day.
    """

    days: frozenset[int]
    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """The hours in which a service is owed; a window belongs to the day on which it starts.

    Attributes:
        weekly: Recurring windows; they may overlap.
        holidays: Local dates on which no window starts.
    """

    weekly: tuple[WeeklyWindow, ...]
    holidays: frozenset[date]


def time_zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name.

    Raises:
        UnknownZoneError: There is none, or the name means another zone on every machine.
    """
    try:
        if name in _MACHINE_ZONES or name.startswith(("posix/", "right/")):
            raise ValueError(name)
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UnknownZoneError(
            f"{name!r} is not a time zone of the IANA database.",
            place="time_zone",
            fix="Write the zone as area and city, such as Europe/Berlin, or UTC.",
        ) from None


def epoch_ms(moment: datetime) -> int:
    """An aware moment in milliseconds since the epoch, finer digits cut off.

    Raises:
        ValueError: The moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return (moment - _EPOCH) // _MILLISECOND


def from_epoch_ms(instant: int) -> datetime:
    """The moment, in UTC, of an instant in milliseconds since the epoch."""
    return _EPOCH + instant * _MILLISECOND


def local_ms(wall: datetime, zone: ZoneInfo) -> int:
    """The instant at which the clocks of a zone first show a wall time, in milliseconds since the epoch.

    A wall time that is skipped gives the end of the gap, however long (Pacific/Apia skipped a whole day).
    """
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
        return epoch_ms(instant)
    before_gap = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # read with the offset that holds after the gap
    return epoch_ms(_transition(before_gap, instant, zone))


@lru_cache(maxsize=8192)  # many assets are told of at the same full hours
def parse_moment(text: str, zone: ZoneInfo) -> int:
    """An ISO 8601 time in milliseconds since the epoch; without offset it is local to the zone, a date its midnight.

    Raises:
        ValueError: It is no such time, or not of the years 1900 to 2199.
    """
    if not _MOMENT.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a date or time of ISO 8601 in the years 1900 to 2199, with at most milliseconds"
        )
    moment = datetime.fromisoformat(text)
    return local_ms(moment, zone) if moment.tzinfo is None else epoch_ms(moment)


def parse_duration(text: str) -> int:
    """An ISO 8601 duration in milliseconds; a day is 24 hours, a week seven days.

    Raises:
        ValueError: It is no such duration, or has years or months, whose length depends on the date.
    """
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration of ISO 8601 in weeks, days, hours, minutes and seconds")
    return sum(
        1000 * _UNIT_S[unit] * int(whole) + int(fraction.ljust(3, "0"))
        for whole, fraction, unit in _DURATION_PART.findall(text)
    )


def parse_wall_time(text: str) -> int:
    """A time of day in seconds of wall clock after midnight, 0 to 86400.

    Raises:
        ValueError: It is no time of day.
    """
    if not _WALL_TIME.fullmatch(text):
        raise ValueError(f"{text!r} is not a time of day between 00:00 and 24:00")
    hours, minutes, *seconds = (int(part) for part in text.split(":"))
    return 3600 * hours + 60 * minutes + sum(seconds)


@lru_cache(maxsize=512)
def service_spans(calendar: Calendar | None, zone: ZoneInfo, start: int, end: int) -> tuple[Span, ...]:
    """The service time within ``[start, end)``: sorted, disjoint, none empty, in milliseconds since the epoch.

    Args:
        calendar: Recurring windows and holidays; None is always.
        zone: The zone whose clocks the calendar follows.
        start: First instant, milliseconds since the epoch.
        end: First instant after, likewise.
    """
    if calendar is None:
        return ((start, end),) if start < end else ()
    merged: list[Span] = []
    for opening, closing in sorted(_windows(calendar, zone, start, end)):
        left, right = max(opening, start), min(closing, end)
        if left >= right:
            continue
        if merged and left <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], right))
        else:
            merged.append((left, right))
    return tuple(merged)


def _windows(calendar: Calendar, zone: ZoneInfo, start: int, end: int) -> Iterator[Span]:
    day = from_epoch_ms(start).astimezone(zone).date() - _DAY  # a window of the day before may reach past midnight
    last = from_epoch_ms(end).astimezone(zone).date()
    while day <= last:
        if day not in calendar.holidays:
            midnight = datetime.combine(day, time())
            for window in calendar.weekly:
                if day.weekday() in window.days:
                    length = (window.end_s - window.start_s - 1) % 86400 + 1
                    opening = midnight + timedelta(seconds=window.start_s)
                    yield local_ms(opening, zone), local_ms(opening + timedelta(seconds=length), zone)
        day += _DAY


def _transition(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second in ``(before, after]`` at which the zone has the offset it has at ``after``."""
    offset = after.astimezone(zone).utcoffset()
    low, high = 0, -((before - after) // timedelta(seconds=1))
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return before.replace(microsecond=0) + timedelta(seconds=high)
