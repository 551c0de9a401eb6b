"""Taking a file: announced, received part by part, mapped, started, removed."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from tenants.jobs.models import Job, JobState
from tenants.jobs.services import cancel_job, start_job
from tenants.kernel.canonical import canonical_json
from tenants.scope.context import required_tenant
from twins.composer.selectors import publication_mark
from twins.gateways.imports.errors import ImportNotFoundError, NoRoomError, OffsetError, StateError
from twins.gateways.imports.models import FileImport
from twins.gateways.imports.previews import check_columns, checked, look
from twins.gateways.imports.schemas import FileMapping, Kind
from twins.gateways.imports.selectors import states
from twins.gateways.imports.storage import ImportFiles, check_disk, remove_others
from twins.gateways.selectors import gateway as gateway_of

JOB = "gateways.import"
LARGEST_FILE = 4 << 30
MOST_BYTES = 8 << 30
"""Bytes of all files of a tenant that are here or on their way."""
MOST_OPEN = 20
"""Imports of a tenant that are not finished."""
LARGEST_PART = 4 << 20
LEFT_AFTER = timedelta(days=14)
"""When the file of an import that nobody goes on with is removed."""


def create_import(*, gateway: UUID, name: str, size: int, by: str, now: datetime) -> FileImport:
    """Announce a file of history that is taken in the name of a gateway.

    Args:
        gateway: Whose readings they are.
        name: What the file is called; one that ends in ``.parquet`` is Parquet, any other CSV.
        size: Its bytes.
        by: Who brings it.
        now: When.

    Raises:
        GatewayNotFoundError: The tenant has no such gateway.
        NoRoomError: It is too long, or there are too many others.
    """
    gateway_of(gateway)
    if not 0 < size <= LARGEST_FILE:
        raise NoRoomError(
            f"a file has 1 to {LARGEST_FILE:,} bytes", place="size", fix="Cut it into several files, one after another."
        )
    with transaction.atomic():
        _sweep(now)
        waiting = list(FileImport.objects.select_for_update().filter(finished_at=None).values_list("size", flat=True))
        if len(waiting) >= MOST_OPEN or sum(waiting) + size > MOST_BYTES:
            raise NoRoomError(
                "there are too many files that are not finished", place="size",
                fix="Finish or remove some of them, and send this one then.",
            )  # fmt: skip
        check_disk(size)
        kind = Kind.PARQUET if name.lower().endswith((".parquet", ".pq")) else Kind.CSV
        return FileImport.objects.create(
            gateway_id=gateway, name=name, kind=kind, size=size, created_by=by, created_at=now
        )


def receive_part(*, import_: UUID, offset: int, part: bytes) -> FileImport:
    """Take the next bytes of a file; those that are here already may come again.

    Raises:
        ImportNotFoundError: The tenant has no such import.
        OffsetError: They do not follow those that are here; ``received`` tells where to go on.
        NoRoomError: They are more than were announced, or the disk is full.
    """
    with transaction.atomic():
        row = _locked(import_)
        if offset > row.received or (row.received == row.size and offset + len(part) != row.size):
            raise OffsetError(
                f"the next part begins at byte {row.received}", place="offset", kept=f"The first {row.received} bytes.",
                fix="Send the part that begins there.",
            )  # fmt: skip
        if offset + len(part) > row.size:
            raise NoRoomError("the file is longer than was announced", place="size", fix="Announce it anew.")
        if row.received < row.size and offset + len(part) > row.received:
            ImportFiles(required_tenant("an import"), row.id).write(offset, part)
            row.received = offset + len(part)
            row.save(update_fields=["received"])
    return row


def change_mapping(*, import_: UUID, values: dict[str, Any]) -> FileImport:
    """Choose how a file is read.

    Raises:
        ImportNotFoundError: The tenant has no such import.
        StateError: It is not here as a whole, or is being imported.
        MappingError: The mapping is not complete, or does not fit the file.
        FileUnreadableError: The file cannot be read like that.
    """
    mapping = checked(values)
    with transaction.atomic():
        row = _locked(import_)
        _require(row, "ready", "failed", "cancelled")
        head, _, _ = look(ImportFiles(required_tenant("an import"), row.id).data, Kind(row.kind), mapping, zone="UTC")
        check_columns(mapping, head)
        document = mapping.model_dump(mode="json")
        if document != row.mapping:
            row.mapping, row.run, row.position, row.tally, row.unbound = document, "", 0, {}, []
            row.rejected_bytes = 0
            row.save()
    return row


def mapping_of(row: FileImport) -> FileMapping | None:
    """How a file is read, None when nobody has chosen yet."""
    return None if row.mapping is None else FileMapping.model_validate(row.mapping)


def start_import(*, import_: UUID, by: str, now: datetime) -> FileImport:
    """Begin to import a file, or go on with one that was stopped.

    Raises:
        ImportNotFoundError: The tenant has no such import.
        StateError: It has no mapping, is not here as a whole, or is being imported.
        LimitReachedError: The month's job minutes are used up.
    """
    with transaction.atomic():
        row = _locked(import_)
        _require(row, "ready", "failed", "cancelled")
        if row.mapping is None:
            raise StateError("nobody has chosen how the file is read", place="mapping", fix="Save the mapping first.")
        row.job = start_job(kind=JOB, params={"import": str(row.id)}, by=by, now=now).id
        row.save(update_fields=["job"])
    return row


def stop_import(*, import_: UUID, now: datetime) -> FileImport:
    """Stop an import; what is stored stays, and it can be gone on with.

    Raises:
        ImportNotFoundError: The tenant has no such import.
        StateError: It is not under way.
    """
    with transaction.atomic():
        row = _locked(import_)
        _require(row, "queued", "running")
        assert row.job is not None
        cancel_job(job=row.job, now=now)
    return row


def remove_import(*, import_: UUID, now: datetime) -> None:
    """Remove an import and its file; the readings that it stored stay.

    Raises:
        ImportNotFoundError: The tenant has no such import.
        StateError: It is being imported.
    """
    with transaction.atomic():
        row = _locked(import_)
        _require(row, "uploading", "ready", "done", "failed", "cancelled")
        row.delete()
        tenant, gone = required_tenant("an import"), import_
        transaction.on_commit(lambda: ImportFiles(tenant, gone).remove())


def begin_run(*, import_: UUID, digest: str) -> FileImport:
    """Name the batches of an import that begins: alike for the same content, mapping and bindings, and for no others.

    One that goes on keeps its names.
    """
    with transaction.atomic():
        row = _locked(import_)
        if not row.run:
            told = canonical_json({"file": digest, "mapping": row.mapping, "bindings": publication_mark()})
            row.run = hashlib.blake2b(told, digest_size=16).hexdigest()
            row.save(update_fields=["run"])
    return row


def save_position(
    *, import_: UUID, job: UUID | None, position: int, tally: dict[str, Any], unbound: list[str], rejected_bytes: int
) -> bool:
    """Note that the batches before `position` are durable; whether the import is still this job's."""
    return bool(
        FileImport.objects.filter(id=import_, job=job).update(
            position=position, tally=tally, unbound=unbound, rejected_bytes=rejected_bytes
        )
    )


