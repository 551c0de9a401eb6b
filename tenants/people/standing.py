"""What somebody may do, and why; in the scope of the organisation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from tenants.people.models import Membership, MembershipPlace
from tenants.people.places import twin_places, twins_of
from tenants.people.schemas import Verdict
from tenants.people.selectors import permissions_of, role_names
from tenants.scope.actors import IN_PLACES, Actor, Permission, held_to_places


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody is in an organisation.

    Attributes:
        role: What their role is called; empty for a key that has none.
        given: What it allows.
        permissions: What is left of that to them.
        twins: The twins they are held to, or None for all.
        what: What they are: ``person`` or ``key``.
    """

    role: str
    given: frozenset[Permission]
    permissions: frozenset[Permission]
    twins: frozenset[UUID] | None
    what: str = "person"


def standing_of_member(row: Membership) -> Standing:
    """What a member is; at most four queries."""
    given = permissions_of(row.role)
    name = role_names().get(row.role, "a role that is no more")
    if not row.is_held:
        return Standing(name, given, given, None)
    return Standing(name, given, held_to_places(given), twins_of(row.id))


def standing_of_actor(actor: Actor) -> Standing:
    """What the one who acts is."""
    given = permissions_of(actor.role) if actor.role else actor.permissions
    name = role_names().get(actor.role, "") if actor.role else ""
    return Standing(name, given, actor.permissions, actor.twins, "person" if actor.user else "key")


def verdicts(standing: Standing, asked: Iterable[tuple[Permission, UUID | None]]) -> list[Verdict]:
    """Whether somebody may do each of some things, and why; one query when a twin is named, else none."""
    wanted = list(asked)
    known = {each.twin for each in twin_places()} if any(twin for _, twin in wanted) else set()
    return [_verdict(standing, permission, twin, known) for permission, twin in wanted]


def table_of(standing: Standing) -> list[tuple[str, list[Verdict]]]:
    """Every permission with its verdict, by area."""
    areas: dict[str, list[Verdict]] = {}
    for verdict in verdicts(standing, ((each, None) for each in Permission)):
        areas.setdefault(verdict.permission.partition(".")[0], []).append(verdict)
    return list(areas.items())


def names_of_places(membership: UUID) -> list[str]:
    """What the places that a membership is held to are called."""
    rows = MembershipPlace.objects.filter(membership=membership).select_related("site")
    twins: dict[UUID | None, str] = {each.twin: each.name for each in twin_places()}
    return sorted(row.site.name if row.site else twins.get(row.twin, "a twin that is no more") for row in rows)


def _verdict(standing: Standing, permission: Permission, twin: UUID | None, known: Collection[UUID]) -> Verdict:
    reasons, allowed = list(_by_role(standing, permission)), permission in standing.permissions
    if allowed and twin is not None:
        allowed, reason = _at_twin(standing, permission, twin, known)
        reasons.append(reason)
    elif allowed and standing.twins is not None and permission.area in IN_PLACES:
        reasons.append(f"held to {len(standing.twins)} twins")
    return Verdict(permission.value, twin, allowed, tuple(reasons))


def _by_role(standing: Standing, permission: Permission) -> Sequence[str]:
    source = f"role {standing.role}" if standing.role else f"this {standing.what}'s own permissions"
    if permission not in standing.given:
        return (f"not in {source}",)
    if permission in standing.permissions:
        return (source,)
    if standing.twins is not None:
        return (source, "taken away: held to places, and this stands in none")
    return (source, f"taken away: this {standing.what} is narrowed")


def _at_twin(standing: Standing, permission: Permission, twin: UUID, known: Collection[UUID]) -> tuple[bool, str]:
    if twin not in known:
        return False, "there is no such twin"
    if permission.area not in IN_PLACES:
        return True, "the same at every twin"
    if standing.twins is None:
        return True, "not held to places"
    return (True, "held to this twin") if twin in standing.twins else (False, "held to other places")
