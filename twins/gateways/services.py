"""Making gateways, giving them new tokens, shutting them out and letting them in again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from tenants.customers.selectors import customer_name
from tenants.kernel.secrets import Token, new_token, token_digest
from tenants.limits.domain.plans import Meter
from tenants.limits.services import require
from tenants.people.selectors import sites
from tenants.scope.context import required_tenant
from twins.gateways import selectors
from twins.gateways.errors import (
    CustomerNotFoundError,
    GatewayDisabledError,
    GatewayNameTakenError,
    GatewayNotFoundError,
    OverlapError,
    SerialTakenError,
    SiteNotFoundError,
)
from twins.gateways.models import Gateway, GatewayToken
from twins.gateways.mosquitto import password_hash
from twins.gateways.schemas import GatewayTerms, Hold, Holder, Origin

LONGEST_OVERLAP = timedelta(days=30)


def create_gateway(
    *, name: str, now: datetime, customer: UUID | None = None, serial: str = "", site: UUID | None = None
) -> tuple[Gateway, Token]:
    """A new gateway of the tenant in scope; its token is nowhere kept and cannot be shown again.

    Args:
        name: What people call it.
        now: When it is made.
        customer: The end customer at whose place it stands: what it sends counts towards that customer's share.
        serial: What the device calls itself, as in its certificate.
        site: The site where it stands.

    Raises:
        CustomerNotFoundError: The tenant has no such customer.
        GatewayNameTakenError: The tenant has a gateway of this name.
        LimitReachedError: The tenant, or the customer, may have no more.
        SerialTakenError: The tenant has a gateway of this serial.
        SiteNotFoundError: The tenant has no such site.
    """
    with transaction.atomic():
        gateway = add_gateway(terms=GatewayTerms(name, serial, customer, site), now=now)
        return gateway, give_token(gateway=gateway, now=now)


def add_gateway(
    *, terms: GatewayTerms, now: datetime, origin: Origin = Origin.PORTAL, made_with: UUID | None = None,
    version: str = "",
) -> Gateway:  # fmt: skip
    """A new gateway without a token, in the transaction of whoever gives it one.

    Raises:
        CustomerNotFoundError: The tenant has no such customer.
        GatewayNameTakenError: The tenant has a gateway of this name.
        LimitReachedError: The tenant, or the customer, may have no more.
        SerialTakenError: The tenant has a gateway of this serial.
        SiteNotFoundError: The tenant has no such site.
    """
    _check(terms)
    require(Meter.GATEWAYS, now=now, customer=terms.customer)
    return Gateway.objects.create(
        name=terms.name, serial=terms.serial, customer_id=terms.customer, site_id=terms.site, origin=origin,
        made_with=made_with, version=version, created_at=now,
    )  # fmt: skip


def _check(terms: GatewayTerms) -> None:
    if Gateway.objects.filter(name=terms.name).exists():
        raise GatewayNameTakenError(
            f"there is a gateway named {terms.name}", place="name", fix="Choose another name."
        )  # fmt: skip
    if terms.serial and Gateway.objects.filter(serial=terms.serial).exists():
        raise SerialTakenError(terms.serial)
    if terms.customer is not None and customer_name(terms.customer) is None:
        raise CustomerNotFoundError
    if terms.site is not None and not sites().filter(id=terms.site).exists():
        raise SiteNotFoundError


def give_token(*, gateway: Gateway, now: datetime, until: datetime | None = None, certificate: str = "") -> Token:
    """One more token of a gateway; it is held as long as the gateway is.

    Args:
        gateway: Locked, or made in this transaction.
        now: When.
        until: The first moment it is refused at; None for never.
        certificate: The fingerprint of the certificate that it is given for.
    """
    token = new_token("gateway")
    row = _token_row(gateway, token, now)
    row.until, row.certificate = until, certificate
    row.save(force_insert=True)
    gateway.token_prefix = token.prefix
    gateway.save(update_fields=["token_prefix"])
    return token


def add_gateways(*, wanted: Sequence[GatewayTerms], origin: Origin, now: datetime) -> list[tuple[Gateway, Token]]:
    """Many gateways at once, each with a token: all or none. Whoever calls this has looked at the terms.

    Raises:
        IntegrityError: Somebody made one of the same name or serial meanwhile.
        LimitReachedError: The tenant, or a customer, may not have so many.
    """
    tokens = [new_token("gateway") for _ in wanted]
    with transaction.atomic():
        require(Meter.GATEWAYS, len(wanted), now=now)
        for customer, count in Counter(one.customer for one in wanted).items():
            require(Meter.GATEWAYS, count, now=now, customer=customer)
        gateways = Gateway.objects.bulk_create(
            Gateway(
                name=one.name, serial=one.serial, customer_id=one.customer, site_id=one.site, origin=origin,
                created_at=now, token_prefix=token.prefix,
            )
            for one, token in zip(wanted, tokens, strict=True)
        )  # fmt: skip
        GatewayToken.objects.bulk_create(
            _token_row(gateway, token, now) for gateway, token in zip(gateways, tokens, strict=True)
        )
    return list(zip(gateways, tokens, strict=True))


def _token_row(gateway: Gateway, token: Token, now: datetime) -> GatewayToken:
    return GatewayToken(
        digest=token_digest(token.text, secret=settings.SEALING_KEYS[0]), gateway=gateway.id, created_at=now,
        tenant_id=required_tenant("a gateway's token"), customer=gateway.customer_id, hold=_hold(gateway),
        broker_hash=password_hash(token.text),
    )  # fmt: skip


def rotate_token(*, gateway: UUID, now: datetime, overlap: timedelta = timedelta(0)) -> tuple[Gateway, Token]:
    """A new token for a gateway; those before it go on for a while, or are refused within seconds.

    Args:
        gateway: Which.
        now: When.
        overlap: How long the former tokens go on; they are refused from `now` plus this on.

    Raises:
        GatewayDisabledError: It is disabled; a new token would not let it in.
        GatewayNotFoundError: The tenant has no such gateway.
        OverlapError: The overlap is negative or longer than 30 days.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise OverlapError("a former token goes on for 0 to 30 days", place="overlap", fix="Choose less.")
    with transaction.atomic():
        row = locked(gateway)
        if row.disabled_at is not None:
            raise GatewayDisabledError(f"{row.name} is disabled", place="gateway", fix="Enable it first.")
        end_tokens(gateway=gateway, at=now + overlap, now=now)
        return row, give_token(gateway=row, now=now)


