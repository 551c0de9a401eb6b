"""What a request changed, as the backend notes it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pytest_django import DjangoAssertNumQueries

from tenants.customers.models import Customer
from tenants.people.models import CustomRole
from tenants.record.models import AuditEntry
from tenants.scope.changes import HIDDEN, MOST_ROWS, take_changes, told, watched_changes
from tenants.scope.context import scope
from tenants.scope.models import Tenant

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def made(name: str) -> Customer:
    return Customer.objects.create(name=name, created_at=NOON)


def test_a_row_is_told_when_it_comes_changes_and_goes(tenant: Tenant) -> None:
    with scope(tenant.id), watched_changes() as changes:
        customer = made("Northwind")
        row = f"customer/{customer.id}"
        (added,) = take_changes()
        assert added["row"] == row
        assert added["after"].items() >= {"name": "Northwind", "created_at": "2026-11-20T12:00:00Z"}.items()
        assert "before" not in added
        customer.name = "Northwind Air"
        customer.save()
        assert take_changes() == [{"row": row, "before": {"name": "Northwind"}, "after": {"name": "Northwind Air"}}]
        Customer.objects.filter(id=customer.id).update(name="Northwind Air")
        assert take_changes() == []
        customer.delete()
        (gone,) = take_changes()
        assert (gone["row"], gone["before"]["name"]) == (row, "Northwind Air")
        assert "after" not in gone
        assert changes.is_told


def test_a_write_of_many_rows_is_told_row_by_row_up_to_a_bound(tenant: Tenant) -> None:
    with scope(tenant.id), watched_changes():
        Customer.objects.bulk_create(Customer(name=f"{number:03}", created_at=NOON) for number in range(MOST_ROWS + 5))
        rows = take_changes()
        assert len(rows) == MOST_ROWS + 1
        assert rows[-1] == {"row": "and 5 more"}


def test_what_is_long_is_told_by_its_digest_and_secrets_not_at_all() -> None:
    class Secretive(CustomRole):
        secret_fields = frozenset({"description"})

        class Meta:
            abstract = True

    shown = told(Secretive, {"description": "s3cret", "permissions": ["x" * 3000], "name": "short"})
    assert shown["description"] == HIDDEN
    assert shown["permissions"].keys() == {"sha256"}
    assert shown["name"] == "short"
    assert told(Secretive, {"description": ""}) == {"description": ""}


def test_nothing_is_noted_of_what_is_not_told_or_when_nobody_watches(
    tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with scope(tenant.id):
        customer = made("Northwind")
        with django_assert_num_queries(1):
            Customer.objects.filter(id=customer.id).update(name="Air")
        with watched_changes():
            AuditEntry.objects.create(at=NOON, by="x", action="y", subject="z", digest=b"")
            assert take_changes() == []
