"""Template filters for what twins are made of."""

from __future__ import annotations

from datetime import timedelta

from django import template

from twins.language.symbols import symbol

register = template.Library()


@register.filter
def unit(code: str | None) -> str:
    """A UCUM code as people write it; an en dash for what has no unit."""
    return symbol(code or "1") or "–"


@register.filter
def hours(duration: timedelta) -> str:
    """A duration in hours, without a fraction that is nought."""
    return f"{duration / timedelta(hours=1):g}"
