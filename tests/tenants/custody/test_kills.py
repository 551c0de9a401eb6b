"""Real workers on the real servers are killed in the middle of an export and of an erasure; others finish the work.

A worker is stopped where it is by a lock on its job's row: its next report waits for it, and it is killed waiting. So
what it has done by then is seen in the database, and nothing depends on how fast it is.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tenants.custody.archive import ARCHIVE
from tenants.custody.erasing import ask_erasure, begin_erasure
from tenants.custody.exporting import ask_export, write_export
from tenants.custody.models import Certificate, Erasure, Export
from tenants.custody.registry import shared_tables, tenant_tables
from tenants.custody.schemas import ExportManifest
from tenants.custody.storage import ArchiveStore
from tenants.jobs.models import Job, JobState
from tenants.jobs.services import sweep_jobs
from tenants.kernel.clock import isoformat, utc_now
from tenants.kernel.ids import new_id
from tenants.keys.services import create_key
from tenants.record.models import LogLeaf
from tenants.record.services import record_audit
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.processes import environment, kill, start
from tests.readings import stored_readings
from tests.tenants.custody.conftest import BY, Reporting
from tests.tenants.custody.test_erasing import KEPT, everything_of
from twins.telemetry.chunks import Place, Span
from twins.telemetry.compaction import write_chunks
from twins.telemetry.connections import open_ingest
from twins.telemetry.instants import micros
from twins.telemetry.models import Chunk, Signal
from twins.telemetry.packing import Kept, joined
from twins.telemetry.partitions import Partitions
from twins.telemetry.series import Grain

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "owner"]), pytest.mark.timeout(400)]
Worker = Callable[[], subprocess.Popen[bytes]]
SIGNALS, HOURS = 500, 96
"""Chunks of readings: some seconds of work, so that a worker reports often while it goes through them."""
CHANGING = {"tables/tenants_export.ndjson", "tables/tenants_job.ndjson", "tables/tenants_auditentry.ndjson"}
CHANGING |= {"tables/tenants_usageday.ndjson", "tables/tenants_logleaf.ndjson", "tables/tenants_lognode.ndjson"}


@pytest.fixture
def worker(tmp_path: Path, home: Path) -> Iterator[Worker]:
    """Starts real workers on this test's database, which keep archives where the test does."""
    started: list[subprocess.Popen[bytes]] = []
    command = ["-m", "celery", "-A", "deploy.celery", "worker", "-c", "1", "-l", "warning"]
    command += ["--without-mingle", "--without-gossip", "--without-heartbeat"]

    def begin() -> subprocess.Popen[bytes]:
        log = tmp_path / f"worker-{len(started)}.log"
        started.append(start(command, log, env=environment(OUTTURN_JOB_LEASE_S="1", OUTTURN_HOME=str(home))))
        return started[-1]

    yield begin
    for process in started:
        kill(process)


@pytest.fixture
def house(cast: Cast) -> Tenant:
    """Meridian with people, a customer, keys, audit entries, and many readings of two months."""
    with scope(cast.meridian.id):
        for number in range(3):
            create_key(name=f"key {number}", role=Role.VIEWER, now=utc_now())
            record_audit(action="plan.looked_at", subject=f"plan/{number}", by=BY, now=utc_now())
    copy_readings(cast.meridian)
    return cast.meridian


def copy_readings(tenant: Tenant) -> None:
    """Readings of many more signals, half of them of July and half of August, each in a chunk of its own."""
    with scope(tenant.id):
        made = Signal.objects.bulk_create(
            Signal(twin=new_id(), asset=new_id(), key="t24", unit="Cel") for _ in range(SIGNALS)
        )
    july = micros(datetime(2026, 7, 31, tzinfo=UTC))
    chunks = []
    for signal in made:
        for number in range(HOURS):
            hour = july + int(Grain.HOUR) * number
            at, zero = np.array([hour + 1_000_000 * (number + 1)], np.int64), np.zeros(1, np.int16)
            kept = Kept(np.array([signal.id]), at, np.array([number + 0.5]), zero, np.ones(1, np.int64))
            chunks.append((Place(signal.id, hour, Span.HOUR), kept))
    with open_ingest(statement_seconds=60) as connection, connection.transaction():
        Partitions().provide(connection, joined([kept for _, kept in chunks]))
        write_chunks(connection, tenant.id, chunks)


def until(found: Callable[[], bool], what: str, *, sweeping: bool = False) -> None:
    """Look again and again until something is so."""
    deadline = time.monotonic() + 120
    while not found():
        assert time.monotonic() < deadline, what
        if sweeping:
            sweep_jobs(now=utc_now())
        time.sleep(0.02)


def kill_in_the_middle(tenant: Tenant, process: subprocess.Popen[bytes], reached: Callable[[Job], bool]) -> Job:
    """Kill a worker once its job has come so far; the job as it left it."""

    def killed() -> bool:
        with scope(tenant.id):
            job = Job.objects.select_for_update().filter(state=JobState.RUNNING).first()
            if job is None or not reached(job):
                return False
            kill(process)
            frozen.append(job)
        return True

    frozen: list[Job] = []
    until(killed, "the work never came so far")
    return frozen[0]


def finished(tenant: Tenant, job: Job) -> Job:
    def over() -> bool:
        with scope(tenant.id):
            return Job.objects.filter(id=job.id, finished_at__isnull=False).exists()

    until(over, "the job never ended", sweeping=True)
    with scope(tenant.id):
        return Job.objects.get(id=job.id)


def archive_of(tenant: Tenant, export: Export) -> zipfile.ZipFile:
    store = ArchiveStore(tenant.id, export.id)
    return zipfile.ZipFile(io.BytesIO(b"".join(store.pieces(ARCHIVE, 0, store.size(ARCHIVE)))))


