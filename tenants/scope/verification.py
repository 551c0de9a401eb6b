"""Proof, from the database's own catalogue, that each table with a tenant keeps tenants apart."""

from __future__ import annotations

from typing import Any

from tenants.kernel.errors import Finding
from tenants.scope.tables import POLICY

_CATALOGUE = """
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
       coalesce((SELECT array_agg(half) FROM pg_policy p, LATERAL (VALUES
                     (coalesce(pg_get_expr(p.polqual, p.polrelid), '')),
                     (coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''))) AS halves (half)
                 WHERE p.polrelid = c.oid), '{}'),
       coalesce((SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
                 WHERE i.indrelid = c.oid AND i.indisprimary), 'tenant_id'),
       pg_get_userbyid(c.relowner)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
  AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
  AND coalesce(obj_description(c.oid, 'pg_class'), '') <> 'reference'
ORDER BY c.relname
"""
_ROLE = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s"


def isolation_findings(connection: Any, *, role: str) -> list[Finding]:
    """What is wrong with the isolation of tenants in a database; nothing when all is well.

    Args:
        connection: A Django connection as any role.
        role: The application's role, which must not be able to pass by the policies.
    """
    found = []
    with connection.cursor() as cursor:
        cursor.execute(_ROLE, [role])
        row = cursor.fetchone()
        if row is None or row[0]:
            found.append(
                _finding(role, "the application's role is missing, a superuser, or bypasses row-level security")
            )
        cursor.execute(_CATALOGUE)
        for table, *facts in cursor.fetchall():
            found += [_finding(table, message) for message in _faults(role, *facts)]
    return found


def _faults(role: str, enabled: bool, forced: bool, policies: list[str], first: str, owner: str) -> list[str]:  # noqa: FBT001
    faults = []
    if not enabled or not forced:
        faults.append("row-level security is not enabled and forced")
    if [_normal(half) for half in policies] != [_normal(POLICY)] * 2:
        faults.append(f"its policies are {policies}, not the one of every tenant table")
    if first != "tenant_id":
        faults.append("its primary key does not begin with the tenant")
    if owner == role:
        faults.append("the application's role owns it")
    return faults


def _normal(text: str) -> str:
    """The expression without blanks, brackets and the type PostgreSQL writes beside each literal."""
    return "".join(text.replace("::text", "").replace("(", "").replace(")", "").split()).lower()


def _finding(place: str, message: str) -> Finding:
    return Finding("tenancy.not_isolated", place, message, "Create tenant tables through PerTenant or isolation_sql.")
