"""What crosses the room's borders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tenants.signon.domain import RoleRule


@dataclass(frozen=True, slots=True)
class Settings:
    """What an administrator says about their identity provider.

    Attributes:
        discovery_url: The address of the discovery document.
        client_id: Our name with the provider.
        client_secret: Our secret with the provider; empty to keep the one there is.
        domains: The domains of mail that are the organisation's own.
        rules: Which claim gives which role, the first that fits.
        default_role: The role of those whom no rule fits; empty to refuse them.
        creates_members: Whether the provider's people become members at their first sign-in.
        is_enabled: Whether people may sign in this way.
    """

    discovery_url: str
    client_id: str
    client_secret: str
    domains: Sequence[str]
    rules: Sequence[RoleRule]
    default_role: str
    creates_members: bool
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as the sign-in needs it, read in one short scope; the secret is still sealed."""

    tenant: UUID
    slug: str
    organisation: str
    discovery_url: str
    client_id: str
    sealed_secret: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in under way, kept in the session of the browser that began it.

    Attributes:
        tenant: The organisation, as text.
        discovery_url: The provider that was asked.
        nonce: What the ID token must repeat.
        verifier: The secret behind the PKCE challenge.
        next: Where the person wanted to go.
        started: When, in seconds since 1970.
    """

    tenant: str
    discovery_url: str
    nonce: str
    verifier: str
    next: str
    started: float


@dataclass(frozen=True, slots=True)
class Door:
    """An organisation that a person may sign in to by single sign-on."""

    slug: str
    name: str
