"""Tables as the tenancy design wants them, made by ordinary migrations."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.backends.ddl_references import Columns, Statement
from django.db.backends.postgresql import schema

from tenants.scope.models import TenantKey
from tenants.scope.tables import AppendOnly, ReferenceTable, TenantTable, append_only_sql, isolation_sql


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    """Gives tenant tables their composite keys, row-level security, grants and class."""

    sql_create_column_inline_fk = None

    def create_model(self, model: Any) -> None:
        """Create a table, of its class: tenant, reference or local."""
        super().create_model(model)
        table = model._meta.db_table
        role = settings.DATABASES["default"]["USER"]
        if issubclass(model, TenantTable):
            key = f'"{model._meta.get_field("tenant").column}", "{model._meta.pk.column}"'
            self.execute(f'ALTER TABLE "{table}" ADD PRIMARY KEY ({key})')
            once = issubclass(model, AppendOnly)
            grants = ("SELECT", "INSERT") if once else ("SELECT", "INSERT", "UPDATE", "DELETE")
            statements = isolation_sql(table, role=role, grants=grants)
            statements += append_only_sql(table) if once else []
        else:
            kind = "reference" if issubclass(model, ReferenceTable) else "local"
            statements = [
                f"COMMENT ON TABLE \"{table}\" IS '{kind}'",
                f'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "{table}" TO "{role}"',
            ]
        for statement in statements:
            self.execute(statement)

    def _iter_column_sql(
        self, column_db_type: Any, params: Any, model: Any, field: Any, field_db_params: Any, include_default: Any
    ) -> Any:
        parts = super()._iter_column_sql(column_db_type, params, model, field, field_db_params, include_default)
        if issubclass(model, TenantTable) and field.primary_key:
            return (part for part in parts if part != "PRIMARY KEY")
        return parts

    def _create_fk_sql(self, model: Any, field: Any, suffix: str) -> Any:
        statement = super()._create_fk_sql(model, field, suffix)
        if not issubclass(model, TenantTable):
            return statement
        # A deferred check surfaces at COMMIT as an error that says nothing on a split database: check at once.
        statement.parts["deferrable"] = ""
        if isinstance(field, TenantKey):
            self._widen_to_tenant(statement, model, field)
        return statement

    def _widen_to_tenant(self, statement: Statement, model: Any, field: TenantKey) -> None:
        target = field.target_field
        owner, target_owner = model._meta.get_field("tenant"), target.model._meta.get_field("tenant")
        statement.parts["column"] = Columns(model._meta.db_table, [owner.column, field.column], self.quote_name)
        statement.parts["to_column"] = Columns(
            target.model._meta.db_table, [target_owner.column, target.column], self.quote_name
        )
        if target.model._meta.db_table == model._meta.db_table:
            # Django deletes a tree in batches, children after parents across a batch's edge.
            statement.parts["deferrable"] = " ON DELETE CASCADE"

    def _field_indexes_sql(self, model: Any, field: Any) -> list[Any]:
        if isinstance(field, TenantKey) and self._field_should_be_indexed(model, field):
            return [self._create_index_sql(model, fields=[model._meta.get_field("tenant"), field])]
        return super()._field_indexes_sql(model, field)  # type: ignore[no-any-return]
