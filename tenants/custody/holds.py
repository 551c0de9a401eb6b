"""What holds rows back from retention and from the trash; each domain registers what it still needs, when it is ready.

A hold is worked out whenever somebody asks, from what the domain knows then: nothing has to be released.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import cast
from uuid import UUID

from django.utils.module_loading import import_string

from tenants.custody.schemas import Hold

Holder = Callable[[datetime], Iterable[Hold]]
"""Says what the tenant in scope must keep at a moment."""

_holders: list[str] = []


def register_holder(path: str) -> None:
    """Ask a domain, by a dotted path, before rows are removed."""
    if path not in _holders:
        _holders.append(path)


def holds(*, now: datetime) -> list[Hold]:
    """What the tenant in scope must keep, what reaches back furthest first."""
    found = [hold for path in _holders for hold in cast("Holder", import_string(path))(now)]
    return sorted(found, key=lambda hold: (hold.since, hold.reason))


def hold_about(thing: UUID, *, now: datetime) -> Hold | None:
    """What needs the rows of a thing, if anything does."""
    return next((hold for hold in holds(now=now) if thing in hold.about), None)
