"""Dashboards, what they were before, and the views that end customers see them through."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from twins.composer.models import Twin
from twins.sharing.models import SharedView


class Dashboard(PerTenant):
    """Widgets on a grid that show one twin; its document is described in ``schemas.DashboardDocument``.

    `author` is the person or key it belongs to: others of the organisation see it once `is_shared`.
    """

    twin = TenantKey(Twin, models.CASCADE)
    name = models.CharField(max_length=120)
    document = models.JSONField(default=dict)
    revision = models.IntegerField(default=1)
    is_shared = models.BooleanField(default=False)
    author = models.UUIDField()
    made_by = models.CharField(max_length=254)
    made_at = models.DateTimeField()
    changed_by = models.CharField(max_length=254)
    changed_at = models.DateTimeField()

    twin_path: ClassVar[str] = "twin"
    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"document"})

    class Meta:
        ordering = ("name", "id")
        indexes = (models.Index(fields=("tenant", "twin"), name="dashboards_by_twin"),)

    def __str__(self) -> str:
        return self.name


class DashboardRevision(PerTenant):
    """A dashboard as it was saved once; the newest ones are kept."""

    twin = TenantKey(Twin, models.CASCADE)
    dashboard = TenantKey(Dashboard, models.CASCADE)
    revision = models.IntegerField()
    name = models.CharField(max_length=120)
    document = models.JSONField()
    made_by = models.CharField(max_length=254)
    made_at = models.DateTimeField()

    twin_path: ClassVar[str] = "twin"
    audited: ClassVar[bool] = False

    class Meta:
        ordering = ("-id",)
        constraints = (UniquePerTenant(fields=("dashboard", "revision"), name="one_revision_of_a_number"),)

    def __str__(self) -> str:
        return f"{self.name}, {self.revision}"


class DashboardShare(PerTenant):
    """A dashboard that an end customer's people see: the signals and the time of a shared view, nothing else."""

    twin = TenantKey(Twin, models.CASCADE)
    dashboard = TenantKey(Dashboard, models.CASCADE)
    view = TenantKey(SharedView, models.CASCADE)
    made_by = models.CharField(max_length=254)
    made_at = models.DateTimeField()

    twin_path: ClassVar[str] = "twin"

    class Meta:
        ordering = ("-id",)
        constraints = (UniquePerTenant(fields=("dashboard", "view"), name="shown_through_a_view_once"),)

    def __str__(self) -> str:
        return f"{self.dashboard} through {self.view}"
