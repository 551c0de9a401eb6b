"""The rules by which an organisation lets people and keys in; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tenants.kernel.networks import is_within

MOST_HOURS = 24 * 30
"""The longest time between two proofs that can be asked for."""


class Way(StrEnum):
    """What somebody who was refused can do about it."""

    SET_UP_FACTOR = "set_up_factor"
    PROVE_FACTOR = "prove_factor"
    SIGN_IN_AGAIN = "sign_in_again"
    SINGLE_SIGN_ON = "single_sign_on"
    OTHER_NETWORK = "other_network"


@dataclass(frozen=True, slots=True)
class Policy:
    """An organisation's rules of entry.

    Attributes:
        second_factor: Whether everybody proves who they are with more than a password.
        session_hours: After how many hours they prove it again; None for as long as the session lasts.
        networks: Where they may come from; none for anywhere.
        sso_only: Whether they come through the organisation's own identity provider only.
    """

    second_factor: bool = False
    session_hours: int | None = None
    networks: tuple[str, ...] = ()
    sso_only: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The rules as they are kept."""
        return {
            "second_factor": self.second_factor, "session_hours": self.session_hours,
            "networks": list(self.networks), "sso_only": self.sso_only,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of somebody who wants in.

    Attributes:
        address: The network address they come from.
        now: The moment.
        proved_at: When they last proved who they are in this session; None if it is not known.
        has_factor: Whether they have a second factor.
        used_factor: Whether they used it, or set it up, in this session.
        signed_on: Whether this session was made, or confirmed, by the organisation's own identity provider.
        must_sign_on: Whether the organisation wants this person to come that way, and they have not.
    """

    address: str
    now: datetime
    proved_at: datetime | None = None
    has_factor: bool = False
    used_factor: bool = False
    signed_on: bool = False
    must_sign_on: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody is not let in, and what they can do."""

    code: str
    message: str
    fix: str
    way: Way


def policy_of(kept: Mapping[str, Any]) -> Policy:
    """The rules as they are kept in `Tenant.policy`."""
    hours = kept.get("session_hours")
    return Policy(
        second_factor=bool(kept.get("second_factor")),
        session_hours=hours if isinstance(hours, int) and hours > 0 else None,
        networks=tuple(kept.get("networks") or ()),
        sso_only=bool(kept.get("sso_only")),
    )


def refusal(policy: Policy, facts: Facts) -> Refusal | None:
    """Whether a person is let in: None, or the first rule that is in the way.

    A session by the organisation's own provider needs no second factor of ours: the provider asks for its own.
    """
    if outside := network_refusal(policy, facts.address):
        return outside
    if facts.must_sign_on:
        return Refusal(
            "entry.single_sign_on", "this organisation is entered through its own single sign-on",
            "Sign in through your organisation's identity provider.", Way.SINGLE_SIGN_ON,
        )  # fmt: skip
    if _is_stale(policy, facts):
        return Refusal(
            "entry.session_too_old",
            f"this organisation asks who you are again after {policy.session_hours} hours", "Confirm that it is you.",
            Way.SIGN_IN_AGAIN,
        )  # fmt: skip
    if policy.second_factor and not facts.signed_on:
        return _factor_refusal(facts)
    return None


def network_refusal(policy: Policy, address: str) -> Refusal | None:
    """Whether an address is let in: the rule that keys are under, too."""
    if not policy.networks or is_within(address, policy.networks):
        return None
    return Refusal(
        "entry.network", f"this organisation is not open to your network address, {address or 'which is not known'}",
        "Connect through one of its networks, or ask an administrator to add yours.", Way.OTHER_NETWORK,
    )  # fmt: skip


def _is_stale(policy: Policy, facts: Facts) -> bool:
    if policy.session_hours is None:
        return False
    return facts.proved_at is None or facts.now - facts.proved_at >= timedelta(hours=policy.session_hours)


def _factor_refusal(facts: Facts) -> Refusal | None:
    if not facts.has_factor:
        return Refusal(
            "entry.second_factor", "this organisation asks for a second factor, and you have none yet",
            "Set up an authenticator app or a passkey.", Way.SET_UP_FACTOR,
        )  # fmt: skip
    if not facts.used_factor:
        return Refusal(
            "entry.second_factor_unused", "this organisation asks for a second factor, and this session did without",
            "Confirm with your authenticator app or your passkey.", Way.PROVE_FACTOR,
        )  # fmt: skip
    return None
