"""Statuses and cells of lists as HTML: a page has hundreds, and a template for each would take longer than the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from tenants.edge.formats import number_shown, short_day_shown
from tenants.templatetags.assets import icon
from tenants.templatetags.parts import age, amount, moment, status_look

register = template.Library()
NOTHING = "–"


@register.simple_tag
def state(status: object, word: object = "") -> SafeString:
    """A status: its icon, its tone and its word, or another word in place of that."""
    look = status_look(status)
    return format_html(
        '<span class="state state-{}" data-status="{}">{}<span>{}</span></span>',
        look.tone, status, icon(look.icon), word or look.word,
    )  # fmt: skip


@register.filter
def shown(cell: Mapping[str, Any]) -> SafeString | str:
    """What a cell of a list (`tenants.edge.lists`) shows: its value as its kind is written, and the link around it."""
    value = _written(cell)
    return format_html('<a href="{}">{}</a>', cell["url"], value) if cell["url"] else value


def _written(cell: Mapping[str, Any]) -> Any:
    value = cell["value"]
    if cell["kind"] == "status":
        return state(value, cell["word"])
    write = _WRITTEN.get(cell["kind"])
    return value or NOTHING if write is None else write(value)


def _day(value: Any) -> str:
    if not value:
        return NOTHING
    return short_day_shown(localtime(value) if isinstance(value, datetime) else value)


def _number(value: Any) -> str:
    return NOTHING if value is None else number_shown(_grouped(value))


def _grouped(value: Any) -> str:
    """A number with thousands separators, its digits as they are; what is none stays as it is."""
    return f"{value:,}" if isinstance(value, int | Decimal) else intcomma(value, use_l10n=False)


def _code(value: Any) -> SafeString | str:
    return format_html("<code>{}</code>", value) if value else NOTHING


_WRITTEN: dict[str, Callable[[Any], Any]] = {
    "moment": moment, "age": age, "day": _day, "money": amount, "number": _number, "code": _code,
}  # fmt: skip
