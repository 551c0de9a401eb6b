"""Changes of who belongs to an organisation, and as what. All of them act in its scope, in one transaction.

Whatever is done, an organisation keeps an owner, and nobody gives or takes a right that they do not have themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants.kernel.errors import ConflictError, Finding, NotAllowedError, NotFoundError, OutturnError
from tenants.limits.registry import customers
from tenants.people.models import CustomRole, Invitation, Membership, MembershipPlace, Site
from tenants.people.places import twin_places, write_places
from tenants.people.rights import rights_changed
from tenants.people.schemas import Place
from tenants.people.selectors import permissions_of
from tenants.record.services import record_audit
from tenants.scope.actors import Actor, Permission, Role
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant

MOST_PLACES = 500
NOBODY = UUID(int=0)
NOT_HELD = frozenset({Role.OWNER.value, Role.CUSTOMER.value})
"""Roles that are not held to places."""


class LastOwnerError(ConflictError):
    """An organisation without an owner could be administered by nobody."""

    code = "member.last_owner"


class RoleError(OutturnError):
    """A role that does not exist, or does not go with the rest."""

    code = "member.role"


class PlaceError(OutturnError):
    """A place that does not exist."""

    code = "member.place"


class BeyondOwnRightsError(NotAllowedError):
    """Somebody gives, or takes, rights that they do not have."""

    code = "member.beyond_own_rights"


class NoLongerAllowedError(NotAllowedError):
    """Whoever does it was removed, or given another role, while they did it."""

    code = "member.no_longer_allowed"


def change_role(*, membership: UUID, role: str, customer: UUID | None, by: Actor, now: datetime) -> Membership:
    """Give a member another role.

    Args:
        membership: Whose.
        role: A role that every organisation has, or the id of one of its own.
        customer: The end customer they belong to, for the role of a customer's people.
        by: Who does it.
        now: The moment.

    Raises:
        NotFoundError: There is no such member.
        RoleError: There is no such role or customer, or they do not go together.
        BeyondOwnRightsError: The old role or the new one has rights that `by` has not.
        LastOwnerError: They are the only owner.
    """
    check_role(role, customer=customer, by=by)
    row = _locked(membership, by)
    _check_reach(row.role, by)
    if row.role == Role.OWNER != role:
        _keep_an_owner(row, "Make somebody else an owner first.")
    if (row.role, row.customer) == (role, customer):
        return row
    before, row.role, row.customer = row.role, role, customer
    row.save(update_fields=["role", "customer"])
    if row.is_held and role in NOT_HELD:
        set_places(row, None)
    if Permission.ORGANISATION_ADMINISTER not in permissions_of(role):
        _withdraw_invitations(row, now)
    _tell("member.role_changed", row, by, now, {"from": before, "to": role})
    return row


def hold_to_places(*, membership: UUID, places: Sequence[Place] | None, by: Actor, now: datetime) -> Membership:
    """Hold a member to some places, or, with None, to none in particular.

    Raises:
        NotFoundError: There is no such member.
        PlaceError: There is no such place, none is named, or there are too many.
        RoleError: An owner or a customer's person is not held to places.
        BeyondOwnRightsError: Their role has rights that `by` has not.
    """
    row = _locked(membership, by)
    _check_reach(row.role, by)
    if places is not None:
        check_places(places, role=row.role)
    set_places(row, places)
    names = None if places is None else [str(each) for each in places]
    _tell("member.places_changed", row, by, now, {"places": names})
    return row


def remove_member(*, membership: UUID, by: Actor, now: datetime) -> None:
    """End somebody's membership: from their next request on they do not belong to the organisation.

    API keys belong to the organisation and stay in force, invitations that they sent do not; what they did stays in
    the record.

    Raises:
        NotFoundError: There is no such member.
        BeyondOwnRightsError: Their role has rights that `by` has not.
        LastOwnerError: They are the only owner.
        NoLongerAllowedError: `by` was removed, or given another role, meanwhile.
    """
    row = _locked(membership, by)
    _check_reach(row.role, by)
    _end(row, "member.removed", by, now, "Make somebody else an owner first.")


def leave(*, by: Actor, now: datetime) -> None:
    """End one's own membership.

    Raises:
        NotFoundError: A key cannot leave.
        LastOwnerError: One is the only owner.
    """
    own = Membership.objects.filter(tenant_id=by.tenant, user=by.user).values_list("id", flat=True).first()
    row = _locked(own or NOBODY, None)
    _end(row, "member.left", by, now, "Make somebody else an owner first, or close the organisation.")


def check_role(role: str, *, customer: UUID | None, by: Actor) -> None:
    """Make sure that a role can be given.

    Raises:
        RoleError: There is no such role or customer, or they do not go together.
        BeyondOwnRightsError: It has rights that `by` has not.
    """
    if role not in set(Role) and not _is_own_role(role):
        raise RoleError("there is no such role", place="role", fix="Choose a role of the list.")
    if (role == Role.CUSTOMER) != (customer is not None):
        raise RoleError(
            "only a customer's people belong to a customer, and each of them to one", place="customer",
            fix="Choose the role “customer” and the customer, or another role and no customer.",
        )  # fmt: skip
    if customer is not None and customer not in customers():
        raise RoleError("there is no such customer", place="customer", fix="Choose a customer of the list.")
    _check_reach(role, by)


def check_places(places: Collection[Place], *, role: str) -> None:
    """Make sure that a membership can be held to places.

    Raises:
        PlaceError: There is no such place, none is named, or there are too many.
        RoleError: An owner or a customer's person is not held to places.
    """
    if role in NOT_HELD:
        raise RoleError(
            "owners answer for everything, and a customer's people see their reports only: neither is held to places",
            place="role", fix="Choose another role, or no places.",
        )  # fmt: skip
    if not 0 < len(places) <= MOST_PLACES:
        raise PlaceError(
            f"{len(places)} places are named", place="places", fix=f"Name one at least and {MOST_PLACES} at most."
        )
    known = {Place(site=site) for site in Site.objects.values_list("id", flat=True)}
    known |= {Place(twin=each.twin) for each in twin_places()}
    unknown = [each for each in places if each not in known]
    if unknown:
        raise PlaceError(
            "some of these places are not there", place="places", fix="Choose from the sites and twins there are.",
            findings=[Finding("member.place", "places", f"There is no {each}.", "Leave it out.") for each in unknown],
        )  # fmt: skip


def set_places(row: Membership, places: Sequence[Place] | None) -> None:
    """Write the places that a membership is held to; the caller has checked them."""
    held = places or ()
    write_places(
        row.id, sites=(each.site for each in held if each.site), twins=(each.twin for each in held if each.twin)
    )
    if row.is_held != (places is not None):
        row.is_held = places is not None
        row.save(update_fields=["is_held"])


def hold_off_others() -> None:
    """Let nobody else change who belongs to the organisation until this transaction ends.

    The row of the tenant is locked so that rows which refer to it can still be written.
    """
    Tenant.objects.select_for_update(no_key=True).values_list("id").get(id=required_tenant("a membership"))


def _locked(membership: UUID, by: Actor | None) -> Membership:
    """A membership that nobody else changes meanwhile, if `by` may still change it: two may not remove each other."""
    hold_off_others()
    if by is not None and by.user is not None:
        _check_still_administers(by)
    row = Membership.objects.filter(tenant_id=required_tenant("a membership"), id=membership).select_related("user")
    found = row.first()
    if found is None:
        raise NotFoundError("there is no such member", place="member", fix="Choose one from the list of people.")
    return found


def _check_still_administers(by: Actor) -> None:
    role = Membership.objects.filter(tenant_id=by.tenant, user=by.user).values_list("role", flat=True).first()
    if role is None or Permission.ORGANISATION_ADMINISTER not in permissions_of(role):
        raise NoLongerAllowedError(
            "you were removed, or given another role, just now", kept="Nothing was changed.",
            fix="Ask an owner of the organisation.",
        )  # fmt: skip


def _is_own_role(role: str) -> bool:
    try:
        return CustomRole.objects.filter(id=UUID(role)).exists()
    except ValueError:
        return False


def _check_reach(role: str, by: Actor) -> None:
    if not permissions_of(role) <= by.permissions:
        raise BeyondOwnRightsError(
            "this role may do things that you may not", place="role", kept="Nothing was changed.",
            fix="Ask an owner to do it.",
        )  # fmt: skip


def _keep_an_owner(row: Membership, fix: str) -> None:
    others = Membership.objects.filter(tenant_id=row.tenant_id, role=Role.OWNER, user__is_active=True)
    if not others.exclude(id=row.id).exists():
        raise LastOwnerError(
            "an organisation needs an owner, and there is no other",
            place="member",
            kept="Nothing was changed.",
            fix=fix,
        )


def end_with(row: Membership, *, now: datetime) -> None:
    """Take away what goes with a membership that ends: its places, and the invitations of its person."""
    MembershipPlace.objects.filter(membership=row.id).delete()
    _withdraw_invitations(row, now)


def _withdraw_invitations(row: Membership, now: datetime) -> None:
    """Let the invitations that a person sent, and nobody has used, be good no more.

    Else somebody who is shown out could have let themselves in again before, under another address.
    """
    sent = Invitation.objects.filter(invited_by=row.user.email, accepted_at=None, revoked_at=None)
    sent.update(revoked_at=now)


def _end(row: Membership, action: str, by: Actor, now: datetime, fix: str) -> None:
    if row.role == Role.OWNER:
        _keep_an_owner(row, fix)
    end_with(row, now=now)
    _tell(action, row, by, now, {"role": row.role})
    row.delete()


def _tell(action: str, row: Membership, by: Actor, now: datetime, details: dict[str, Any]) -> None:
    record_audit(
        action=action, subject=f"member/{row.id}", by=by.name, now=now, details={"person": row.user.email, **details}
    )
    rights_changed(row.tenant_id)
