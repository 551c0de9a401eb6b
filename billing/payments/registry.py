"""What rooms above show on the payment settings, beside who collects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.utils.module_loading import import_string

Context = Callable[[], dict[str, Any] | None]
"""What a part shows to the tenant in scope; None where it is nothing to them."""


@dataclass(frozen=True, slots=True)
class SettingsPart:
    """A part of the page: its template, and by a dotted path what gives its context."""

    template: str
    context: str


_parts: dict[str, SettingsPart] = {}


def register_settings_part(part: SettingsPart) -> None:
    """Put a part on the page, after those that are there."""
    _parts[part.template] = part


def settings_parts() -> list[dict[str, Any]]:
    """The parts that the tenant in scope sees: each `template` with its `part`."""
    found = ((part.template, cast("Context", import_string(part.context))()) for part in _parts.values())
    return [{"template": template, "part": context} for template, context in found if context is not None]
