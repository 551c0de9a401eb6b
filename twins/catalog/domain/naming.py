"""What people call a part of a type, where no viewer's language is known."""

from __future__ import annotations

from collections.abc import Mapping


def title_of(names: Mapping[str, str] | None) -> str | None:
    """The name in English, else in any language; None without one."""
    names = names or {}
    return names.get("en") or next(iter(names.values()), None)
