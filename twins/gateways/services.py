"""Making gateways, giving them new tokens, and shutting them out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from tenants.kernel.secrets import Token, new_token, token_digest
from tenants.scope.context import required_tenant
from twins.gateways.errors import GatewayDisabledError, GatewayNameTakenError, GatewayNotFoundError
from twins.gateways.models import Gateway, GatewayToken


def create_gateway(*, name: str, now: datetime) -> tuple[Gateway, Token]:
    """A new gateway of the tenant in scope; its token is nowhere kept and cannot be shown again.

    Raises:
        GatewayNameTakenError: The tenant has a gateway of this name.
    """
    token = new_token("gateway")
    with transaction.atomic():
        if Gateway.objects.filter(name=name).exists():
            raise GatewayNameTakenError(f"there is a gateway named {name}", place="name", fix="Choose another name.")
        gateway = Gateway.objects.create(name=name, token_prefix=token.prefix, created_at=now)
        _keep(gateway.id, token, now)
    return gateway, token


def rotate_token(*, gateway: UUID, now: datetime) -> tuple[Gateway, Token]:
    """A new token for a gateway; the old one is refused within seconds.

    Raises:
        GatewayNotFoundError: The tenant has no such gateway.
        GatewayDisabledError: It is disabled; a new token would not let it in.
    """
    token = new_token("gateway")
    with transaction.atomic():
        row = _locked(gateway)
        if row.disabled_at is not None:
            raise GatewayDisabledError(f"{row.name} is disabled", place="gateway", fix="Make a new gateway.")
        _revoke(gateway, now)
        _keep(gateway, token, now)
        row.token_prefix = token.prefix
        row.save(update_fields=["token_prefix"])
    return row, token


def disable_gateway(*, gateway: UUID, now: datetime) -> Gateway:
    """Shut a gateway out, within seconds and for good; what it sent stays. Doing it again changes nothing.

    Raises:
        GatewayNotFoundError: The tenant has no such gateway.
    """
    with transaction.atomic():
        row = _locked(gateway)
        if row.disabled_at is None:
            _revoke(gateway, now)
            row.disabled_at = now
            row.save(update_fields=["disabled_at"])
    return row


def _locked(gateway: UUID) -> Gateway:
    row = Gateway.objects.select_for_update().filter(id=gateway).first()
    if row is None:
        raise GatewayNotFoundError
    return row


def _keep(gateway: UUID, token: Token, now: datetime) -> None:
    digest = token_digest(token.text, secret=settings.SECRET_KEY)
    GatewayToken.objects.create(
        digest=digest, tenant_id=required_tenant("a gateway's token"), gateway=gateway, created_at=now
    )


def _revoke(gateway: UUID, now: datetime) -> None:
    GatewayToken.objects.filter(gateway=gateway, revoked_at=None).update(revoked_at=now)
