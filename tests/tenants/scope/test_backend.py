"""Tables, queries and transactions of tenants, on a real PostgreSQL."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, connections, models, transaction
from django.db.models import Count, F, Q
from django.test.utils import CaptureQueriesContext

from tenants.customers.models import Customer
from tenants.jobs.models import Job
from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.keys.models import ApiKey
from tenants.scope.context import NestedScopeError, NoScopeError, current_tenant, scope
from tenants.scope.models import Tenant

pytestmark = pytest.mark.django_db


def customer(name: str) -> Customer:
    return Customer.objects.create(name=name, created_at=utc_now())


class TestScope:
    def test_rows_are_the_tenants_own(self, tenant: Tenant, stranger: Tenant) -> None:
        with scope(tenant.id):
            customer("Northwind Air")
        with scope(stranger.id):
            customer("Southwind Air")
            assert [row.name for row in Customer.objects.all()] == ["Southwind Air"]
        with scope(tenant.id):
            assert [row.name for row in Customer.objects.all()] == ["Northwind Air"]

    def test_without_scope_a_query_raises(self, tenant: Tenant) -> None:
        with pytest.raises(NoScopeError, match="Customer"):
            Customer.objects.count()
        with pytest.raises(NoScopeError, match="Customer"):
            Customer.objects.update(name="x")
        with pytest.raises(NoScopeError, match="Customer"):
            Customer.objects.filter(name="x").delete()
        with pytest.raises(NoScopeError):
            customer("x")

    def test_raw_sql_without_scope_sees_nothing_and_writes_nothing(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            made = customer("Northwind Air")
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM tenants_customer WHERE tenant_id = %s", [tenant.id])
            assert cursor.fetchone() == (0,)
            cursor.execute("UPDATE tenants_customer SET name = 'x' WHERE tenant_id = %s", [tenant.id])
            assert cursor.rowcount == 0
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                cursor.execute(
                    "INSERT INTO tenants_customer (id, tenant_id, name, created_at) VALUES (%s, %s, 'x', now())",
                    [new_id(), tenant.id],
                )
        with scope(tenant.id):
            assert Customer.objects.get().name == made.name

    def test_a_write_for_another_tenant_is_refused(self, tenant: Tenant, stranger: Tenant) -> None:
        with pytest.raises(DatabaseError, match="row-level security"), scope(tenant.id):
            Customer.objects.create(name="x", created_at=utc_now(), tenant=stranger)

    def test_scopes_do_not_nest(self, tenant: Tenant, stranger: Tenant) -> None:
        with scope(tenant.id), pytest.raises(NestedScopeError), scope(stranger.id):
            pass
        assert current_tenant() is None

    def test_an_error_ends_the_scope_and_undoes_its_writes(self, tenant: Tenant) -> None:
        def work() -> None:
            with scope(tenant.id):
                customer("x")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            work()
        assert current_tenant() is None
        with scope(tenant.id):
            assert not Customer.objects.exists()

    def test_a_queryset_made_at_import_runs_in_the_scope_it_is_used_in(self, tenant: Tenant, stranger: Tenant) -> None:
        everybody = Customer.objects.all()
        for each in (tenant, stranger):
            with scope(each.id):
                customer(f"of {each.slug}")
        with scope(tenant.id):
            assert [row.name for row in everybody.all()] == ["of meridian"]
        with scope(stranger.id):
            assert [row.name for row in everybody.all()] == ["of stranger"]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
class TestTransactions:
    def test_begin_carries_the_tenant_in_one_round_trip(self, tenant: Tenant) -> None:
        with CaptureQueriesContext(connection) as queries, scope(tenant.id):
            assert Customer.objects.count() == 0
        sent = [query["sql"] for query in queries.captured_queries]
        assert sent[0] == f"BEGIN; SET LOCAL outturn.tenant = '{tenant.id}'"
        assert len(sent) == 3
        assert sent[2] == "COMMIT"

    def test_scope_refuses_to_begin_inside_a_transaction(self, tenant: Tenant) -> None:
        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), scope(tenant.id):
            pass

    def test_the_setting_ends_with_the_transaction(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            customer("Northwind Air")
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('outturn.tenant', true)")
            assert cursor.fetchone() in [("",), (None,)]

    def test_savepoints_keep_the_scope(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            customer("Northwind Air")
            with pytest.raises(IntegrityError), transaction.atomic():
                customer("Northwind Air")
            customer("Southwind Air")
        with scope(tenant.id):
            assert [row.name for row in Customer.objects.all()] == ["Northwind Air", "Southwind Air"]

    def test_server_side_cursors_live_in_the_scope(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            Customer.objects.bulk_create(Customer(name=f"{n:03}", created_at=utc_now()) for n in range(50))
            assert [row.name for row in Customer.objects.iterator(chunk_size=7)] == [f"{n:03}" for n in range(50)]

    def test_threads_have_scopes_of_their_own(self, tenant: Tenant, stranger: Tenant) -> None:
        seen: dict[str, Any] = {}

        def work() -> None:
            seen["before"] = current_tenant()
            with scope(stranger.id):
                seen["rows"] = Customer.objects.count()
            connections["default"].close()

        with scope(tenant.id):
            customer("Northwind Air")
        with scope(tenant.id):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            assert Customer.objects.count() == 1
        assert seen == {"before": None, "rows": 0}


class TestQueries:
    def sql(self, queryset: Any) -> str:
        return str(queryset.query)

    def test_each_part_of_a_query_names_the_tenant(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            literal = f'"tenant_id" = ({tenant.id})'
            nested = Customer.objects.filter(id__in=ApiKey.objects.values("id"))
            assert self.sql(nested).count(literal) == 2
            both = Customer.objects.values("id").union(ApiKey.objects.values("id"))
            assert self.sql(both).count(literal) == 2
            exists = Customer.objects.filter(models.Exists(ApiKey.objects.filter(id=models.OuterRef("id"))))
            assert self.sql(exists).count(literal) == 2

    def test_compiling_twice_changes_nothing(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            queryset = Customer.objects.filter(Q(name="a") | Q(name="b"))
            assert self.sql(queryset) == self.sql(queryset)
            assert self.sql(queryset).count(str(tenant.id)) == 1

    def test_aggregates_updates_deletes_and_bulk_inserts(self, tenant: Tenant, stranger: Tenant) -> None:
        for each in (tenant, stranger):
            with scope(each.id):
                Job.objects.bulk_create(Job(kind="k", attempts=n, created_at=utc_now()) for n in range(3))
        with scope(tenant.id):
            assert Job.objects.aggregate(n=Count("id"))["n"] == 3
            assert Job.objects.values("kind").annotate(n=Count("id")).get()["n"] == 3
            assert Job.objects.annotate(n=Count("id")).filter(n=1).count() == 3
            assert Job.objects.filter(attempts__gt=0).update(attempts=F("attempts") + 10) == 2
            assert Job.objects.filter(attempts=0).delete()[0] == 1
            row = Job.objects.get(attempts=11)
            row.message = "changed"
            row.save()
            row.delete()
            assert Job.objects.count() == 1
        with scope(stranger.id):
            assert sorted(Job.objects.values_list("attempts", "message")) == [(0, ""), (1, ""), (2, "")]

    def test_bulk_inserts_keep_plain_values(self, tenant: Tenant) -> None:
        with scope(tenant.id), CaptureQueriesContext(connection) as queries:
            Customer.objects.bulk_create(Customer(name=name, created_at=utc_now()) for name in "ab")
        (insert,) = [query["sql"] for query in queries.captured_queries if query["sql"].startswith("INSERT")]
        assert "UNNEST" not in insert

    def test_duplicates_are_found_by_forms_too(self, tenant: Tenant, stranger: Tenant) -> None:
        with scope(tenant.id):
            customer("Northwind Air")
            with pytest.raises(ValidationError, match="Another customer has this name"):
                Customer(name="Northwind Air", created_at=utc_now()).full_clean(exclude=["tenant"])
        with scope(stranger.id):
            Customer(name="Northwind Air", created_at=utc_now()).full_clean(exclude=["tenant"])
