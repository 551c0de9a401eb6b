"""Template filters for what agents at sites say of themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _

register = template.Library()

_SOURCES = {
    "connected": ("connected", _("Connected")), "connecting": ("working", _("Connecting")),
    "failed": ("failed", _("Failing")),
}  # fmt: skip


@register.filter
def told_moment(text: str) -> datetime:
    """A moment as a status has it."""
    return datetime.fromisoformat(text)


@register.filter
def source_look(state: str) -> str:
    """The look of a source's state."""
    return _SOURCES[state][0]


@register.filter
def source_word(state: str) -> Any:
    """The word of a source's state."""
    return _SOURCES[state][1]
