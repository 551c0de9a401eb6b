"""Inviting people by mail, and what becomes of an invitation.

The token stands in the mailed link only; a digest of it finds the invitation before the tenant is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException
from urllib.parse import urljoin
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.validators import validate_email
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from tenants.edge.mail import mail_of
from tenants.kernel.errors import ConflictError, NotAllowedError, NotFoundError, OutturnError
from tenants.kernel.secrets import new_token, token_digest, token_digests
from tenants.people.members import check_places, check_role, hold_off_others, set_places
from tenants.people.models import Invitation, InvitationDigest, Membership, User
from tenants.people.rights import rights_changed
from tenants.people.schemas import Place
from tenants.people.selectors import role_names
from tenants.people.services import take_seat
from tenants.record.services import record_audit
from tenants.scope.actors import Actor
from tenants.scope.context import required_tenant, scope
from tenants.scope.models import Tenant

VALID_FOR = timedelta(days=7)


class AlreadyMemberError(ConflictError):
    """The person belongs to the organisation already."""

    code = "invitation.already_member"


class AlreadyInvitedError(ConflictError):
    """The address has an invitation that is open."""

    code = "invitation.already_invited"


class MailNotSentError(OutturnError):
    """The mail server did not take the mail."""

    code = "invitation.mail_not_sent"
    status = 503


class LinkError(OutturnError):
    """The link of an invitation leads nowhere, now or at all."""

    code = "invitation.unknown"
    status = 404


class LinkOverError(LinkError):
    """The invitation is used, withdrawn or too old."""

    code = "invitation.over"
    status = 410


class OtherAddressError(NotAllowedError):
    """The invitation is for an address that the person has not proven to be theirs."""

    code = "invitation.other_address"


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation as the holder of its link sees it."""

    tenant: UUID
    slug: str
    organisation: str
    invitation: UUID
    email: str
    role: str
    invited_by: str
    expires_at: datetime


def invitations() -> QuerySet[Invitation]:
    """The invitations of the organisation in scope that are neither used nor withdrawn, the newest first."""
    return Invitation.objects.filter(accepted_at=None, revoked_at=None)


def invite(
    *, email: str, role: str, by: Actor, now: datetime, customer: UUID | None = None, places: Sequence[Place] = ()
) -> Invitation:
    """Invite somebody by mail; acts in the organisation's scope.

    The mail goes out before the transaction ends: when it cannot be sent, nothing is kept.

    Raises:
        RoleError: There is no such role or customer, or they do not go together.
        BeyondOwnRightsError: The role has rights that `by` has not.
        PlaceError: There is no such place.
        AlreadyMemberError: Somebody with this address belongs to the organisation.
        AlreadyInvitedError: There is an open invitation for the address.
        LimitReachedError: The plan has no seat for them.
        MailNotSentError: The mail server did not take the mail.
    """
    email = email.strip().lower()
    check_role(role, customer=customer, by=by)
    if places:
        check_places(places, role=role)
    _refuse_twice(email)
    take_seat(now=now, customer=customer)
    row = Invitation.objects.create(
        email=email, role=role, customer=customer, places=[str(each) for each in places], invited_by=by.name,
        created_at=now, sent_at=now, expires_at=now + VALID_FOR,
    )  # fmt: skip
    _send(row, now)
    _tell("invitation.sent", row, by.name, now)
    return row


def send_again(*, invitation: UUID, by: Actor, now: datetime) -> Invitation:
    """Mail an invitation anew; the link of the earlier mail works no more, the new one for another week.

    Raises:
        NotFoundError: There is no such open invitation.
        BeyondOwnRightsError: Its role has rights that `by` has not.
        MailNotSentError: The mail server did not take the mail.
    """
    row = _open(invitation)
    check_role(row.role, customer=row.customer, by=by)
    row.sent_at, row.expires_at = now, now + VALID_FOR
    row.save(update_fields=["sent_at", "expires_at"])
    _send(row, now)
    _tell("invitation.sent_again", row, by.name, now)
    return row


def revoke_invitation(*, invitation: UUID, by: Actor, now: datetime) -> None:
    """Withdraw an invitation: its link works no more.

    Raises:
        NotFoundError: There is no such open invitation.
    """
    row = _open(invitation)
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])
    _tell("invitation.revoked", row, by.name, now)


def invited(token: str, *, now: datetime) -> Invited:
    """What the link with this token is for; call it outside any scope.

    Raises:
        LinkError: It is for nothing.
        LinkOverError: The invitation is used, withdrawn or too old.
    """
    tenant, slug, name, id_ = _found(token)
    with scope(tenant):
        row = _usable(id_, now)
        role = role_names().get(row.role, row.role)
        return Invited(tenant, slug, name, row.id, row.email, role, row.invited_by, row.expires_at)


