"""Erasing a tenant: asked for, waited for a month in which it can be taken back, carried out by a job, certified."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from pydantic import JsonValue

from tenants.custody.certificates import KEPT_YEARS, issue_certificate
from tenants.custody.eraser import erasing
from tenants.custody.models import Erasure
from tenants.custody.registry import custody_of, shared_tables, tenant_tables
from tenants.custody.selectors import certificate_token, tombstone
from tenants.custody.storage import remove_archives
from tenants.edge.mail import send_to_all
from tenants.jobs.models import Job, JobTicket
from tenants.jobs.registry import Reporter
from tenants.jobs.services import start_job
from tenants.kernel.canonical import canonical_json
from tenants.kernel.clock import isoformat, utc_now
from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError
from tenants.people.rights import rights_changed
from tenants.people.selectors import members
from tenants.record.services import record_audit, seal_head
from tenants.scope.actors import Role
from tenants.scope.context import required_tenant, scope
from tenants.scope.models import Tenant, TenantState
from tenants.scope.tables import Custody

JOB = "custody.erase"
GRACE = timedelta(days=30)
LAST = (Erasure, Job, JobTicket)
"""What the job itself stands on; it goes with the tenant's own row, in the last transaction."""
STAYING = (Custody.MONEY, Custody.REFERRED)


class NameMismatchError(OutturnError):
    """The name that was typed is not the organisation's."""

    code = "erasure.name"


class ErasureAskedError(ConflictError):
    """The tenant is to be erased already."""

    code = "erasure.asked"


class ErasureBegunError(ConflictError):
    """It is too late to take the wish back."""

    code = "erasure.begun"


def ask_erasure(*, name: str, by: str, now: datetime) -> Erasure:
    """Close the tenant; in 30 days it is erased, unless the wish is taken back before.

    Raises:
        NameMismatchError: The name is not the organisation's.
        ErasureAskedError: It is to be erased already.
    """
    with transaction.atomic():
        tenant = Tenant.objects.select_for_update().get(id=required_tenant("an erasure"))
        if name.strip() != tenant.name:
            raise NameMismatchError(
                "That is not the organisation's name.", place="name", kept="Everything as it is.",
                fix=f"Type “{tenant.name}”, as it is written here.",
            )  # fmt: skip
        if Erasure.objects.exists():
            raise ErasureAskedError("The organisation is to be erased already.", fix="Take the wish back, or wait.")
        owners = members(tenant.id).filter(role=Role.OWNER).values_list("user__email", flat=True)
        erasure = Erasure.objects.create(
            asked_by=by, asked_at=now, due_at=now + GRACE, state_before=tenant.state, told=sorted({*owners})
        )
        tenant.state, tenant.closed_at = TenantState.CLOSED, now
        tenant.save(update_fields=["state", "closed_at"])
        details: dict[str, JsonValue] = {"due_at": isoformat(erasure.due_at)}
        record_audit(action="organisation.closed", subject=f"organisation/{tenant.id}", by=by, now=now, details=details)
        rights_changed(tenant.id)
    return erasure


def take_erasure_back(*, by: str, now: datetime) -> None:
    """Open the tenant again, as it was.

    Raises:
        NotFoundError: Nobody asked to erase it.
        ErasureBegunError: Rows are being deleted.
    """
    with transaction.atomic():
        erasure = Erasure.objects.select_for_update().first()
        if erasure is None:
            raise NotFoundError(
                "Nobody asked to erase the organisation.", place="erasure", fix="Nothing is to be done."
            )
        if erasure.job is not None:
            raise ErasureBegunError("Rows are being deleted.", kept="The certificate will say what is.", fix="Wait.")
        tenant = Tenant.objects.select_for_update().get(id=required_tenant("an erasure"))
        tenant.state, tenant.closed_at = erasure.state_before, None
        tenant.save(update_fields=["state", "closed_at"])
        erasure.delete()
        record_audit(action="organisation.reopened", subject=f"organisation/{tenant.id}", by=by, now=now)


def begin_erasure(*, now: datetime) -> Job | None:
    """Start the job, if the tenant in scope is to be erased and its time has come."""
    with transaction.atomic():
        erasure = Erasure.objects.select_for_update().filter(due_at__lte=now, job=None).first()
        if erasure is None:
            return None
        job = start_job(kind=JOB, params={}, by=erasure.asked_by, now=now)
        erasure.job = job.id
        erasure.save(update_fields=["job"])
    return job


