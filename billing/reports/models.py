"""Reports: what the end customer gets for a statement, kept as it was delivered."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from billing.statements.models import Statement
from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody


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
