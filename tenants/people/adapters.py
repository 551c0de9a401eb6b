"""What allauth asks of us: whose address a request comes from, how secrets are kept, and who is told of a sign-in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urljoin, urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from tenants.edge.context import client_address, request_id
from tenants.edge.http import address_of
from tenants.kernel.clock import isoformat, utc_now
from tenants.kernel.sealing import seal, unseal
from tenants.people.models import User
from tenants.people.sign_ins import methods_of, tell_organisations
from tenants.people.tasks import tell_refused_sign_in

PURPOSE = "one-time codes"
OF_FORMS = (
    _("You must type the same password each time."),
    _("You must type the same email each time."),
    _("You cannot add more than %d email addresses."),
    _("You cannot remove your primary email address."),
    _("Your primary email address must be verified."),
)
"""What allauth's own forms say, named here so that our catalogues tell it: theirs address people as friends do."""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth is not typed for us
    """Sign-up, sign-in and mail."""

    error_messages: ClassVar[dict[str, Any]] = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The address or the password is not correct. Check both, and try again."),
        "enter_current_password": _("This is not your password now."),
        "incorrect_password": _("This is not your password."),
        "too_many_login_attempts": _("Too many attempts failed. Wait five minutes, then try again."),
        "duplicate_email": _("This address is one of your account's already."),
        "email_taken": _("There is an account with this address already."),
        "invalid_password_reset": _("This link no longer works. Ask for another one."),
        "rate_limited": _("That was too often. Wait a minute, then try again."),
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that limits are counted by, the one that the outermost proxy of ours saw.

        Raises:
            PermissionDenied: There is none.
        """
        address = address_of(request)
        if not address:
            raise PermissionDenied("Unable to determine the client's address")
        return address

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The mailed address of a new password: always at our own host, whatever host the request named."""
        return _at_ours(super().get_reset_password_from_key_url(key))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """The mailed address that proves an address of mail: always at our own host, too."""
        return _at_ours(super().get_email_confirmation_url(request, emailconfirmation))

    def unstash_verified_email(self, request: HttpRequest) -> str | None:
        """The address that an invitation's link has proven, if it is the one that the person signs up with."""
        proven: str | None = super().unstash_verified_email(request)
        typed = request.POST.get("email", "").strip().lower()
        return proven if proven and proven.lower() == typed else None

    def post_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse:
        """Go on after a sign-in, which every organisation of the person is told of."""
        response: HttpResponse = super().post_login(request, user, **details)
        methods = ", ".join(methods_of(get_authentication_records(request, user)))
        tell_organisations(user, action="sign_in.succeeded", now=utc_now(), details={"methods": methods})
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Tell the organisations of whoever's address was tried, later: the answer takes as long for unknown ones."""
        email = str(credentials.get("email") or "")[:254]
        tell_refused_sign_in.delay(email, "password", isoformat(utc_now()), client_address(), request_id())


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc] # allauth is not typed for us
    """Second factors: what has to be read again is sealed at rest."""

    error_messages: ClassVar[dict[str, Any]] = DefaultMFAAdapter.error_messages | {
        "add_email_blocked": _(
            "An account with a second factor gets no further addresses: switch it off, add the address, set it up "
            "again."
        ),
        "incorrect_code": _("This code does not fit. Wait for the next one, and check the clock of the device."),
        "unverified_email": _("Confirm your address first, then you can set up a second factor."),
    }

    def encrypt(self, text: str) -> str:
        """A secret as it is stored."""
        return seal(text, keys=settings.SEALING_KEYS, purpose=PURPOSE).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again."""
        return unseal(encrypted_text.encode(), keys=settings.SEALING_KEYS, purpose=PURPOSE)


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc] # allauth is not typed for us
    """The list of a person's sessions."""

    def end_sessions(self, sessions: Sequence[UserSession]) -> None:
        """Sign out elsewhere, and tell the person's organisations."""
        super().end_sessions(sessions)
        if sessions:
            details = {"sessions": len(sessions)}
            tell_organisations(
                sessions[0].user, action="sign_in.ended_elsewhere", now=utc_now(), details=details, ends_sessions=True
            )


def _at_ours(url: str) -> str:
    return urljoin(settings.BASE_URL, urlsplit(url).path)
