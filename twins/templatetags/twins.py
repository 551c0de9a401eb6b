"""Template filters for what twins are made of."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tenants.templatetags.assets import icon
from twins.language.symbols import symbol
from twins.telemetry.quality_words import look_of

register = template.Library()


@register.filter
def unit(code: str | None) -> str:
    """A UCUM code as people write it; an en dash for what has no unit."""
    return symbol(code or "1") or "–"


@register.filter
def sensible(value: float | None) -> str:
    """A reading in five significant digits, with thousands separators; an en dash for none."""
    return "–" if value is None else str(number_format(Decimal(f"{value:.5g}").normalize(), force_grouping=True))


@register.filter
def quality(code: int) -> SafeString:
    """How far a reading can be trusted: icon, tone and word."""
    look = look_of(code)
    return format_html(
        '<span class="state state-{}" title="{}">{}<span>{}</span></span>',
        look.tone, look.meaning, icon(look.icon), look.word,
    )  # fmt: skip


@register.filter
def hours(duration: timedelta) -> str:
    """A duration in hours, without a fraction that is nought."""
    return f"{duration / timedelta(hours=1):g}"
