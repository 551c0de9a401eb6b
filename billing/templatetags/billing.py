"""Template filters for money and outcomes."""

from __future__ import annotations

from datetime import date

from django import template

from billing.contracts.shown import hours_shown, money_shown, percent_shown
from billing.invoices.domain.banking import account_shown
from billing.statements.retold import retold as retold_text
from tenants.edge.formats import day_shown, is_german, month_shown, number_shown, short_day_shown

register = template.Library()


@register.filter
def money(minor: int | None, currency: str) -> str:
    """Whole minor units as an amount with its currency; an en dash where there is none."""
    return "–" if minor is None else money_shown(minor, currency)


@register.filter
def hours(seconds: float) -> str:
    """Seconds as hours with two digits, cut off."""
    return hours_shown(int(seconds * 1000))


@register.filter
def day(text: str) -> str:
    """A day as documents have it, ``2026-09-01``, in the language of the page; English has it as it is."""
    return short_day_shown(date.fromisoformat(text)) if is_german() else text


@register.filter
def month(text: str) -> str:
    """A month as documents have it, ``2026-09``, in words."""
    return month_shown(date.fromisoformat(f"{text}-01"))


@register.filter
def whole_day(value: date) -> str:
    """A day with its month in full, such as ``1 September 2026``."""
    return day_shown(value)


@register.filter
def number(text: str) -> str:
    """A number as documents have it, such as ``19.5``, in the language of the page."""
    return number_shown(text)


@register.filter
def percent(text: str | None) -> str:
    """A percentage as documents have it, of six digits, with two, cut off."""
    return percent_shown(text)


@register.filter
def account(text: str) -> str:
    """A bank account as documents have it; an IBAN in groups of four."""
    return account_shown(text)


@register.filter
def retold(text: str) -> str:
    """The text of a line as it was sealed, in the language of the page."""
    return retold_text(text)
