"""Deleting rows that the application's role may not delete, of one tenant at a time.

It works on the connection of the schema's owner, whom row-level security binds too: each transaction names one tenant
and sees that tenant's rows only. The setting `outturn.erasing` is what the triggers of append-only tables ask for; from
any other role they take no notice of it. See docs/decisions/010-erasure.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connections, transaction
from psycopg.sql import SQL, Composable, Identifier

from tenants.custody.registry import Reference, custody_of, key_columns, references_to
from tenants.scope.context import set_local
from tenants.scope.tables import Custody

OWNER = "owner"
BATCH = 5000


@contextmanager
def erasing(tenant: UUID) -> Iterator[Eraser]:
    """One transaction of the owner for one tenant, in which its rows may be deleted."""
    with transaction.atomic(using=OWNER, durable=True), connections[OWNER].cursor() as cursor:
        cursor.execute(set_local(tenant))
        cursor.execute(f"SET LOCAL outturn.erasing = '{tenant}'")
        yield Eraser(tenant, cursor)


@dataclass(frozen=True, slots=True)
class Eraser:
    """Deletes a tenant's rows."""

    tenant: UUID
    cursor: Any

    def delete(self, model: Any, where: Composable | None = None, values: list[Any] | None = None) -> int:
        """Delete a batch of the rows that fit and that no other table refers to; how many.

        Args:
            model: The table.
            where: A condition on ``row``; all rows without one.
            values: What its placeholders stand for.
        """
        columns = SQL(", ").join(Identifier(name) for name in key_columns(model))
        keys = SQL(", ").join(SQL("row.{}").format(Identifier(name)) for name in key_columns(model))
        conditions = [SQL("row.tenant_id = %s"), *(_unnamed(each) for each in references_to(model))]
        if where is not None:
            conditions.append(where)
        statement = SQL(
            "DELETE FROM {table} WHERE tenant_id = %s AND ({columns}) IN"
            " (SELECT {keys} FROM {table} AS row WHERE {conditions} ORDER BY {keys} LIMIT %s)"
        ).format(
            table=Identifier(model._meta.db_table), columns=columns, keys=keys,
            conditions=SQL(" AND ").join(conditions),
        )  # fmt: skip
        self.cursor.execute(statement, [self.tenant, self.tenant, *(values or []), BATCH])
        return int(self.cursor.rowcount)

    def empty(self, model: Any) -> int:
        """Overwrite what a row that must stay need not say; how many rows."""
        names = list(model.emptied)
        if not names:
            return 0
        sets = SQL(", ").join(SQL("{} = %s").format(Identifier(name)) for name in names)
        changed = SQL(" OR ").join(SQL("{} IS DISTINCT FROM %s").format(Identifier(name)) for name in names)
        values = [json.dumps(value) if isinstance(value, (dict, list)) else value for value in model.emptied.values()]
        statement = SQL("UPDATE {} SET {} WHERE tenant_id = %s AND ({})").format(
            Identifier(model._meta.db_table), sets, changed
        )
        self.cursor.execute(statement, [*values, self.tenant, *values])
        return int(self.cursor.rowcount)

    def money_below(self, model: Any, keys: list[Any]) -> str:
        """What stands against deleting rows with all that refers to them, however far.

        Returns:
            The name of a table of money that refers to them; empty when there is none.
        """
        for each, found in self._below(model, keys):
            if custody_of(each.table) == Custody.MONEY:
                return str(each.table._meta.verbose_name)
            if named := self.money_below(each.table, found):
                return named
        return ""

    def delete_with_all_below(self, model: Any, keys: list[Any]) -> int:
        """Delete rows and all that refers to them, which `money_below` has nothing against; how many rows."""
        total = sum(self.delete_with_all_below(each.table, found) for each, found in self._below(model, keys))
        column = SQL("row.{} = ANY(%s)").format(Identifier(key_columns(model)[0]))
        while gone := self.delete(model, column, [keys]):
            total += gone
        return total

    def delete_naming(self, model: Any, column: str, value: Any) -> int:
        """Delete all rows of a table that have a value in a column; how many."""
        total = 0
        while gone := self.delete(model, SQL("row.{} = %s").format(Identifier(column)), [value]):
            total += gone
        return total

    def _below(self, model: Any, keys: list[Any]) -> Iterator[tuple[Reference, list[Any]]]:
        """The references to some rows, each with the keys of the rows that hold it."""
        for each in references_to(model):
            if found := self._keys(each.table, SQL("row.{} = ANY(%s)").format(Identifier(each.column)), keys):
                yield each, found

    def _keys(self, model: Any, where: Composable, keys: list[Any]) -> list[Any]:
        statement = SQL("SELECT row.{} FROM {} AS row WHERE row.tenant_id = %s AND {}").format(
            Identifier(key_columns(model)[0]), Identifier(model._meta.db_table), where
        )
        self.cursor.execute(statement, [self.tenant, keys])
        return [row[0] for row in self.cursor.fetchall()]


def _unnamed(reference: Reference) -> Composable:
    """That no row of another table refers to a row."""
    return SQL(
        "NOT EXISTS (SELECT 1 FROM {} AS other WHERE other.tenant_id = row.tenant_id AND other.{} = row.{})"
    ).format(
        Identifier(reference.table._meta.db_table), Identifier(reference.column),
        Identifier(reference.target._meta.pk.column),
    )  # fmt: skip
