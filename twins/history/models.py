"""What people note on the history of a twin."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scope.models import PerTenant, TenantKey
from twins.composer.models import Twin
from twins.history.schemas import MOST_TEXT


class Annotation(PerTenant):
    """A note at an instant, or over ``[start, end)``: on a signal, on an asset, or on the whole twin."""

    twin = TenantKey(Twin, models.CASCADE)
    asset = models.UUIDField(null=True, blank=True)
    key = models.CharField(max_length=64, blank=True)
    start = models.DateTimeField()
    end = models.DateTimeField(null=True, blank=True)
    text = models.CharField(max_length=MOST_TEXT)
    author = models.UUIDField()
    made_by = models.CharField(max_length=254)
    made_at = models.DateTimeField()

    twin_path: ClassVar[str] = "twin"

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("tenant", "twin", "start"), name="annotations_by_twin"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(end=None) | models.Q(end__gt=models.F("start")), name="annotation_ends_after_start"
            ),
        )

    def __str__(self) -> str:
        return self.text
