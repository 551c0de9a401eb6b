"""Making and withdrawing API keys."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from tenants.kernel.errors import NotFoundError
from tenants.kernel.secrets import Token, new_token, token_digest
from tenants.keys.models import ApiKey, KeyDigest
from tenants.scope.actors import Role
from tenants.scope.context import required_tenant


def create_key(*, name: str, role: Role, now: datetime, expires_at: datetime | None = None) -> tuple[ApiKey, Token]:
    """A new key of the tenant in scope; its text is nowhere kept and cannot be shown again."""
    token = new_token("key")
    with transaction.atomic():
        key = ApiKey.objects.create(name=name, prefix=token.prefix, role=role, created_at=now, expires_at=expires_at)
        KeyDigest.objects.create(
            digest=token_digest(token.text, secret=settings.SECRET_KEY), tenant_id=required_tenant("a key"), key=key.id
        )
    return key, token


def revoke_key(*, key: UUID, now: datetime) -> None:
    """Withdraw a key: it is refused from the next request on.

    Raises:
        NotFoundError: The tenant has no such key in force.
    """
    if not ApiKey.objects.filter(id=key, revoked_at=None).update(revoked_at=now):
        raise NotFoundError("there is no such key in force", place="key", fix="Choose one from the list of keys.")
