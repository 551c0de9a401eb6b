"""How far the steps that follow the readings have come."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scope.models import PerTenant, UniquePerTenant


class Watermark(PerTenant):
    """How far one step has come in one tenant's commits of readings.

    Attributes:
        step: Its name.
        upto: The count of the last commit it has seen.
        wanted_at: When it wants to be called though nothing is new, or None.
    """

    step = models.CharField(max_length=64)
    upto = models.BigIntegerField(default=0)
    wanted_at = models.DateTimeField(null=True)

    audited: ClassVar[bool] = False
    exported: ClassVar[bool] = False

    class Meta:
        constraints = (UniquePerTenant(fields=("step",), name="watermark_per_step"),)

    def __str__(self) -> str:
        return f"{self.step} up to {self.upto}"
