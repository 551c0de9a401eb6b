"""Reports as they were delivered: what the end customer gets for a statement, who is told, and who else reads it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from billing.statements.models import Statement
from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody, ReferenceTable


class Report(AppendOnly, PerTenant):
    """The proof bundle of a statement and the document made of it; `head_size` is the log's size it is proven under."""

    statement = TenantKey(Statement, models.PROTECT, related_name="reports")
    customer = TenantKey("tenants.Customer", models.PROTECT)
    head_size = models.PositiveBigIntegerField()
    fingerprint = models.CharField(max_length=64)
    bundle = models.BinaryField()
    bundle_sha256 = models.CharField(max_length=64)
    pdf = models.BinaryField()
    pdf_sha256 = models.CharField(max_length=64)
    made_by = models.CharField(max_length=254)
    made_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("-id",)
        constraints = (UniquePerTenant(fields=("statement",), name="one_report_per_statement"),)
        indexes = (models.Index(fields=("tenant", "made_at", "id"), name="report_by_age"),)

    def __str__(self) -> str:
        return f"report on {self.statement_id}"


class ReportLink(PerTenant):
    """An address under which one report is read without signing in, until it expires or is revoked.

    `customer` is the end customer whose people made it, empty for the organisation's own. Of the token in the address
    only a digest is kept (`ReportLinkDigest`).
    """

    report = TenantKey(Report, models.CASCADE, related_name="links")
    customer = TenantKey("tenants.Customer", models.CASCADE, null=True)
    name = models.CharField(max_length=120)
    made_by = models.CharField(max_length=254)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("tenant", "report"), name="report_links_of_report"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("made_at")), name="a_report_link_expires_after_it_is_made"
            ),
        )

    def __str__(self) -> str:
        return self.name


class ReportLinkDigest(ReferenceTable, models.Model):
    """Which link a token with this digest is of."""

    digest = models.CharField(max_length=64, primary_key=True)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    link = models.UUIDField(db_index=True)

    audited: ClassVar[bool] = False
    secret_fields: ClassVar[frozenset[str]] = frozenset({"digest"})

    def __str__(self) -> str:
        return f"{self.digest[:8]}…"


class ReportOpening(AppendOnly, PerTenant):
    """That something of a report was taken by a link: from which network, by which program."""

    link = TenantKey(ReportLink, models.CASCADE, related_name="openings")
    what = models.CharField(max_length=20)
    at = models.DateTimeField()
    network = models.CharField(max_length=50, blank=True)
    program = models.CharField(max_length=90, blank=True)

    audited: ClassVar[bool] = False

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("tenant", "link"), name="report_openings_of_link"),)

    def __str__(self) -> str:
        return f"{self.what} at {self.at}"
