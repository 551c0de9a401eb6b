"""A pit with excavators, whose readings come in as those of gateways do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from tenants.kernel.ids import new_id
from tenants.scope.context import required_tenant
from twins.composer.publishing import publish_twin
from twins.composer.services import create_twin, edit_draft
from twins.telemetry.connections import connect_ingest
from twins.telemetry.group import commit_together
from twins.telemetry.instants import micros
from twins.telemetry.models import Signal
from twins.telemetry.schemas import Delivery, Normalised, Quality, Readings, Source
from twins.telemetry.selectors import bound_signals
from twins.telemetry.services import provide_signals

KEYS = ("fault", "material_total", "engine_hours")
Row = tuple[UUID, str, datetime, float]
"""Asset, signal, instant and value."""


def published_pit(count: int, *, now: datetime, called: str = "North pit") -> tuple[UUID, list[UUID]]:
    """A published twin of excavators, and their ids by name."""
    gateway, twin = new_id(), create_twin(name=called, now=now)
    assets = [new_id() for _ in range(count)]
    operations = []
    for number, asset in enumerate(assets, 1):
        operations.append(
            {"op": "add_asset", "asset": str(asset), "type": "excavator@1", "name": f"E-{number:02}", "at": [0, 0]}
        )
        operations += [
            {"op": "bind", "place": f"{asset}/{key}", "gateway": str(gateway), "key": f"{number}/{key}"} for key in KEYS
        ]
    draft = edit_draft(twin=twin.id, base_revision=0, operations=operations, by="ada", now=now)
    publish_twin(twin=twin.id, revision=draft.revision, note="", by="ada", now=now)
    provide_signals(bound=bound_signals())
    return twin.id, assets


def send(rows: Sequence[Row], *, received: datetime, quality: Quality = Quality.GOOD) -> None:
    """Readings come in, all in one commit."""
    known = {(row.asset, row.key): row.id for row in Signal.objects.all()}
    readings = Readings(
        np.array([known[asset, key] for asset, key, _, _ in rows], np.int64),
        np.array([micros(moment) for _, _, moment, _ in rows], np.int64),
        np.array([value for *_, value in rows], np.float64),
        np.full(len(rows), quality, np.int16),
    )
    delivery = Delivery(Source(required_tenant(), new_id()), str(new_id()), 1, Normalised(readings, ()))

    async def commit() -> None:
        async with await connect_ingest(statement_seconds=30) as opened:
            await commit_together(opened, [delivery], now=received)

    with ThreadPoolExecutor(1) as thread:  # a test in a browser has a loop of its own
        thread.submit(lambda: asyncio.run(commit())).result()


def every(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    """The instants of a span, one each step."""
    return [start + number * step for number in range((end - start) // step)]
