"""What is in the log stays as it is, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.db.models import Model

from tenants.record.models import AuditEntry, Log, LogLeaf, LogNode, TreeHead
from tenants.record.schemas import NewEntry
from tenants.record.services import append_leaves, record_audit, seal_head
from tenants.scope.context import scope
from tenants.scope.models import Tenant

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
WRITTEN_ONCE: list[tuple[Any, dict[str, Any]]] = [
    (LogLeaf, {"kind": "forged"}),
    (LogNode, {"hash": bytes(32)}),
    (TreeHead, {"note": "forged"}),
    (AuditEntry, {"by": "somebody else"}),
]


def fill() -> None:
    append_leaves(entries=[NewEntry.of("evidence_segment", number) for number in range(4)], now=NOON)
    record_audit(action="contract.published", subject="contract/1", by="owner@meridian.example", now=NOON)
    seal_head(now=NOON)


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "change"), WRITTEN_ONCE)
def test_the_application_may_not_change_it(tenant: Tenant, model: Any, change: dict[str, Any]) -> None:
    with scope(tenant.id):
        fill()
        before = list(model.objects.order_by("id").values())
        assert before
        attempts: list[Callable[[], object]] = [
            lambda: model.objects.update(**change),
            lambda: model.objects.all().delete(),
        ]
        for attempt in attempts:
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                attempt()
        assert list(model.objects.order_by("id").values()) == before


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize(("model", "change"), WRITTEN_ONCE)
def test_nor_may_the_owner(tenant: Tenant, model: type[Model], change: dict[str, Any]) -> None:
    with scope(tenant.id):
        fill()
    table, column = model._meta.db_table, next(iter(change))
    owner = connections["owner"]
    with transaction.atomic(using="owner"), owner.cursor() as cursor:
        cursor.execute(f"SET LOCAL outturn.tenant = '{tenant.id}'")
        for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
            with pytest.raises(DatabaseError, match=f"rows of {table} are never changed"), transaction.atomic("owner"):
                cursor.execute(f"{statement} WHERE tenant_id = %s", [tenant.id])


@pytest.mark.django_db
def test_a_tenant_has_one_log_and_sees_no_other(tenant: Tenant, stranger: Tenant) -> None:
    for each in (tenant, stranger):
        with scope(each.id):
            fill()
    with scope(tenant.id):
        log = Log.objects.get()
        assert log.origin.endswith(f"/log/{tenant.id}")
        assert LogLeaf.objects.count() == log.size == 5
        assert list(LogLeaf.objects.order_by("id").values_list("id", flat=True)) == [0, 1, 2, 3, 4]
        with pytest.raises(DatabaseError), transaction.atomic():
            Log.objects.create(origin="second", public_key=b"", wrapped_key=b"", created_at=NOON)
    with connection.cursor() as cursor:
        for model in (Log, LogLeaf, LogNode, TreeHead, AuditEntry):
            cursor.execute(f"SELECT count(*) FROM {model._meta.db_table} WHERE tenant_id = %s", [tenant.id])
            assert cursor.fetchone() == (0,)
