"""What a person can choose from, and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation that a person can work in, as their membership says.

    Attributes:
        tenant: The organisation.
        slug: Its name in addresses.
        name: What it is called.
        membership: The membership.
        role: A role that every organisation has, or the id of one of its own.
        customer: The end customer that the person belongs to, if any.
        is_held: Whether the membership holds in some places only.
        state: Where the organisation is in its life (`TenantState`).
        plan: The key of its plan.
        policy: Its rules of entry.
        brand: How its pages look.
        state_until: When its state ends by itself, if it does.
    """

    tenant: UUID
    slug: str
    name: str
    membership: UUID
    role: str
    customer: UUID | None
    is_held: bool
    state: str
    plan: str
    policy: dict[str, Any]
    brand: dict[str, Any]
    state_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place that a membership can be held to: a site with all that stands there, or one twin; never both."""

    site: UUID | None = None
    twin: UUID | None = None

    def __str__(self) -> str:
        """As it stands in forms and records: ``site/<id>`` or ``twin/<id>``."""
        return f"site/{self.site}" if self.site else f"twin/{self.twin}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """The place that `str` made a text of.

        Raises:
            ValueError: It is none.
        """
        kind, _, id_ = text.partition("/")
        if kind not in ("site", "twin"):
            raise ValueError(f"“{text[:60]}” is no place")
        return cls(**{kind: UUID(id_)})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether somebody may do something, and why.

    Attributes:
        permission: What.
        twin: At which twin, or None for the organisation as a whole.
        allowed: Whether they may.
        reasons: Why, a sentence each.
    """

    permission: str
    twin: UUID | None
    allowed: bool
    reasons: tuple[str, ...]
