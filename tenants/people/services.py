"""Organisations and the people in them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from tenants.kernel.errors import ConflictError, OutturnError
from tenants.people.models import Membership, User
from tenants.scope.actors import Role
from tenants.scope.models import Tenant

RESERVED = frozenset({"new", "api", "static", "admin", "account", "accounts", "ingest"})


class OrganisationNameError(OutturnError):
    """A name that makes no address."""

    code = "organisation.name"


class OrganisationTakenError(ConflictError):
    """The address is another organisation's."""

    code = "organisation.taken"


def create_organisation(*, name: str, owner: UUID | None, now: datetime, time_zone: str = "UTC") -> Tenant:
    """A new tenant, with its owner when there is one.

    Raises:
        OrganisationNameError: The name has no letter or digit that could stand in an address.
        OrganisationTakenError: Another organisation has the same name in addresses.
    """
    slug = slugify(name)[:50].strip("-")
    if not slug or slug in RESERVED:
        raise OrganisationNameError(
            f"“{name}” makes no address", place="name", fix="Choose a name with Latin letters or digits in it."
        )
    try:
        with transaction.atomic():
            tenant = Tenant.objects.create(slug=slug, name=name.strip(), time_zone=time_zone, created_at=now)
            if owner is not None:
                Membership.objects.create(user_id=owner, tenant=tenant, role=Role.OWNER, created_at=now)
    except IntegrityError as error:
        raise OrganisationTakenError(
            f"there is an organisation at “{slug}” already", place="name", fix="Choose another name."
        ) from error
    return tenant


def create_person(*, email: str, name: str, password: str) -> User:
    """A person whose address is taken as verified: for those set up by an operator, not by themselves."""
    with transaction.atomic():
        user = User.objects.create_user(email, password, name=name)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def add_member(*, tenant: UUID, user: UUID, role: Role, now: datetime, customer: UUID | None = None) -> Membership:
    """Give a person a role in an organisation, replacing the one they had."""
    membership, _ = Membership.objects.update_or_create(
        tenant_id=tenant,
        user_id=user,
        defaults={"role": role, "customer": customer},
        create_defaults={"role": role, "customer": customer, "created_at": now},
    )
    return membership
