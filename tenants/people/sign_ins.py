"""Sign-ins and changes of what one signs in with, written into the audit of every organisation of the person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import (
    email_added,
    email_changed,
    email_removed,
    password_changed,
    password_reset,
    password_set,
)  # fmt: skip
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)  # fmt: skip
from django.http import HttpRequest
from pydantic import JsonValue

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.people.rights import rights_changed
from tenants.people.selectors import organisations
from tenants.record.services import record_audit
from tenants.scope.context import scope

MOST = 50
"""Organisations that are told of one event; nobody signs in to more of them a day."""
FACTOR_SET_UP = "second_factor_set_up"
"""In a session: the second factor was set up in it, which proves it as well as using it would."""


def tell_organisations(
    user: User, *, action: str, now: datetime, details: Mapping[str, JsonValue] | None = None,
    ends_sessions: bool = False,
) -> None:  # fmt: skip
    """Write one audit entry in each organisation that the person belongs to, each in a transaction of its own.

    Call it outside any scope: a sign-in belongs to no organisation. What ends sessions closes their websockets, too.
    """
    for each in organisations(user.id)[:MOST]:
        with scope(each.tenant):
            record_audit(action=action, subject=f"person/{user.id}", by=user.email, now=now, details=details)
            if ends_sessions:
                rights_changed(each.tenant)


def methods_of(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """How somebody proved who they are, each once: ``password``, ``totp``, ``webauthn``, ``recovery_codes``, ..."""
    yield from dict.fromkeys(str(each.get("type") or each.get("method") or "unknown") for each in records)


def listen() -> None:
    """Hear from allauth what its adapters do not tell."""
    for signal, receiver in (
        (authenticator_added, _added), (authenticator_removed, _removed), (authenticator_reset, _renewed),
        (authentication_failed, _refused), (password_changed, _password), (password_set, _password),
        (password_reset, _password), (email_added, _address_added), (email_removed, _address_removed),
        (email_changed, _address_changed),
    ):  # fmt: skip
        signal.connect(receiver, dispatch_uid=f"tenants.people.{receiver.__name__}")


def _added(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        request.session[FACTOR_SET_UP] = str(user.id)
    _factor("factor.added", user, authenticator)


def _removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    _factor("factor.removed", user, authenticator)


def _renewed(user: User, authenticator: Authenticator, **_: Any) -> None:
    _factor("factor.renewed", user, authenticator)


def _refused(user: User, authenticator: Authenticator, **_: Any) -> None:
    tell_organisations(
        user, action="sign_in.refused", now=utc_now(), details={"method": str(getattr(authenticator, "type", "code"))}
    )


def _password(user: User, **_: Any) -> None:
    tell_organisations(user, action="password.changed", now=utc_now(), ends_sessions=True)


def _address_added(user: User, email_address: EmailAddress, **_: Any) -> None:
    _address("person.address_added", user, {"address": email_address.email})


def _address_removed(user: User, email_address: EmailAddress, **_: Any) -> None:
    _address("person.address_removed", user, {"address": email_address.email})


def _address_changed(
    user: User, from_email_address: EmailAddress | None, to_email_address: EmailAddress, **_: Any
) -> None:
    before = from_email_address.email if from_email_address else None
    _address("person.address_changed", user, {"from": before, "to": to_email_address.email})


def _address(action: str, user: User, details: Mapping[str, JsonValue]) -> None:
    tell_organisations(user, action=action, now=utc_now(), details=details)


def _factor(action: str, user: User, authenticator: Authenticator) -> None:
    tell_organisations(user, action=action, now=utc_now(), details={"factor": str(authenticator.type)})
