"""A fleet whose readings are stored for real: by the ingest role, committed, on connections of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import settings

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.composer.publishing import publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet
from twins.gateways.services import create_gateway
from twins.telemetry.chunks import merged
from twins.telemetry.connections import connect_ingest
from twins.telemetry.instants import moment
from twins.telemetry.packing import joined, unpack_chunk, unpack_log
from twins.telemetry.schemas import Source
from twins.telemetry.selectors import bound_signals
from twins.telemetry.services import provide_signals


@dataclass(frozen=True)
class Fleet:
    """A tenant's engines, the gateway they are bound to, and the numbers of their signals by key (``1/t24``)."""

    tenant: UUID
    gateway: UUID
    token: str
    twin: UUID
    signals: dict[str, int]

    @property
    def source(self) -> Source:
        return Source(self.tenant, self.gateway)


def make_fleet(tenant: Tenant, *, count: int = 2) -> Fleet:
    now = utc_now()
    with scope(tenant.id):
        gateway, token = create_gateway(name="hangar", now=now)
        parameters = FleetParameters(name="Fleet", count=count, gateway=str(gateway.id))
        draft = create_fleet(blueprint="turbofan-fleet", parameters=parameters, by="test", now=now)
        publish_twin(twin=draft.twin, revision=draft.revision, note="", by="test", now=now)
        stored = provide_signals(bound=bound_signals())
        numbers = {one.sent_key: stored[one.asset, one.key].id for one in bound_signals()}
    return Fleet(tenant.id, gateway.id, token.text, draft.twin, numbers)


@pytest.fixture
def fleet(transactional_db: None, tenant: Tenant) -> Fleet:
    """Meridian's two engines."""
    return make_fleet(tenant)


@pytest.fixture
def their_fleet(transactional_db: None, stranger: Tenant) -> Fleet:
    """Somebody else's engine."""
    return make_fleet(stranger, count=1)


@pytest.fixture
async def ingest(transactional_db: None) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection of the ingest role."""
    connection = await connect_ingest(statement_seconds=10)
    yield connection
    await connection.close()


@pytest.fixture
def everything(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """A connection that sees all rows of what the ingest role may read."""
    known = settings.INGEST_DATABASE
    with psycopg.connect(
        dbname=known["NAME"], user=known["USER"], password=known["PASSWORD"], host=known["HOST"], autocommit=True,
        options="-c TimeZone=UTC",
    ) as connection:  # fmt: skip
        yield connection


@pytest.fixture
def owner(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the owner of the schema."""
    known = settings.DATABASES["owner"]
    with psycopg.connect(
        dbname=known["NAME"], user=known["USER"], password=known["PASSWORD"], host=known["HOST"], autocommit=True
    ) as connection:
        yield connection


@pytest.fixture
def owned(fleet: Fleet) -> Callable[[str], list[tuple[Any, ...]]]:
    """What was set aside for Meridian, as Meridian sees it: the columns asked for, in the order they were noted."""
    known = settings.DATABASES["default"]

    def rows(columns: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(
            dbname=known["NAME"], user=known["USER"], password=known["PASSWORD"], host=known["HOST"],
            options="-c TimeZone=UTC",
        ) as connection:  # fmt: skip
            connection.execute(f"SET LOCAL outturn.tenant = '{fleet.tenant}'")
            return connection.execute(f"SELECT {columns} FROM twins_setaside ORDER BY id").fetchall()

    return rows


def stored(everything: psycopg.Connection[Any], tenant: UUID) -> list[tuple[Any, ...]]:
    """All readings of a tenant, as they are told apart when they are read: signal, instant, value, quality, commit."""
    chunks = everything.execute("SELECT signal, payload FROM twins_chunk WHERE tenant_id = %s", [tenant])
    log = everything.execute(
        "SELECT commit, payload FROM twins_readinglog WHERE tenant_id = %s ORDER BY commit", [tenant]
    )
    parts = [unpack_chunk(payload, signal) for signal, payload in chunks]
    kept = merged(joined(parts + [unpack_log(payload, commit) for commit, payload in log]))
    columns = (kept.signal, kept.at, kept.value, kept.quality, kept.commit)
    return [
        (signal, moment(at), value, quality, commit)
        for signal, at, value, quality, commit in zip(*(column.tolist() for column in columns), strict=True)
    ]
