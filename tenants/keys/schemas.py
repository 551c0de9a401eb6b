"""What a service account and a key are to be, and what a token tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tenants.scope.actors import Permission

LIFETIME = timedelta(days=365)
"""How long a key holds when nobody says otherwise."""
WARNING = timedelta(days=30)
"""How long before its end a key is shown as one that ends soon."""
LONGEST_OVERLAP = timedelta(days=30)
"""How long a secret may go on after a newer one has taken its place."""


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """What a service account is to be.

    Attributes:
        name: What it is called.
        purpose: What it is for.
        role: What it may do: a role that every organisation has, or the id of one of its own; empty for `permissions`.
        permissions: What it may do when it has no role.
        sites: The sites it is held to.
        twins: The twins it is held to; with no place at all it is held to none.
    """

    name: str
    purpose: str = ""
    role: str = ""
    permissions: frozenset[Permission] = frozenset()
    sites: frozenset[UUID] = frozenset()
    twins: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What a key is to be.

    Attributes:
        name: What uses it.
        scopes: What it narrows its account to; None for all that the account may do.
        expires_at: The first moment it does not hold; None for none.
        networks: Where it is taken, in the notation of CIDR; everywhere when empty.
    """

    name: str
    scopes: frozenset[Permission] | None = None
    expires_at: datetime | None = None
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose key a token is for.

    Attributes:
        tenant: The organisation.
        slug: Its name in addresses.
        key: The key.
        digest: The digest it was found under.
        newest: The digest it is to be found under.
        policy: The organisation's rules of entry.
        state: Where the organisation is in its life.
    """

    tenant: UUID
    slug: str
    key: UUID
    digest: str
    newest: str
    policy: Mapping[str, Any]
    state: str
