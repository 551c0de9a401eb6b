"""The classes a table can be of, and the SQL that makes PostgreSQL keep tenants apart in it."""

from __future__ import annotations

from collections.abc import Sequence

POLICY = "tenant_id = nullif(current_setting('outturn.tenant', true), '')::uuid"
"""The one policy text, the same on every tenant table and partition."""


class TenantTable:
    """Marks a model whose rows belong to one tenant each; stays in the bases of historical models."""


class ReferenceTable:
    """Marks a model that is read before a tenant is known (users, memberships, digests of keys), alike for all."""


class AppendOnly:
    """Marks a model whose rows are written once: no role may update or delete them (stays in historical bases too)."""


def isolation_sql(
    table: str, *, role: str, grants: Sequence[str] = ("SELECT", "INSERT", "UPDATE", "DELETE")
) -> list[str]:
    """The statements that put a table, or a partition of one, under row-level security and open it to the app role."""
    statements = [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'CREATE POLICY tenant ON "{table}" USING ({POLICY}) WITH CHECK ({POLICY})',
        f"COMMENT ON TABLE \"{table}\" IS 'tenant'",
    ]
    if grants:
        statements.append(f'GRANT {", ".join(grants)} ON TABLE "{table}" TO "{role}"')
    return statements


def append_only_sql(table: str) -> list[str]:
    """The statements that refuse any change of a table's rows, to its owner too (SQLSTATE 23001)."""
    return [
        """CREATE OR REPLACE FUNCTION outturn_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION USING MESSAGE = 'rows of ' || TG_TABLE_NAME || ' are never changed', ERRCODE = '23001';
        END $$""",
        f"""CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "{table}"
        FOR EACH ROW EXECUTE FUNCTION outturn_refuse_change()""",
    ]
