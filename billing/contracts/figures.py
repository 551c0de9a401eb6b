"""How amounts, lengths and days are written for people in contracts, statements and reports."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from tenants.kernel.calendars import epoch_ms, from_epoch_ms, parse_duration
from tenants.kernel.money import Money

_UNITS = (("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000))


def money_text(minor: int, currency: str) -> str:
    """An amount in major units with its currency, such as ``-1,234.50 EUR``."""
    return f"{Money(minor, currency).amount:,} {currency}"


def day_text(day: date) -> str:
    """A day, such as 1 September 2026."""
    return f"{day.day} {day:%B %Y}"


def moment_text(moment: datetime, zone: ZoneInfo) -> str:
    """A moment to the minute on the clocks of a zone, such as ``1 Sep 2026 06:00``."""
    local = moment.astimezone(zone)
    return f"{local.day} {local:%b %Y %H:%M}"


def span_text(start: int, end: int, zone: ZoneInfo) -> str:
    """A span in epoch milliseconds on the clocks of a zone."""
    return f"{moment_text(from_epoch_ms(start), zone)} to {moment_text(from_epoch_ms(end), zone)}"


def duration_text(duration: str) -> str:
    """An ISO 8601 duration in words, such as ``5 days`` or ``1 hour 30 minutes``."""
    return length_text(parse_duration(duration))


def length_text(milliseconds: int) -> str:
    """A length in words, exact to the millisecond."""
    left, words = milliseconds, []
    for name, length in _UNITS:
        count, left = divmod(left, length)
        if count:
            words.append(f"{count} {name}{'' if count == 1 else 's'}")
    if left:
        words.append(f"{Decimal(left) / 1000:f} second{'' if left == 1000 else 's'}")
    return " ".join(words) or "no time"


def hours_text(milliseconds: int) -> str:
    """A length in hours with two digits, cut off, such as ``1,234.50``."""
    hundredths = milliseconds // 36_000
    return f"{hundredths // 100:,}.{hundredths % 100:02d}"


def percent_short(percent: str | None) -> str:
    """A percentage of six digits with two, cut off, so that it never claims more than was reached."""
    return "–" if percent is None else percent[:-4]


def utc_text(moment: datetime) -> str:
    """A moment as documents carry it: ISO 8601 in UTC, cut off at the millisecond."""
    whole = from_epoch_ms(epoch_ms(moment))
    return whole.isoformat(timespec="milliseconds" if whole.microsecond else "seconds").replace("+00:00", "Z")