def end_tokens(*, gateway: UUID, at: datetime, now: datetime, of_certificates_only: bool = False) -> None:
    """Let the tokens of a gateway end at a moment, those that end before it at their own; now means at once."""
    tokens = GatewayToken.objects.filter(gateway=gateway, revoked_at=None)
    if of_certificates_only:
        tokens = tokens.exclude(certificate="")
    if at <= now:
        tokens.update(revoked_at=now)
    else:
        tokens.filter(Q(until=None) | Q(until__gt=at)).update(until=at)


def disable_gateway(*, gateway: UUID, now: datetime) -> Gateway:
    """Shut a gateway out within seconds; what it sent stays. Doing it again changes nothing.

    Raises:
        GatewayNotFoundError: The tenant has no such gateway.
    """
    with transaction.atomic():
        row = locked(gateway)
        if row.disabled_at is None:
            row.disabled_at = now
            row.save(update_fields=["disabled_at"])
            put_hold(gateway=row)
    return row


def enable_gateway(*, gateway: UUID, now: datetime) -> Gateway:
    """Let a gateway in again with the tokens it has. Doing it again changes nothing.

    Raises:
        GatewayNotFoundError: The tenant has no such gateway.
        LimitReachedError: The tenant, or the customer, may have no more in use.
    """
    with transaction.atomic():
        row = locked(gateway)
        if row.disabled_at is not None:
            require(Meter.GATEWAYS, now=now, customer=row.customer_id)
            row.disabled_at = None
            row.save(update_fields=["disabled_at"])
            put_hold(gateway=row)
    return row


def put_hold(*, gateway: Gateway) -> None:
    """Make the tokens of a gateway know what holds it now."""
    GatewayToken.objects.filter(gateway=gateway.id).update(hold=_hold(gateway))


def admit_tokens(tokens: Iterable[str], *, now: datetime) -> dict[str, Holder]:
    """Whose some tokens are, in force or not, without those that nobody has; needs no scope.

    A token kept under a former secret of the installation is kept under the newest from now on.
    """
    found = selectors.holders(tokens, now=now)
    for holder in found.values():
        if holder.digest != holder.newest:
            GatewayToken.objects.filter(digest=holder.digest).update(digest=holder.newest)
    return found


def locked(gateway: UUID) -> Gateway:
    """A gateway, held until the transaction ends.

    Raises:
        GatewayNotFoundError: The tenant has no such gateway.
    """
    row = Gateway.objects.select_for_update().filter(id=gateway).first()
    if row is None:
        raise GatewayNotFoundError
    return row


def _hold(gateway: Gateway) -> str:
    if gateway.disabled_at is not None:
        return Hold.DISABLED
    return Hold.PENDING if gateway.is_pending else ""
