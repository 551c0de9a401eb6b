"""The figures of contracts, statements and reports for people who read pages, in the language of the page.

`billing.contracts.figures` and `billing.contracts.periods` write the same in the one form that documents are sealed in;
only the days of a period that is no whole month are shorter here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, ngettext

from billing.contracts.figures import hours_text, percent_short
from billing.contracts.periods import is_month, period_text, whole_days
from tenants.edge import formats
from tenants.kernel.calendars import from_epoch_ms
from tenants.kernel.money import Money

NOTHING = "–"


def money_shown(minor: int, currency: str) -> str:
    """An amount in major units with its currency, such as ``-1,234.50 EUR`` or ``-1.234,50 €``."""
    return formats.money_shown(Money(minor, currency))


def percent_shown(percent: str | None) -> str:
    """A percentage of six digits with two, cut off, so that it never claims more than was reached."""
    return formats.number_shown(percent_short(percent))


def hours_shown(milliseconds: int) -> str:
    """A length in hours with two digits, cut off, such as ``1,234.50`` or ``1.234,50``."""
    return formats.number_shown(hours_text(milliseconds))


def moment_shown(moment: datetime, zone: ZoneInfo) -> str:
    """A moment to the minute on the clocks of a zone, such as ``1 Sep 2026 06:00`` or ``01.09.2026, 06:00``."""
    return formats.moment_shown(moment.astimezone(zone))


def span_shown(start: int, end: int, zone: ZoneInfo) -> str:
    """A span in epoch milliseconds on the clocks of a zone."""
    return formats.span_shown(*(moment_shown(from_epoch_ms(each), zone) for each in (start, end)))


def period_shown(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """A period: ``September 2026`` for a whole month, ``16 to 30 September 2026`` for days, else from when to when."""
    if is_month(start, end, zone):
        return formats.month_shown(start.astimezone(zone))
    days = whole_days(start, end, zone)
    if days is not None:
        return _days_shown(*days)
    if formats.is_german():
        return formats.span_shown(moment_shown(start, zone), moment_shown(end, zone))
    return period_text(start, end, zone)


def _days_shown(first: date, last: date) -> str:
    if first == last:
        return formats.day_shown(last)
    if (first.year, first.month) != (last.year, last.month):
        return formats.span_shown(formats.day_shown(first), formats.day_shown(last))
    return formats.span_shown(f"{first.day}{'.' if formats.is_german() else ''}", formats.day_shown(last))


def statement_shown(start: datetime, end: datetime, zone: ZoneInfo, version: int) -> str:
    """What a statement is called: its period and version."""
    return gettext("%(period)s, version %(version)s") % {"period": period_shown(start, end, zone), "version": version}


def length_shown(milliseconds: int) -> str:
    """A length in words, exact to the millisecond, such as ``1 hour 30 minutes``."""
    left, words = milliseconds, []
    for length, told in _UNITS:
        count, left = divmod(left, length)
        if count:
            words.append(told(count) % {"count": count})
    if left:
        seconds = formats.number_shown(f"{Decimal(left) / 1000:f}")
        words.append(ngettext("%(count)s second", "%(count)s seconds", 1 if left == 1000 else 2) % {"count": seconds})
    return " ".join(words) or gettext("no time")


_UNITS: tuple[tuple[int, Callable[[int], str]], ...] = (
    (86_400_000, lambda count: ngettext("%(count)s day", "%(count)s days", count)),
    (3_600_000, lambda count: ngettext("%(count)s hour", "%(count)s hours", count)),
    (60_000, lambda count: ngettext("%(count)s minute", "%(count)s minutes", count)),
)
"""Units of a length in milliseconds, the longest first, and how some of them are told."""
