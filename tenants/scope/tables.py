"""The classes a table can be of, and the SQL that makes PostgreSQL keep tenants apart in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar

POLICY = "tenant_id = nullif(current_setting('outturn.tenant', true), '')::uuid"
"""The one policy text, the same on every tenant table and partition."""


class Custody(StrEnum):
    """What becomes of a tenant's rows when the tenant, or a person in it, is erased."""

    OPERATIONAL = "operational"
    """Erased with the tenant."""
    REFERRED = "referred"
    """Erased with the tenant, but for the rows that a record of money names: these stay, emptied."""
    MONEY = "money"
    """Kept for as long as the law demands of the records of a business, whoever asks."""
    READING = "reading"
    """Raw readings: dropped when their time is over, erased with the tenant."""
    PERSON = "person"
    """About one person: erased when they leave, and with the tenant."""


class TenantTable:
    """Marks a model whose rows belong to one tenant each; stays in the bases of historical models.

    Attributes:
        custody: What becomes of the rows when the tenant is erased.
        kept_by: The class of the tenant's retention policy and the column of the rows' time, or None: kept for good.
        packed_by: Where the object is that counts and deletes what packed rows hold (`custody.retaining.Packed`), empty
            for rows that go as they are.
        unpacked: Where the object is that gives packed rows to the archive (`custody.archive.Unpacked`), or empty.
        emptied: What a row that stays as REFERRED has in its columns afterwards.
        secret_fields: Columns that are never shown, exported or written into the record.
        exported: Whether the rows are part of what the tenant takes along.
    """

    custody: ClassVar[Custody] = Custody.OPERATIONAL
    kept_by: ClassVar[tuple[str, str] | None] = None
    packed_by: ClassVar[str] = ""
    unpacked: ClassVar[str] = ""
    emptied: ClassVar[Mapping[str, Any]] = {}
    secret_fields: ClassVar[frozenset[str]] = frozenset()
    exported: ClassVar[bool] = True


class ReferenceTable:
    """Marks a model that is read before a tenant is known (users, memberships, digests of keys), alike for all.

    Attributes:
        custody: What becomes of a tenant's rows when the tenant, or a person in it, is erased.
        exported: Whether a tenant's rows are part of what it takes along; most are mere ways to find others.
    """

    custody: ClassVar[Custody] = Custody.OPERATIONAL
    secret_fields: ClassVar[frozenset[str]] = frozenset()
    exported: ClassVar[bool] = False


class AppendOnly:
    """Marks a model whose rows are written once (stays in historical bases too).

    No role may update them. Only the owner of the schema may delete them, and only those of the tenant that the
    transaction names as the one being erased.
    """


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


REFUSE_CHANGE = """CREATE OR REPLACE FUNCTION outturn_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND current_setting('outturn.erasing', true) = OLD.tenant_id::text
                AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION USING MESSAGE = 'rows of ' || TG_TABLE_NAME || ' are never changed', ERRCODE = '23001';
        END $$"""
"""The trigger of append-only tables: the one exception is erasure, see docs/decisions/010-erasure.md."""


def append_only_sql(table: str) -> list[str]:
    """The statements that refuse any change of a table's rows, to its owner too (SQLSTATE 23001)."""
    return [
        REFUSE_CHANGE,
        f"""CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "{table}"
        FOR EACH ROW EXECUTE FUNCTION outturn_refuse_change()""",
    ]
