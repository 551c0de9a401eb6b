"""Billing periods: calendar months on the clocks of a contract."""

from __future__ import annotations

import re
from calendar import isleap
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tenants.kernel.calendars import from_epoch_ms, local_ms
from tenants.kernel.errors import OutturnError

LONGEST = timedelta(days=366)
_FIRST, _AFTER = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_MOMENT = timedelta(microseconds=1)
_MONTH = re.compile(r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])")


class PeriodError(OutturnError):
    """The period cannot be billed."""

    code = "period.invalid"
    status = 422


def month(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """A calendar month, from local midnight to local midnight, in UTC.

    Args:
        text: The month, such as ``2026-09``.
        zone: The zone of the contract.

    Raises:
        PeriodError: It is no month.
    """
    if not _MONTH.fullmatch(text):
        raise PeriodError(f"{text!r} is no month.", place="month", fix="Write it as year and month, such as 2026-09.")
    year, number = (int(part) for part in text.split("-"))
    following = date(year + number // 12, number % 12 + 1, 1)
    return _midnight(date(year, number, 1), zone), _midnight(following, zone)


def next_month(moment: datetime, zone: ZoneInfo) -> datetime:
    """The first instant after a moment at which a calendar month begins on the clocks of a zone."""
    local = moment.astimezone(zone)
    begins, months = moment, local.year * 12 + local.month
    while begins <= moment:  # clocks that go back over the midnight of a first show the month before once more
        begins, months = _midnight(date(months // 12, months % 12 + 1, 1), zone), months + 1
    return begins


def contract_year(first: date, moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The year of a contract that a moment lies in, from one anniversary of its first day to the next.

    That of a 29 February is 1 March where there is no such day.

    Args:
        first: The first day on which the contract held.
        moment: Any moment not before it.
        zone: The zone of the contract.
    """
    year = moment.astimezone(zone).year
    if moment < _midnight(_anniversary(first, year), zone):
        year -= 1
    return _midnight(_anniversary(first, year), zone), _midnight(_anniversary(first, year + 1), zone)


def check_moments(*moments: datetime) -> None:
    """Refuse moments that documents cannot carry.

    Raises:
        PeriodError: One is not of the years 1900 to 2199.
    """
    for moment in moments:
        if not _FIRST <= moment < _AFTER:
            raise PeriodError(
                "A time is not of the years 1900 to 2199.", place="period", fix="Write a time in those years."
            )


def check_period(start: datetime, end: datetime) -> None:
    """Refuse what is no period to rate.

    Raises:
        PeriodError: It does not run forward, is longer than a year, or not of the years 1900 to 2199.
    """
    check_moments(start, end)
    if not start < end <= start + LONGEST:
        raise PeriodError(
            "A period ends after its start, and at most 366 days later.", place="period", kept="Nothing was rated.",
            fix="Give the first instant of the period and the first after it.",
        )  # fmt: skip


def is_month(start: datetime, end: datetime, zone: ZoneInfo) -> bool:
    """Whether a period is a whole calendar month on the clocks of a zone."""
    return month(f"{start.astimezone(zone):%Y-%m}", zone) == (start, end)


def last_day(end: datetime, zone: ZoneInfo) -> date:
    """The last day of a period that ends at a moment, on the clocks of a zone."""
    return (end - _MOMENT).astimezone(zone).date()


def whole_days(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[date, date] | None:
    """The first and last day of a period from local midnight to local midnight; None of any other."""
    first, after = start.astimezone(zone).date(), end.astimezone(zone).date()
    is_whole = (_midnight(first, zone), _midnight(after, zone)) == (start, end)
    return (first, last_day(end, zone)) if is_whole else None


def period_text(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """A period in words: ``September 2026`` for a whole month, else its first and last day."""
    first, after = start.astimezone(zone), end.astimezone(zone)
    if is_month(start, end, zone):
        return f"{first:%B %Y}"
    return f"{first:%d %b %Y %H:%M} to {after:%d %b %Y %H:%M}"


@lru_cache(maxsize=8192)  # many contracts are settled by the same months
def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return from_epoch_ms(local_ms(datetime.combine(day, time()), zone))


def _anniversary(first: date, year: int) -> date:
    is_leap_day = (first.month, first.day) == (2, 29)
    return date(year, 3, 1) if is_leap_day and not isleap(year) else first.replace(year=year)
