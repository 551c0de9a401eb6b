"""The proof that no table mixes tenants, and that it finds each way in which one could."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections

from tenants.scope.catalogue import RULES
from tenants.scope.tables import POLICY, isolation_sql
from tenants.scope.verification import classes, isolation_findings, rights

ROLE, INGEST = settings.DATABASES["default"]["USER"], settings.INGEST_DATABASE["USER"]
COLUMNS = "tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id)"
OTHER = "other uuid"


def sound(table: str, columns: str = COLUMNS) -> list[str]:
    """A table as it should be, or with columns that are not."""
    return [f"CREATE TABLE {table} ({columns})", *isolation_sql(table, role=ROLE)]


def shared(table: str, columns: str, kind: str = "reference") -> list[str]:
    return [f"CREATE TABLE {table} ({columns})", f"COMMENT ON TABLE {table} IS '{kind}'"]


DEFINER = "CREATE FUNCTION definer() RETURNS {} LANGUAGE plpgsql SECURITY DEFINER {} AS 'BEGIN RETURN NULL; END'"
FAULTS: dict[str, tuple[Sequence[str], list[tuple[str, str]]]] = {
    "a table of no class": (["CREATE TABLE broken (x int)"], [("broken", "tenancy.class")]),
    "a class that there is not": (shared("broken", "x int", "lookup"), [("broken", "tenancy.class")]),
    "tenants' rows in a local table": (shared("broken", "tenant_id uuid", "local"), [("broken", "tenancy.local")]),
    "a tenant that may be missing": (
        sound("broken", "tenant_id uuid, id uuid, x int PRIMARY KEY"),
        [("broken", "tenancy.column"), ("broken", "tenancy.unique")],
    ),
    "a tenant of another type": (
        ["CREATE TABLE broken (tenant_id bigint NOT NULL PRIMARY KEY)", "COMMENT ON TABLE broken IS 'tenant'"],
        [("broken", "tenancy.column"), ("broken", "tenancy.policy"), ("broken", "tenancy.row_security")],
    ),
    "no policy and no row-level security": (
        [f"CREATE TABLE broken ({COLUMNS})", "COMMENT ON TABLE broken IS 'tenant'"],
        [("broken", "tenancy.policy"), ("broken", "tenancy.row_security")],
    ),
    "row-level security that the owner passes by": (
        [*sound("broken"), "ALTER TABLE broken NO FORCE ROW LEVEL SECURITY"],
        [("broken", "tenancy.row_security")],
    ),
    "a second, looser policy": (
        [*sound("broken"), "CREATE POLICY loose ON broken USING (true)"],
        [("broken", "tenancy.policy")],
    ),
    "a policy for reading only": (
        [*sound("broken"), "DROP POLICY tenant ON broken",
         f"CREATE POLICY tenant ON broken FOR SELECT USING ({POLICY})"],
        [("broken", "tenancy.policy")],
    ),
    "a policy that lets anything be written": (
        [*sound("broken"), "DROP POLICY tenant ON broken",
         f"CREATE POLICY tenant ON broken USING ({POLICY}) WITH CHECK (true)"],
        [("broken", "tenancy.policy")],
    ),
    "a policy that only narrows": (
        [*sound("broken"), "DROP POLICY tenant ON broken",
         f"CREATE POLICY tenant ON broken AS RESTRICTIVE USING ({POLICY}) WITH CHECK ({POLICY})"],
        [("broken", "tenancy.policy")],
    ),
    "a policy for another role": (
        [*sound("broken"), f"ALTER POLICY tenant ON broken TO {INGEST}"],
        [("broken", "tenancy.policy")],
    ),
    "a partition of its own": (
        ["CREATE TABLE parent (tenant_id uuid NOT NULL, x int, PRIMARY KEY (tenant_id, x)) PARTITION BY RANGE (x)",
         *isolation_sql("parent", role=ROLE),
         "CREATE TABLE part PARTITION OF parent FOR VALUES FROM (0) TO (10)", "COMMENT ON TABLE part IS 'tenant'"],
        [("part", "tenancy.policy"), ("part", "tenancy.row_security")],
    ),
    "no primary key": (sound("broken", "tenant_id uuid NOT NULL"), [("broken", "tenancy.primary_key")]),
    "a primary key across tenants": (
        sound("broken", "tenant_id uuid NOT NULL, id uuid PRIMARY KEY"),
        [("broken", "tenancy.unique")],
    ),
    "uniqueness across tenants": (
        [*sound("broken", f"{COLUMNS}, code text"), "CREATE UNIQUE INDEX codes ON broken (code, tenant_id)"],
        [("broken", "tenancy.unique")],
    ),
    "uniqueness of an expression across tenants": (
        [*sound("broken", f"{COLUMNS}, code text"), "CREATE UNIQUE INDEX codes ON broken (lower(code), tenant_id)"],
        [("broken", "tenancy.unique")],
    ),
    "a reference by id alone": (
        [*sound("one", "tenant_id uuid NOT NULL, id uuid UNIQUE, PRIMARY KEY (tenant_id, id)"),
         *sound("two", f"{COLUMNS}, {OTHER} REFERENCES one (id)")],
        [("one", "tenancy.unique"), ("two", "tenancy.foreign_key")],
    ),
    "a reference that mixes up the columns": (
        [*sound("one"), *sound("two", f"{COLUMNS}, {OTHER}, FOREIGN KEY (other, tenant_id) REFERENCES one")],
        [("two", "tenancy.foreign_key")],
    ),
    "a shared table that points into a tenant's": (
        [*sound("one"), *shared("two", "t uuid, o uuid, FOREIGN KEY (t, o) REFERENCES one")],
        [("two", "tenancy.foreign_key_way")],
    ),
    "a tenant's table that points at a local one": (
        [*shared("one", "id uuid PRIMARY KEY", "local"), *sound("two", f"{COLUMNS}, {OTHER} REFERENCES one")],
        [("two", "tenancy.foreign_key_way")],
    ),
    "a reference that is checked late": (
        [*sound("one"),
         *sound("two", f"{COLUMNS}, {OTHER}, FOREIGN KEY (tenant_id, other) REFERENCES one DEFERRABLE")],
        [("two", "tenancy.foreign_key_late")],
    ),
    "a reference that empties itself": (
        [*sound("one"),
         *sound("two", f"{COLUMNS}, {OTHER}, FOREIGN KEY (tenant_id, other) REFERENCES one "
                       "ON DELETE SET NULL (other)")],
        [("two", "tenancy.foreign_key_late")],
    ),
    "a rule": (
        [*sound("broken"), "CREATE RULE log AS ON INSERT TO broken DO ALSO NOTIFY broken"],
        [("broken", "tenancy.rewritten")],
    ),
    "a trigger with the owner's rights": (
        [*sound("broken"), DEFINER.format("trigger", "SET search_path = public"),
         "REVOKE EXECUTE ON FUNCTION definer() FROM PUBLIC",
         "CREATE TRIGGER helper BEFORE UPDATE ON broken FOR EACH ROW EXECUTE FUNCTION definer()"],
        [("broken", "tenancy.trigger")],
    ),
    "a view with the owner's rights": (["CREATE VIEW broken AS SELECT 1"], [("broken", "tenancy.view")]),
    "a materialised view": (
        ["CREATE MATERIALIZED VIEW broken AS SELECT 1", f"GRANT SELECT ON broken TO {ROLE}"],
        [("broken", "tenancy.copy")],
    ),
    "a function with the owner's rights": (
        [DEFINER.format("int", "SET search_path = public")],
        [("definer", "tenancy.function")],
    ),
    "a function that can be led astray": (
        [DEFINER.format("int", ""), "REVOKE EXECUTE ON FUNCTION definer() FROM PUBLIC"],
        [("definer", "tenancy.function")],
    ),
    "a table for everybody": (
        [*sound("broken"), "GRANT SELECT ON broken TO PUBLIC"],
        [("broken", "tenancy.public")],
    ),
    "a column for everybody": (
        [*sound("broken"), "GRANT SELECT (id) ON broken TO PUBLIC"],
        [("broken", "tenancy.public")],
    ),
    "rights that ask no policy": (
        [*sound("broken"), f"GRANT TRUNCATE ON broken TO {ROLE}"],
        [("broken", "tenancy.passing_right")],
    ),
    "rights on what is made later": (
        [f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {ROLE}"],
        [("default privileges", "tenancy.default_right")],
    ),
    "a role that makes tables": ([f"GRANT CREATE ON SCHEMA public TO {ROLE}"], [(ROLE, "tenancy.maker")]),
}  # fmt: skip


@pytest.mark.django_db(databases=["default", "owner"])
class TestIsolationFindings:
    def findings(self, *statements: str, role: str = ROLE, ingest: str = INGEST) -> list[tuple[str, str]]:
        owner = connections["owner"]
        with owner.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        return [(found.place, found.code) for found in isolation_findings(owner, role=role, ingest=ingest)]

    def test_the_migrated_database_is_clean(self) -> None:
        assert self.findings() == []

    def test_a_sound_table_is_clean(self) -> None:
        view = "CREATE VIEW sight WITH (security_invoker = true) AS SELECT 1"
        reference = f"{COLUMNS}, {OTHER}, FOREIGN KEY (tenant_id, other) REFERENCES one ON DELETE CASCADE"
        assert self.findings(*sound("one"), *sound("two", reference), view) == []

    @pytest.mark.parametrize("fault", FAULTS)
    def test_each_fault_is_found(self, fault: str) -> None:
        statements, expected = FAULTS[fault]
        assert self.findings(*statements) == expected

    def test_the_owner_as_the_applications_role_is_found(self) -> None:
        owner = settings.DATABASES["owner"]["USER"]
        found = {code for place, code in self.findings(role=owner) if place == owner}
        assert found >= {"tenancy.role", "tenancy.owner", "tenancy.maker"}

    def test_a_role_that_passes_by_policies_is_found(self) -> None:
        assert (INGEST, "tenancy.role") in self.findings(role=INGEST, ingest="")

    def test_a_role_that_is_not_there_is_found(self) -> None:
        assert self.findings(role="nobody") == [("nobody", "tenancy.role")]

    def test_a_role_with_anothers_rights_is_found(self) -> None:
        """A role is the server's, not the database's: asked of two that every server has."""
        assert (
            self.findings(role="pg_monitor") == [("pg_monitor", "tenancy.member")] * 3
        )  # pg_read_all_settings, pg_read_all_stats, pg_stat_scan_tables

    def test_every_rule_was_broken(self) -> None:
        broken = {code for _, expected in FAULTS.values() for _, code in expected}
        assert {rule.code for rule in RULES} - broken == {"tenancy.role", "tenancy.member", "tenancy.owner"}

    def test_migrate_refuses_to_end_with_such_a_table(self) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute("CREATE TABLE leaky (tenant_id uuid, x int)")
        with pytest.raises(CommandError, match="leaky: its comment does not say"):
            call_command("migrate", verbosity=0)

    def test_classes_and_rights_are_read_from_the_catalogue(self) -> None:
        owner = connections["owner"]
        self.findings(*sound("broken"), f"GRANT SELECT ON broken TO {INGEST}")
        assert classes(owner)["broken"] == "tenant"
        assert rights(owner, role=INGEST)["broken"] == {"SELECT"}
        assert rights(owner, role=ROLE)["broken"] == {"SELECT", "INSERT", "UPDATE", "DELETE"}


def test_the_findings_tell_what_to_do() -> None:
    assert all(rule.fix.endswith(".") and rule.message and rule.code.startswith("tenancy.") for rule in RULES)
