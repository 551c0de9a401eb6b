"""Letting a person in whom the provider vouches for: who they are here, and as what."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from tenants.kernel.errors import OutturnError
from tenants.people.models import Membership, User
from tenants.record.services import record_audit
from tenants.signon.domain import Claimed, SignOnError, mail_domain, mapped_role
from tenants.signon.memberships import is_kept, member_of, settle_role
from tenants.signon.models import Identity, ScimUser, SignOn
from tenants.signon.selectors import rules

SEEN_ANEW = timedelta(minutes=1)


def admit(*, who: Claimed, now: datetime) -> User:
    """The person whom the provider's checked claims tell of, made a member or given another role where they say so.

    An account is found by the provider's subject. By its address it is found only once, only if the provider says that
    the address is verified, its domain is the organisation's, and the person is a member or may become one.

    Raises:
        SignOnError: They are not let in; the code says why.
    """
    settings = SignOn.objects.select_for_update().get()
    identity = Identity.objects.filter(issuer=who.issuer, subject=who.subject).first()
    user = _person_of(identity) if identity else _person_by_address(who, settings)
    member = member_of(user)
    if member is None:
        _check_joining(who, user, settings)
    role = _role(member, who, settings)
    is_new = user._state.adding
    user = _linked(user, who, identity, now=now)
    settle_role(user=user, role=role, now=now)
    if settings.last_sign_in_at is None or now - settings.last_sign_in_at > SEEN_ANEW:
        SignOn.objects.filter(id=settings.id).update(last_sign_in_at=now)
    details: dict[str, Any] = {"issuer": who.issuer, "subject": who.subject, "role": role}
    details |= {"new_account": is_new, "new_member": member is None}
    record_audit(action="sign_on.entered", subject=f"user/{user.id}", by=user.email, now=now, details=details)
    return user


def record_refusal(*, error: OutturnError, who: Claimed | None, now: datetime) -> None:
    """Write down that somebody was not let in, and why."""
    details: dict[str, Any] = {"reason": error.code, "message": error.message}
    if who is not None:
        details |= {"issuer": who.issuer, "subject": who.subject}
    by = who.email if who is not None and who.email else "unknown"
    record_audit(action="sign_on.refused", subject="sign-on", by=by, now=now, details=details)


def _person_of(identity: Identity) -> User:
    user = User.objects.filter(id=identity.user, is_active=True).first()
    if user is None:
        raise SignOnError("account", "your account is closed", fix="Ask your administrator.")
    return user


def _person_by_address(who: Claimed, settings: SignOn) -> User:
    """The account of a person who comes for the first time; a new one, not yet saved, if there is none."""
    _check_address(who, settings)
    user = User.objects.filter(email=who.email).first()
    if user is None:
        return User(email=who.email, name=who.name)
    if not user.is_active:
        raise SignOnError("account", "your account is closed", fix="Ask your administrator.")
    if Identity.objects.filter(issuer=who.issuer, user=user.id).exists():
        raise SignOnError(
            "other_subject", f"the account {who.email} belongs to another person of your identity provider",
            fix="An administrator can cut that link on the page “Single sign-on”.",
        )  # fmt: skip
    return user


def _check_address(who: Claimed, settings: SignOn) -> None:
    try:
        validate_email(who.email)
    except ValidationError:
        raise SignOnError(
            "no_address", "your identity provider did not tell your address of mail",
            fix="Let the provider release the claim “email” to this application.",
        ) from None  # fmt: skip
    if not who.is_verified:
        raise SignOnError(
            "unverified", f"your identity provider does not vouch for the address {who.email}",
            fix="Let it verify the address and release the claim “email_verified” (Entra ID: “xms_edov”).",
        )  # fmt: skip
    if mail_domain(who.email) not in settings.domains:
        raise SignOnError(
            "foreign_domain", f"{who.email} is no address of this organisation",
            fix="An administrator can add the domain on the page “Single sign-on”.",
        )  # fmt: skip


def _check_joining(who: Claimed, user: User, settings: SignOn) -> None:
    """Whether somebody who is no member may become one now."""
    _check_address(who, settings)
    if ScimUser.objects.filter(user=user.id, is_active=False).exists():
        raise SignOnError("deactivated", "your identity provider has closed your account here", fix="Ask its people.")
    if not settings.creates_members:
        raise SignOnError(
            "not_a_member", f"{who.email} does not belong to this organisation yet",
            fix="Ask an administrator for an invitation.",
        )  # fmt: skip


def _role(member: Membership | None, who: Claimed, settings: SignOn) -> str:
    if member is not None and (is_kept(member) or not settings.rules):
        return member.role
    role = mapped_role(rules(settings), who.claims, default=settings.default_role)
    if not role:
        raise SignOnError(
            "no_role", "none of the groups that your identity provider names has a role here",
            fix="Ask to be put into one that has; an administrator sees them on the page “Single sign-on”.",
        )  # fmt: skip
    return role


def _linked(user: User, who: Claimed, identity: Identity | None, *, now: datetime) -> User:
    """The saved account, tied to the provider's subject."""
    if identity is not None:
        Identity.objects.filter(id=identity.id).update(last_sign_in_at=now)
        return user
    if user._state.adding:
        user = made_account(email=user.email, name=user.name)
    elif user.has_usable_password() and not EmailAddress.objects.filter(user=user, verified=True).exists():
        # Somebody signed up with this address and never showed that it is theirs: their password must not stay.
        user.set_unusable_password()
        user.save(update_fields=("password",))
    Identity.objects.create(issuer=who.issuer, subject=who.subject, user=user.id, created_at=now, last_sign_in_at=now)
    return user


def made_account(*, email: str, name: str) -> User:
    """The account of an address, made if there is none: without a password, its address not verified by us."""
    try:
        with transaction.atomic():
            return User.objects.create_user(email, None, name=name)
    except IntegrityError:
        return User.objects.get(email=email)
