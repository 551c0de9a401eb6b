"""Who may read and write what: the application only its tenant's rows, the ingest role its few tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from tenants.scope.verification import isolation_findings
from tests.twins.conftest import Fleet
from tests.twins.telemetry.sample import NOW, delivery, once
from tests.twins.telemetry.test_group import aside, commit
from twins.telemetry.compaction import compact
from twins.telemetry.rolling import roll
from twins.telemetry.schemas import Delivery, Normalised
from twins.telemetry.traffic import TrafficCount

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
TABLES = (
    "readinglog",
    "chunk",
    "rollup",
    "compaction",
    "latestreading",
    "batch",
    "commitcount",
    "traffic",
    "unboundkey",
    "setaside",
    "signal",
    "gateway",
)
RIGHTS = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
MAY = {
    "twins_readinglog": {"SELECT", "INSERT", "DELETE"},
    "twins_chunk": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "twins_rollup": {"SELECT", "INSERT", "UPDATE"},
    "twins_compaction": {"SELECT", "INSERT", "UPDATE"},
    "twins_latestreading": {"SELECT", "INSERT", "UPDATE"},
    "twins_batch": {"SELECT", "INSERT"},
    "twins_commitcount": {"SELECT", "INSERT", "UPDATE"},
    "twins_traffic": {"SELECT", "INSERT", "UPDATE"},
    "twins_unboundkey": {"SELECT", "INSERT", "UPDATE"},
    "twins_latereadings": {"SELECT", "INSERT", "UPDATE"},
    "twins_sealedbatch": {"SELECT", "INSERT"},
    "twins_sitekey": {"SELECT", "UPDATE"},
    "twins_setaside": {"INSERT"},
    "twins_writersession": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "twins_watermark": {"SELECT"},
    "tenants_usageday": {"SELECT", "INSERT", "UPDATE"},
}


@pytest.fixture
def app(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the application's role, without scope until one is set."""
    known = settings.DATABASES["default"]
    with psycopg.connect(
        dbname=known["NAME"], user=known["USER"], password=known["PASSWORD"], host=known["HOST"]
    ) as connection:
        yield connection


@pytest.fixture
async def both(fleet: Fleet, their_fleet: Fleet, ingest: psycopg.AsyncConnection[Any]) -> tuple[Fleet, Fleet]:
    """Two tenants with something in every table."""
    for one in (fleet, their_fleet):
        whole = delivery((one.signals["1/t24"], 0, 640.0), source=one.source)
        await commit(ingest, Delivery(one.source, "b", 1, Normalised(whole.normalised.readings, (aside(1.0),))))
        compact(one.tenant)
        roll(one.tenant, now=NOW)
        count = TrafficCount()
        unbound = Delivery(one.source, "u", 1, Normalised(whole.normalised.readings, (), {"k": once(0, 1.0)}))
        count.note(unbound, (await commit(ingest, unbound))[0], now=NOW)  # type: ignore[arg-type]
        await count.flush(ingest)
        await commit(ingest, delivery((one.signals["1/t24"], 1, 641.0), source=one.source, batch="still in the log"))
    return fleet, their_fleet


def test_the_application_sees_its_tenant_and_nobody_else(
    app: psycopg.Connection[Any], both: tuple[Fleet, Fleet]
) -> None:
    for table in TABLES:
        assert app.execute(f"SELECT count(*) FROM twins_{table}").fetchone() == (0,), table
        app.rollback()
        for one in both:
            app.execute(f"SET LOCAL outturn.tenant = '{one.tenant}'")
            assert app.execute(f"SELECT DISTINCT tenant_id FROM twins_{table}").fetchall() == [(one.tenant,)], table
            app.rollback()


def test_the_application_reads_no_partition_itself(
    app: psycopg.Connection[Any], both: tuple[Fleet, Fleet], owner: psycopg.Connection[Any]
) -> None:
    found = owner.execute(
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class "
        "WHERE relname LIKE 'twins_chunk_standard%' AND relkind IN ('r', 'p')"
    ).fetchall()
    assert ("twins_chunk_standard_202501", True, True) in found
    for name, enabled, forced in found:
        assert (enabled, forced) == (True, True), name
        for scoped in (False, True):
            if scoped:
                app.execute(f"SET LOCAL outturn.tenant = '{both[0].tenant}'")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(f'SELECT 1 FROM "{name}"')
            app.rollback()
        # Even a role that was given the right by mistake is held by the policy.
        owner.execute(f'GRANT SELECT ON "{name}" TO "{settings.DATABASES["default"]["USER"]}"')
        assert app.execute(f'SELECT count(*) FROM "{name}"').fetchone() == (0,)
        app.rollback()
        owner.execute(f'REVOKE SELECT ON "{name}" FROM "{settings.DATABASES["default"]["USER"]}"')


def test_the_application_writes_nothing_that_the_writer_writes(app: psycopg.Connection[Any], fleet: Fleet) -> None:
    statements = ("DELETE FROM {}", "UPDATE {} SET tenant_id = tenant_id", "INSERT INTO {} DEFAULT VALUES")
    for table in (
        "readinglog",
        "chunk",
        "rollup",
        "compaction",
        "latestreading",
        "batch",
        "commitcount",
        "traffic",
        "unboundkey",
    ):
        for statement in statements:
            app.execute(f"SET LOCAL outturn.tenant = '{fleet.tenant}'")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement.format(f"twins_{table}"))
            app.rollback()


def test_partitions_pass_the_check_that_follows_each_migration(both: tuple[Fleet, Fleet]) -> None:
    role = settings.DATABASES["default"]["USER"]
    assert isolation_findings(connections["owner"], role=role) == []


def test_the_ingest_role_may_touch_its_tables_and_nothing_else(owner: psycopg.Connection[Any]) -> None:
    rights = owner.execute(
        "SELECT c.relname, p.privilege FROM pg_class c, unnest(%s::text[]) AS p (privilege) "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') "
        "AND has_table_privilege(%s, c.oid, p.privilege)",
        [RIGHTS, settings.INGEST_DATABASE["USER"]],
    )
    found: dict[str, set[str]] = {}
    for table, privilege in rights.fetchall():
        found.setdefault(table, set()).add(privilege)
    assert found == MAY


def test_the_ingest_role_makes_no_table_but_a_partition_of_a_credible_month(
    everything: psycopg.Connection[Any], owner: psycopg.Connection[Any]
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        everything.execute("CREATE TABLE public.mine (x int)")
    everything.execute("SELECT outturn_chunk_partition(1::smallint, '2011-02-17')")
    everything.execute("SELECT outturn_chunk_partition(1::smallint, '2011-02-01')")
    bounds = owner.execute(
        "SELECT pg_get_expr(relpartbound, oid), pg_get_userbyid(relowner) FROM pg_class "
        "WHERE relname = 'twins_chunk_standard_201102'"
    ).fetchall()
    expected = "FOR VALUES FROM ('2011-02-01 00:00:00+00') TO ('2011-03-01 00:00:00+00')"
    owner.execute("SET TimeZone = 'UTC'")
    assert [(bounds[0][0].replace("+00:00", "+00"), bounds[0][1])] == [(expected, settings.DATABASES["owner"]["USER"])]
    for retention, month in ((2, "2011-02-01"), (1, "1969-12-01"), (1, "2199-01-01")):
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            everything.execute("SELECT outturn_chunk_partition(%s::smallint, %s)", [retention, month])


def test_nobody_else_makes_partitions(app: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("SELECT outturn_chunk_partition(1::smallint, '2011-02-01')")
