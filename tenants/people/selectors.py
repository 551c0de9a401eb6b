"""Narrow reads over the reference tables of people."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from tenants.people.models import Membership
from tenants.people.schemas import Organisation
from tenants.scope.actors import Role


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


def members(tenant: UUID) -> QuerySet[Membership]:
    """The people of an organisation with their roles, by address."""
    return Membership.objects.filter(tenant_id=tenant).select_related("user").order_by("user__email")


def _organisation(row: Membership) -> Organisation:
    return Organisation(
        tenant=row.tenant_id, slug=row.tenant.slug, name=row.tenant.name, role=Role(row.role), customer=row.customer
    )
