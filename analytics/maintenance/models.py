"""Plans that people decide about, and the work that an approved one orders."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import AppendOnly


class PlanState(models.TextChoices):
    """What has been decided about a plan."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class Plan(PerTenant):
    """The shop visits proposed for a twin's assets over `[start, end)`; of each twin at most one waits for a decision.

    `assumptions` is what was asked, `problem` the document that was solved (its SHA-256 is `problem_digest`).
    `visits`, `deferrals` (no visit, and why), `left_out` (not planned at all, and why) and `standing` (visits that an
    earlier plan had ordered) are what people read; `digest` is over them. `bound_minor` is what no plan can cost less
    than, `gap` how far the cost is above it, both unknown where nothing was proved.
    """

    twin = TenantKey("twins.Twin", models.PROTECT)
    state = models.CharField(max_length=10, choices=PlanState.choices, default=PlanState.PROPOSED)
    start = models.DateTimeField()
    end = models.DateTimeField()
    currency = models.CharField(max_length=3)
    assumptions = models.JSONField()
    problem = models.JSONField()
    problem_digest = models.CharField(max_length=64)
    visits = models.JSONField()
    deferrals = models.JSONField()
    left_out = models.JSONField()
    standing = models.JSONField()
    findings = models.JSONField()
    terms = models.JSONField()
    digest = models.CharField(max_length=64)
    outcome = models.CharField(max_length=20)
    cost_minor = models.BigIntegerField()
    bound_minor = models.BigIntegerField(null=True)
    gap = models.FloatField(null=True)
    engine = models.CharField(max_length=60)
    solved_in_s = models.FloatField()
    made_by = models.CharField(max_length=254)
    made_at = models.DateTimeField()
    decided_by = models.CharField(max_length=254, blank=True)
    decided_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=500, blank=True)

    twin_path: ClassVar[str] = "twin"

    class Meta:
        ordering = ("-id",)
        constraints = (
            UniquePerTenant(fields=("twin",), condition=models.Q(state="proposed"), name="one_proposed_plan_per_twin"),
        )
        indexes = (
            models.Index(fields=("tenant", "made_at", "id"), name="plan_by_age"),
            models.Index(fields=("tenant", "start", "id"), name="plan_by_start"),
            models.Index(fields=("tenant", "cost_minor", "id"), name="plan_by_cost"),
        )

    def __str__(self) -> str:
        return f"{self.state} plan from {self.start}"


class WorkOrder(AppendOnly, PerTenant):
    """A visit that an approved plan ordered: the asset stands in the bay over `[start, end)` for a maintenance task.

    It is taken out of service at `removal`, at or before the start. `exclusions` are the claims that the visit is
    planned downtime, one for each contract about the asset that excludes it. It stands unless it was cancelled.
    """

    plan = TenantKey(Plan, models.PROTECT)
    twin = TenantKey("twins.Twin", models.PROTECT)
    asset = models.UUIDField()
    name = models.CharField(max_length=200)
    task = models.CharField(max_length=64)
    bay = models.CharField(max_length=60)
    removal = models.DateTimeField()
    start = models.DateTimeField()
    end = models.DateTimeField()
    exclusions = models.JSONField()
    ordered_by = models.CharField(max_length=254)
    ordered_at = models.DateTimeField()

    twin_path: ClassVar[str] = "twin"

    class Meta:
        ordering = ("start", "id")
        constraints = (UniquePerTenant(fields=("plan", "asset"), name="order_once_per_plan"),)
        indexes = (models.Index(fields=("tenant", "twin", "end"), name="order_by_end"),)

    def __str__(self) -> str:
        return f"{self.task} of {self.name} from {self.start}"


class OrderCancellation(AppendOnly, PerTenant):
    """A visit that does not take place, and why: written once, beside the order that stays as it was."""

    order = TenantKey(WorkOrder, models.PROTECT, related_name="cancellations")
    why = models.CharField(max_length=500)
    cancelled_by = models.CharField(max_length=254)
    cancelled_at = models.DateTimeField()

    class Meta:
        constraints = (UniquePerTenant(fields=("order",), name="cancel_order_once"),)

    def __str__(self) -> str:
        return f"cancelled by {self.cancelled_by}: {self.why}"
