"""The places of people in the organisation, as its identity provider settles them."""

from __future__ import annotations

from datetime import datetime

from tenants.kernel.errors import ConflictError
from tenants.people.members import end_with, hold_off_others
from tenants.people.models import Membership, User
from tenants.people.rights import rights_changed
from tenants.people.services import add_member, take_seat
from tenants.scope.actors import Role
from tenants.scope.context import required_tenant

KEPT = frozenset({Role.OWNER, Role.CUSTOMER})
"""The roles that a provider neither gives nor takes: owners are made by owners, customers' people by others."""


class OwnerKeptError(ConflictError):
    """A provider would take away an owner's place."""

    code = "sign_on.owner"


def member_of(user: User) -> Membership | None:
    """A person's membership in the organisation in scope."""
    return Membership.objects.filter(tenant_id=required_tenant("a membership"), user_id=user.id).first()


def is_kept(member: Membership) -> bool:
    """Whether the provider has no say in a membership."""
    return member.role in KEPT


def settle_role(*, user: User, role: str, now: datetime) -> None:
    """Make a person a member with a role, or change the role they have.

    Raises:
        LimitReachedError: The plan has no seat left for a new member.
    """
    hold_off_others()  # who is made an owner meanwhile is kept
    tenant, member = required_tenant("a membership"), member_of(user)
    if member is None:
        take_seat(now=now)
        add_member(tenant=tenant, user=user.id, role=role, now=now)
    elif member.role != role and not is_kept(member):
        Membership.objects.filter(id=member.id).update(role=role)
        rights_changed(tenant)


def end_membership(*, user: User, now: datetime) -> None:
    """Take a person's place away; their other organisations are none of ours.

    Raises:
        OwnerKeptError: They are an owner.
    """
    hold_off_others()
    member = member_of(user)
    if member is None:
        return
    if member.role == Role.OWNER:
        raise OwnerKeptError(
            f"{user.email} is an owner", place="active", kept="They keep their place.",
            fix="Let another owner give them another role first.",
        )  # fmt: skip
    if not is_kept(member):
        end_with(member, now=now)
        member.delete()
        rights_changed(member.tenant_id)
