"""What a browser's session opens: a session that came by single sign-on opens the organisation it came for, no other.

An organisation chooses its identity provider, and so decides what that provider says. Its word therefore counts inside
the organisation only: a session that rests on it is *confined*. It reaches the organisations it came for, not others
that the same person belongs to, nor what is the person's own: password, addresses, second factors, new organisations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol
from uuid import UUID

from tenants.domains.hosts import PLACE
from tenants.scope.actors import Actor, Permission, Role

KEY = "sign_on"


class Session(Protocol):
    """A session of Django's, or what stands for one on a websocket."""

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key."""


def session_reaches(session: Session, tenant: UUID) -> bool:
    """Whether a session may enter an organisation that its person belongs to; ask before anything is shown of it."""
    return not is_confined(session) or entered_by_sign_on(session, tenant)


def is_confined(session: Session) -> bool:
    """Whether nothing but single sign-on stands behind a session: then it must not reach the person's own account."""
    return bool(_entry(session).get("confined", False))


def entered_by_sign_on(session: Session, tenant: UUID) -> bool:
    """Whether the session's person came by the organisation's own single sign-on."""
    return signed_on_at(session, tenant) is not None


def signed_on_at(session: Session, tenant: UUID) -> float | None:
    """When the session's person came by the organisation's own single sign-on, in seconds since 1970, if they did."""
    at = (_entry(session).get("tenants") or {}).get(str(tenant))
    return float(at) if isinstance(at, int | float) else None


def as_signed_on(actor: Actor, session: Session) -> Actor:
    """A member as their session has them: an owner who came by a provider alone, or at a host of its own, owns nothing.

    Else whoever sets the provider up, an administrator, could let it say that they are the owner; and so could whoever
    rules over the host's name in DNS and reads what browsers send to it.
    """
    if not is_confined(session) and session.get(PLACE) is None:
        return actor
    return replace(actor, permissions=actor.permissions - {Permission.ORGANISATION_OWN})


def must_sign_on(session: Session, *, tenant: UUID, policy: Mapping[str, Any], role: str) -> bool:
    """Whether the organisation wants the person to come by its single sign-on, and they have not.

    Owners keep their own way in, so that a provider that fails locks nobody out; the people of end customers are not
    with the organisation's provider.
    """
    if not policy.get("sso_only") or role in (Role.OWNER, Role.CUSTOMER):
        return False
    return not entered_by_sign_on(session, tenant)


def entry_after(session: Session, *, tenant: UUID, is_same_person: bool, at: float) -> dict[str, Any]:
    """What to keep in the session after a sign-in: who came by a password before keeps all that opened."""
    before = _entry(session) if is_same_person else {}
    was_full = is_same_person and not before.get("confined", False)
    return {"confined": not was_full, "tenants": {**before.get("tenants", {}), str(tenant): at}}


def _entry(session: Session) -> dict[str, Any]:
    found = session.get(KEY)
    return found if isinstance(found, dict) else {}