def finish_import(*, import_: UUID, now: datetime) -> None:
    """Note that all of a file is stored or set aside; the file itself goes."""
    if FileImport.objects.filter(id=import_).update(finished_at=now):
        tenant = required_tenant("an import")
        transaction.on_commit(lambda: ImportFiles(tenant, import_).remove_data())


def _locked(import_: UUID) -> FileImport:
    row = FileImport.objects.select_for_update().filter(id=import_).first()
    if row is None:
        raise ImportNotFoundError
    return row


def _require(row: FileImport, *wanted: str) -> None:
    (found,) = states([row])
    if found.state not in wanted:
        raise StateError(
            f"the import is {found.state}", place="import", kept="Everything as it is.",
            fix=f"This can be done while it is {' or '.join(wanted)}.",
        )  # fmt: skip


def _sweep(now: datetime) -> None:
    """Remove imports that nobody goes on with, and files of those that are gone."""
    under_way = Job.objects.filter(state__in=(JobState.QUEUED, JobState.RUNNING)).values("id")
    left = FileImport.objects.filter(finished_at=None, created_at__lt=now - LEFT_AFTER)
    left.exclude(Q(job__isnull=False) & Q(job__in=under_way)).delete()
    tenant = required_tenant("imports")
    known = frozenset(FileImport.objects.values_list("id", flat=True))
    transaction.on_commit(lambda: remove_others(tenant, known, before=now - LEFT_AFTER))
