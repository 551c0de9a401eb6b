"""What crosses the room's borders."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Home:
    """The one organisation that a host of its own shows.

    Attributes:
        host: The host, in its ASCII form.
        tenant: The organisation.
        slug: Its name in addresses.
    """

    host: str
    tenant: UUID
    slug: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record to be set in DNS: ``TXT``, the name it stands at, and what it says."""

    kind: str
    name: str
    text: str