def rows_said(job: Job) -> int:
    return int(job.message.split()[0].replace(",", "")) if job.message.endswith(" rows") else 0


def test_an_export_survives_its_worker(house: Tenant, worker: Worker, home: Path) -> None:
    with scope(house.id):
        export = ask_export(by=BY, now=utc_now())
    first = worker()
    dead = kill_in_the_middle(house, first, lambda job: rows_said(job) > SIGNALS * HOURS // 8)
    folder = home / "exports" / str(house.id) / str(export.id)
    assert (dead.attempts, 0 < rows_said(dead) < SIGNALS * HOURS) == (1, True)
    assert list(folder.rglob("*.part")), "it died with a file open"
    whole = {path: path.stat().st_mtime_ns for path in folder.rglob("*.json")}
    with scope(house.id):
        assert Export.objects.get().ready_at is None
    worker()
    job = finished(house, dead)
    with scope(house.id):
        ready = Export.objects.get()
    assert (job.state, job.attempts) == (JobState.DONE, 2)
    assert job.result == {"export": str(export.id), "rows": ready.rows, "bytes": ready.size}
    assert whole
    assert [path.name for path in (home / "exports").rglob("*") if path.is_file()] == [ARCHIVE]
    check_whole(house, ready, export)


def check_whole(house: Tenant, ready: Export, export: Export) -> None:
    """Each row once, digests right, and the bytes are those of an archive that nobody interrupted."""
    archive = archive_of(house, export)
    assert hashlib.sha256(archive.fp.getvalue()).hexdigest() == ready.sha256  # type: ignore[union-attr]
    manifest = ExportManifest.model_validate_json(archive.read("manifest.json"))
    contents = {file.path: archive.read(file.path) for file in manifest.files}
    for file in manifest.files:
        assert (len(contents[file.path]), hashlib.sha256(contents[file.path]).hexdigest()) == (file.bytes, file.sha256)
    assert sorted(archive.namelist()) == sorted([*contents, "manifest.json", "README.txt"])
    with scope(house.id):
        stored = stored_readings()
    assert sorted(readings_in(contents)) == [(isoformat(at), signal, value) for at, signal, value in stored]
    with scope(house.id):
        other = ask_export(by=BY, now=utc_now())
        job = Job.objects.get(params={"export": str(other.id)})
    assert finished(house, job).attempts == 1
    again = archive_of(house, other)
    same = {path for path in contents if path not in CHANGING}
    assert same == {file for file in again.namelist() if file not in CHANGING | {"manifest.json", "README.txt"}}
    assert [path for path in sorted(same) if again.read(path) != contents[path]] == []


def readings_in(contents: dict[str, bytes]) -> list[tuple[str, int, float]]:
    found: list[tuple[str, int, float]] = []
    for path in sorted(each for each in contents if each.startswith("readings/twins_reading")):
        lines = csv.DictReader(gzip.decompress(contents[path]).decode().splitlines())
        found += [(line["at"], int(line["signal"]), float(line["value"])) for line in lines]
    return found


def test_an_erasure_survives_its_worker(house: Tenant, cast: Cast, worker: Worker, home: Path) -> None:
    with scope(house.id):
        export = ask_export(by=BY, now=utc_now(), subject=BY)
    write_export(Reporting(house.id), {"export": str(export.id)})
    with scope(cast.stranger.id):
        ask_export(by="owner@stranger.example", now=utc_now())
        Job.objects.all().delete()
    before, theirs = counted(house), everything_of(cast.stranger.id)
    with scope(house.id):
        Job.objects.all().delete()
        ask_erasure(name="Meridian Engines", by=BY, now=utc_now() - timedelta(days=30))
        promised = Erasure.objects.get().id
        begun = begin_erasure(now=utc_now())
        assert begun is not None
    first = worker()
    dead = kill_in_the_middle(house, first, lambda _: Erasure.objects.get().erased.get("twins_chunk", 0) >= 5_000)
    with scope(house.id):
        half = Erasure.objects.get().erased
        left = Chunk.objects.count()
    assert (dead.attempts, half["twins_chunk"] + left) == (1, before["twins_chunk"])
    assert 0 < left < before["twins_chunk"]
    worker()
    until(lambda: not erasing(house), "the erasure never ended", sweeping=True)
    with scope(house.id):
        (certificate,) = Certificate.objects.filter(id=promised)
        assert LogLeaf.objects.filter(digest=bytes.fromhex(certificate.digest)).count() == 1
        assert not Job.objects.exists()
    erased = certificate.document["erased"]
    for table in (
        "twins_chunk",
        "twins_signal",
        "tenants_membership",
        "tenants_apikey",
        "tenants_customer",
        "tenants_export",
    ):
        assert erased[table] == before[table], table
    assert set(everything_of(house.id)) - KEPT == {"tenants_tenant"}
    assert everything_of(cast.stranger.id) == theirs
    assert not list((home / "exports").rglob("*.*"))
    assert json.loads(json.dumps(certificate.document))["subject"] == f"organisation/{house.id}"


def counted(tenant: Tenant) -> dict[str, int]:
    """How many rows of the tenant each table has."""
    with scope(tenant.id):
        found = {model._meta.db_table: model._base_manager.count() for model in tenant_tables()}
        shared = {model: model._base_manager.filter(**{f"{owner}_id": tenant.id}) for model, owner in shared_tables()}
        return found | {model._meta.db_table: rows.count() for model, rows in shared.items()}


def erasing(tenant: Tenant) -> bool:
    with scope(tenant.id):
        return Erasure.objects.exists()
