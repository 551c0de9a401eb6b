"""What an identity provider provisions: people, who become members, and groups, which give roles.

A provider rules over memberships of its own organisation and nothing else: it neither changes an account nor what the
same person has elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from scim2_models import (
    EnterpriseUser,
    Group,
    InvalidValueException,
    MutabilityException,
    NotFoundException,
    PatchOp,
    UniquenessException,
    User,
)  # fmt: skip

from tenants.people.models import User as Account
from tenants.record.services import record_audit
from tenants.signon.admission import made_account
from tenants.signon.domain import group_role, mail_domain
from tenants.signon.memberships import end_membership, is_kept, member_of, settle_role
from tenants.signon.models import Identity, ScimGroup, ScimGroupMember, ScimUser, SignOn
from tenants.signon.scim_resources import LENIENT, address_of, as_group, as_person, document_of, member_ids, name_of
from tenants.signon.selectors import rules


def create_user(*, person: User[EnterpriseUser], by: str, now: datetime) -> ScimUser:
    """Provision a person: their account is found by their address, or made; they become a member.

    Raises:
        SCIMException: The address is none of the organisation's, or they are provisioned already.
    """
    address = _checked_address(person)
    name = _user_name(person)
    if ScimUser.objects.filter(user_name=name).exists():
        raise UniquenessException(detail=f"there is a user {name} already")
    account = made_account(email=address, name=name_of(person))
    if ScimUser.objects.filter(user=account.id).exists():
        raise UniquenessException(detail=f"there is a user with the address {address} already")
    row = ScimUser(user=account.id, created_at=now)
    return _kept_user(row, person, account, action="scim.user_created", by=by, now=now)


def replace_user(*, user: UUID, person: User[EnterpriseUser], by: str, now: datetime) -> ScimUser:
    """Replace what is known of a person; `active` decides on their membership here.

    Raises:
        SCIMException: There is no such person, another has the name, or the address would change.
        OwnerKeptError: An owner would lose their place.
    """
    row = _user(user)
    if address_of(person) != address_of(as_person(row)):
        raise MutabilityException(
            detail="the address of mail is the account: provision the new address as a new user and delete this one"
        )
    if ScimUser.objects.filter(user_name=_user_name(person)).exclude(id=row.id).exists():
        raise UniquenessException(detail=f"there is a user {person.user_name} already")
    account = Account.objects.get(id=row.user)
    return _kept_user(row, person, account, action="scim.user_changed", by=by, now=now)


def patch_user(*, user: UUID, patch: PatchOp[User[EnterpriseUser]], by: str, now: datetime) -> ScimUser:
    """Change some of what is known of a person (RFC 7644, section 3.5.2).

    Raises:
        SCIMException: As in `replace_user`, or an operation cannot be applied.
        OwnerKeptError: An owner would lose their place.
    """
    person = as_person(_user(user))
    patch.patch(person, scim_policy=LENIENT)
    return replace_user(user=user, person=person, by=by, now=now)


def delete_user(*, user: UUID, by: str, now: datetime) -> None:
    """End a person's membership here and forget what the provider said of them; their account stays theirs.

    Raises:
        SCIMException: There is no such person.
        OwnerKeptError: They are an owner.
    """
    row = _user(user)
    end_membership(user=Account.objects.get(id=row.user), now=now)
    Identity.objects.filter(user=row.user).delete()
    row.delete()
    record_audit(action="scim.user_deleted", subject=f"user/{row.user}", by=by, now=now)


def create_group(*, group: Group, by: str, now: datetime) -> ScimGroup:
    """Provision a group with its members.

    Raises:
        SCIMException: Another has the name, or a member is not known.
    """
    row = ScimGroup(created_at=now)
    return _kept_group(row, group, action="scim.group_created", by=by, now=now)


def replace_group(*, group_id: UUID, group: Group, by: str, now: datetime) -> ScimGroup:
    """Replace a group's name and members.

    Raises:
        SCIMException: There is no such group, another has the name, or a member is not known.
    """
    return _kept_group(group_row(group_id), group, action="scim.group_changed", by=by, now=now)


def patch_group(*, group_id: UUID, patch: PatchOp[Group], by: str, now: datetime) -> ScimGroup:
    """Change a group's name, or add and remove members.

    Raises:
        SCIMException: As in `replace_group`, or an operation cannot be applied.
    """
    row = group_row(group_id)
    group = as_group(row, members(row))
    patch.patch(group, scim_policy=LENIENT)
    return replace_group(group_id=group_id, group=group, by=by, now=now)


def delete_group(*, group_id: UUID, by: str, now: datetime) -> None:
    """Forget a group; its members have the roles of their other groups, or the default.

    Raises:
        SCIMException: There is no such group.
    """
    row = group_row(group_id)
    concerned = _member_ids(row)
    row.delete()
    settle(concerned, now=now)
    record_audit(action="scim.group_deleted", subject=f"group/{group_id}", by=by, now=now, details={"name": row.name})


def settle(users: Iterable[UUID] | None, *, now: datetime) -> None:
    """Bring the roles of provisioned people in line with their groups; None means all of them."""
    sign_on = SignOn.objects.get()
    rows = ScimUser.objects.all() if users is None else ScimUser.objects.filter(id__in=list(users))
    known = list(rows)
    groups = groups_of([row.id for row in known])
    accounts = Account.objects.in_bulk([row.user for row in known])
    for row in known:
        names = [name for group in groups.get(row.id, []) for name in (group.name, group.external_id) if name]
        _settle_one(row, accounts[row.user], names, sign_on, now=now)


def group_row(group_id: UUID) -> ScimGroup:
    """A group.

    Raises:
        SCIMException: There is none.
    """
    row = ScimGroup.objects.filter(id=group_id).first()
    if row is None:
        raise NotFoundException(detail=f"there is no group {group_id}")
    return row


def members(group: ScimGroup) -> list[dict[str, str]]:
    """A group's members as SCIM names them."""
    found = ScimGroupMember.objects.filter(group=group).select_related("member").order_by("id")
    return [{"value": str(each.member_id), "display": each.member.user_name} for each in found]


