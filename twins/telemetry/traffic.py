"""What a gateway's page shows of its traffic: how much it sends, and the keys that nothing reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from twins.telemetry.instants import moment
from twins.telemetry.schemas import Delivery, Outcome, Source

MOST_UNBOUND_KEYS = 1000
"""Of each gateway; what comes beyond shows only among what was set aside."""

_TRAFFIC = """
INSERT INTO twins_traffic AS t (tenant_id, gateway, last_seen_at, minute, this_minute, last_minute, readings, set_aside)
VALUES (%s, %s, %s, %s, %s, 0, %s, %s)
ON CONFLICT (tenant_id, gateway) DO UPDATE SET
    last_seen_at = greatest(t.last_seen_at, excluded.last_seen_at),
    minute = greatest(t.minute, excluded.minute),
    this_minute = CASE WHEN excluded.minute <= t.minute THEN t.this_minute ELSE 0 END + excluded.this_minute,
    last_minute = CASE WHEN excluded.minute <= t.minute THEN t.last_minute
                       WHEN excluded.minute = t.minute + interval '1 minute' THEN t.this_minute ELSE 0 END,
    readings = t.readings + excluded.readings,
    set_aside = t.set_aside + excluded.set_aside"""
_UNBOUND = """
INSERT INTO twins_unboundkey AS u (tenant_id, gateway, key, at, value, seen_at) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, gateway, key) DO UPDATE SET
    seen_at = excluded.seen_at,
    at = greatest(u.at, excluded.at),
    value = CASE WHEN excluded.at >= u.at THEN excluded.value ELSE u.value END"""


@dataclass(slots=True)
class _Sent:
    last_seen_at: datetime
    readings: int = 0
    set_aside: int = 0
    keys: dict[str, tuple[int, float]] = field(default_factory=dict)


class TrafficCount:
    """What gateways have sent since the last flush."""

    def __init__(self) -> None:
        self._sent: dict[Source, _Sent] = {}
        self._known: dict[Source, set[str]] = {}

    def note(self, delivery: Delivery, outcome: Outcome, *, now: datetime) -> None:
        """Take note of a delivery that was committed."""
        sent = self._sent.setdefault(delivery.source, _Sent(now))
        sent.last_seen_at = now
        sent.readings += outcome.accepted
        sent.set_aside += outcome.set_aside
        known = self._known.setdefault(delivery.source, set()) if delivery.normalised.unbound else set()
        for key, newest in delivery.normalised.unbound.items():
            if key in known or len(known) < MOST_UNBOUND_KEYS:
                known.add(key)
                sent.keys[key] = max(sent.keys.get(key, newest), newest)

    async def flush(self, connection: AsyncConnection[Any]) -> None:
        """Add it to what is stored; what cannot be written is lost, for it is a figure to look at and nothing more."""
        taken, self._sent = self._sent, {}
        if not taken:
            return
        in_order = sorted(taken.items(), key=lambda item: (item[0].tenant, item[0].gateway))
        traffic = [
            (
                *(source.tenant, source.gateway, sent.last_seen_at, sent.last_seen_at.replace(second=0, microsecond=0)),
                *(sent.readings, sent.readings, sent.set_aside),
            )
            for source, sent in in_order
        ]
        unbound = [
            (source.tenant, source.gateway, key, moment(at), value, sent.last_seen_at)
            for source, sent in in_order
            for key, (at, value) in sorted(sent.keys.items())
        ]
        async with connection.cursor() as cursor:
            await cursor.executemany(_TRAFFIC, traffic)
            if unbound:
                await cursor.executemany(_UNBOUND, unbound)
