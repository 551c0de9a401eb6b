"""What a gateway's page shows of its traffic: how much it sends, and the keys that nothing reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from twins.telemetry.glimpses import GLIMPSED, Glimpse
from twins.telemetry.instants import micros, moment
from twins.telemetry.schemas import NO_TIME, Delivery, Outcome, Source

MOST_UNBOUND_KEYS = 1000
"""Of each gateway; what comes beyond shows only among what was set aside."""

_TRAFFIC = """
INSERT INTO twins_traffic AS t (
    tenant_id, gateway, last_seen_at, minute, this_minute, last_minute, readings, set_aside, clock_at, clock_us,
    late_us, backlog, version)
VALUES (%s, %s, %s, %s, %s, 0, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, gateway) DO UPDATE SET
    last_seen_at = greatest(t.last_seen_at, excluded.last_seen_at),
    minute = greatest(t.minute, excluded.minute),
    this_minute = CASE WHEN excluded.minute <= t.minute THEN t.this_minute ELSE 0 END + excluded.this_minute,
    last_minute = CASE WHEN excluded.minute <= t.minute THEN t.last_minute
                       WHEN excluded.minute = t.minute + interval '1 minute' THEN t.this_minute ELSE 0 END,
    readings = t.readings + excluded.readings,
    set_aside = t.set_aside + excluded.set_aside,
    clock_at = greatest(t.clock_at, excluded.clock_at),
    clock_us = CASE WHEN excluded.clock_at > t.clock_at THEN excluded.clock_us
                    ELSE least(t.clock_us, excluded.clock_us) END,
    former_clock_us = CASE WHEN excluded.clock_at IS NULL OR excluded.clock_at <= t.clock_at THEN t.former_clock_us
                           WHEN excluded.clock_at = t.clock_at + interval '10 minutes' THEN t.clock_us END,
    late_us = coalesce(excluded.late_us, t.late_us),
    backlog = coalesce(excluded.backlog, t.backlog),
    version = CASE WHEN excluded.version = '' THEN t.version ELSE excluded.version END"""
_UNBOUND_ROW = """
INSERT INTO twins_unboundkey AS u (
    tenant_id, gateway, key, at, value, seen_at, seen, low, high, recent_at, recent_value)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, gateway, key) DO UPDATE SET
    seen_at = excluded.seen_at,
    at = greatest(u.at, excluded.at),
    value = CASE WHEN excluded.at >= u.at THEN excluded.value ELSE u.value END,
    seen = u.seen + excluded.seen,
    low = least(u.low, excluded.low),
    high = greatest(u.high, excluded.high),
    recent_at = {recent_at},
    recent_value = {recent_value}"""
_NEWEST = """(u.{0} || excluded.{0})[
    greatest(1, cardinality(u.{0}) + cardinality(excluded.{0}) - {1} + 1):]"""
_UNBOUND = _UNBOUND_ROW.format(**{name: _NEWEST.format(name, GLIMPSED) for name in ("recent_at", "recent_value")})


@dataclass(slots=True)
class _Sent:
    last_seen_at: datetime
    readings: int = 0
    set_aside: int = 0
    keys: dict[str, Glimpse] = field(default_factory=dict)
    clock_us: int | None = None
    late_us: int | None = None
    backlog: int | None = None
    version: str = ""

    def hear(self, delivery: Delivery, now_us: int) -> None:
        """Take note of what a batch tells of its gateway; some comparisons, however many readings it has."""
        said, newest = delivery.said, delivery.normalised.newest
        sent_at = said.sent_at if said.sent_at != NO_TIME else newest
        if sent_at != NO_TIME and delivery.batch:
            between = now_us - sent_at
            self.clock_us = between if self.clock_us is None else min(self.clock_us, between)
        if newest != NO_TIME and delivery.batch:
            self.late_us = max(0, now_us - newest)
        if said.backlog is not None:
            self.backlog = said.backlog
        self.version = said.version or self.version


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
        sent.hear(delivery, micros(now))
        known = self._known.setdefault(delivery.source, set()) if delivery.normalised.unbound else set()
        for key, glimpse in delivery.normalised.unbound.items():
            if key in known or len(known) < MOST_UNBOUND_KEYS:
                known.add(key)
                sent.keys[key] = before.and_then(glimpse) if (before := sent.keys.get(key)) else glimpse

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
                *(_window(sent.last_seen_at) if sent.clock_us is not None else None, sent.clock_us),
                *(sent.late_us, sent.backlog, sent.version),
            )
            for source, sent in in_order
        ]
        unbound = [
            _row(source, key, glimpse, sent.last_seen_at)
            for source, sent in in_order
            for key, glimpse in sorted(sent.keys.items())
        ]
        async with connection.cursor() as cursor:
            await cursor.executemany(_TRAFFIC, traffic)
            if unbound:
                await cursor.executemany(_UNBOUND, unbound)


def _row(source: Source, key: str, glimpse: Glimpse, seen_at: datetime) -> tuple[Any, ...]:
    recent_at, recent_value = [moment(at) for at, _ in glimpse.newest], [value for _, value in glimpse.newest]
    figures = glimpse.count, glimpse.low, glimpse.high
    return (
        *(source.tenant, source.gateway, key, recent_at[-1], recent_value[-1], seen_at),
        *(*figures, recent_at, recent_value),
    )


def _window(now: datetime) -> datetime:
    """The ten minutes in which the least of what lies between sending and arrival is looked for.

    One batch that was sent at once tells the clock, however late the others are.
    """
    return now.replace(minute=now.minute // 10 * 10, second=0, microsecond=0)
