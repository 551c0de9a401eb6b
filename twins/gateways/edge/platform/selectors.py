"""What is kept of the agents at sites, to read in the scope of their tenant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from twins.gateways.edge.platform.errors import (
    EdgeConfigurationNotFoundError,
    SealNotFoundError,
    SiteKeyNotFoundError,
)
from twins.gateways.edge.platform.models import EdgeAgent, EdgeConfiguration, SealedBatch, SealState, SiteKey
from twins.gateways.edge.platform.sealing import unpacked
from twins.gateways.edge.signing import SiteSeal

SILENT_AFTER = timedelta(seconds=120)
"""An agent speaks every 30 seconds."""


@dataclass(frozen=True, slots=True)
class SealCounts:
    """How many seals of a gateway were kept, and how many are broken."""

    kept: int
    broken: int


@dataclass(frozen=True, slots=True)
class EdgeState:
    """The agent of a gateway.

    Attributes:
        state: ``connected`` (it spoke in the last minutes), ``late``, or ``unknown`` (it never did).
        agent: What it said last; None when it never did.
        wanted: The newest configuration that is kept for it; None when there is none.
        applied: Whether it follows that one; None when it does not say, or there is none.
        seals: What became of its seals.
    """

    state: str
    agent: EdgeAgent | None
    wanted: EdgeConfiguration | None
    applied: str | None
    seals: SealCounts


def agent_of(gateway: UUID) -> EdgeAgent | None:
    """What the agent of a gateway said last."""
    return EdgeAgent.objects.filter(gateway=gateway).first()


def edge_state(gateway: UUID, *, now: datetime) -> EdgeState:
    """How the agent of a gateway does."""
    agent, wanted = agent_of(gateway), newest_configuration(gateway)
    state = "unknown"
    if agent is not None:
        state = "connected" if now - agent.at < SILENT_AFTER else "late"
    return EdgeState(state, agent, wanted, _applied(agent, wanted), seal_counts(gateway))


def _applied(agent: EdgeAgent | None, wanted: EdgeConfiguration | None) -> str | None:
    """``applied``, ``refused``, or ``pending`` while the agent has not said either of the newest version."""
    if agent is None or wanted is None:
        return None
    said = agent.status["configuration"]
    return str(said["state"]) if said["digest"] == wanted.digest and said["state"] != "none" else "pending"


def is_any_edge(gateway: UUID) -> bool:
    """Whether a gateway has, or is to have, an agent."""
    return agent_of(gateway) is not None or newest_configuration(gateway) is not None


def configurations(gateway: UUID) -> QuerySet[EdgeConfiguration]:
    """The versions of a gateway's configuration, newest first."""
    return EdgeConfiguration.objects.filter(gateway=gateway).order_by("-number")


def newest_configuration(gateway: UUID) -> EdgeConfiguration | None:
    """What the agent of a gateway is to do; None when nothing is kept for it."""
    return configurations(gateway).first()


def configuration(gateway: UUID, number: int) -> EdgeConfiguration:
    """One version.

    Raises:
        EdgeConfigurationNotFoundError: There is none of this number.
    """
    found = configurations(gateway).filter(number=number).first()
    if found is None:
        raise EdgeConfigurationNotFoundError
    return found


def site_keys(gateway: UUID) -> QuerySet[SiteKey]:
    """The keys of a gateway's site, the last seen first."""
    return SiteKey.objects.filter(gateway=gateway).order_by("-id")


def site_key(gateway: UUID, key: UUID) -> SiteKey:
    """One key.

    Raises:
        SiteKeyNotFoundError: The gateway has no such key.
    """
    found = site_keys(gateway).filter(id=key).first()
    if found is None:
        raise SiteKeyNotFoundError
    return found


def seals(gateway: UUID) -> QuerySet[SealedBatch]:
    """The batches of a gateway that came with a seal, newest first; their bodies are not read."""
    return SealedBatch.objects.filter(gateway=gateway).order_by("-id").defer("body")


def broken_seals(gateway: UUID) -> QuerySet[SealedBatch]:
    """Those whose seal is broken."""
    return seals(gateway).filter(state=SealState.BROKEN)


def seal_counts(gateway: UUID) -> SealCounts:
    """How many seals were kept, and how many are broken."""
    rows = SealedBatch.objects.filter(gateway=gateway).order_by().values("state").annotate(count=Count("id"))
    counts = {row["state"]: row["count"] for row in rows}
    return SealCounts(counts.get(SealState.KEPT, 0), counts.get(SealState.BROKEN, 0))


def kept_seal(gateway: UUID, sequence: int, fingerprint: str = "") -> SealedBatch:
    """A kept seal with its body; without a key that of the newest which has this number.

    Raises:
        SealNotFoundError: No such seal is kept.
    """
    rows = SealedBatch.objects.filter(gateway=gateway, sequence=sequence, state=SealState.KEPT)
    if fingerprint:
        rows = rows.filter(fingerprint=fingerprint)
    found = rows.order_by("-id").first()
    if found is None:
        raise SealNotFoundError
    return found


def seals_within(start: datetime, end: datetime) -> Iterator[tuple[SiteSeal, int, list[int]]]:
    """The kept seals of batches that may have given readings in ``[start, end)``.

    Yields:
        Each with the tenant's commit of its readings, and the numbers of the signals that got any.
    """
    rows = SealedBatch.objects.filter(state=SealState.KEPT, first_at__lt=end, last_at__gte=start).order_by("id")
    fields = ("gateway", "fingerprint", "sequence", "previous", "body_digest", "signature", "commit", "signals")
    keys: dict[tuple[UUID, str], bytes] = {}
    for gateway, name, sequence, previous, body, signature, commit, given in rows.values_list(*fields).iterator():
        if (gateway, name) not in keys:
            raw = SiteKey.objects.values_list("public_key", flat=True).get(gateway=gateway, fingerprint=name)
            keys[gateway, name] = bytes(raw)
        seal = SiteSeal(gateway, keys[gateway, name], name, sequence, previous, body, bytes(signature))
        yield seal, commit, given


def is_any_seal_within(start: datetime, end: datetime) -> bool:
    """Whether a kept seal is of a batch that may have given readings in ``[start, end)``."""
    return SealedBatch.objects.filter(state=SealState.KEPT, first_at__lt=end, last_at__gte=start).exists()


def body_of_seal(seal: SealedBatch) -> bytes:
    """What the site signed, not packed."""
    return unpacked(bytes(seal.body))


def difference(former: Any, now: Any, place: str = "") -> list[tuple[str, Any, Any]]:
    """Where two documents differ: place, what stood there and what stands there now, None where there is nothing."""
    if isinstance(former, dict) and isinstance(now, dict):
        found = []
        for name in sorted({*former, *now}):
            found += difference(former.get(name), now.get(name), f"{place}/{name}" if place else name)
        return found
    if isinstance(former, list) and isinstance(now, list):
        found = []
        for number in range(max(len(former), len(now))):
            one = former[number] if number < len(former) else None
            other = now[number] if number < len(now) else None
            found += difference(one, other, f"{place}/{number}" if place else str(number))
        return found
    return [] if former == now else [(place, former, now)]
