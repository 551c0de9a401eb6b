"""Contracts to settle: fleets that fly, each under a contract of power by the hour, as a tenant would have them.

All of it by the real services, with the readings committed as those of gateways are; one signal of an engine is enough
to tell its flights.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np

from billing.contracts.services import create_power_by_the_hour, publish_contract
from billing.contracts.templates import PowerByTheHour
from billing.statements.services import settle_statement
from tenants.customers.services import create_customer
from tenants.kernel.clock import utc_now
from tenants.kernel.collection import collection_paused
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.composer.publishing import publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet
from twins.telemetry.compaction import compact
from twins.telemetry.connections import connect_ingest
from twins.telemetry.group import commit_together
from twins.telemetry.instants import micros
from twins.telemetry.schemas import BoundSignal, Delivery, Normalised, Readings, Source
from twins.telemetry.services import provide_signals

MONTH = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
_SIGNED = datetime(2026, 1, 2, tzinfo=UTC)
_SETTLED = datetime(2026, 10, 5, tzinfo=UTC)
_FLOWN_FROM = datetime(2026, 8, 30, tzinfo=UTC)
_BY = "owner@measured.example"
_KEY = "t24"
_TERMS = {
    "title": "Power by the hour",
    "currency": "USD",
    "effective": {"from": "2026-01-01", "to": None},
    "fee_per_hour": "285",
    "tiers": [{"below": "97", "credit": "5"}, {"below": "95", "credit": "10"}],
}


@dataclass(frozen=True, slots=True)
class Signed:
    """A tenant with published contracts whose months are over and not settled."""

    tenant: UUID
    contracts: tuple[UUID, ...]


def signed(contracts: int, assets: int, tell: Callable[[float], None], *, flown_from: datetime = _FLOWN_FROM) -> Signed:
    """So many contracts, each about a fleet of its own that took off twice a day, up to the end of the month."""
    tenant = Tenant.objects.create(
        slug=f"settled-{new_id().hex[-8:]}", name="Settled", plan="enterprise", created_at=utc_now()
    )
    with scope(tenant.id):
        customer = str(create_customer(name="Northwind Air", now=_SIGNED).id)
    made = []
    for number in range(contracts):
        with scope(tenant.id):
            made.append(_contract(tenant.id, customer, number, assets, flown_from))
        tell((number + 1) / contracts)
    compact(tenant.id, wait=True)
    return Signed(tenant.id, tuple(made))


@collection_paused()
def settle(tenant: UUID, contract: UUID) -> int:
    """Seal the evidence of the month, rate it and seal the statement; its total in minor units."""
    with scope(tenant):
        statement = settle_statement(contract=contract, start=MONTH[0], end=MONTH[1], by=_BY, now=_SETTLED)
    return int(statement.total_minor)


def _contract(tenant: UUID, customer: str, number: int, assets: int, flown_from: datetime) -> UUID:
    parameters = FleetParameters(name=f"Fleet {number:04}", count=assets, first=1, gateway=str(new_id()))
    draft = create_fleet(blueprint="turbofan-fleet", parameters=parameters, by=_BY, now=_SIGNED)
    publish_twin(twin=draft.twin, revision=draft.revision, note="", by=_BY, now=_SIGNED)
    engines = [UUID(place.partition("/")[0]) for place in draft.document.bindings if place.endswith(f"/{_KEY}")]
    bound = [
        BoundSignal(twin=draft.twin, asset=engine, key=_KEY, unit="Cel", gateway=draft.twin, sent_key=_KEY)
        for engine in engines
    ]
    signals = provide_signals(bound=bound)
    asyncio.run(_fly(tenant, [signals[engine, _KEY].id for engine in engines], flown_from))
    wanted = PowerByTheHour.read({**_TERMS, "customer": customer, "twin": str(draft.twin)})
    contract = create_power_by_the_hour(parameters=wanted, by=_BY, now=_SIGNED)
    publish_contract(contract=contract.id, revision=contract.revision, by=_BY, now=_SIGNED)
    return contract.id


async def _fly(tenant: UUID, signals: list[int], flown_from: datetime) -> None:
    """The snapshots of each day come in when it is over."""
    connection = await connect_ingest(statement_seconds=60)
    async with connection:
        for number, day in enumerate(_days(flown_from)):
            take_offs = np.array([micros(day + timedelta(hours=hour)) for hour in (6, 14)], np.int64)
            at = np.tile(take_offs, len(signals))
            readings = Readings(
                signal=np.repeat(np.array(signals, np.int64), take_offs.size), at=at,
                value=np.full(at.size, 300.0), quality=np.zeros(at.size, np.int16),
            )  # fmt: skip
            delivery = Delivery(Source(tenant, new_id()), f"day {number}", number, Normalised(readings, ()))
            await commit_together(connection, [delivery], now=day + timedelta(days=1))


def _days(first: datetime) -> Iterator[datetime]:
    return (first + timedelta(days=number) for number in range((MONTH[1] - first).days))
