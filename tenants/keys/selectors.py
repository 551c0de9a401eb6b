"""Service accounts and keys to read: who a token is for, and what they may do."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from tenants.kernel.errors import NotFoundError
from tenants.kernel.secrets import is_same_digest, is_token, token_digests
from tenants.keys.models import ApiKey, KeyDigest, ServiceAccount
from tenants.keys.schemas import WARNING, Holder
from tenants.people.models import MembershipPlace
from tenants.people.places import twins_of
from tenants.people.selectors import permissions_of
from tenants.scope.actors import Actor, Permission, held_to_places
from tenants.scope.context import required_tenant


class KeyNotFoundError(NotFoundError):
    """The tenant has no such key in force."""


class AccountNotFoundError(NotFoundError):
    """The tenant has no such service account."""


def accounts() -> QuerySet[ServiceAccount]:
    """The service accounts of the tenant in scope, by name."""
    return ServiceAccount.objects.all()


def account(account_id: UUID) -> ServiceAccount:
    """One service account.

    Raises:
        AccountNotFoundError: The tenant has no such account.
    """
    found = accounts().filter(id=account_id).first()
    if found is None:
        raise AccountNotFoundError(
            "there is no such service account", place="account", fix="Choose one from the list of service accounts."
        )
    return found


def keys() -> QuerySet[ApiKey]:
    """The keys of the tenant in scope with their accounts, newest first."""
    return ApiKey.objects.select_related("account")


def key(key_id: UUID) -> ApiKey:
    """One key, in force or not.

    Raises:
        KeyNotFoundError: The tenant has no such key.
    """
    found = keys().filter(id=key_id).first()
    if found is None:
        raise KeyNotFoundError("there is no such key", place="key", fix="Choose one from the list of keys.")
    return found


def holder(text: str, *, now: datetime) -> Holder | None:
    """Whose key a token is for, while its secret holds; needs no scope.

    One query for a token that has the form of one, whether or not it is known; none for any other text.
    """
    if not is_token(text, "key"):
        return None
    digests = token_digests(text, keys=settings.SEALING_KEYS)
    rows = KeyDigest.objects.filter(Q(until=None) | Q(until__gt=now), digest__in=digests)
    for digest, tenant, slug, policy, state, key_id in rows.values_list(
        "digest", "tenant_id", "tenant__slug", "tenant__policy", "tenant__state", "key"
    ):
        if any(is_same_digest(digest, each) for each in digests):
            return Holder(tenant, slug, key_id, digest, digests[0], policy, state)
    return None


def key_in_force(key_id: UUID, *, now: datetime) -> ApiKey | None:
    """The key with its account, unless it is revoked, has expired or the account is disabled; in its tenant's scope."""
    held = Q(expires_at=None) | Q(expires_at__gt=now)
    return keys().filter(held, id=key_id, revoked_at=None, account__disabled_at=None).first()


def actor_of_key(found: ApiKey, *, slug: str, address: str) -> Actor:
    """A key acting for its organisation, in its scope; a query for a role of its own, two for one held to places."""
    permissions, twins = account_permissions(found.account), None
    if found.scopes is not None:
        permissions &= read_permissions(found.scopes)
    if found.account.is_held:
        permissions, twins = held_to_places(permissions), twins_of(found.account_id)
    name = found.name if found.name == found.account.name else f"{found.account.name}: {found.name}"
    return Actor(
        tenant=required_tenant("a key"), slug=slug, role=found.account.role, permissions=permissions,
        name=f"key {name}", key=found.id, twins=twins, address=address,
    )  # fmt: skip


def account_permissions(row: ServiceAccount) -> frozenset[Permission]:
    """What a service account may do, before places narrow it."""
    return permissions_of(row.role) if row.role else read_permissions(row.permissions)


def read_permissions(names: list[str]) -> frozenset[Permission]:
    """Permissions by their names; one that is not there any more counts for nothing."""
    return frozenset(each for each in Permission if each.value in names)


def state_of(row: ApiKey, *, now: datetime) -> str:
    """What a key is: ``revoked``, ``expired``, ``disabled`` (its account is), ``ending`` soon, or ``in_force``."""
    if row.revoked_at is not None:
        return "revoked"
    if row.expires_at is not None and row.expires_at <= now:
        return "expired"
    if row.account.disabled_at is not None:
        return "disabled"
    if row.expires_at is not None and row.expires_at - WARNING <= now:
        return "ending"
    return "in_force"


def keys_in_state(rows: QuerySet[ApiKey], state: str, *, now: datetime) -> QuerySet[ApiKey]:
    """The keys that are in a state, as `state_of` tells it."""
    alive = Q(expires_at=None) | Q(expires_at__gt=now)
    late = Q(expires_at__lte=now + WARNING)
    rows = rows.filter(revoked_at=None) if state != "revoked" else rows.exclude(revoked_at=None)
    match state:
        case "expired":
            return rows.filter(expires_at__lte=now)
        case "disabled":
            return rows.filter(alive).exclude(account__disabled_at=None)
        case "ending":
            return rows.filter(alive & late, account__disabled_at=None)
        case "in_force":
            return rows.filter(alive & ~late, account__disabled_at=None)
    return rows


def former_secrets(key_ids: Collection[UUID], *, now: datetime) -> dict[UUID, datetime]:
    """Until when the last of the former secrets of keys still holds, by key; one that has none is not in it."""
    rows = KeyDigest.objects.filter(key__in=key_ids, tenant=required_tenant("keys"), until__gt=now).order_by("until")
    return {key: until for key, until in rows.values_list("key", "until") if until is not None}


def places_of(row: ServiceAccount) -> tuple[list[UUID], list[UUID]]:
    """The sites and the twins that a service account is held to."""
    rows = list(MembershipPlace.objects.filter(membership=row.id))
    return (
        sorted(place.site_id for place in rows if place.site_id is not None),
        sorted(place.twin for place in rows if place.twin is not None),
    )


def accounts_with_role(role: UUID) -> list[str]:
    """The service accounts that have a role of the organisation's own, as people call them."""
    return [
        f"the service account “{name}”" for name in accounts().filter(role=str(role)).values_list("name", flat=True)
    ]