def accept(*, token: str, user: User, now: datetime) -> Invited:
    """Let a person join the organisation that invited one of their addresses; call it outside any scope.

    Raises:
        LinkError: The link is for nothing.
        LinkOverError: The invitation is used, withdrawn or too old.
        OtherAddressError: It is for another address than those the person has proven to be theirs.
        AlreadyMemberError: They belong to the organisation already; the invitation stays open.
        LimitReachedError: The plan has no seat for them.
    """
    tenant, slug, name, id_ = _found(token)
    addresses = proven_addresses(user)
    with scope(tenant):
        hold_off_others()
        row = _usable(id_, now)
        if row.email not in addresses:
            raise OtherAddressError(
                f"this invitation is for {row.email}", place="invitation", kept="The invitation is still open.",
                fix="Sign in with that address, or ask for an invitation to yours.",
            )  # fmt: skip
        if Membership.objects.filter(tenant_id=tenant, user_id=user.id).exists():
            raise AlreadyMemberError("you belong to this organisation already", place="invitation")
        take_seat(now=now, customer=row.customer)
        _join(row, user, now)
        role = role_names().get(row.role, row.role)
        return Invited(tenant, slug, name, row.id, row.email, role, row.invited_by, row.expires_at)


def proven_addresses(user: User) -> set[str]:
    """The addresses of mail that a person has proven to be theirs, in small letters."""
    return {
        each.lower() for each in EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    }


def has_account(email: str) -> bool:
    """Whether somebody has an account with this address; only for who holds a link that was mailed to it."""
    return User.objects.filter(email=email).exists() or EmailAddress.objects.filter(email=email, verified=True).exists()


def _join(row: Invitation, user: User, now: datetime) -> None:
    places, tenant = [Place.parse(each) for each in row.places], required_tenant("an invitation")
    membership = Membership.objects.create(
        user_id=user.id, tenant_id=tenant, role=row.role, customer=row.customer, created_at=now
    )
    if places:
        set_places(membership, places)
    row.accepted_at, row.accepted_by = now, user.id
    row.save(update_fields=["accepted_at", "accepted_by"])
    record_audit(
        action="member.joined", subject=f"member/{membership.id}", by=user.email, now=now,
        details={"person": user.email, "role": row.role, "invited_by": row.invited_by},
    )  # fmt: skip
    rights_changed(tenant)


def _found(token: str) -> tuple[UUID, str, str, UUID]:
    digests = token_digests(token[:200], keys=settings.SEALING_KEYS)
    found = (
        InvitationDigest.objects.filter(digest__in=digests)
        .values_list("digest", "tenant_id", "tenant__slug", "tenant__name", "invitation")
        .first()
    )
    if found is None:
        raise LinkError(
            "this link leads to no invitation", place="invitation",
            fix="Open the link from the newest mail, whole; each new mail replaces the one before.",
        )  # fmt: skip
    digest, tenant, slug, name, invitation = found
    if digest != digests[0]:  # kept under a former secret: under the newest from now on
        InvitationDigest.objects.filter(digest=digest).update(digest=digests[0])
    return tenant, slug, name, invitation


def _usable(id_: UUID, now: datetime) -> Invitation:
    row = Invitation.objects.filter(id=id_).first()
    ask = "Ask whoever invited you for a new one."
    if row is None or row.revoked_at is not None:
        raise LinkOverError("this invitation was withdrawn", place="invitation", fix=ask)
    if row.accepted_at is not None:
        raise LinkOverError(
            "this invitation was used already", place="invitation", fix="Sign in; the organisation is in your list."
        )
    if row.expires_at <= now:
        raise LinkOverError("this invitation is too old", place="invitation", fix=ask)
    return row


def _open(invitation: UUID) -> Invitation:
    row = invitations().filter(id=invitation).select_for_update().first()
    if row is None:
        raise NotFoundError("there is no such open invitation", place="invitation", fix="Choose one from the list.")
    return row


def _refuse_twice(email: str) -> None:
    validate_email(email)
    tenant = required_tenant("an invitation")
    theirs = Q(user__email=email) | Q(user__emailaddress__email=email, user__emailaddress__verified=True)
    if Membership.objects.filter(theirs, tenant_id=tenant).exists():
        raise AlreadyMemberError(f"{email} belongs to the organisation already", place="email", fix="See the list.")
    if invitations().filter(email=email).exists():
        raise AlreadyInvitedError(
            f"{email} has been invited already", place="email", fix="Send that invitation again, or withdraw it first."
        )


def _send(row: Invitation, now: datetime) -> None:
    """Make a new token the only one of an invitation, and mail it."""
    token, tenant = new_token("invitation"), required_tenant("an invitation")
    InvitationDigest.objects.filter(invitation=row.id, tenant_id=tenant).delete()
    InvitationDigest.objects.create(
        digest=token_digest(token.text, secret=settings.SEALING_KEYS[0]), tenant_id=tenant, invitation=row.id
    )
    name, brand = Tenant.objects.values_list("name", "brand").get(id=tenant)
    told = {
        "organisation": name,
        "role": role_names().get(row.role, row.role),
        "invited_by": row.invited_by,
        "days": (row.expires_at - now).days,
        "link": urljoin(settings.BASE_URL, reverse("invitation-link", args=[token.text])),
    }
    subject = " ".join(render_to_string("people/email/invitation_subject.txt", told).split())
    body = render_to_string("people/email/invitation_message.txt", told)
    try:
        mail_of(brand, subject=subject, body=body, to=row.email).send()
    except (OSError, SMTPException) as error:
        raise MailNotSentError(
            "the mail could not be sent", place="email", kept="Nothing was kept: nobody is invited yet.",
            fix="Try again in a few minutes; if it goes on, ask the operator to look at the mail server.",
        ) from error  # fmt: skip


def _tell(action: str, row: Invitation, by: str, now: datetime) -> None:
    details = {"email": row.email, "role": row.role}
    record_audit(action=action, subject=f"invitation/{row.id}", by=by, now=now, details=details)
