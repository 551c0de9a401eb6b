"""What crosses the door of the post room: what a letter is about, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants.scope.models import Tenant


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a letter is about, for whoever renders it when it goes out.

    Attributes:
        tenant: The organisation that writes.
        about: The thing it is about.
        facts: What else was written down with it, in no language.
        customer: The end customer whose person it goes to; None for one of the organisation's own.
        now: The moment.
    """

    tenant: Tenant
    about: UUID
    facts: Mapping[str, Any]
    customer: UUID | None
    now: datetime

    @property
    def organisation(self) -> str:
        """What the organisation calls itself."""
        return self.tenant.brand.get("product_name") or self.tenant.name


@dataclass(frozen=True, slots=True)
class Text:
    """What a letter says, in the language of its reader.

    Attributes:
        subject: The subject; line ends in it become spaces.
        body: The text.
        refuse: The address of a page on which such mails can be refused, or nothing.
    """

    subject: str
    body: str
    refuse: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the letters about one thing.

    Attributes:
        sent: How many went.
        waiting: How many are still to go.
        ended: How many never will.
        last_at: When the last one went.
    """

    sent: int = 0
    waiting: int = 0
    ended: int = 0
    last_at: datetime | None = None
