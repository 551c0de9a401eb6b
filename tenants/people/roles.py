"""Roles of an organisation's own making."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from tenants.kernel.errors import ConflictError, NotAllowedError, NotFoundError, OutturnError
from tenants.people.models import CustomRole, Invitation, Membership
from tenants.people.rights import rights_changed
from tenants.record.services import record_audit
from tenants.scope.actors import Actor, Permission, Role, permissions_named
from tenants.scope.context import required_tenant


class RoleError(OutturnError):
    """A role that cannot be."""

    code = "role.invalid"


class RoleTakenError(ConflictError):
    """Another role is called so."""

    code = "role.taken"


class RoleInUseError(ConflictError):
    """People, or what else has roles, still have it."""

    code = "role.in_use"


RoleHolders = Callable[[UUID], Sequence[str]]
"""What of the tenant in scope has a role, as people call it."""
NAMED = 5
"""So many of those who have a role are named; the others are counted."""

_holders: list[str] = []


def register_role_holders(holders: str) -> None:
    """Say, by the dotted path of a `RoleHolders`, what has roles beside people: a role that it has is not deleted."""
    if holders not in _holders:
        _holders.append(holders)


def create_role(
    *, name: str, description: str, permissions: Collection[Permission], by: Actor, now: datetime
) -> CustomRole:
    """A new role, of permissions that whoever makes it has.

    Raises:
        RoleError: It has no name, or no permission.
        RoleTakenError: Another role is called so.
        NotAllowedError: It would let its people do what its maker may not.
    """
    granted = _granted(name, permissions, by)
    with transaction.atomic():
        role = _saved(CustomRole(name=name.strip(), description=description, permissions=granted, created_at=now))
        record_audit(action="role.created", subject=f"role/{role.id}", by=by.name, now=now, details={"name": role.name})
    return role


def change_role(
    *, role: UUID, name: str, description: str, permissions: Collection[Permission], by: Actor, now: datetime
) -> CustomRole:
    """Let a role be called and allow something else; it holds for its people from their next request on.

    Raises:
        NotFoundError: The organisation has no such role.
        RoleError: It has no name, or no permission.
        RoleTakenError: Another role is called so.
        NotAllowedError: It has or would get what whoever changes it may not do.
    """
    granted = _granted(name, permissions, by)
    with transaction.atomic():
        row = _locked(role)
        _must_have(permissions_named(row.permissions), by)
        row.name, row.description, row.permissions = name.strip(), description, granted
        row = _saved(row)
        record_audit(action="role.changed", subject=f"role/{row.id}", by=by.name, now=now, details={"name": row.name})
        rights_changed(required_tenant("a role"))
    return row


def delete_role(*, role: UUID, by: Actor, now: datetime) -> None:
    """Take away a role that nobody and nothing has.

    Raises:
        NotFoundError: The organisation has no such role.
        RoleInUseError: Somebody has it, or something: a service account, an invitation, a rule of single sign-on.
    """
    with transaction.atomic():
        row = _locked(role)
        if having := list(_having(row.id)):
            others = f" and {len(having) - NAMED} more" if len(having) > NAMED else ""
            raise RoleInUseError(
                f"“{row.name}” is still the role of {', '.join(having[:NAMED])}{others}", place="role",
                kept="Nothing was changed.", fix="Give them another role first.",
            )  # fmt: skip
        row.delete()
        record_audit(action="role.deleted", subject=f"role/{role}", by=by.name, now=now, details={"name": row.name})


def _having(role: UUID) -> Iterator[str]:
    members = Membership.objects.filter(tenant_id=required_tenant("a role"), role=str(role))
    yield from members.order_by("user__email").values_list("user__email", flat=True)
    waiting = Invitation.objects.filter(role=str(role), accepted_at=None, revoked_at=None)
    for email in waiting.order_by("email").values_list("email", flat=True):
        yield f"the invitation to {email}"
    for holders in _holders:
        yield from cast("RoleHolders", import_string(holders))(role)


def _granted(name: str, permissions: Collection[Permission], by: Actor) -> list[str]:
    if not name.strip() or name.strip().lower() in {role.value for role in Role}:
        raise RoleError(f"“{name}” cannot be a role's name", place="name", fix="Choose a name no other role has.")
    if not permissions:
        raise RoleError("the role may do nothing", place="permissions", fix="Tick at least one permission.")
    _must_have(permissions, by)
    return sorted(permissions)


def _must_have(permissions: Collection[Permission], by: Actor) -> None:
    """Nobody gives away, or takes, what they do not have; owning an organisation is no part of any other role."""
    beyond = sorted(set(permissions) - (by.permissions - {Permission.ORGANISATION_OWN}))
    if beyond:
        raise NotAllowedError(
            f"you may not give: {', '.join(beyond)}", place="permissions", kept="Nothing was changed.",
            fix="Leave out what you may not do yourself, or ask somebody who may.",
        )  # fmt: skip


def _locked(role: UUID) -> CustomRole:
    row = CustomRole.objects.select_for_update().filter(id=role).first()
    if row is None:
        raise NotFoundError("there is no such role", place="role", fix="Choose one from the list of roles.")
    return row


def _saved(row: CustomRole) -> CustomRole:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise RoleTakenError(
            f"there is a role “{row.name}” already",
            place="name",
            kept="Nothing was changed.",
            fix="Choose another name.",
        ) from error
    return row


BUILT_IN = {
    Role.OWNER: "Everything, and who else owns the organisation",
    Role.ADMINISTRATOR: "Everything but ownership",
    Role.ENGINEER: "Builds twins, connects gateways, drafts contracts",
    Role.PLANNER: "Predicts, plans and approves visits",
    Role.FINANCE: "Contracts, statements, invoices, and the plan that is paid for",
    Role.VIEWER: "Sees everything inside but the audit",
    Role.CUSTOMER: "A person of an end customer: the reports and assets shared with them",
}
