"""The database by itself: raw SQL of the application's role, connections that are used again, the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, connections, transaction

from tenants.customers.models import Customer
from tenants.kernel.clock import utc_now
from tenants.scope.context import current_tenant, scope
from tenants.scope.models import Tenant
from tenants.scope.verification import classes, isolation_findings, rights
from tests.isolation.asking import savepoint
from tests.isolation.conftest import House
from tests.isolation.reviewed import INGEST, LOCAL, REFERENCE

APP_ROLE, INGEST_ROLE = settings.DATABASES["default"]["USER"], settings.INGEST_DATABASE["USER"]
SETTING = "SELECT coalesce(current_setting('outturn.tenant', true), '')"


def one(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


class TestCatalogue:
    def test_every_table_keeps_tenants_apart(self, house: House) -> None:
        assert isolation_findings(connection, role=APP_ROLE, ingest=INGEST_ROLE) == []

    def test_shared_and_local_tables_were_reviewed(self, house: House) -> None:
        """A new one fails here until it stands in tests/isolation/reviewed.py with the reason for its class."""
        found = classes(connection)
        assert {name for name, kind in found.items() if kind == "reference"} == set(REFERENCE)
        assert {name for name, kind in found.items() if kind == "local"} == set(LOCAL)
        assert set(found.values()) == {"tenant", "reference", "local"}
        assert all(reason.endswith(".") for reason in (*REFERENCE.values(), *LOCAL.values()))

    def test_the_ingest_role_has_its_tables_and_no_other(self, house: House) -> None:
        assert rights(connection, role=INGEST_ROLE) == {table: frozenset(given) for table, given in INGEST.items()}

    def test_ids_are_large_enough_for_many_machines(self, house: House) -> None:
        """UUIDs, or bigints: a sequence gives each machine a range of its own."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name, data_type FROM information_schema.columns "
                "WHERE table_schema = 'public' AND column_name = 'id'"
            )
            kinds = {table: kind for table, kind in cursor.fetchall() if table not in LOCAL}
        assert set(kinds.values()) <= {"uuid", "bigint"}


class TestRawSql:
    @pytest.fixture
    def tables(self, house: House) -> list[str]:
        mine = rights(connection, role=APP_ROLE)
        return [
            name for name, kind in classes(connection).items() if kind == "tenant" and "SELECT" in mine.get(name, ())
        ]

    def test_without_a_scope_there_is_nothing(self, house: House, tables: list[str]) -> None:
        assert len(tables) >= 40
        for table in tables:
            assert one(f'SELECT count((tenant_id, 0)) FROM "{table}"') == 0, table

    def test_a_scope_shows_one_tenant(self, house: House, tables: list[str]) -> None:
        """And both have something in most tables, so that this says something."""
        filled = 0
        for tenant in (house.cast.meridian.id, house.cast.stranger.id):
            with scope(tenant), connection.cursor() as cursor:
                for table in tables:
                    cursor.execute(f'SELECT tenant_id, count(*) FROM "{table}" GROUP BY 1')
                    found = dict(cursor.fetchall())
                    assert set(found) <= {tenant}, table
                    filled += bool(found)
        assert filled >= 50

    def test_writing_without_a_scope_writes_nothing(self, house: House, tables: list[str]) -> None:
        mine = rights(connection, role=APP_ROLE)
        for table in tables:
            for statement, right in ((f'UPDATE "{table}" SET tenant_id = tenant_id', "UPDATE"),
                                     (f'DELETE FROM "{table}" WHERE tenant_id = tenant_id', "DELETE")):  # fmt: skip
                with connection.cursor() as cursor:
                    if right in mine[table]:
                        cursor.execute(statement)
                        assert cursor.rowcount == 0, statement
                    else:
                        with pytest.raises(DatabaseError, match="permission denied"), savepoint():
                            cursor.execute(statement)

    def test_a_row_moves_to_no_other_tenant(self, house: House, tables: list[str]) -> None:
        mine = rights(connection, role=APP_ROLE)
        for table in (each for each in tables if "UPDATE" in mine[each]):
            with scope(house.cast.stranger.id), connection.cursor() as cursor:
                statement = f'UPDATE "{table}" SET tenant_id = %s'
                cursor.execute(f'SELECT tenant_id, 1 FROM "{table}" LIMIT 1')
                if cursor.fetchone() is None:
                    continue
                with pytest.raises(DatabaseError), savepoint():
                    cursor.execute(statement, [house.cast.meridian.id])

    def test_partitions_are_nobodys_to_read(self, house: House) -> None:
        mine = rights(connection, role=APP_ROLE)
        with connection.cursor() as cursor:
            cursor.execute("SELECT relname FROM pg_class WHERE relispartition AND relkind IN ('r', 'p')")
            parts = [name for (name,) in cursor.fetchall()]
        assert parts
        assert not set(parts) & (set(mine) | set(INGEST))


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
class TestConnections:
    """A connection that is used again knows nothing of whom it worked for before."""

    @pytest.fixture(params=["plain", "pooled"])
    def _kind(self, request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[None]:
        if request.param == "plain":
            yield
            return
        connection.close()
        connection.settings_dict["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 1}
        yield
        connection.close()
        pooled: Any = connection
        pooled.close_pool()
        del connection.settings_dict["OPTIONS"]["pool"]

    @pytest.mark.usefixtures("_kind")
    def test_after_a_scope(self, tenant: Tenant, stranger: Tenant) -> None:
        with scope(tenant.id):
            Customer.objects.create(name="Northwind Air", created_at=utc_now())
            before = one("SELECT pg_backend_pid()")
        self._is_blank(before, tenant)
        with scope(stranger.id):
            assert not Customer.objects.exists()

    @pytest.mark.usefixtures("_kind")
    def test_after_an_error_inside_a_scope(self, tenant: Tenant) -> None:
        seen: list[int] = []

        def work() -> None:
            with scope(tenant.id):
                seen.append(one("SELECT pg_backend_pid()"))
                one("SELECT 1/0")

        with pytest.raises(DatabaseError):
            work()
        self._is_blank(seen[0], tenant)

    @pytest.mark.usefixtures("_kind")
    def test_after_a_savepoint_that_failed(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            before = one("SELECT pg_backend_pid()")
            with pytest.raises(DatabaseError), transaction.atomic():
                one("SELECT 1/0")
            assert one(SETTING) == str(tenant.id)
            with transaction.atomic():
                assert one(SETTING) == str(tenant.id)
        self._is_blank(before, tenant)

    @pytest.mark.usefixtures("_kind")
    def test_after_a_transaction_that_was_killed(self, tenant: Tenant) -> None:
        seen: list[int] = []

        def work() -> None:
            with scope(tenant.id):
                seen.append(one("SELECT pg_backend_pid()"))
                with connections["owner"].cursor() as cursor:
                    cursor.execute("SELECT pg_terminate_backend(%s)", seen)
                one("SELECT 1")

        with pytest.raises(OperationalError):
            work()
        connection.close()
        assert one(SETTING) == ""
        assert one("SELECT pg_backend_pid()") != seen[0]
        assert current_tenant() is None

    def _is_blank(self, before: int, tenant: Tenant) -> None:
        if "pool" in connection.settings_dict["OPTIONS"]:
            connection.close()  # which hands it back
        assert one("SELECT pg_backend_pid()") == before
        assert one(SETTING) == ""
        assert one("SELECT count((tenant_id, 0)) FROM tenants_customer") == 0
        assert current_tenant() is None
