"""A pumping station whose pumps have derived signals, and readings of it that are stored for real."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
from asgiref.sync import async_to_sync

from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.catalog.services import publish_type
from twins.composer.publishing import publish_twin
from twins.composer.services import create_twin, edit_draft
from twins.gateways.services import create_gateway
from twins.telemetry.connections import connect_ingest
from twins.telemetry.group import commit_together
from twins.telemetry.models import Signal
from twins.telemetry.schemas import Delivery, Normalised, Readings, Source
from twins.telemetry.selectors import bound_signals, readings
from twins.telemetry.series import Series
from twins.telemetry.services import provide_signals

NOW = datetime(2026, 1, 15, 8, tzinfo=UTC)
START_US = 1_768_460_400_000_000  # an hour before
TYPE: dict[str, Any] = {
    "key": "test-pump",
    "version": 1,
    "name": {"en": "Pump"},
    "properties": {"rated_power": {"type": "number", "unit": "kW"}},
    "signals": {
        "flow": {"unit": "m3/h", "rate": "PT10S"},
        "inlet": {"unit": "bar", "rate": "PT10S"},
        "outlet": {"unit": "bar", "rate": "PT10S"},
    },
    "derived": {
        "load": {"unit": "%", "formula": "power / rated_power"},
        "power": {"unit": "kW", "formula": "flow * head"},
        "head": {"unit": "bar", "formula": "outlet - inlet"},
        "mean_flow": {"unit": "l/s", "formula": "avg(flow, 1min)"},
        "lift": {"unit": "1", "formula": "outlet / inlet"},
    },
}
Row = tuple[str, int, float]
"""Pump and key as ``A/flow``, seconds after the start, value."""


@dataclass(frozen=True)
class Station:
    """A published twin, and the numbers of its pumps' signals by name (``A/flow``)."""

    tenant: UUID
    gateway: UUID
    twin: UUID
    assets: dict[str, UUID]

    @property
    def signals(self) -> dict[str, int]:
        """The signals there are by now."""
        names = {asset: name for name, asset in self.assets.items()}
        with scope(self.tenant):
            return {f"{names[row.asset]}/{row.key}": row.id for row in Signal.objects.filter(twin=self.twin)}

    def send(self, *batches: Iterable[Row], quality: int = 0) -> None:
        """Store readings, a commit for each batch."""
        number = self.signals
        async_to_sync(_commit)(self, [_readings(batch, number, quality) for batch in batches])

    def derived(self, name: str) -> list[tuple[float, float, int]]:
        """The readings of a signal: seconds after the start, value, quality."""
        signal = self.signals[name]
        with scope(self.tenant):
            found: Series = readings([signal], datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))[
                signal
            ]
        seconds = (found.at - START_US) / 1_000_000
        return list(zip(seconds.tolist(), found.value.tolist(), found.quality.tolist(), strict=True))


def make_station(tenant: Tenant, *, pumps: int = 2, document: dict[str, Any] = TYPE, name: str = "Station") -> Station:
    """Publish the type and a twin with pumps A, B, ... of it, all signals bound."""
    ids = {chr(ord("A") + number): new_id() for number in range(pumps)}
    with scope(tenant.id):
        gateway, _ = create_gateway(name=name, now=NOW)
        of = publish_type(document=document, by="test", now=NOW)
        twin = create_twin(name=name, now=NOW)
        operations: list[dict[str, Any]] = []
        for pump, asset in ids.items():
            operations += [
                {"op": "add_asset", "asset": str(asset), "type": of.ref, "name": pump, "at": [0, 0],
                 "properties": {"rated_power": "10"}},
                *(
                    {"op": "bind", "place": f"{asset}/{key}", "gateway": str(gateway.id), "key": f"{pump}/{key}"}
                    for key in of.signals
                ),
            ]  # fmt: skip
        draft = edit_draft(twin=twin.id, base_revision=0, operations=operations, by="test", now=NOW)
        publish_twin(twin=twin.id, revision=draft.revision, note="", by="test", now=NOW)
        provide_signals(bound=bound_signals())
    return Station(tenant.id, gateway.id, twin.id, ids)


def _readings(rows: Iterable[Row], number: dict[str, int], quality: int) -> Readings:
    listed = list(rows)
    return Readings(
        signal=np.array([number[name] for name, _, _ in listed], np.int64),
        at=np.array([START_US + second * 1_000_000 for _, second, _ in listed], np.int64),
        value=np.array([value for _, _, value in listed], np.float64),
        quality=np.full(len(listed), quality, np.int16),
    )


async def _commit(station: Station, batches: list[Readings]) -> None:
    connection = await connect_ingest(statement_seconds=10)
    async with connection:
        for one in batches:
            source = Source(station.tenant, station.gateway)
            delivery = Delivery(source, str(new_id()), 1, Normalised(one, ()))
            await commit_together(connection, [delivery], now=NOW)
