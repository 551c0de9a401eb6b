"""What rooms above tell of contracts, which periods are settled, and who is told once another version holds.

They register themselves when the app is ready.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast
from uuid import UUID

from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class SettledPeriod:
    """A period of a contract that has a statement, as its newest version says.

    Attributes:
        start: First instant.
        end: First instant after.
        under: The version of the contract it was settled under.
        statement: The digest of the statement.
        currency: ISO 4217.
        credits_minor: What its clauses credit after caps, minor units.
    """

    start: datetime
    end: datetime
    under: int
    statement: str
    currency: str
    credits_minor: int


class Settled(Protocol):
    """Tells what is settled, by one query."""

    def __call__(
        self, contract: UUID, start: datetime, end: datetime | None, sealed_by: datetime
    ) -> Sequence[SettledPeriod]:
        """The periods of a contract that end after ``start`` and begin before ``end``, sealed by a moment."""


class Agreed(Protocol):
    """Does what follows from a version that both sides are bound by; what it raises undoes the agreement."""

    def __call__(self, contract: UUID, *, by: str, now: datetime) -> None:
        """Do it, for whoever published the version."""


_settled: list[str] = []
_agreed: dict[str, None] = {}


def register_settled(path: str) -> None:
    """Say by a dotted path what tells the settled periods."""
    _settled[:] = [path]


def settled_periods(
    contract: UUID, start: datetime, end: datetime | None, sealed_by: datetime
) -> Sequence[SettledPeriod]:
    """The settled periods of a contract that end after ``start`` and begin before ``end``, the first first.

    Raises:
        LookupError: Nobody has registered what tells them.
    """
    if not _settled:
        raise LookupError("nothing tells which periods are settled")
    return cast("Settled", import_string(_settled[0]))(contract, start, end, sealed_by)


def register_agreed(path: str) -> None:
    """Name by a dotted path what is told of each version that both sides are bound by."""
    _agreed[path] = None


def tell_agreed(contract: UUID, *, by: str, now: datetime) -> None:
    """Tell everybody who is registered that another version of a contract holds, or will."""
    for path in _agreed:
        cast("Agreed", import_string(path))(contract, by=by, now=now)
