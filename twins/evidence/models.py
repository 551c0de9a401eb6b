"""Evidence that is kept: what people said of assets, and the states that were sealed; all of it written once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scope.documents import DocumentField
from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody
from twins.composer.models import Twin
from twins.evidence.domain.items import EventKind

EVENT_KINDS = [(kind.value, kind.value) for kind in EventKind]


class AssetEvent(AppendOnly, PerTenant):
    """Something that happened to an asset, as its source said it; a source gives each event a reference of its own.

    `at` has whole milliseconds, as all evidence does.
    """

    twin = TenantKey(Twin, models.PROTECT)
    asset = models.UUIDField()
    kind = models.CharField(max_length=16, choices=EVENT_KINDS)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    source = models.CharField(max_length=120)
    reference = models.CharField(max_length=200)
    note = models.CharField(max_length=500, blank=True)

    twin_path: ClassVar[str] = "twin"

    class Meta:
        ordering = ("-id",)
        constraints = (UniquePerTenant(fields=("source", "reference"), name="event_once_per_source"),)
        indexes = (
            models.Index(fields=("tenant", "asset", "at"), name="event_by_asset"),
            models.Index(fields=("tenant", "received_at"), name="event_by_arrival"),
        )

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"


class EvidenceSegment(AppendOnly, PerTenant):
    """The sealed evidence of one asset for `[start, end)`; evidence that comes in late makes another revision.

    `document` is what `twins.evidence.domain.documents` makes, `digest` the SHA-256 of its canonical JSON. `watermark`
    counts the commits of readings that it is sure to have seen.
    """

    twin = TenantKey(Twin, models.PROTECT)
    asset = models.UUIDField()
    start = models.DateTimeField()
    end = models.DateTimeField()
    revision = models.PositiveIntegerField()
    document = DocumentField()
    digest = models.CharField(max_length=64)
    watermark = models.BigIntegerField()
    sealed_at = models.DateTimeField()

    twin_path: ClassVar[str] = "twin"

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("-id",)
        constraints = (
            UniquePerTenant(fields=("twin", "start", "end", "asset", "revision"), name="revision_per_segment"),
        )

    def __str__(self) -> str:
        return f"revision {self.revision} of {self.asset} from {self.start}"


class SiteRecord(AppendOnly, PerTenant):
    """The batches that sites sealed and that sealed evidence of a twin rests on: what segments name in `relies_on`.

    `document` is what `twins.evidence.domain.sites` makes, `digest` the SHA-256 of its canonical JSON.
    """

    twin = TenantKey(Twin, models.PROTECT)
    document = DocumentField()
    digest = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    twin_path: ClassVar[str] = "twin"

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("-id",)
        constraints = (UniquePerTenant(fields=("twin", "digest"), name="site_record_by_digest"),)

    def __str__(self) -> str:
        return f"site record {self.digest}"