def erase_tenant(reporter: Reporter, _params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The job: delete batch by batch, in an order that no reference stands against; safe to be begun again.

    What is deleted is counted in the transaction that deletes it, so that the certificate is exact whatever happens.
    """
    tenant = reporter.tenant
    with scope(tenant):
        erasure = Erasure.objects.filter(job__isnull=False).first()
        if erasure is None:
            raise NotFoundError("Nobody asked to erase the organisation.", place="erasure")
    _erase_shared(tenant)
    remove_archives(tenant)
    tables = [model for model in tenant_tables() if model not in LAST]
    # What others were still writing while their tables were emptied is found by another pass.
    while sum(_erase_table(reporter, model, at / len(tables)) for at, model in enumerate(tables)):
        pass
    return _finish(tenant, erasure.id)


def _erase_shared(tenant: UUID) -> None:
    """What lets people and programs in, first of all; but for the job's own ticket."""
    for model, owner in shared_tables():
        if model in LAST:
            continue
        with scope(tenant):
            gone, _ = model._base_manager.filter(**{f"{owner}_id": tenant}).delete()
            if gone:
                row = Erasure.objects.select_for_update().get()
                row.erased[model._meta.db_table] = row.erased.get(model._meta.db_table, 0) + gone
                row.save(update_fields=["erased"])


def _erase_table(reporter: Reporter, model: Any, share: float) -> int:
    if custody_of(model) == Custody.MONEY:
        return 0
    total = 0
    while True:
        reporter.progress(min(share, 0.99), f"{model._meta.verbose_name_plural}: {total:,} rows erased")
        with erasing(reporter.tenant) as eraser:
            gone = eraser.delete(model)
            if custody_of(model) == Custody.REFERRED and not gone:
                eraser.empty(model)
            if gone:
                eraser.cursor.execute(
                    "UPDATE tenants_erasure SET erased = erased || jsonb_build_object(%s::text,"
                    " coalesce((erased ->> %s)::bigint, 0) + %s) WHERE tenant_id = %s",
                    [model._meta.db_table, model._meta.db_table, gone, reporter.tenant],
                )
        total += gone
        if not gone:
            return total


def _finish(tenant_id: UUID, promised: UUID) -> Mapping[str, Any]:
    """Certify, seal the log, leave a tombstone, and take away what the job stood on: all at once."""
    now = utc_now()
    with scope(tenant_id):
        row, tenant = Erasure.objects.select_for_update().get(), Tenant.objects.get(id=tenant_id)
        erased = row.erased | {model._meta.db_table: model._base_manager.count() for model in (Erasure, Job)}
        erased[JobTicket._meta.db_table] = JobTicket.objects.filter(tenant_id=tenant_id).count()
        kept = {
            model._meta.db_table: {"rows": count, "class": custody_of(model).value}
            for model in tenant_tables()
            if custody_of(model) in STAYING and (count := model._base_manager.count())
        }
        details: dict[str, JsonValue] = {"rows": sum(erased.values())}
        record_audit(
            action="organisation.erased", subject=f"organisation/{tenant_id}", by=row.asked_by, now=now, details=details
        )
        certificate = issue_certificate(
            subject=f"organisation/{tenant_id}", name=tenant.name, asked_by=row.asked_by, asked_at=row.asked_at,
            erased=erased, kept=kept, id_=promised, now=now,
        )  # fmt: skip
        seal_head(now=now)
        Tenant.objects.filter(id=tenant_id).update(
            slug=tombstone(tenant_id), policy={}, brand={}, region="", state_reason=""
        )
        Erasure.objects.all().delete()
        Job.objects.all().delete()
        JobTicket.objects.filter(tenant_id=tenant_id).delete()
        told, document = list(row.told), canonical_json(certificate.document)
    remove_archives(tenant_id)  # of exports that were still being written
    _tell(tenant, promised, told, document)
    return {"certificate": str(certificate.id)}


def _tell(tenant: Tenant, certificate: UUID, told: list[str], document: bytes) -> None:
    """Send the certificate to each who owned the tenant, which is passed as it was: with the sender of its mails.

    The address in it works without an account.
    """
    path = reverse("erasure-certificate", args=[certificate_token(tenant.id, certificate)])
    body = (
        f"What {tenant.name} had on Outturn is erased. The certificate is attached: it says what was erased, what the "
        f"law makes us keep, and until when ({KEPT_YEARS} years). It stays at {settings.BASE_URL}{path}"
    )
    file = ("certificate.json", document, "application/json")
    send_to_all(tenant.brand, subject=f"{tenant.name} is erased", body=body, to=told, file=file)