def groups_of(users: Sequence[UUID]) -> dict[UUID, list[ScimGroup]]:
    """The groups of people, by the person."""
    found: dict[UUID, list[ScimGroup]] = {}
    for each in ScimGroupMember.objects.filter(member_id__in=users).select_related("group").order_by("group_id"):
        found.setdefault(each.member_id, []).append(each.group)
    return found


def _kept_user(
    row: ScimUser, person: User[EnterpriseUser], account: Account, *, action: str, by: str, now: datetime
) -> ScimUser:
    row.user_name, row.external_id = _user_name(person), (person.external_id or "")[:255]
    row.is_active, row.document, row.changed_at = person.active is not False, document_of(person), now
    row.save()
    if row.is_active:
        settle([row.id], now=now)
    else:
        end_membership(user=account, now=now)
    details: dict[str, Any] = {"user_name": row.user_name, "active": row.is_active}
    record_audit(action=action, subject=f"user/{row.user}", by=by, now=now, details=details)
    return row


def _settle_one(row: ScimUser, account: Account, groups: list[str], sign_on: SignOn, *, now: datetime) -> None:
    member = member_of(account)
    if not row.is_active or (member is not None and (is_kept(member) or not sign_on.rules)):
        return
    role = group_role(rules(sign_on), groups, default=sign_on.default_role)
    if role:
        settle_role(user=account, role=role, now=now)
    else:
        end_membership(user=account, now=now)


def _kept_group(row: ScimGroup, group: Group, *, action: str, by: str, now: datetime) -> ScimGroup:
    name = (group.display_name or "").strip()
    if not 0 < len(name) <= 255:
        raise InvalidValueException(detail="displayName is needed, of 255 letters at most")
    if ScimGroup.objects.filter(name=name).exclude(id=row.id).exists():
        raise UniquenessException(detail=f"there is a group {name} already")
    row.name, row.external_id, row.changed_at = name, (group.external_id or "")[:255], now
    row.save()
    before, wanted = _member_ids(row), member_ids(group)
    known = set(ScimUser.objects.filter(id__in=wanted).values_list("id", flat=True))
    if unknown := wanted - known:
        raise InvalidValueException(detail=f"there is no user {min(unknown)}")
    ScimGroupMember.objects.filter(group=row, member_id__in=before - wanted).delete()
    ScimGroupMember.objects.bulk_create(
        [ScimGroupMember(group=row, member_id=each) for each in sorted(wanted - before)]
    )
    settle(before | wanted, now=now)
    details: dict[str, Any] = {"name": name, "added": len(wanted - before), "removed": len(before - wanted)}
    record_audit(action=action, subject=f"group/{row.id}", by=by, now=now, details=details)
    return row


def _member_ids(row: ScimGroup) -> set[UUID]:
    return set(ScimGroupMember.objects.filter(group=row).values_list("member_id", flat=True))


def _user(user: UUID) -> ScimUser:
    row = ScimUser.objects.select_for_update().filter(id=user).first()
    if row is None:
        raise NotFoundException(detail=f"there is no user {user}")
    return row


def _user_name(person: User[EnterpriseUser]) -> str:
    name = (person.user_name or "").strip().lower()
    if not 0 < len(name) <= 254:
        raise InvalidValueException(detail="userName is needed, of 254 letters at most")
    return name


def _checked_address(person: User[EnterpriseUser]) -> str:
    address = address_of(person)
    try:
        validate_email(address)
    except ValidationError:
        raise InvalidValueException(detail="neither emails nor userName holds an address of mail") from None
    if mail_domain(address) not in SignOn.objects.get().domains:
        raise InvalidValueException(
            detail=f"{address} is no address of this organisation: add its domain on the page “Single sign-on” first"
        )
    return address
