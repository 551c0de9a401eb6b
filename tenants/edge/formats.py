"""Numbers, amounts, days and moments as people of the page's language write them.

English is how the house writes them everywhere; what other programs read is written without this module.
"""

from __future__ import annotations

from datetime import date, datetime

from django.utils.dates import MONTHS
from django.utils.translation import get_language, pgettext

from tenants.kernel.money import Money

_GERMAN = "de"
_TURNED = str.maketrans(",.", ".,")
_SYMBOLS = {"EUR": "€"}
"""Signs that mean one currency only; the others are named by their code."""


def number_shown(text: str) -> str:
    """A number as English writes it, such as ``-1,234.50``, in the language of the page: ``-1.234,50``."""
    return text.translate(_TURNED) if is_german() else text


def count_shown(count: int) -> str:
    """A count with thousands separators."""
    return number_shown(f"{count:,}")


def money_shown(money: Money) -> str:
    """An amount in major units with its currency: ``1,234.50 EUR``, in German ``1.234,50 €``."""
    return f"{number_shown(f'{money.amount:,}')} {currency_shown(money.currency)}"


def currency_shown(code: str) -> str:
    """A currency beside an amount: its code, in German its sign where that means it alone."""
    return _SYMBOLS.get(code, code) if is_german() else code


def day_shown(day: date) -> str:
    """A day, such as ``1 September 2026`` or ``1. September 2026``."""
    return f"{day.day}. {month_shown(day)}" if is_german() else f"{day.day} {month_shown(day)}"


def short_day_shown(day: date) -> str:
    """A day where there is little room: ``1 Sep 2026`` or ``01.09.2026``."""
    return f"{day:%d.%m.%Y}" if is_german() else f"{day.day} {day:%b %Y}"


def month_shown(day: date) -> str:
    """The month that a day lies in, such as ``September 2026``."""
    return f"{MONTHS[day.month]} {day.year}" if is_german() else f"{day:%B %Y}"


def short_month_shown(day: date) -> str:
    """The same where there is little room, such as ``Sep 26``."""
    return f"{str(MONTHS[day.month])[:3]} {day:%y}" if is_german() else f"{day:%b %y}"


def moment_shown(local: datetime) -> str:
    """A moment to the minute on the clocks that it carries: ``1 Sep 2026 06:00`` or ``01.09.2026, 06:00``."""
    return f"{short_day_shown(local)}{',' if is_german() else ''} {local:%H:%M}"


def span_shown(start: str, end: str) -> str:
    """Two moments as they are shown, as a span."""
    return pgettext("span", "%(start)s to %(end)s") % {"start": start, "end": end}


def is_german() -> bool:
    """Whether the page is in German; else figures are written as in English."""
    return (get_language() or "").split("-")[0] == _GERMAN
