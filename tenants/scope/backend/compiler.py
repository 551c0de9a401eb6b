"""Compilers that write ``tenant_id = <the current tenant>`` into every query on a tenant's table.

Row-level security protects, but it does not route: a database split by tenant needs the literal to answer a query in
one place. The value is looked up when the query is compiled, so a queryset may be made at import.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Expression, UUIDField
from django.db.models.lookups import Exact
from django.db.models.sql import compiler
from django.db.models.sql.compiler import SQLAggregateCompiler
from django.db.models.sql.where import AND, WhereNode

from tenants.scope.context import required_tenant
from tenants.scope.tables import TenantTable

__all__ = ["SQLAggregateCompiler", "SQLCompiler", "SQLDeleteCompiler", "SQLInsertCompiler", "SQLUpdateCompiler"]


class CurrentTenant(Expression):
    """The tenant of the scope that is open when the query is compiled."""

    output_field = UUIDField()

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """A placeholder and the tenant.

        Raises:
            NoScopeError: No scope is open.
        """
        return "%s", [required_tenant(self.label)]


def _condition(query: Any) -> Any:
    """The condition that holds a query to its tenant, or None for a table that is not a tenant's."""
    model = query.model
    if model is None or not issubclass(model, TenantTable):
        return None
    column = model._meta.get_field("tenant").get_col(query.get_initial_alias(), UUIDField())
    return Exact(column, CurrentTenant(model._meta.label))


def _hold(query: Any) -> None:
    if (condition := _condition(query)) is not None:
        query.where.add(condition, AND)


class SQLCompiler(compiler.SQLCompiler):
    """SELECT, held to the tenant without touching the query, which may be compiled again elsewhere."""

    def quote_name_unless_alias(self, name: str) -> str:
        """Quote a name; an alias with a dollar sign is refused, as in Django's own PostgreSQL compiler.

        Raises:
            ValueError: The name has a dollar sign.
        """
        if "$" in name:
            raise ValueError("Dollar signs are not permitted in column aliases on PostgreSQL.")
        return super().quote_name_unless_alias(name)

    def pre_sql_setup(self, with_col_aliases: bool = False) -> Any:  # noqa: FBT001, FBT002 (Django's signature)
        """Set the query up and put the tenant beside its own conditions."""
        result = super().pre_sql_setup(with_col_aliases=with_col_aliases)
        condition = None if self.query.combinator else _condition(self.query)
        if condition is not None:
            own = [self.where] if self.where else []
            self.where = WhereNode([condition, *own], AND)
        return result


class SQLInsertCompiler(compiler.SQLInsertCompiler):
    """INSERT with plain VALUES: a cluster refuses ``INSERT .. SELECT UNNEST`` into a table under row-level security."""


class SQLUpdateCompiler(compiler.SQLUpdateCompiler):
    """UPDATE, held to the tenant."""

    def pre_sql_setup(self) -> None:
        """Set the query up and put the tenant beside its own conditions."""
        super().pre_sql_setup()
        _hold(self.query)


class SQLDeleteCompiler(compiler.SQLDeleteCompiler):
    """DELETE, held to the tenant."""

    def _as_sql(self, query: Any) -> Any:
        _hold(query)
        return super()._as_sql(query)
