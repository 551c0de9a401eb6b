"""A tenant is erased: every table of the database is read afterwards, and the other tenant's are as they were."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest
from django.core import mail
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client

from tenants.custody.archive import ARCHIVE
from tenants.custody.certificates import REASONS
from tenants.custody.erasing import (
    ErasureAskedError,
    ErasureBegunError,
    NameMismatchError,
    ask_erasure,
    begin_erasure,
    erase_tenant,
    take_erasure_back,
)
from tenants.custody.exporting import ask_export, write_export
from tenants.custody.models import Certificate, Erasure, Export
from tenants.custody.registry import custody_of, tenant_tables
from tenants.custody.storage import ArchiveStore
from tenants.jobs.models import Job, JobTicket
from tenants.kernel.canonical import digest
from tenants.kernel.clock import isoformat, utc_now
from tenants.kernel.errors import NotFoundError
from tenants.record.models import AuditEntry, LogLeaf
from tenants.scope.context import scope
from tenants.scope.models import Tenant, TenantState
from tenants.scope.tables import Custody
from tests.conftest import Cast
from tests.isolation.world import furnish
from tests.tenants.custody.conftest import BY, InterruptedJobError, Reporting

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
KEPT = {model._meta.db_table for model in tenant_tables() if custody_of(model) == Custody.MONEY}
REFERRED = {model._meta.db_table for model in tenant_tables() if custody_of(model) == Custody.REFERRED}


def everything_of(tenant: UUID) -> dict[str, list[str]]:
    """The rows of a tenant in every table of the catalogue, whatever a model says."""
    found: dict[str, list[str]] = {}
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(f"SET LOCAL outturn.tenant = '{tenant}'")
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " AND c.relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" AS t WHERE t::text LIKE %s ORDER BY 1', [f"%{tenant}%"])
            if rows := [row[0] for row in cursor.fetchall()]:
                found[table] = rows
    return found


def due(cast: Cast) -> None:
    with scope(cast.meridian.id):
        ask_erasure(name="Meridian Engines", by=BY, now=utc_now() - timedelta(days=30))
        assert begin_erasure(now=utc_now()) is not None


def test_nothing_is_left_but_what_the_law_wants(cast: Cast) -> None:
    furnish(cast)
    with scope(cast.meridian.id):
        export = Export.objects.get()
    write_export(Reporting(cast.meridian.id), {"export": str(export.id)})
    with scope(cast.stranger.id):
        ask_export(by="owner@stranger.example", now=utc_now())
    theirs = everything_of(cast.stranger.id)
    before = {table: len(rows) for table, rows in everything_of(cast.meridian.id).items()}
    due(cast)
    erase_tenant(Reporting(cast.meridian.id), {})
    left = everything_of(cast.meridian.id)
    assert set(left) - KEPT == {"tenants_tenant", *REFERRED}
    assert before.keys() - left.keys() > {
        "tenants_membership",
        "tenants_apikey",
        "twins_chunk",
        "twins_gatewaytoken",
    }
    # A twin has evidence, and another a site record.
    assert {table: len(left[table]) for table in REFERRED} == dict.fromkeys(REFERRED, 1) | {"twins_twin": 2}
    naming = {table for table, rows in left.items() if any("Northwind shed" in row for row in rows)}
    assert naming <= KEPT
    assert [row for row in left["twins_twin"] if "assets" in row] == []
    for table in ("billing_statement", "billing_invoice", "twins_evidencesegment", "billing_report"):
        assert len(left[table]) == before[table], table
    assert everything_of(cast.stranger.id) == theirs
    assert not ArchiveStore(cast.meridian.id, export.id).has(ARCHIVE)
    tombstone = Tenant.objects.get(id=cast.meridian.id)
    assert (tombstone.state, tombstone.slug) == (TenantState.CLOSED, f"erased-{cast.meridian.id}")


def test_the_certificate_is_exact_logged_and_fetched_without_an_account(cast: Cast) -> None:
    furnish(cast)
    Tenant.objects.filter(id=cast.meridian.id).update(brand={"mail_sender": "Meridian Care"})
    before = {table: len(rows) for table, rows in everything_of(cast.meridian.id).items()}
    due(cast)
    promised = _erasure(cast).id
    erase_tenant(Reporting(cast.meridian.id), {})
    with scope(cast.meridian.id):
        row = Certificate.objects.get(id=promised)
        assert LogLeaf.objects.filter(kind="erasure_certificate", digest=bytes.fromhex(row.digest)).count() == 1
        assert AuditEntry.objects.filter(action="organisation.erased").count() == 1
    document = row.document
    assert (row.id, row.digest) == (promised, digest(document))
    for table in ("twins_chunk", "tenants_apikey", "tenants_membership", "twins_assetevent", "twins_twinversion"):
        assert document["erased"][table] == before[table], table
    assert document["kept"]["billing_invoice"] == {
        "rows": before["billing_invoice"],
        "class": "money",
        "until": isoformat(row.issued_at.replace(year=row.issued_at.year + 10, day=min(row.issued_at.day, 28))),
        "reason": REASONS[Custody.MONEY],
    }
    (sent,) = mail.outbox
    assert (sent.to, sent.from_email) == (["owner@meridian.example"], "Meridian Care <no-reply@localhost>")
    path = str(sent.body)[str(sent.body).index("/certificates/") :]
    answer = Client().get(path)
    assert (answer.status_code, json.loads(answer.content)) == (200, document)
    assert Client().get(path[:-3] + "xx/").status_code == 404


def test_killed_in_the_middle_it_finishes_with_exact_counts(cast: Cast) -> None:
    furnish(cast)
    before = {table: len(rows) for table, rows in everything_of(cast.meridian.id).items()}
    due(cast)
    for number in (3, 17, 40):
        stops = iter([False] * number + [True])
        with pytest.raises(InterruptedJobError):
            erase_tenant(Reporting(cast.meridian.id, stop=lambda _, stops=stops: next(stops)), {})  # type: ignore[misc]
    erase_tenant(Reporting(cast.meridian.id), {})
    with scope(cast.meridian.id):
        erased = Certificate.objects.order_by("id").last().document["erased"]  # type: ignore[union-attr]
        assert not Job.objects.exists()
    assert not JobTicket.objects.filter(tenant=cast.meridian).exists()
    for table in ("twins_chunk", "tenants_membership", "twins_assetevent", "analytics_prediction"):
        assert erased[table] == before[table], table


def test_a_month_to_think_it_over(cast: Cast) -> None:
    now = utc_now()
    with scope(cast.meridian.id):
        with pytest.raises(NameMismatchError):
            ask_erasure(name="Meridian", by=BY, now=now)
        asked = ask_erasure(name="Meridian Engines", by=BY, now=now)
        with pytest.raises(ErasureAskedError):
            ask_erasure(name="Meridian Engines", by=BY, now=now)
        assert asked.due_at == now + timedelta(days=30)
        assert begin_erasure(now=now + timedelta(days=30) - timedelta(seconds=1)) is None
    assert Tenant.objects.get(id=cast.meridian.id).state == TenantState.CLOSED
    with scope(cast.meridian.id):
        take_erasure_back(by=BY, now=now)
        with pytest.raises(NotFoundError):
            take_erasure_back(by=BY, now=now)
    again = Tenant.objects.get(id=cast.meridian.id)
    assert (again.state, again.closed_at) == (TenantState.ACTIVE, None)
    with pytest.raises(NotFoundError):
        erase_tenant(Reporting(cast.meridian.id), {})


def test_once_begun_it_cannot_be_taken_back(cast: Cast) -> None:
    due(cast)
    with scope(cast.meridian.id), pytest.raises(ErasureBegunError):
        take_erasure_back(by=BY, now=utc_now())
    with scope(cast.meridian.id):
        assert begin_erasure(now=utc_now()) is None


def _erasure(cast: Cast) -> Erasure:
    with scope(cast.meridian.id):
        return Erasure.objects.get()


class TestWhoMayErase:
    """Append-only rows go for the owner of the schema alone, one tenant at a time."""

    @pytest.fixture
    def entry(self, cast: Cast) -> UUID:
        due(cast)
        return cast.meridian.id

    @pytest.mark.parametrize("statement", ["DELETE FROM tenants_auditentry WHERE tenant_id = %s", "DELETE FROM"])
    def test_the_application_may_not_whatever_it_says(self, entry: UUID, statement: str) -> None:
        if statement == "DELETE FROM":
            statement = "UPDATE tenants_auditentry SET by = '' WHERE tenant_id = %s"
        with scope(entry), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL outturn.erasing = '{entry}'")
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                cursor.execute(statement, [entry])

    @pytest.mark.parametrize("setting", ["", "01890000-0000-7000-8000-000000000000"])
    def test_the_owner_may_not_without_naming_the_tenant(self, entry: UUID, setting: str) -> None:
        assert (
            self._as_owner("DELETE FROM tenants_auditentry", entry, setting) == "rows of tenants_auditentry are never"
        )

    def test_the_owner_may_change_nothing(self, entry: UUID) -> None:
        refused = self._as_owner("UPDATE tenants_auditentry SET by = ''", entry, str(entry))
        assert refused == "rows of tenants_auditentry are never"

    @staticmethod
    def _as_owner(statement: str, tenant: UUID, setting: str) -> str:
        settings = f"SET LOCAL outturn.tenant = '{tenant}'; SET LOCAL outturn.erasing = '{setting}'; "
        with connections["owner"].cursor() as cursor, pytest.raises(DatabaseError) as error:
            cursor.execute(settings + statement)
        return str(error.value).partition(" changed")[0]
