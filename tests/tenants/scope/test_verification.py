"""The proof that no table mixes tenants, and that it finds one that does."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections

from tenants.scope.tables import isolation_sql
from tenants.scope.verification import isolation_findings

ROLE = settings.DATABASES["default"]["USER"]


@pytest.mark.django_db(databases=["default", "owner"])
class TestIsolationFindings:
    def findings(self, *statements: str, role: str = ROLE) -> list[tuple[str, str]]:
        owner = connections["owner"]
        with owner.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        return [(found.place, found.message) for found in isolation_findings(owner, role=role)]

    def test_the_migrated_database_is_clean(self) -> None:
        assert self.findings() == []

    def test_a_table_without_a_policy_is_found(self) -> None:
        assert self.findings("CREATE TABLE leaky (tenant_id uuid, x int)") == [
            ("leaky", "row-level security is not enabled and forced"),
            ("leaky", "its policies are [], not the one of every tenant table"),
        ]

    def test_a_partition_without_a_policy_is_found(self) -> None:
        table = "CREATE TABLE parent (tenant_id uuid, x int) PARTITION BY RANGE (x)"
        part = "CREATE TABLE part PARTITION OF parent FOR VALUES FROM (0) TO (10)"
        assert [place for place, _ in self.findings(table, *isolation_sql("parent", role=ROLE), part)] == [
            "part",
            "part",
        ]

    def test_a_second_looser_policy_is_found(self) -> None:
        (found,) = self.findings("CREATE POLICY loose ON tenants_customer USING (true)")
        assert found[0] == "tenants_customer"

    def test_a_key_that_does_not_begin_with_the_tenant_is_found(self) -> None:
        table = "CREATE TABLE keyed (id uuid PRIMARY KEY, tenant_id uuid)"
        assert self.findings(table, *isolation_sql("keyed", role=ROLE)) == [
            ("keyed", "its primary key does not begin with the tenant")
        ]

    def test_a_role_that_passes_by_policies_is_found(self) -> None:
        ingest = settings.INGEST_DATABASE["USER"]
        assert (ingest, "the application's role is missing, a superuser, or bypasses row-level security") in (
            self.findings(role=ingest)
        )

    def test_migrate_refuses_to_end_with_such_a_table(self) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute("CREATE TABLE leaky (tenant_id uuid, x int)")
        with pytest.raises(CommandError, match="leaky: row-level security"):
            call_command("migrate", verbosity=0)
