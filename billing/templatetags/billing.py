"""Template filters for money and outcomes."""

from __future__ import annotations

from django import template

from billing.contracts.figures import money_text

register = template.Library()


@register.filter
def money(minor: int | None, currency: str) -> str:
    """Whole minor units as an amount with its currency; an en dash where there is none."""
    return "–" if minor is None else money_text(minor, currency)


@register.filter
def hours(seconds: float) -> str:
    """Seconds as hours with two digits, cut off."""
    hundredths = int(seconds * 1000) // 36_000
    return f"{hundredths // 100:,}.{hundredths % 100:02d}"
