"""Who is told of a decision that changes what is rated, in its transaction; rooms above register themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, cast
from uuid import UUID

from django.utils.module_loading import import_string


class Decided(Protocol):
    """Does what such a decision asks of a room above; what it raises undoes the decision."""

    def __call__(self, statement: UUID, *, by: str, now: datetime) -> None:
        """Do it."""


_told: dict[str, None] = {}


def register_decided(path: str) -> None:
    """Name by a dotted path what is told of each decision that changes what is rated."""
    _told[path] = None


def tell_decided(statement: UUID, *, by: str, now: datetime) -> None:
    """Tell everybody who is registered of the statement whose period is to be rated again."""
    for path in _told:
        cast("Decided", import_string(path))(statement, by=by, now=now)
