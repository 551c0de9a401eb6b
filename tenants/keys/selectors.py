"""Who a key is."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from tenants.kernel.secrets import token_digest
from tenants.keys.models import ApiKey, KeyDigest


def keys() -> QuerySet[ApiKey]:
    """The keys of the tenant in scope, newest first."""
    return ApiKey.objects.all()


def holder(text: str) -> tuple[UUID, str, UUID] | None:
    """The tenant, its name in addresses and the key that a token is for, in force or not; needs no scope."""
    digest = token_digest(text, secret=settings.SECRET_KEY)
    found = KeyDigest.objects.filter(digest=digest).values_list("tenant_id", "tenant__slug", "key").first()
    return found and (found[0], found[1], found[2])


def key_in_force(key: UUID, *, now: datetime) -> ApiKey | None:
    """The key, unless it is withdrawn or has expired; in the scope of its tenant."""
    return ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), id=key, revoked_at=None).first()
