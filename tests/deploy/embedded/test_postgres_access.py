"""Who may reach PostgreSQL and what they may do in it; the servers run for the whole module."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from deploy.embedded import Endpoints
from tests.deploy.embedded.conftest import Machine


@pytest.fixture(scope="module")
def endpoints(machine: Machine) -> Iterator[Endpoints]:
    with machine.servers("postgres", "redis") as endpoints:
        yield endpoints


def test_three_roles_and_none_may_do_more_than_it_needs(endpoints: Endpoints) -> None:
    with psycopg.connect(endpoints.database_url) as connection:
        rows = connection.execute(
            "SELECT rolname, rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls "
            "FROM pg_roles WHERE rolname LIKE 'outturn%' ORDER BY rolname"
        ).fetchall()
        assert rows == [
            ("outturn_app", True, False, False, False, False, False),
            ("outturn_ingest", True, False, False, False, False, True),
            ("outturn_owner", True, False, True, False, False, False),
        ]
        row = connection.execute(
            "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), current_user, "
            "has_database_privilege('outturn_app', 'outturn', 'CREATE'), has_schema_privilege('public', 'CREATE'), "
            "upper('münchen'), 'Z' < 'a', current_setting('TimeZone') "
            "FROM pg_database WHERE datname = 'outturn'"
        ).fetchone()
        assert row == ("outturn_owner", "UTF8", "outturn_app", False, False, "MÜNCHEN", True, "UTC")


def test_commits_are_kept_and_many_may_connect(endpoints: Endpoints) -> None:
    with psycopg.connect(endpoints.database_url) as connection:
        names = (
            "fsync",
            "synchronous_commit",
            "full_page_writes",
            "data_checksums",
            "max_connections",
            "shared_buffers",
        )
        found = [connection.execute("SELECT current_setting(%s)", [name]).fetchone() for name in names]
        assert found == [("on",), ("on",), ("on",), ("on",), ("200",), ("256MB",)]


def test_the_owner_grants_and_nobody_has_anything_before(endpoints: Endpoints) -> None:
    with psycopg.connect(endpoints.database_owner_url) as owner:
        owner.execute("CREATE TABLE reading AS SELECT 1 AS value")
        owner.commit()
        with psycopg.connect(endpoints.database_url) as app, psycopg.connect(endpoints.database_ingest_url) as ingest:
            for connection in (app, ingest):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("SELECT value FROM reading")
                connection.rollback()
            owner.execute("GRANT SELECT ON reading TO outturn_app; GRANT SELECT ON reading TO outturn_ingest")
            owner.execute("ALTER TABLE reading ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
            owner.commit()
            assert app.execute("SELECT value FROM reading").fetchall() == []
            assert ingest.execute("SELECT value FROM reading").fetchall() == [(1,)]
            ingest.execute("CREATE TEMPORARY TABLE staging (LIKE reading)")
        owner.execute("DROP TABLE reading")


def test_the_owner_can_drop_a_database_that_others_still_use(endpoints: Endpoints) -> None:
    with psycopg.connect(endpoints.database_owner_url, autocommit=True) as owner:
        owner.execute("CREATE DATABASE for_tests")
        app = psycopg.connect(endpoints.database_url, dbname="for_tests")
        owner.execute("DROP DATABASE for_tests WITH (FORCE)")
        with pytest.raises(psycopg.OperationalError):
            app.execute("SELECT 1")
        app.close()


def test_nothing_listens_on_the_network(machine: Machine, endpoints: Endpoints) -> None:
    found = [machine.process("redis"), machine.process("postgres")]
    assert [process.net_connections("inet") for process in found] == [[], []]
    for child in machine.process("postgres").children():
        with suppress(psutil.NoSuchProcess):  # a worker of the moment may have ended since
            assert child.net_connections("inet") == []
    redis = Path(endpoints.redis_url.removeprefix("unix://").split("?")[0])
    sockets = (redis, machine.path / "postgres/socket/.s.PGSQL.5432")
    assert [stat.S_IMODE(socket.stat().st_mode) for socket in sockets] == [0o700, 0o700]


@pytest.mark.parametrize("variable", ["database_url", "database_owner_url", "database_ingest_url"])
def test_nobody_connects_without_the_password(endpoints: Endpoints, variable: str) -> None:
    address = getattr(endpoints, variable)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(address, password="guess")
    for user in (psycopg.conninfo.conninfo_to_dict(address)["user"], "postgres"):
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(address, password="", user=user)


def test_the_server_does_not_run_as_root(machine: Machine, endpoints: Endpoints) -> None:
    process, data = machine.process("postgres"), machine.path / "postgres/data"
    assert f"host={data.parent}/socket" in endpoints.database_url
    uids = process.uids()
    assert uids.real == uids.effective == uids.saved == data.stat().st_uid
    assert uids.real != 0
    assert process.cwd() == str(data)
