"""Compilers that write ``tenant_id = <the current tenant>`` into every query on a tenant's table.

Row-level security protects, but it does not route: a database split by tenant needs the literal to answer a query in
one place. The value is looked up when the query is compiled, so a queryset may be made at import.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from django.db.models import Expression, JSONField, UUIDField
from django.db.models.lookups import Exact, In
from django.db.models.sql import Query, compiler
from django.db.models.sql.compiler import SQLAggregateCompiler
from django.db.models.sql.where import AND, NothingNode, WhereNode

from tenants.scope.changes import MOST_ROWS, told, told_fields, watching
from tenants.scope.context import required_tenant, twins_in_reach
from tenants.scope.documents import DocumentField
from tenants.scope.tables import TenantTable

__all__ = ["SQLAggregateCompiler", "SQLCompiler", "SQLDeleteCompiler", "SQLInsertCompiler", "SQLUpdateCompiler"]

_MOST_VALUES = 65_535
"""Beside one statement."""


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


def _conditions(query: Any) -> list[Any]:
    """What holds a query to its tenant, and to the twins in reach; nothing for a table that is not a tenant's."""
    model = query.model
    if model is None or not issubclass(model, TenantTable):
        return []
    alias = query.get_initial_alias()
    own: Any = Exact(model._meta.get_field("tenant").get_col(alias, UUIDField()), CurrentTenant(model._meta.label))
    path, twins = getattr(model, "twin_path", ""), twins_in_reach()
    if not path or twins is None:
        return [own]
    column = model._meta.get_field(path).get_col(alias, UUIDField())
    return [own, In(column, sorted(twins)) if twins else NothingNode()]


def _rows(writer: Any, fields: Sequence[Any]) -> dict[Any, dict[str, Any]]:
    """The rows that an UPDATE or DELETE is about to write, by id."""
    query = writer.query.chain(klass=Query)
    query.clear_ordering(force=True)
    query.clear_select_clause()
    query.add_fields([query.get_meta().pk.attname, *(each.attname for each in fields)], False)  # noqa: FBT003
    query.set_limits(high=MOST_ROWS + 1)
    names = [each.name for each in fields]
    rows = query.get_compiler(connection=writer.connection).results_iter()
    return {id_: dict(zip(names, values, strict=True)) for id_, *values in rows}


def _rows_of(model: Any, ids: Sequence[Any], fields: Sequence[Any]) -> dict[Any, dict[str, Any]]:
    rows = model._base_manager.filter(pk__in=ids).values_list("pk", *(each.attname for each in fields))
    names = [each.name for each in fields]
    return {id_: dict(zip(names, values, strict=True)) for id_, *values in rows}


def _hold(query: Any) -> None:
    for condition in _conditions(query):
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
        conditions = [] if self.query.combinator else _conditions(self.query)
        if conditions:
            own = [self.where] if self.where else []
            self.where = WhereNode([*conditions, *own], AND)
        return result


class SQLInsertCompiler(compiler.SQLInsertCompiler):
    """INSERT with plain VALUES: a cluster refuses ``INSERT .. SELECT UNNEST`` into a table under row-level security."""

    def execute_sql(self, returning_fields: Any = None) -> Any:
        """Insert, and note the rows when somebody watches; documents, which may be large, go beside the statement."""
        fields = list(self.query.fields)
        has_documents = any(isinstance(field, (JSONField, DocumentField)) for field in fields)
        is_apart = has_documents and len(self.query.objs) * len(fields) <= _MOST_VALUES
        with self.connection.values_apart() if is_apart else nullcontext():
            answer = super().execute_sql(returning_fields)
        model = self.query.model
        if model is not None and (changes := watching(model)) is not None:
            fields = told_fields(model)
            for row in self.query.objs:
                values = {each.name: each.value_from_object(row) for each in fields}
                changes.add(model, row.pk, None, told(model, values))
        return answer


class SQLUpdateCompiler(compiler.SQLUpdateCompiler):
    """UPDATE, held to the tenant."""

    def execute_sql(self, result_type: Any) -> Any:
        """Update, and note the rows before and after when somebody watches."""
        model = self.query.model
        if model is None or (changes := watching(model)) is None:
            return super().execute_sql(result_type)
        fields = told_fields(model, [each for each, _model, _value in self.query.values])
        if not fields:
            return super().execute_sql(result_type)
        before = _rows(self, fields)
        answer = super().execute_sql(result_type)
        after = _rows_of(model, list(before), fields)
        for id_, values in before.items():
            changes.add(model, id_, told(model, values), told(model, after.get(id_, {})))
        return answer

    def pre_sql_setup(self) -> None:
        """Set the query up and put the tenant beside its own conditions."""
        super().pre_sql_setup()
        _hold(self.query)


class SQLDeleteCompiler(compiler.SQLDeleteCompiler):
    """DELETE, held to the tenant."""

    def execute_sql(self, result_type: Any) -> Any:
        """Delete, and note the rows when somebody watches."""
        model = self.query.model
        if model is not None and (changes := watching(model)) is not None:
            for id_, values in _rows(self, told_fields(model)).items():
                changes.add(model, id_, told(model, values), None)
        return super().execute_sql(result_type)

    def _as_sql(self, query: Any) -> Any:
        _hold(query)
        return super()._as_sql(query)
