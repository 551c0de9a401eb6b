"""A station of two pumps whose signals have a rate and rules, and readings of theirs that are stored for real."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import numpy as np

from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from twins.catalog.services import publish_type
from twins.composer.publishing import publish_twin
from twins.composer.services import create_twin, edit_draft
from twins.gateways.services import create_gateway
from twins.telemetry.connections import connect_ingest
from twins.telemetry.group import commit_together
from twins.telemetry.instants import micros
from twins.telemetry.schemas import Delivery, Normalised, Readings, Source
from twins.telemetry.selectors import bound_signals
from twins.telemetry.services import provide_signals

BY = "owner@meridian.example"
PUMP = {
    "key": "ruled-pump", "version": 1, "name": {"en": "Pump"},
    "signals": {
        "pressure": {"unit": "bar", "range": ["0", "16"], "rate": "PT10S",
                     "quality": {"stuck": "PT1M", "spike": "6", "stale": "PT2M"}},
        "flow": {"unit": "m3/h", "rate": "PT10S"},
    },
}  # fmt: skip


@dataclass(frozen=True)
class Station:
    """A tenant's twin of pumps P-1 and P-2, bound to the keys ``P1.PT``, ``P1.FT`` and so on of one gateway."""

    tenant: UUID
    twin: UUID
    gateway: UUID
    token: str
    pumps: tuple[UUID, UUID]
    signals: dict[str, int]

    @property
    def source(self) -> Source:
        return Source(self.tenant, self.gateway)


def make_station(tenant: UUID, *, now: datetime, name: str = "Station") -> Station:
    pumps = (uuid4(), uuid4())
    with scope(tenant):
        publish_type(document=PUMP, by=BY, now=now)
        gateway, token = create_gateway(name=f"{name} gateway", now=now)
        twin = create_twin(name=name, now=now)
        operations = []
        for number, pump in enumerate(pumps, 1):
            place = {"asset": str(pump), "type": "ruled-pump@1", "name": f"P-{number}", "at": [0, 0]}
            operations.append({"op": "add_asset", **place})
            for key, sent in (("pressure", "PT"), ("flow", "FT")):
                binding = {"gateway": str(gateway.id), "key": f"P{number}.{sent}"}
                operations.append({"op": "bind", "place": f"{pump}/{key}", **binding})
        draft = edit_draft(twin=twin.id, base_revision=0, operations=operations, by=BY, now=now)
        publish_twin(twin=twin.id, revision=draft.revision, note="", by=BY, now=now)
        stored = provide_signals(bound=bound_signals())
        signals = {one.sent_key: stored[one.asset, one.key].id for one in bound_signals()}
    return Station(tenant, twin.id, gateway.id, token.text, pumps, signals)


def send(
    station: Station, key: str, at: Sequence[datetime], value: Sequence[float], *, received: datetime,
    quality: Sequence[int] | None = None,
) -> None:  # fmt: skip
    """Store readings of one key as they are given, in one batch."""
    count = len(at)
    readings = Readings(
        np.full(count, station.signals[key], np.int64), np.array([micros(one) for one in at], np.int64),
        np.array(value, np.float64), np.array(quality or [0] * count, np.int16),
    )  # fmt: skip
    delivery = Delivery(station.source, str(new_id()), 1, Normalised(readings, ()))
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(_commit(delivery, received))).result()


def every(start: datetime, count: int, seconds: int = 10) -> list[datetime]:
    """So many instants from a start on."""
    return [start + number * timedelta(seconds=seconds) for number in range(count)]


async def _commit(delivery: Delivery, received: datetime) -> None:
    connection = await connect_ingest(statement_seconds=30)
    async with connection:
        await commit_together(connection, [delivery], now=received)
