"""An archive of everything, read back and compared with the database; resumed, refused, swept."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from tenants.custody.archive import ARCHIVE
from tenants.custody.exporting import ExportUnderWayError, ask_export, remove_export, sweep_exports, write_export
from tenants.custody.models import Export
from tenants.custody.registry import tenant_tables
from tenants.custody.schemas import ExportManifest, export_manifest_schema
from tenants.custody.storage import ArchiveStore
from tenants.kernel.clock import isoformat, utc_now
from tenants.kernel.errors import NotFoundError
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.isolation.world import furnish
from tests.readings import stored_readings
from tests.tenants.custody.conftest import BY, InterruptedJobError, Reporting

pytestmark = pytest.mark.django_db
PUBLISHED = Path(__file__).parents[3] / "docs" / "schemas" / "export-manifest.schema.json"


def asked(tenant: Tenant, subject: str = "") -> Export:
    with scope(tenant.id):
        return ask_export(by=BY, now=utc_now(), subject=subject)


def furnished(cast: Cast) -> Export:
    """The archive that is asked for in the furnished house."""
    furnish(cast)
    with scope(cast.meridian.id):
        return Export.objects.get()


def written(tenant: Tenant, row: Export) -> zipfile.ZipFile:
    write_export(Reporting(tenant.id), {"export": str(row.id)})
    store = ArchiveStore(tenant.id, row.id)
    return zipfile.ZipFile(io.BytesIO(b"".join(store.pieces(ARCHIVE, 0, store.size(ARCHIVE)))))


def rows_of(archive: zipfile.ZipFile, table: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(f"tables/{table}.ndjson").splitlines()]


def counted(tenant: Tenant, table: str) -> int:
    with scope(tenant.id), connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}" WHERE tenant_id = %s', [tenant.id])
        return int(cursor.fetchone()[0])


def test_everything_is_in_the_archive_and_as_the_database_has_it(cast: Cast) -> None:
    archive = written(cast.meridian, furnished(cast))
    manifest = ExportManifest.model_validate_json(archive.read("manifest.json"))
    tables = {table.name: table for table in manifest.tables}
    packed = {model._meta.db_table for model in tenant_tables() if model.unpacked}
    expected = {model._meta.db_table for model in tenant_tables() if model.exported} | {"tenants_membership"}
    assert expected - packed | {"twins_reading", "twins_rollup"} <= set(tables)
    with scope(cast.meridian.id):
        assert tables["twins_reading"].rows == len(stored_readings())
    for name in expected - packed - {"tenants_membership"}:
        assert tables[name].rows == counted(cast.meridian, name), name
    for file in manifest.files:
        content = archive.read(file.path)
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)
    assert set(archive.namelist()) == {file.path for file in manifest.files} | {"manifest.json", "README.txt"}
    assert manifest.organisation["name"] == "Meridian Engines"


def test_values_are_the_databases_own(cast: Cast) -> None:
    archive = written(cast.meridian, furnished(cast))
    with scope(cast.meridian.id):
        contract = apps.get_model("billing", "ContractVersion").objects.get()
        report = apps.get_model("billing", "Report").objects.get()
        readings = stored_readings()
    row = rows_of(archive, "billing_contractversion")[0]
    assert row["document"] == contract.document
    assert row["published_at"] == isoformat(contract.published_at)
    assert archive.read(rows_of(archive, "billing_report")[0]["pdf"]) == bytes(report.pdf)
    found = []
    for name in sorted(each for each in archive.namelist() if each.startswith("readings/twins_reading")):
        lines = list(csv.DictReader(gzip.decompress(archive.read(name)).decode().splitlines()))
        assert {line["at"][:7] for line in lines} == {name[-14:-7]}
        found += [(line["at"], int(line["signal"]), float(line["value"])) for line in lines]
    assert len(readings) > 30
    assert sorted(found) == [(isoformat(each.at), each.signal, each.value) for each in readings]


def test_no_secret_leaves_the_house_and_nothing_of_others(cast: Cast) -> None:
    archive = written(cast.meridian, furnished(cast))
    names = archive.namelist()
    assert "tables/tenants_keydigest.ndjson" not in names
    assert "tables/twins_gatewaytoken.ndjson" not in names
    assert "tables/tenants_idempotentanswer.ndjson" not in names
    assert "wrapped_key" not in rows_of(archive, "tenants_log")[0]
    manifest = ExportManifest.model_validate_json(archive.read("manifest.json"))
    assert next(table.left_out for table in manifest.tables if table.name == "tenants_log") == ("wrapped_key",)
    assert str(cast.stranger.id) not in "".join(archive.read(name).decode(errors="replace") for name in names)


def test_a_worker_that_was_killed_is_followed_by_one_that_goes_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    row = furnished(cast)
    stops = iter([False] * 40 + [True])
    with pytest.raises(InterruptedJobError):
        write_export(Reporting(cast.meridian.id, stop=lambda _: next(stops)), {"export": str(row.id)})
    store = ArchiveStore(cast.meridian.id, row.id)
    done = sorted((store._folder / "parts").glob("*.json"))
    assert len(done) > 5
    kept = {path: path.stat().st_mtime_ns for path in done}
    stops = iter([False] * 60 + [True])
    with pytest.raises(InterruptedJobError):
        write_export(Reporting(cast.meridian.id, stop=lambda _: next(stops)), {"export": str(row.id)})
    assert {path: path.stat().st_mtime_ns for path in done} == kept
    archive = written(cast.meridian, row)
    assert archive.testzip() is None
    with scope(cast.meridian.id):
        ready = Export.objects.get()
    assert ready.size == store.size(ARCHIVE)
    assert ready.sha256 == hashlib.sha256(b"".join(store.pieces(ARCHIVE, 0, ready.size))).hexdigest()
    assert not store.has("parts")


def test_one_person(cast: Cast) -> None:
    furnish(cast)
    archive = written(cast.meridian, asked(cast.meridian, "owner@meridian.example"))
    (user,) = rows_of(archive, "tenants_user")
    assert user["email"] == "owner@meridian.example"
    assert "password" not in user
    # The account is the person's own: where else they are signed in, and their other addresses, are not the tenant's.
    assert not [name for name in archive.namelist() if "usersession" in name or "emailaddress" in name]
    assert {row["role"] for row in rows_of(archive, "tenants_membership")} == {"owner"}
    assert {row["created_by"] for row in rows_of(archive, "tenants_job")} == {"owner@meridian.example"}
    assert {row["by"] for row in rows_of(archive, "tenants_auditentry")} == {"owner@meridian.example"}
    assert "tables/twins_twin.ndjson" not in archive.namelist()
    assert not [name for name in archive.namelist() if b"viewer@meridian.example" in archive.read(name)]


def test_only_members_and_one_at_a_time(cast: Cast) -> None:
    with pytest.raises(NotFoundError, match="Nobody of this address"):
        asked(cast.meridian, "owner@stranger.example")
    row = asked(cast.meridian)
    with pytest.raises(ExportUnderWayError):
        asked(cast.meridian)
    written(cast.meridian, row)
    asked(cast.meridian)


def test_archives_are_swept_after_a_week_or_removed(cast: Cast) -> None:
    row = asked(cast.meridian)
    written(cast.meridian, row)
    store, other = ArchiveStore(cast.meridian.id, row.id), asked(cast.stranger)
    written(cast.stranger, other)
    with scope(cast.meridian.id):
        ready = Export.objects.get().ready_at
        assert ready is not None
        assert sweep_exports(now=ready + timedelta(days=7) - timedelta(seconds=1)) == 0
        assert sweep_exports(now=ready + timedelta(days=7)) == 1
        assert not Export.objects.exists()
    assert not store.has(ARCHIVE)
    assert ArchiveStore(cast.stranger.id, other.id).has(ARCHIVE)
    with scope(cast.stranger.id):
        remove_export(export=other.id, by=BY, now=utc_now())
        with pytest.raises(NotFoundError):
            remove_export(export=other.id, by=BY, now=utc_now())
    assert not ArchiveStore(cast.stranger.id, other.id).has(ARCHIVE)


def test_the_schema_is_published() -> None:
    """``export_manifest_schema()`` brings it up to date."""
    assert PUBLISHED.read_text() == export_manifest_schema()
