"""Gateways to read, and who holds a token."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from tenants.kernel.secrets import is_token, token_digests
from tenants.limits.domain.plans import Meter
from tenants.limits.schemas import WHOLE
from tenants.scope.context import required_tenant
from twins.gateways.errors import GatewayNotFoundError
from twins.gateways.models import Gateway, GatewayToken
from twins.gateways.schemas import Holder, Standing
from twins.telemetry.models import Traffic
from twins.telemetry.schemas import Source
from twins.telemetry.selectors import traffic

SILENT_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class GatewayState:
    """A gateway and what it has sent.

    Attributes:
        state: ``connected`` (it sent something in the last minutes), ``late``, ``unknown`` (it never sent anything),
            ``pending`` (it waits to be claimed) or ``disconnected`` (disabled).
        per_minute: Readings stored in the last whole minute.
        readings: Readings stored in all.
        set_aside: Readings set aside in all.
        clock_ms: By how much its clock is ahead of ours, in milliseconds, behind when negative; None while nothing
            tells. Where it never says when it sends, a buffer that is never empty looks like a clock that is behind.
        late_s: How old the newest reading of its newest batch was when it came, in whole seconds.
        backlog: Readings that it said were waiting to be sent.
        version: Of its program, as it said last.
    """

    gateway: Gateway
    state: str
    last_seen_at: datetime | None
    per_minute: int
    readings: int
    set_aside: int
    clock_ms: int | None = None
    late_s: int | None = None
    backlog: int | None = None
    version: str = ""


def gateways() -> QuerySet[Gateway]:
    """The gateways of the tenant in scope, by name."""
    return Gateway.objects.all()


def gateway_names() -> dict[str, str]:
    """What each gateway of the tenant in scope is called, by id; also those in the trash, which old versions name."""
    return {str(id_): name for id_, name in Gateway.everything.order_by().values_list("id", "name")}


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
    rows = rows.filter(disabled_at=None)
    if state == "pending":
        return rows.exclude(claim_digest="")
    sent = Traffic.objects.filter(gateway=OuterRef("id"))
    recent = Q(last_seen_at__gt=now - SILENT_AFTER)
    found = {"unknown": ~Exists(sent), "connected": Exists(sent.filter(recent)), "late": Exists(sent.exclude(recent))}
    return rows.filter(found[state], claim_digest="")


def _state(gateway: Gateway, sent: Traffic | None, now: datetime) -> GatewayState:
    if sent is None:
        return GatewayState(gateway, _held(gateway) or "unknown", None, 0, 0, 0, version=gateway.version)
    state = "connected" if now - sent.last_seen_at < SILENT_AFTER else "late"
    this_minute = now.replace(second=0, microsecond=0)
    last_whole = sent.last_minute or sent.this_minute  # of a gateway that has just begun, what came since
    per_minute = {this_minute: last_whole, this_minute - timedelta(minutes=1): sent.this_minute}
    return GatewayState(
        gateway=gateway,
        state=_held(gateway) or state,
        last_seen_at=sent.last_seen_at,
        per_minute=per_minute.get(sent.minute, 0),
        readings=sent.readings,
        set_aside=sent.set_aside,
        clock_ms=_clock(sent),
        late_s=None if sent.late_us is None else round(sent.late_us / 1_000_000),
        backlog=sent.backlog,
        version=sent.version or gateway.version,
    )


def _held(gateway: Gateway) -> str:
    if gateway.disabled_at is not None:
        return "disconnected"
    return "pending" if gateway.is_pending else ""


def _clock(sent: Traffic) -> int | None:
    least = [one for one in (sent.clock_us, sent.former_clock_us) if one is not None]
    return round(-min(least) / 1000) if least else None


def holders(tokens: Iterable[str], *, now: datetime) -> dict[str, Holder]:
    """Whose some tokens are, in force or not, without those that nobody has; needs no scope.

    What has not the form of a token costs no query.
    """
    digests = {
        token: token_digests(token, keys=settings.SEALING_KEYS) for token in tokens if is_token(token, "gateway")
    }
    if not digests:
        return {}
    every = [digest for kept_under in digests.values() for digest in kept_under]
    rows = {row.digest: row for row in GatewayToken.objects.filter(digest__in=every)}
    found = {}
    for token, kept_under in digests.items():
        row = next((rows[digest] for digest in kept_under if digest in rows), None)
        if row is not None:
            found[token] = replace(_holder(row, now), digest=row.digest, newest=kept_under[0])
    return found


def holders_of(gateways: Collection[UUID], *, now: datetime) -> dict[UUID, Holder]:
    """Whose some gateways are, and whether they are shut out; needs no scope. A broker's messages name them."""
    tokens = GatewayToken.objects.filter(gateway__in=gateways)
    order = F("revoked_at").desc(nulls_first=True), F("until").desc(nulls_first=True)
    return {row.gateway: _holder(row, now) for row in tokens.order_by("gateway", *order).distinct("gateway")}


def _holder(row: GatewayToken, now: datetime) -> Holder:
    standing = Standing(row.hold) if row.hold else Standing.IN_FORCE
    if row.revoked_at is not None:
        standing = Standing.REVOKED
    elif row.until is not None and row.until <= now:
        standing = Standing.EXPIRED
    return Holder(Source(row.tenant_id, row.gateway, row.customer), standing)


def tokens_in_force(gateway_id: UUID, *, now: datetime) -> int:
    """How many tokens would let a gateway in if nothing held it."""
    rows = GatewayToken.objects.filter(gateway=gateway_id, tenant=required_tenant("tokens"), revoked_at=None)
    return rows.filter(Q(until=None) | Q(until__gt=now)).count()


def broker_hashes(*, now: datetime) -> list[tuple[UUID, str]]:
    """The token in force of every gateway that is let in, as mosquitto's password file has it; needs no scope.

    Of several tokens in force the newest counts: the file has one password for a name.
    """
    rows = GatewayToken.objects.filter(revoked_at=None, hold="").exclude(broker_hash="").exclude(until__lte=now)
    newest = dict(rows.order_by("created_at", "digest").values_list("gateway", "broker_hash"))
    return sorted(newest.items())
