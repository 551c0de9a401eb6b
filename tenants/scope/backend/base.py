"""The database backend: Django's PostgreSQL with tenants in keys, queries and transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction

from tenants.scope.backend.features import DatabaseFeatures
from tenants.scope.backend.operations import DatabaseOperations
from tenants.scope.context import current_tenant, set_local


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose transactions begin as the current tenant's."""

    features_class = DatabaseFeatures
    ops_class = DatabaseOperations

    @property
    def SchemaEditorClass(self) -> Any:  # noqa: N802 (Django's name)
        """Imported when a migration runs: the editor knows the models' fields, which need the apps to be loading."""
        from tenants.scope.backend.schema import DatabaseSchemaEditor  # noqa: PLC0415

        return DatabaseSchemaEditor

    def _start_transaction_under_autocommit(self) -> None:
        """BEGIN and the tenant in one round trip; psycopg itself stays in autocommit mode."""
        statement = "BEGIN"
        if self.alias == "default" and (tenant := current_tenant()) is not None:
            statement = f"BEGIN; {set_local(tenant)}"
        with debug_transaction(self, statement):
            self.connection.execute(statement)

    @contextmanager
    def values_apart(self) -> Iterator[None]:
        """Send values beside statements meanwhile; within them a large one is quoted here and read once more there."""
        self.ensure_connection()
        factory = self.connection.cursor_factory
        self.connection.cursor_factory = base.ServerBindingCursor
        try:
            yield
        finally:
            self.connection.cursor_factory = factory

    def create_cursor(self, name: str | None = None) -> Any:
        """A cursor; a named one dies with the transaction, as psycopg's autocommit says nothing about ours."""
        cursor = super().create_cursor(name)
        if name and self.in_atomic_block:
            cursor._withhold = False
        return cursor
