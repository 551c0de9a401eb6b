"""Gateways to read, and who holds a token."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from tenants.kernel.secrets import is_token, token_digests
from tenants.limits.domain.plans import Meter
from tenants.limits.schemas import WHOLE
from twins.gateways.errors import GatewayNotFoundError
from twins.gateways.models import Gateway, GatewayToken
from twins.telemetry.models import Traffic
from twins.telemetry.schemas import Source
from twins.telemetry.selectors import traffic

SILENT_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose token it is, and whether it still lets them in.

    Attributes:
        digest: The digest it was found under; empty when it was found by its gateway.
        newest: The digest it is to be found under.
    """

    source: Source
    is_revoked: bool
    digest: str = field(default="", compare=False)
    newest: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class GatewayState:
    """A gateway and what it has sent.

    Attributes:
        state: ``connected`` (it sent something in the last minutes), ``late``, ``unknown`` (it never sent anything) or
            ``disconnected`` (disabled).
        per_minute: Readings stored in the last whole minute.
        readings: Readings stored in all.
        set_aside: Readings set aside in all.
    """

    gateway: Gateway
    state: str
    last_seen_at: datetime | None
    per_minute: int
    readings: int
    set_aside: int


def gateways() -> QuerySet[Gateway]:
    """The gateways of the tenant in scope, by name."""
    return Gateway.objects.all()


def gateway(gateway_id: UUID) -> Gateway:
    """One gateway.

    Raises:
        GatewayNotFoundError: The tenant has no such gateway.
    """
    found = Gateway.objects.filter(id=gateway_id).first()
    if found is None:
        raise GatewayNotFoundError
    return found


def gateways_counted() -> Mapping[Meter, Mapping[UUID, int]]:
    """How many gateways may send, in all and at each end customer's place."""
    rows = Gateway.objects.filter(disabled_at=None).order_by().values_list("customer_id").annotate(count=Count("id"))
    counts = dict(rows)
    of_customers = {customer: count for customer, count in counts.items() if customer is not None}
    return {Meter.GATEWAYS: {WHOLE: sum(counts.values()), **of_customers}}


def states(found: Iterable[Gateway], *, now: datetime) -> list[GatewayState]:
    """What some gateways have sent, in their order."""
    found = list(found)
    sent = traffic([one.id for one in found])
    return [_state(one, sent.get(one.id), now) for one in found]


def in_state(rows: QuerySet[Gateway], state: str, *, now: datetime) -> QuerySet[Gateway]:
    """Those of some gateways that are in a state, as `GatewayState` names it."""
    if state == "disconnected":
        return rows.exclude(disabled_at=None)
    sent = Traffic.objects.filter(gateway=OuterRef("id"))
    recent = Q(last_seen_at__gt=now - SILENT_AFTER)
    found = {"unknown": ~Exists(sent), "connected": Exists(sent.filter(recent)), "late": Exists(sent.exclude(recent))}
    return rows.filter(found[state], disabled_at=None)


def _state(gateway: Gateway, sent: Traffic | None, now: datetime) -> GatewayState:
    if sent is None:
        return GatewayState(gateway, "disconnected" if gateway.disabled_at else "unknown", None, 0, 0, 0)
    state = "connected" if now - sent.last_seen_at < SILENT_AFTER else "late"
    this_minute = now.replace(second=0, microsecond=0)
    per_minute = {this_minute: sent.last_minute, this_minute - timedelta(minutes=1): sent.this_minute}
    return GatewayState(
        gateway=gateway,
        state="disconnected" if gateway.disabled_at else state,
        last_seen_at=sent.last_seen_at,
        per_minute=per_minute.get(sent.minute, 0),
        readings=sent.readings,
        set_aside=sent.set_aside,
    )


def holder(token: str) -> Holder | None:
    """Whose token it is, in force or not; needs no scope. What has not the form of a token costs no query."""
    if not is_token(token, "gateway"):
        return None
    digests = token_digests(token, keys=settings.SEALING_KEYS)
    rows = GatewayToken.objects.filter(digest__in=digests)
    found = rows.values_list("digest", "tenant_id", "gateway", "customer", "revoked_at").first()
    if found is None:
        return None
    return Holder(Source(*found[1:4]), found[4] is not None, found[0], digests[0])


def holder_of(gateway_id: UUID) -> Holder | None:
    """Whose gateway it is, and whether it is shut out; needs no scope. For messages of a broker, which name it."""
    tokens = GatewayToken.objects.filter(gateway=gateway_id).values_list("tenant_id", "customer", "revoked_at")
    found = tokens.order_by(F("revoked_at").desc(nulls_first=True)).first()
    return Holder(Source(found[0], gateway_id, found[1]), found[2] is not None) if found else None
