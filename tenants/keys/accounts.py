"""Service accounts: opening, changing and disabling them; nobody gives one more than they may do themselves."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tenants.kernel.errors import NotAllowedError, OutturnError
from tenants.keys import selectors
from tenants.keys.models import ServiceAccount
from tenants.keys.schemas import AccountTerms
from tenants.people.places import twin_places, write_places
from tenants.people.selectors import permissions_of, role_names, sites
from tenants.record.services import record_audit
from tenants.scope.actors import IN_PLACES, Actor, Permission, Role, held_to_places


class BeyondGiverError(NotAllowedError):
    """Somebody would give a program what they may not do themselves."""

    code = "key.beyond_giver"


class AccountTermsError(OutturnError):
    """A service account cannot be like that."""

    code = "key.account"


def open_account(*, terms: AccountTerms, by: Actor, now: datetime) -> ServiceAccount:
    """A new service account, without a key yet.

    Raises:
        AccountTermsError: Its role, or a place, is none that a service account can have.
        BeyondGiverError: It could do more than whoever makes it.
    """
    with transaction.atomic():
        row = ServiceAccount(created_at=now, created_by=by.name)
        _write(row, terms, by)
        record_audit(
            action="service.created", subject=f"service/{row.id}", by=by.name, now=now, details={"name": row.name}
        )
    return row


def change_account(*, account: UUID, terms: AccountTerms, by: Actor, now: datetime) -> ServiceAccount:
    """Another name, purpose, role or other places for a service account; its keys follow from the next request on.

    Raises:
        AccountNotFoundError: The tenant has no such account.
        AccountTermsError: Its role, or a place, is none that a service account can have.
        BeyondGiverError: It could do more than whoever changes it.
    """
    with transaction.atomic():
        row = selectors.account(account)
        _write(row, terms, by)
        record_audit(
            action="service.changed", subject=f"service/{row.id}", by=by.name, now=now, details={"name": row.name}
        )
    return row


def disable_account(*, account: UUID, by: Actor, now: datetime) -> ServiceAccount:
    """Refuse all keys of a service account from the next request on; doing it again changes nothing.

    Raises:
        AccountNotFoundError: The tenant has no such account.
    """
    with transaction.atomic():
        row = selectors.account(account)
        if row.disabled_at is None:
            row.disabled_at = now
            row.save(update_fields=["disabled_at"])
            record_audit(action="service.disabled", subject=f"service/{row.id}", by=by.name, now=now)
    return row


def enable_account(*, account: UUID, by: Actor, now: datetime) -> ServiceAccount:
    """Take the keys of a service account again, those that are in force; doing it again changes nothing.

    Raises:
        AccountNotFoundError: The tenant has no such account.
        BeyondGiverError: It can do more than whoever enables it.
    """
    with transaction.atomic():
        row = selectors.account(account)
        if row.disabled_at is not None:
            hold_to_giver(by, reach(row))
            row.disabled_at = None
            row.save(update_fields=["disabled_at"])
            record_audit(action="service.enabled", subject=f"service/{row.id}", by=by.name, now=now)
    return row


def reach(row: ServiceAccount, scopes: frozenset[Permission] | None = None) -> frozenset[Permission]:
    """What a service account may do, or a key of it that narrows it."""
    permissions = selectors.account_permissions(row)
    if row.is_held:
        permissions = held_to_places(permissions)
    return permissions if scopes is None else permissions & scopes


def hold_to_giver(by: Actor, permissions: frozenset[Permission]) -> None:
    """Refuse to give what the giver has not.

    Raises:
        BeyondGiverError: Something of it is not the giver's.
    """
    beyond = sorted(permissions - by.permissions)
    if beyond or (by.twins is not None and any(each.area in IN_PLACES for each in permissions)):
        raise BeyondGiverError(
            f"you may not give what you may not do yourself: {', '.join(beyond) or 'it in all places'}",
            place="permissions", fix="Choose a role or permissions that you have, or ask somebody who has them.",
        )  # fmt: skip


def _write(row: ServiceAccount, terms: AccountTerms, by: Actor) -> None:
    if terms.role and (terms.role == Role.CUSTOMER or terms.role not in role_names()):
        raise AccountTermsError("there is no such role", place="role", fix="Choose one of the organisation's roles.")
    if not terms.role and not terms.permissions:
        raise AccountTermsError("it could do nothing", place="permissions", fix="Choose a role, or some permissions.")
    row.name, row.purpose, row.role = terms.name, terms.purpose, terms.role
    row.permissions = [] if terms.role else sorted(terms.permissions)
    row.is_held = bool(terms.sites or terms.twins)
    permissions = permissions_of(terms.role) if terms.role else terms.permissions
    hold_to_giver(by, held_to_places(permissions) if row.is_held else permissions)
    row.save()
    _hold_to_places(row.id, terms)


def _hold_to_places(account: UUID, terms: AccountTerms) -> None:
    known = set(sites().filter(id__in=terms.sites).values_list("id", flat=True)) if terms.sites else set()
    known |= {place.twin for place in twin_places()} if terms.twins else set()
    if not (terms.sites | terms.twins) <= known:
        raise AccountTermsError("there is no such place", place="places", fix="Choose sites and twins from the lists.")
    write_places(account, sites=terms.sites, twins=terms.twins)
