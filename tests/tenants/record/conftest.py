"""Somebody who owns the database."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connections

from tenants.scope.context import set_local
from tenants.scope.tables import AppendOnly


@pytest.fixture
def tamper(transactional_db: None) -> Callable[..., None]:
    """Changes a tenant's rows past the triggers, as somebody who owns the database could."""
    tables = [model._meta.db_table for model in apps.get_app_config("tenants").get_models() if _is_held(model)]

    def changed(tenant: UUID, *statements: str) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(set_local(tenant))
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
            for statement in statements:
                cursor.execute(statement)
                assert cursor.rowcount == 1
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")
            cursor.execute("COMMIT")

    return changed


def _is_held(model: type) -> bool:
    return issubclass(model, AppendOnly)
