"""Making gateways, giving them new tokens, and shutting them out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from tenants.customers.selectors import customer_name
from tenants.kernel.secrets import Token, new_token, token_digest
from tenants.limits.domain.plans import Meter
from tenants.limits.services import require
from tenants.scope.context import required_tenant
from twins.gateways import selectors
from twins.gateways.errors import (
    CustomerNotFoundError,
    GatewayDisabledError,
    GatewayNameTakenError,
    GatewayNotFoundError,
)
from twins.gateways.models import Gateway, GatewayToken
from twins.gateways.selectors import Holder


def create_gateway(*, name: str, now: datetime, customer: UUID | None = None) -> tuple[Gateway, Token]:
    """A new gateway of the tenant in scope; its token is nowhere kept and cannot be shown again.

    Args:
        name: What people call it.
        now: When it is made.
        customer: The end customer at whose place it stands: what it sends counts towards that customer's share.

    Raises:
        CustomerNotFoundError: The tenant has no such customer.
        LimitReachedError: The tenant, or the customer, may have no more.
        GatewayNameTakenError: The tenant has a gateway of this name.
    """
    token = new_token("gateway")
    with transaction.atomic():
        if Gateway.objects.filter(name=name).exists():
            raise GatewayNameTakenError(f"there is a gateway named {name}", place="name", fix="Choose another name.")
        if customer is not None and customer_name(customer) is None:
            raise CustomerNotFoundError
        require(Meter.GATEWAYS, now=now, customer=customer)
        gateway = Gateway.objects.create(name=name, token_prefix=token.prefix, created_at=now, customer_id=customer)
        _keep(gateway, token, now)
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
        _keep(row, token, now)
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


def admit_token(token: str) -> Holder | None:
    """Whose token it is, in force or not; needs no scope.

    A token kept under a former secret of the installation is kept under the newest from now on.
    """
    found = selectors.holder(token)
    if found is not None and found.digest != found.newest:
        GatewayToken.objects.filter(digest=found.digest).update(digest=found.newest)
    return found


def _locked(gateway: UUID) -> Gateway:
    row = Gateway.objects.select_for_update().filter(id=gateway).first()
    if row is None:
        raise GatewayNotFoundError
    return row


def _keep(gateway: Gateway, token: Token, now: datetime) -> None:
    digest = token_digest(token.text, secret=settings.SEALING_KEYS[0])
    GatewayToken.objects.create(
        digest=digest, tenant_id=required_tenant("a gateway's token"), gateway=gateway.id, created_at=now,
        customer=gateway.customer_id,
    )  # fmt: skip


def _revoke(gateway: UUID, now: datetime) -> None:
    GatewayToken.objects.filter(gateway=gateway, revoked_at=None).update(revoked_at=now)
