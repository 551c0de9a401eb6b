"""Organisations and the people in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from tenants.kernel.errors import ConflictError, OutturnError
from tenants.kernel.ids import new_id
from tenants.limits.domain.plans import Meter
from tenants.limits.services import require
from tenants.people.domain import TRIAL_LASTS, address_of_name, clean_name, is_address, is_name, suggested_address
from tenants.people.models import Membership, User
from tenants.people.rights import rights_changed
from tenants.people.schemas import Organisation
from tenants.people.sites import first_places
from tenants.record.services import record_audit
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant, TenantState

MOST_TRIALS = 5
"""Organisations that one person may own and not pay for; each has mail, readings and jobs of its own to spend."""


class OrganisationNameError(OutturnError):
    """A text that is no name."""

    code = "organisation.name"


class OrganisationAddressError(OutturnError):
    """A text that is no address of an organisation, or one of ours."""

    code = "organisation.address"


class OrganisationTakenError(ConflictError):
    """The address is another organisation's."""

    code = "organisation.taken"


class TooManyTrialsError(ConflictError):
    """Somebody owns enough organisations that are tried out."""

    code = "organisation.too_many_trials"


def check_trials(mine: Iterable[Organisation]) -> None:
    """Make sure that a person may begin another trial.

    Args:
        mine: The organisations that they belong to.

    Raises:
        TooManyTrialsError: They own `MOST_TRIALS` that have no plan yet.
    """
    trials = [each for each in mine if each.role == Role.OWNER and each.plan == "trial"]
    if len(trials) >= MOST_TRIALS:
        raise TooManyTrialsError(
            f"you own {len(trials)} organisations on trial already", kept="Nothing was made.",
            fix="Choose a plan for one of them, or close and erase one.",
        )  # fmt: skip


def create_organisation(
    *, name: str, owner: UUID | None, now: datetime, time_zone: str = "UTC", address: str = ""
) -> Tenant:
    """A new tenant on trial, with a space for what runs and one for trying out, and with its owner when there is one.

    Call it outside any scope: it opens that of the new tenant.

    Args:
        name: What it is called, in any script.
        owner: The person who owns it.
        now: The moment.
        time_zone: Where its days begin, an IANA name.
        address: Its name in addresses; made of the name when empty.

    Raises:
        OrganisationNameError: The name has no letter, digit or symbol, or is too long.
        OrganisationAddressError: The name makes no address, or the one given is none.
        OrganisationTakenError: Another organisation has the address.
    """
    name, slug = _name(name), _address(name, address)
    tenant = new_id()
    try:
        with scope(tenant):
            row = Tenant.objects.create(
                id=tenant, slug=slug, name=name, time_zone=time_zone, created_at=now, state=TenantState.TRIAL,
                state_until=now + TRIAL_LASTS,
            )  # fmt: skip
            first_places(now=now)
            if owner is not None:
                _own(row, owner, now)
    except IntegrityError as error:
        raise OrganisationTakenError(
            f"there is an organisation at “{slug}” already", place="address",
            fix="Choose another address, or ask a colleague to invite you.",
        ) from error  # fmt: skip
    return row


def _own(organisation: Tenant, owner: UUID, now: datetime) -> None:
    """Make a person the owner of a new organisation, in its scope."""
    Membership.objects.create(user_id=owner, tenant_id=organisation.id, role=Role.OWNER, created_at=now)
    email = User.objects.values_list("email", flat=True).get(id=owner)
    record_audit(
        action="organisation.created", subject=f"organisation/{organisation.id}", by=email, now=now,
        details={"name": organisation.name, "address": organisation.slug},
    )  # fmt: skip


def create_person(*, email: str, name: str, password: str) -> User:
    """A person whose address is taken as verified: for those set up by an operator, not by themselves."""
    with transaction.atomic():
        user = User.objects.create_user(email, password, name=name)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def rename_person(*, user: UUID, name: str) -> None:
    """Give a person another name; only they themselves do that."""
    User.objects.filter(id=user).update(name=clean_name(name)[:120])


def add_member(*, tenant: UUID, user: UUID, role: str, now: datetime, customer: UUID | None = None) -> Membership:
    """Give a person a role in an organisation, replacing the one they had."""
    membership, _ = Membership.objects.update_or_create(
        tenant_id=tenant,
        user_id=user,
        defaults={"role": role, "customer": customer},
        create_defaults={"role": role, "customer": customer, "created_at": now},
    )
    rights_changed(tenant)
    return membership


def take_seat(*, now: datetime, customer: UUID | None = None) -> None:
    """Make sure that the plan of the tenant in scope has room for one more member.

    Raises:
        LimitReachedError: There is none.
    """
    require(Meter.SEATS, now=now, customer=customer)


def _name(text: str) -> str:
    name = clean_name(text)
    if not is_name(name) or len(name) > 120:
        raise OrganisationNameError(
            f"“{text[:60]}” is no name", place="name", fix="Choose a name of letters, of any script, up to 120 of them."
        )
    return name


def _address(name: str, given: str) -> str:
    slug = given.strip() or address_of_name(name)
    if not is_address(slug):
        what = f"“{given[:60]}” is no address" if given.strip() else f"“{name[:60]}” makes no address"
        raise OrganisationAddressError(
            what, place="address",
            fix="Write small Latin letters, digits and single hyphens, two at least, and no word that we use; "
            f"such as {suggested_address(name)}.",
        )  # fmt: skip
    return slug
