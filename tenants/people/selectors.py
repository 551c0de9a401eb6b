"""Reads over people: narrow ones over the reference tables, and what a membership comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import Count, QuerySet

from tenants.edge.lists import choices_of
from tenants.kernel.secrets import is_same_digest
from tenants.limits.domain.plans import Meter
from tenants.limits.schemas import WHOLE
from tenants.people.models import CustomRole, Membership, Site, Space, User
from tenants.people.places import twin_places, twins_of
from tenants.people.schemas import Organisation
from tenants.scope.actors import PERMISSIONS, Actor, Permission, Role, held_to_places, permissions_named
from tenants.scope.context import required_tenant


def person_of(session: SessionBase) -> User | None:
    """Whose a session is, while it is in force; the session stays as it is.

    Django's own `get_user` gives a session that began under a former secret another key, and ends one that does not
    hold: only the answer to a request can tell the browser of that.
    """
    id_ = session.get(SESSION_KEY)
    user = User.objects.filter(id=id_, is_active=True).first() if id_ else None
    if user is None:
        return None
    kept = session.get(HASH_SESSION_KEY, "")
    holds = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return user if any(is_same_digest(kept, each) for each in holds) else None


def organisations(user: UUID) -> Sequence[Organisation]:
    """The organisations a person belongs to, by name."""
    rows = (
        Membership.objects.filter(user_id=user, user__is_active=True).select_related("tenant").order_by("tenant__name")
    )
    return [_organisation(row) for row in rows]


def organisation(user: UUID, slug: str) -> Organisation | None:
    """The organisation of that name in addresses, if the person belongs to it."""
    row = (
        Membership.objects.filter(user_id=user, user__is_active=True, tenant__slug=slug)
        .select_related("tenant")
        .first()
    )
    return None if row is None else _organisation(row)


def seats_taken() -> Mapping[Meter, Mapping[UUID, int]]:
    """How many people belong to the organisation in scope, in all and of each end customer."""
    rows = Membership.objects.filter(tenant_id=required_tenant("seats")).order_by().values_list("customer")
    counts = dict(rows.annotate(count=Count("id")))
    of_customers = {customer: count for customer, count in counts.items() if customer is not None}
    return {Meter.SEATS: {WHOLE: sum(counts.values()), **of_customers}}


def owner_addresses(tenant: UUID) -> list[str]:
    """The addresses of an organisation's owners."""
    owners = Membership.objects.filter(tenant_id=tenant, role=Role.OWNER, user__is_active=True)
    return list(owners.order_by("user__email").values_list("user__email", flat=True))


def administrator_addresses(tenant: UUID) -> list[str]:
    """The addresses of an organisation's owners and administrators."""
    roles_ = (Role.OWNER, Role.ADMINISTRATOR)
    found = Membership.objects.filter(tenant_id=tenant, role__in=roles_, user__is_active=True)
    return list(found.order_by("user__email").values_list("user__email", flat=True))


def members(tenant: UUID) -> QuerySet[Membership]:
    """The people of an organisation with their roles, by address."""
    return Membership.objects.filter(tenant_id=tenant).select_related("user").order_by("user__email")


def actor_of_member(found: Organisation, *, user: UUID, name: str, address: str = "") -> Actor:
    """A person acting in an organisation, in its scope.

    One query for a role of its own, two for a membership that is held to places, else none.
    """
    permissions, twins = permissions_of(found.role), None
    if found.is_held:
        permissions, twins = held_to_places(permissions), twins_of(found.membership)
    return Actor(
        tenant=found.tenant, slug=found.slug, role=found.role, permissions=permissions, name=name, user=user,
        customer=found.customer, twins=twins, address=address,
    )  # fmt: skip


def permissions_of(role: str) -> frozenset[Permission]:
    """What a role may do, in the scope of its organisation; nothing for one that is not there any more."""
    if role in PERMISSIONS:
        return PERMISSIONS[Role(role)]
    names = CustomRole.objects.filter(id=role).values_list("permissions", flat=True).first() or ()
    return permissions_named(names)


def roles() -> QuerySet[CustomRole]:
    """The roles of the organisation's own making, by name."""
    return CustomRole.objects.all()


def role_names() -> dict[str, str]:
    """What the roles of the organisation in scope are called, by role: those that all have, then its own."""
    own = {str(role.id): role.name for role in roles()}
    return {role.value: role.value.capitalize() for role in Role} | own


def spaces() -> QuerySet[Space]:
    """The spaces of the organisation, those for production first."""
    return Space.objects.all()


def twins_by_site() -> dict[UUID, list[UUID]]:
    """The twins that stand at each site of the organisation."""
    found: dict[UUID, list[UUID]] = {}
    for place in twin_places():
        if place.site is not None:
            found.setdefault(place.site, []).append(place.twin)
    return found


def sites() -> QuerySet[Site]:
    """The sites of the organisation with their spaces, by name."""
    return Site.objects.select_related("space")


def site_choices() -> list[tuple[str, str]]:
    """The sites as what a list is narrowed by."""
    return choices_of(Site.objects.order_by("name"), "name")


def _organisation(row: Membership) -> Organisation:
    tenant = row.tenant
    return Organisation(
        tenant=row.tenant_id, slug=tenant.slug, name=tenant.name, membership=row.id, role=row.role,
        customer=row.customer, is_held=row.is_held, state=tenant.state, plan=tenant.plan, policy=tenant.policy,
        brand=tenant.brand, state_until=tenant.state_until,
    )  # fmt: skip
