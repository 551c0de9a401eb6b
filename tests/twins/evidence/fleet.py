"""A fleet to gather evidence of, whose readings come in as those of gateways do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from tenants.kernel.ids import new_id
from tenants.scope.context import required_tenant
from twins.composer.publishing import publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.selectors import draft
from twins.composer.services import create_fleet, edit_draft
from twins.evidence.models import AssetEvent
from twins.evidence.services import record_event
from twins.telemetry.connections import connect_ingest
from twins.telemetry.group import commit_together
from twins.telemetry.instants import micros
from twins.telemetry.schemas import Delivery, Normalised, Quality, Readings, Source
from twins.telemetry.selectors import bound_signals
from twins.telemetry.services import provide_signals

SEPTEMBER = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
OCTOBER = datetime(2026, 10, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def day(number: int, hour: int = 0, month: int = 9) -> datetime:
    """A moment of the year of the story."""
    return datetime(2026, month, number, hour, tzinfo=UTC)


def published_fleet(count: int, name: str = "Northwind fleet", first: int = 81) -> tuple[UUID, list[UUID]]:
    """A published twin of engines bound to a gateway, and their ids by name."""
    parameters = FleetParameters(name=name, count=count, first=first, gateway=str(new_id()))
    draft = create_fleet(blueprint="turbofan-fleet", parameters=parameters, by="ada", now=day(1))
    publish_twin(twin=draft.twin, revision=draft.revision, note="", by="ada", now=day(1))
    assets = sorted(draft.document.assets, key=lambda asset: draft.document.assets[asset].name)
    return draft.twin, [UUID(asset) for asset in assets]


def schedule(start: datetime, end: datetime) -> list[datetime]:
    """Take-offs at 06:00 and 14:00 of each day."""
    days = range((end - start).days)
    return [start + number * DAY + hour * HOUR for number in days for hour in (6, 14)]


def fly(
    flights: Iterable[tuple[UUID, datetime]],
    *,
    received: datetime,
    keys: Sequence[str] | None = None,
    quality: Quality = Quality.GOOD,
    value: float = 1.0,
) -> None:
    """Snapshots of take-offs come in, all in one commit; by default of all signals."""
    bound = bound_signals()
    stored = provide_signals(bound=bound)
    by_asset: dict[UUID, list[int]] = {}
    for one in bound:
        if keys is None or one.key in keys:
            by_asset.setdefault(one.asset, []).append(stored[one.asset, one.key].id)
    rows = [(signal, micros(at)) for asset, at in flights for signal in by_asset[asset]]
    signal, at = np.array(rows, np.int64).T
    readings = Readings(signal, at, np.full(at.size, value), np.full(at.size, quality, np.int16))
    source = Source(required_tenant(), new_id())
    delivery = Delivery(source, str(new_id()), 1, Normalised(readings, ()))
    with ThreadPoolExecutor(1) as thread:  # a test in a browser has a loop of its own
        thread.submit(lambda: asyncio.run(_commit(delivery, received))).result()


async def _commit(delivery: Delivery, received: datetime) -> None:
    connection = await connect_ingest(statement_seconds=30)
    async with connection:
        await commit_together(connection, [delivery], now=received)


def say(asset: UUID, kind: str, at: datetime, reference: str | None = None, **fields: Any) -> AssetEvent:
    """Record an event in October, under a reference of its own."""
    name = f"{kind} {at}" if reference is None else reference
    told = {"source": "shop", "reference": name, "now": OCTOBER, **fields}
    return record_event(asset=asset, kind=kind, at=at, **told)


def change(twin: UUID, *operations: dict[str, Any]) -> None:
    """Publish another version of a twin."""
    revision = draft(twin).revision
    edited = edit_draft(twin=twin, base_revision=revision, operations=list(operations), by="ada", now=OCTOBER)
    publish_twin(twin=twin, revision=edited.revision, note="", by="ada", now=OCTOBER)
