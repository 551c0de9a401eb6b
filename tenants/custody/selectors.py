"""What was asked about the tenant's data, to read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.core import signing
from django.db.models import QuerySet

from tenants.custody.models import Certificate, Erasure, Export, RetentionPolicy, TrashItem
from tenants.kernel.errors import ConflictError, NotFoundError
from tenants.scope.models import Tenant

_CERTIFICATE = "custody.certificate"


class ExportNotReadyError(ConflictError):
    """The archive is still being written, or it was swept."""

    code = "export.not_ready"


def exports() -> QuerySet[Export]:
    """The archives that were asked for, newest first."""
    return Export.objects.all()


def export(export_id: UUID) -> Export:
    """One archive.

    Raises:
        NotFoundError: The tenant has no such archive.
    """
    found = Export.objects.filter(id=export_id).first()
    if found is None:
        raise NotFoundError("There is no such export.", place="export", fix="Choose one from the list of exports.")
    return found


def ready_export(export_id: UUID) -> Export:
    """One archive that can be fetched.

    Raises:
        NotFoundError: The tenant has no such archive.
        ExportNotReadyError: It is not written yet.
    """
    found = export(export_id)
    if found.ready_at is None:
        raise ExportNotReadyError(
            "The archive is not ready.", place="export", fix="Wait for its job to end, or ask for another one."
        )
    return found


def trash() -> QuerySet[TrashItem]:
    """What lies in the trash, newest first."""
    return TrashItem.objects.all()


def policy() -> RetentionPolicy:
    """How long the tenant keeps what; the defaults, not saved, until it says so itself."""
    return RetentionPolicy.objects.first() or RetentionPolicy()


def readings_gone_before() -> datetime | None:
    """Before when readings of the tenant in scope may be gone; None when all there ever were are kept."""
    return RetentionPolicy.objects.values_list("gone_before", flat=True).first()


def erasure() -> Erasure | None:
    """The wish to erase the tenant, if there is one."""
    return Erasure.objects.first()


def tombstone(tenant: UUID) -> str:
    """The address of an organisation that was erased."""
    return f"erased-{tenant}"


def living_tenants() -> Iterator[UUID]:
    """The organisations that were not erased."""
    rows = Tenant.objects.order_by("id").values_list("id", "slug").iterator()
    return (tenant for tenant, slug in rows if slug != tombstone(tenant))


def is_living(tenant: UUID) -> bool:
    """Whether an organisation is there and was not erased."""
    return Tenant.objects.filter(id=tenant).exclude(slug=tombstone(tenant)).exists()


def certificates() -> QuerySet[Certificate]:
    """What was erased, newest first."""
    return Certificate.objects.all()


def certificate(certificate_id: UUID) -> Certificate:
    """One certificate.

    Raises:
        NotFoundError: There is none of this id.
    """
    found = Certificate.objects.filter(id=certificate_id).first()
    if found is None:
        raise NotFoundError("There is no such certificate.", place="certificate", fix="Open it from the page Data.")
    return found


def certificate_token(tenant: UUID, certificate_id: UUID) -> str:
    """What lets its holder fetch a certificate when there is nobody left who could sign in."""
    return signing.dumps([str(tenant), str(certificate_id)], salt=_CERTIFICATE)


def certificate_named(token: str) -> tuple[UUID, UUID] | None:
    """The tenant and the certificate of a token; None for one that we have not made."""
    try:
        tenant, certificate_id = signing.loads(token, salt=_CERTIFICATE)
    except signing.BadSignature:
        return None
    return UUID(tenant), UUID(certificate_id)
