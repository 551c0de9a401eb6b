"""Disputes about statements: what is said, attached and decided is written once and logged."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from billing.contracts.models import Contract
from billing.statements.models import Statement
from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import AppendOnly, Custody


class Dispute(AppendOnly, PerTenant):
    """What a customer holds to have been otherwise than a statement says: an interval of some assets.

    `side` says who opened it, for a customer can ask by telephone. Until `closes_at`, the end of the correction window,
    a decision in its favour changes the statement.
    """

    statement = TenantKey(Statement, models.PROTECT, related_name="disputes")
    contract = TenantKey(Contract, models.PROTECT)
    customer = TenantKey("tenants.Customer", models.PROTECT)
    clause = models.CharField(max_length=200, blank=True)
    held = models.CharField(max_length=10)
    start = models.DateTimeField()
    end = models.DateTimeField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    side = models.CharField(max_length=10)
    opened_by = models.CharField(max_length=254)
    opened_at = models.DateTimeField()
    closes_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("-opened_at", "-id")
        indexes = (
            models.Index(fields=("tenant", "opened_at", "id"), name="dispute_by_age"),
            models.Index(fields=("tenant", "statement"), name="dispute_by_statement"),
            models.Index(fields=("tenant", "customer", "opened_at"), name="dispute_by_customer"),
        )

    def __str__(self) -> str:
        return f"dispute about {self.statement_id}"


class DisputeMessage(AppendOnly, PerTenant):
    """What one side said."""

    dispute = TenantKey(Dispute, models.PROTECT, related_name="messages")
    side = models.CharField(max_length=10)
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    said_by = models.CharField(max_length=254)
    said_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("said_at", "id")
        indexes = (models.Index(fields=("tenant", "dispute", "said_at"), name="message_by_dispute"),)

    def __str__(self) -> str:
        return f"{self.side} at {self.said_at}"


class DisputeFile(AppendOnly, PerTenant):
    """A file that came with a message, or with the dispute itself when it has none."""

    dispute = TenantKey(Dispute, models.PROTECT, related_name="files")
    message = TenantKey(DisputeMessage, models.PROTECT, null=True, related_name="files")
    name = models.CharField(max_length=100)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    added_by = models.CharField(max_length=254)
    added_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY
    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("tenant", "dispute"), name="dispute_file_by_dispute"),)

    def __str__(self) -> str:
        return self.name


class DisputeDecision(AppendOnly, PerTenant):
    """A step of a dispute (`billing.disputes.domain.steps`); `number` counts those of a dispute from one."""

    dispute = TenantKey(Dispute, models.PROTECT, related_name="decisions")
    number = models.PositiveIntegerField()
    verdict = models.CharField(max_length=10)
    side = models.CharField(max_length=10)
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    decided_by = models.CharField(max_length=254)
    decided_at = models.DateTimeField()

    custody: ClassVar[Custody] = Custody.MONEY

    class Meta:
        ordering = ("number",)
        constraints = (UniquePerTenant(fields=("dispute", "number"), name="one_step_at_a_time"),)

    def __str__(self) -> str:
        return f"{self.verdict} by {self.decided_by}"

    @property
    def effect(self) -> dict[str, Any] | None:
        """What it offers or does to what is rated, as its document says it."""
        found: dict[str, Any] | None = self.document["effect"]
        return found
