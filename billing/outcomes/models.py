"""Exclusions, decisions about them, and outcome runs: each row is one document, written once."""

from __future__ import annotations

from typing import ClassVar, Literal

from django.db import models

from billing.contracts.models import Contract, ContractVersion
from tenants.scope.documents import DocumentField
from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody

Verdict = Literal["approved", "declined", "withdrawn"]


class Exclusion(AppendOnly, PerTenant):
    """A claim that a span is not to count for some assets; without a contract it concerns all that are about them.

    One of which nobody has said anything by `objection_until` counts as approved at that moment (null: never so).
    """

    contract = TenantKey(Contract, models.PROTECT, null=True)
    category = models.CharField(max_length=200)
    start = models.DateTimeField()
    end = models.DateTimeField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    claimed_by = models.CharField(max_length=254)
    claimed_at = models.DateTimeField()
    objection_until = models.DateTimeField(null=True)

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("-start", "-id")
        indexes = (
            models.Index(fields=("tenant", "start"), name="exclusion_by_start"),
            models.Index(fields=("tenant", "digest"), name="exclusion_by_digest"),
        )

    def __str__(self) -> str:
        return f"{self.category} from {self.start}"


class ExclusionDecision(AppendOnly, PerTenant):
    """What was decided about a claim, by whom and why: approved or declined once, and withdrawn once."""

    exclusion = TenantKey(Exclusion, models.PROTECT, related_name="decisions")
    approved = models.BooleanField()
    withdrawn = models.BooleanField(default=False)
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    decided_by = models.CharField(max_length=254)
    decided_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("withdrawn", "id")
        constraints = (UniquePerTenant(fields=("exclusion", "withdrawn"), name="one_decision_and_one_withdrawal"),)
        indexes = (models.Index(fields=("tenant", "digest"), name="decision_by_digest"),)

    def __str__(self) -> str:
        return f"{self.verdict} by {self.decided_by}"

    @property
    def verdict(self) -> Verdict:
        """What was decided."""
        if self.withdrawn:
            return "withdrawn"
        return "approved" if self.approved else "declined"


class Correction(AppendOnly, PerTenant):
    """What a dispute found an asset to have been for a span; like any report it holds over what was received before it.

    It counts under the contract that it was disputed under, and under no other.
    """

    contract = TenantKey(Contract, models.PROTECT)
    asset = models.UUIDField()
    start = models.DateTimeField()
    end = models.DateTimeField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    decided_by = models.CharField(max_length=254)
    decided_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("decided_at", "id")
        indexes = (
            models.Index(fields=("tenant", "contract", "start"), name="correction_by_start"),
            models.Index(fields=("tenant", "digest"), name="correction_by_digest"),
        )

    def __str__(self) -> str:
        return f"{self.asset} {self.document['state']} from {self.start}"


class AssumedEvidence(AppendOnly, PerTenant):
    """Evidence of a world that did not happen: what a what-if was rated on."""

    digest = models.CharField(max_length=64)
    document = DocumentField()

    class Meta:
        constraints = (UniquePerTenant(fields=("digest",), name="assumed_evidence_by_digest"),)

    def __str__(self) -> str:
        return f"assumed evidence {self.digest}"


class OutcomeRun(AppendOnly, PerTenant):
    """A contract rated for a period on what was known at `as_of`; with an `assumption` it is a what-if, never billed.

    `evidence` has the digest of each asset's evidence; `document` is what is logged.
    """

    contract_version = TenantKey(ContractVersion, models.PROTECT)
    assumption = models.CharField(max_length=200, blank=True)
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    as_of = models.DateTimeField()
    total_minor = models.BigIntegerField()
    document = DocumentField()
    digest = models.CharField(max_length=64)
    run_by = models.CharField(max_length=254)
    run_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("-run_at", "-id")
        constraints = (UniquePerTenant(fields=("digest",), name="outcome_run_by_digest"),)
        indexes = (models.Index(fields=("tenant", "contract_version", "period_start"), name="outcome_run_by_period"),)

    def __str__(self) -> str:
        return f"run of {self.period_start:%Y-%m} as of {self.as_of}"
