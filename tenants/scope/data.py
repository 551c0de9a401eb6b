"""Data migrations: rows of tenants changed by the owner of the schema, whom the policies hold too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from tenants.scope.context import acting_for, set_local

Change = Callable[[Any, Any], None]


class AtomicMigrationError(RuntimeError):
    """A data migration that works tenant by tenant stands in one transaction."""

    def __init__(self) -> None:
        super().__init__("for_each_tenant commits tenant by tenant: write `atomic = False` into the migration")


def for_each_tenant(change: Change) -> Change:
    """A function for ``RunPython`` that changes the rows of each tenant in a transaction and a scope of its own.

    Forced row-level security hides every row from the owner of the schema outside a scope. A migration that stopped
    half way is run again from the first tenant, so ``change`` must be harmless the second time.

    Args:
        change: Is called with the historical apps and the schema editor, once for each tenant, inside its scope.
    """

    def run(historical: Any, schema_editor: Any) -> None:
        connection = schema_editor.connection
        if schema_editor.atomic_migration:
            raise AtomicMigrationError
        tenants = historical.get_model("tenants", "Tenant").objects.using(connection.alias)
        for tenant in list(tenants.order_by("id").values_list("id", flat=True)):
            with acting_for(tenant), transaction.atomic(using=connection.alias, durable=True):
                with connection.cursor() as cursor:
                    cursor.execute(set_local(tenant))
                change(historical, schema_editor)

    return run
