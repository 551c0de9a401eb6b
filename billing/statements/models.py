"""Statements, the differences between their versions, and where those were charged."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from billing.contracts.models import Contract, ContractVersion
from billing.outcomes.models import OutcomeRun
from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody


class Statement(AppendOnly, PerTenant):
    """What a period of a contract comes to, sealed; a later version is one of the whole period.

    `credits_minor` is what its clauses credit after caps (null: sealed before it was kept, and told by the run).
    """

    contract = TenantKey(Contract, models.PROTECT)
    contract_version = TenantKey(ContractVersion, models.PROTECT)
    run = TenantKey(OutcomeRun, models.PROTECT)
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    version = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    credits_minor = models.BigIntegerField(null=True)
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    sealed_by = models.CharField(max_length=254)
    sealed_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("-period_start", "-version", "-id")
        constraints = (
            UniquePerTenant(fields=("contract", "period_start", "version"), name="statement_version_per_period"),
        )
        indexes = (
            models.Index(fields=("tenant", "digest"), name="statement_by_digest"),
            models.Index(fields=("tenant", "period_start", "id"), name="statement_by_period"),
            models.Index(fields=("tenant", "sealed_at", "id"), name="statement_by_age"),
            models.Index(fields=("tenant", "total_minor", "id"), name="statement_by_total"),
        )

    def __str__(self) -> str:
        return f"statement {self.period_start:%Y-%m} v{self.version}"


class Adjustment(AppendOnly, PerTenant):
    """What a clause, or the fee, comes to more in a statement than in the version it replaces.

    `kind` is `fee` or `clause` (empty: made before it was kept; then `fee` is the fee).
    """

    statement = TenantKey(Statement, models.PROTECT)
    replaced = TenantKey(Statement, models.PROTECT)
    kind = models.CharField(max_length=6, default="")
    clause = models.CharField(max_length=200)
    minor = models.BigIntegerField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        constraints = (UniquePerTenant(fields=("statement", "kind", "clause"), name="one_adjustment_per_clause"),)

    def __str__(self) -> str:
        return f"{self.clause} {self.minor:+d}"


class ChargedAdjustment(AppendOnly, PerTenant):
    """The statement in which an adjustment stands as a line: one, for ever."""

    adjustment = TenantKey(Adjustment, models.PROTECT)
    statement = TenantKey(Statement, models.PROTECT)

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        constraints = (UniquePerTenant(fields=("adjustment",), name="adjustment_charged_once"),)

    def __str__(self) -> str:
        return f"{self.adjustment_id} in {self.statement_id}"


class SettlementWait(PerTenant):
    """A period that did not settle by itself: what is in the way, and when that was looked at last."""

    contract = TenantKey(Contract, models.CASCADE)
    period_start = models.DateTimeField()
    why = models.CharField(max_length=1000)
    looked_at = models.DateTimeField()

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"why", "looked_at"})

    class Meta:
        constraints = (UniquePerTenant(fields=("contract", "period_start"), name="one_wait_per_month"),)

    def __str__(self) -> str:
        return self.why


class LateEvidence(PerTenant):
    """What came in of a period after its statement was sealed, and what became of it.

    `received_at` is when the newest of it came and `found_at` when that was found, null while nothing was; `rated_at`
    when the period was rated again last, or that was tried; `why` is what is in the way of its being rated again by
    itself, empty where nothing is. `told_at` is when administrators were told.
    """

    contract = TenantKey(Contract, models.CASCADE)
    period_start = models.DateTimeField()
    received_at = models.DateTimeField(null=True)
    found_at = models.DateTimeField(null=True)
    rated_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=1000, blank=True)

    audited: ClassVar[bool] = False  # what comes of it is: a statement's new version, or that one waits

    class Meta:
        constraints = (UniquePerTenant(fields=("contract", "period_start"), name="late_evidence_once_per_period"),)

    def __str__(self) -> str:
        return f"late evidence of {self.period_start:%Y-%m}"


class EvidenceLook(PerTenant):
    """Up to where evidence was looked through for what came late: commits of readings, and the moment of the rest."""

    commit = models.BigIntegerField(default=0)
    looked_at = models.DateTimeField(null=True)

    audited: ClassVar[bool] = False

    class Meta:
        constraints = (UniquePerTenant(fields=(), name="one_evidence_look_per_tenant"),)

    def __str__(self) -> str:
        return f"commit {self.commit}"
