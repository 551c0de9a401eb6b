"""Archives: asked for, written by a job in short scopes, fetched for a week, swept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from tenants.custody.archive import ArchiveWriter
from tenants.custody.models import Export
from tenants.custody.registry import people_columns, shared_tables, tenant_tables
from tenants.custody.rows import as_json, blob_path
from tenants.custody.selectors import export as export_of
from tenants.custody.storage import ArchiveStore
from tenants.jobs.registry import Reporter
from tenants.jobs.selectors import jobs_under_way
from tenants.jobs.services import start_job
from tenants.kernel.clock import isoformat, utc_now
from tenants.kernel.errors import ConflictError, NotAllowedError, NotFoundError
from tenants.people.models import User
from tenants.people.selectors import members
from tenants.record.services import record_audit
from tenants.scope.actors import Permission
from tenants.scope.context import required_tenant, scope
from tenants.scope.models import Tenant

JOB = "custody.export"
KEPT = timedelta(days=7)
READING = frozenset(each for each in Permission if each.deed == "read")


class ExportUnderWayError(ConflictError):
    """One archive of a kind is written at a time."""

    code = "export.under_way"


def check_reader(may: frozenset[Permission]) -> None:
    """Let only those have an archive who may read all that is in one.

    Raises:
        NotAllowedError: Something is not theirs to read.
    """
    if lacking := sorted(READING - may):
        raise NotAllowedError(
            f"An archive holds what you may not read: {', '.join(lacking)}.", place="export",
            fix="Ask somebody who may read everything.",
        )  # fmt: skip


def ask_export(*, by: str, now: datetime, subject: str = "") -> Export:
    """Ask for an archive of everything, or of all about one person (an address of mail).

    Raises:
        NotFoundError: Nobody of this address belongs to the tenant.
        ExportUnderWayError: One like it is being written.
    """
    if subject and not members(required_tenant("an export")).filter(user__email=subject).exists():
        raise NotFoundError("Nobody of this address is a member.", place="subject", fix="Choose one of the people.")
    with transaction.atomic():
        going = Export.objects.filter(subject=subject, ready_at=None, asked_at__gt=now - timedelta(days=1))
        if jobs_under_way().filter(id__in=going.values("job")).exists():
            raise ExportUnderWayError(
                "Such an archive is being written already.", place="export", fix="Wait for it, or cancel its job."
            )
        row = Export(subject=subject, asked_by=by, asked_at=now)
        row.job = start_job(kind=JOB, params={"export": str(row.id)}, by=by, now=now).id
        row.save(force_insert=True)
        record_audit(
            action="export.asked", subject=f"export/{row.id}", by=by, now=now, details={"person": subject or None}
        )
    return row


def remove_export(*, export: UUID, by: str, now: datetime) -> None:
    """Remove an archive before its time.

    Raises:
        NotFoundError: The tenant has no such archive.
    """
    row = export_of(export)
    record_audit(action="export.removed", subject=f"export/{row.id}", by=by, now=now)
    ArchiveStore(required_tenant("an export"), row.id).remove()
    row.delete()


def sweep_exports(*, now: datetime) -> int:
    """Remove the archives whose week is over, and what is left of those that were never finished; how many."""
    over = Export.objects.filter(Q(expires_at__lte=now) | Q(ready_at=None, asked_at__lte=now - KEPT))
    tenant, found = required_tenant("exports"), list(over)
    for row in found:
        ArchiveStore(tenant, row.id).remove()
        row.delete()
    return len(found)


def write_export(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The job: write the archive, or what an earlier attempt has left to be written."""
    tenant, export = reporter.tenant, UUID(params["export"])
    try:
        return _write(reporter, tenant, export)
    finally:
        with scope(tenant):
            is_wanted = Export.objects.filter(id=export).exists()
        if not is_wanted:  # it was removed, or the tenant erased, while it was being written
            ArchiveStore(tenant, export).remove()


def _write(reporter: Reporter, tenant: UUID, export: UUID) -> Mapping[str, Any]:
    with scope(tenant):
        row = export_of(export)
        tables = list(_person_tables(row.subject) if row.subject else _all_tables())
    seen = done = 0

    def tell(rows: int) -> None:
        nonlocal seen
        seen += rows
        reporter.progress(done / (len(tables) + 1), f"{seen:,} rows")

    writer = ArchiveWriter(tenant, ArchiveStore(tenant, export), tell)
    for model, where in tables:
        writer.add_table(model, where=where)
        done += 1
        tell(0)
    size, sha256, rows = writer.finish(
        organisation=_organisation(tenant), person=row.subject or None, begun_at=isoformat(row.asked_at)
    )
    ready = utc_now()
    with scope(tenant):
        Export.objects.filter(id=export).update(
            size=size, sha256=sha256, rows=rows, ready_at=ready, expires_at=ready + KEPT
        )
    return {"export": str(export), "rows": rows, "bytes": size}


def _all_tables() -> Iterator[tuple[Any, Q]]:
    tenant = required_tenant("an export")
    for model, owner in shared_tables():
        if model.exported:
            yield model, Q(**{f"{owner}_id": tenant})
    for model in tenant_tables():
        if model.exported:
            yield model, Q()


def _person_tables(email: str) -> Iterator[tuple[Any, Q]]:
    """The tables that name a person, each with what tells the rows that do."""
    tenant, person = required_tenant("an export"), User.objects.get(email=email)
    yield User, Q(id=person.id)
    for model, owner in shared_tables():
        if model.exported and any(field.name == "user" for field in model._meta.concrete_fields):
            yield model, Q(**{f"{owner}_id": tenant, "user": person.id})
    for model in tenant_tables():
        where = naming(model, email=email, user=person.id)
        if model.exported and where is not None:
            yield model, where


def naming(model: Any, *, email: str, user: UUID) -> Q | None:
    """The rows of a table that name a person, or None for a table that names nobody."""
    found = Q()
    for name in people_columns(model):
        found |= Q(**{name: email})
    if any(field.name == "user" for field in model._meta.concrete_fields):
        found |= Q(user=user)
    return found or None


def _organisation(tenant: UUID) -> dict[str, Any]:
    row: dict[str, Any] = dict(Tenant.objects.filter(id=tenant).values().get())
    return as_json(Tenant, row, blobs=blob_path)
