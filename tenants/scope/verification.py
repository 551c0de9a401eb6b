"""Proof, from the database's own catalogue, that its tables keep tenants apart."""

from __future__ import annotations

from typing import Any

from tenants.kernel.errors import Finding
from tenants.scope.catalogue import RULES, Rule
from tenants.scope.tables import POLICY


def isolation_findings(connection: Any, *, role: str, ingest: str = "") -> list[Finding]:
    """What is wrong with the isolation of tenants in a database; nothing when all is well.

    Args:
        connection: A Django connection as any role.
        role: The application's role, which must not be able to pass by the policies.
        ingest: The role that loads readings: it passes by the policies, so its rights are what holds it.
    """
    found: list[Finding] = []
    names = {"role": role, "ingest": ingest, "policy": _normal(POLICY)}
    with connection.cursor() as cursor:
        for rule in RULES:
            cursor.execute(rule.query, names)
            found += [_finding(rule, *row) for row in cursor.fetchall()]
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            found.append(Finding("tenancy.role", role, "there is no such role", "Name the application's role."))
    return sorted(found, key=lambda finding: (finding.place, finding.code, finding.message))


def classes(connection: Any) -> dict[str, str]:
    """The class of each table and partition by its name: ``tenant``, ``reference``, ``local``, as its comment says."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, coalesce(obj_description(oid, 'pg_class'), '') FROM pg_class "
            "WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY relname"
        )
        return dict(cursor.fetchall())


def rights(connection: Any, *, role: str) -> dict[str, frozenset[str]]:
    """What a role may do with which tables, views and sequences of ours, whoever gave it the right, by their names."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, array_agg(DISTINCT a.privilege_type) FROM pg_class c, "
            "aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a "
            "WHERE c.relnamespace = 'public'::regnamespace "
            "AND CASE a.grantee WHEN 0 THEN true ELSE pg_has_role(%(role)s, a.grantee, 'USAGE') END GROUP BY 1",
            {"role": role},
        )
        return {table: frozenset(given) for table, given in cursor.fetchall()}


def _normal(text: str) -> str:
    """The expression without blanks, brackets and the type PostgreSQL writes beside each literal."""
    return "".join(text.replace("::text", "").replace("(", "").replace(")", "").split()).lower()


def _finding(rule: Rule, place: str, detail: str | None) -> Finding:
    return Finding(rule.code, place, rule.message.format(detail=detail), rule.fix)
