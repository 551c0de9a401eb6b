"""Readings from before they were packed: each is there afterwards, in the log, and none goes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.db import connections, transaction

from tenants.scope.context import set_local
from tenants.scope.models import Tenant
from tests.migrating import database_of_its_own, migrate, migrate_all
from tests.twins.conftest import stored
from twins.telemetry.compaction import compact

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
AS_ROWS, PACKED = "0017_dashboards", "0018_readings"
Row = tuple[int, datetime, float, int, int]
"""Signal, instant, value, quality and commit."""
MINE: list[Row] = [
    (7, datetime(2024, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -0.0, 5, 1),
    (7, datetime(2025, 1, 1, tzinfo=UTC), 640.25, 0, 1),
    (7, datetime(2025, 1, 1, 0, 0, 0, 1, tzinfo=UTC), 1e300, 3, 2),
    (7, datetime(2025, 1, 1, 0, 0, 5, tzinfo=UTC), 641.0, 0, 3),
    (9, datetime(1970, 1, 1, tzinfo=UTC), 5e-324, 1, 3),
    (9, datetime(2025, 1, 1, tzinfo=UTC), 0.1, 0, 1),
    (2**40, datetime(2025, 2, 28, 12, tzinfo=UTC), -273.15, 0, 2),
]
THEIRS: list[Row] = [(7, datetime(2025, 1, 1, tzinfo=UTC), 1.0, 0, 1)]
Everything = psycopg.Connection[Any]


@pytest.fixture
def _as_rows(transactional_db: None) -> Iterator[None]:
    with database_of_its_own():
        migrate("twins", AS_ROWS)
        yield


def keep(tenant: Tenant, rows: list[Row]) -> None:
    """Readings as they were kept before."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(set_local(tenant.id))
        for month in {row[1].date().replace(day=1) for row in rows}:
            cursor.execute("SELECT outturn_reading_partition(1::smallint, %s)", [month])
        cursor.executemany(
            "INSERT INTO twins_reading (tenant_id, signal, at, value, quality, commit) VALUES (%s, %s, %s, %s, %s, %s)",
            [(tenant.id, *row) for row in rows],
        )


def tables(everything: Everything) -> list[str]:
    found = everything.execute(
        "SELECT relname FROM pg_class WHERE relname IN ('twins_reading', 'twins_readinglog', 'twins_chunk') ORDER BY 1"
    )
    return [name for (name,) in found.fetchall()]


@pytest.mark.usefixtures("_as_rows")
def test_every_reading_of_every_organisation_is_in_the_log(
    tenant: Tenant, stranger: Tenant, everything: Everything
) -> None:
    keep(tenant, MINE)
    keep(stranger, THEIRS)
    migrate("twins", PACKED)
    assert tables(everything) == ["twins_chunk", "twins_readinglog"]
    log = "SELECT commit, count, first_at, last_at, received_at FROM twins_readinglog WHERE tenant_id = %s ORDER BY 1"
    commits = {number: [row[1] for row in MINE if row[4] == number] for number in (1, 2, 3)}
    assert everything.execute(log, [tenant.id]).fetchall() == [
        (number, len(at), min(at), max(at), max(at)) for number, at in commits.items()
    ]
    migrate_all()
    for whose, rows in ((tenant, MINE), (stranger, THEIRS)):
        assert stored(everything, whose.id) == rows
        assert compact(whose.id).readings == len(rows)
        assert stored(everything, whose.id) == rows


@pytest.mark.usefixtures("_as_rows")
def test_packed_readings_do_not_go_back(tenant: Tenant, everything: Everything) -> None:
    keep(tenant, MINE)
    migrate("twins", PACKED)
    with pytest.raises(RuntimeError, match="packed readings cannot go back: restore a backup from before"):
        migrate("twins", AS_ROWS)
    assert stored(everything, tenant.id) == MINE
    compact(tenant.id)
    with pytest.raises(RuntimeError, match="packed readings cannot go back"):
        migrate("twins", AS_ROWS)
    assert stored(everything, tenant.id) == MINE


@pytest.mark.usefixtures("_as_rows")
def test_without_readings_it_goes_there_and_back(tenant: Tenant, everything: Everything) -> None:
    migrate("twins", PACKED)
    migrate("twins", AS_ROWS)
    assert tables(everything) == ["twins_reading"]
    keep(tenant, MINE)
    migrate("twins", PACKED)
    assert stored(everything, tenant.id) == MINE
