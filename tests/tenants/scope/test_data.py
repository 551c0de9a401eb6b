"""A data migration changes the rows of every tenant, although forced row-level security hides them from the owner."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections
from django.db.migrations import Migration, RunPython
from django.db.migrations.loader import MigrationLoader

from tenants.customers.models import Customer
from tenants.kernel.clock import utc_now
from tenants.scope.context import current_tenant, scope
from tenants.scope.data import AtomicMigrationError, for_each_tenant
from tenants.scope.models import Tenant

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def shout(apps: Any, schema_editor: Any) -> None:
    customers = apps.get_model("tenants", "Customer").objects.using(schema_editor.connection.alias)
    for customer in customers.all():
        customer.name = customer.name.upper()
        customer.save()


def migrate(change: Any, *, atomic: bool) -> None:
    owner = connections["owner"]
    migration = type("Migration", (Migration,), {"operations": [RunPython(change)], "atomic": atomic})("x", "tenants")
    state = MigrationLoader(owner).project_state()
    with owner.schema_editor(atomic=migration.atomic) as editor:
        migration.apply(state, editor)


@pytest.fixture
def _two_populated(tenant: Tenant, stranger: Tenant) -> None:
    for each in (tenant, stranger):
        with scope(each.id):
            for number in range(3):
                Customer.objects.create(name=f"{each.slug} {number}", created_at=utc_now())


def names(tenant: Tenant) -> list[str]:
    with scope(tenant.id):
        return list(Customer.objects.order_by("name").values_list("name", flat=True))


@pytest.mark.usefixtures("_two_populated")
def test_every_tenants_rows_are_changed(tenant: Tenant, stranger: Tenant) -> None:
    migrate(for_each_tenant(shout), atomic=False)
    assert names(tenant) == ["MERIDIAN 0", "MERIDIAN 1", "MERIDIAN 2"]
    assert names(stranger) == ["STRANGER 0", "STRANGER 1", "STRANGER 2"]
    assert current_tenant() is None


@pytest.mark.usefixtures("_two_populated")
def test_without_a_scope_the_owner_finds_no_row() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE tenants_customer SET name = 'x'")
        assert cursor.rowcount == 0


@pytest.mark.usefixtures("_two_populated")
def test_a_tenant_that_fails_keeps_its_rows_and_the_scope_ends(tenant: Tenant, stranger: Tenant) -> None:
    def fail_late(apps: Any, schema_editor: Any) -> None:
        shout(apps, schema_editor)
        if current_tenant() == stranger.id:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        migrate(for_each_tenant(fail_late), atomic=False)
    assert current_tenant() is None
    assert names(tenant) == ["MERIDIAN 0", "MERIDIAN 1", "MERIDIAN 2"]
    assert names(stranger) == ["stranger 0", "stranger 1", "stranger 2"]
    migrate(for_each_tenant(shout), atomic=False)
    assert names(stranger) == ["STRANGER 0", "STRANGER 1", "STRANGER 2"]


def test_one_transaction_for_all_is_refused(tenant: Tenant) -> None:
    with pytest.raises(AtomicMigrationError, match="atomic = False"):
        migrate(for_each_tenant(shout), atomic=True)
