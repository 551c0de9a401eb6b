"""Whether a request, a socket or a key may enter an organisation: its rules (`entry`), asked with what is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator

from tenants.people.entry import Facts, Refusal, network_refusal, policy_of, refusal
from tenants.people.schemas import Organisation
from tenants.people.sign_ins import FACTOR_SET_UP


class Session(Protocol):
    """A session of Django's, or what stands for one on a websocket."""

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key."""


def person_refusal(
    *, organisation: Organisation, user: UUID, session: Session, address: str, now: datetime,
    signed_on_at: datetime | None = None, must_sign_on: bool = False,
) -> Refusal | None:  # fmt: skip
    """Why a person may not enter an organisation now, or None.

    No query unless the organisation asks for a second factor; then one.

    Args:
        organisation: The organisation, as the person's membership shows it.
        user: The person.
        session: Their session.
        address: The network address they come from.
        now: The moment.
        signed_on_at: When they came through the organisation's own identity provider in this session, if they did.
        must_sign_on: Whether they have to, and have not.
    """
    if not organisation.policy:
        return None
    policy = policy_of(organisation.policy)
    facts = Facts(
        address=address, now=now, proved_at=proved_at(session, signed_on_at),
        has_factor=policy.second_factor and has_second_factor(user),
        used_factor=used_second_factor(session, user),
        signed_on=signed_on_at is not None, must_sign_on=must_sign_on,
    )  # fmt: skip
    return refusal(policy, facts)


def key_refusal(*, policy: Mapping[str, Any], address: str) -> Refusal | None:
    """Why a key may not enter an organisation with these rules (`Tenant.policy`) from an address, or None."""
    return network_refusal(policy_of(policy), address) if policy else None


def proved_at(session: Session, signed_on_at: datetime | None = None) -> datetime | None:
    """When a person last proved who they are in this session, by whatever means; None if it does not tell."""
    records = session.get(AUTHENTICATION_METHODS_SESSION_KEY) or []
    proofs = [datetime.fromtimestamp(each["at"], UTC) for each in records] + ([signed_on_at] if signed_on_at else [])
    return max(proofs, default=None)


def used_second_factor(session: Session, user: UUID) -> bool:
    """Whether a person proved who they are with their second factor, or set it up, in this session."""
    records = session.get(AUTHENTICATION_METHODS_SESSION_KEY) or []
    return any(each.get("method") == "mfa" for each in records) or session.get(FACTOR_SET_UP) == str(user)


def has_second_factor(user: UUID) -> bool:
    """Whether a person has an authenticator app or a passkey."""
    factors = Authenticator.objects.filter(user_id=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return bool(factors.exists())
