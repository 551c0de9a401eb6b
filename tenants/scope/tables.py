"""The classes a table can be of, and the SQL that makes PostgreSQL keep tenants apart in it."""

from __future__ import annotations

from collections.abc import Sequence

POLICY = "tenant_id = nullif(current_setting('outturn.tenant', true), '')::uuid"
"""The one policy text, the same on every tenant table and partition."""


class TenantTable:
    """Marks a model whose rows belong to one tenant each; stays in the bases of historical models."""


class ReferenceTable:
    """Marks a model that is read before a tenant is known (users, memberships, digests of keys), alike for all."""


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
