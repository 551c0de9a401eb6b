"""Answers that are given again to a repeated request."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scope.models import PerTenant, UniquePerTenant


class IdempotentAnswer(PerTenant):
    """What was answered to a request that carried an ``Idempotency-Key``; kept for a day."""

    key = models.CharField(max_length=255)
    actor = models.CharField(max_length=64)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField(null=True)
    created_at = models.DateTimeField()

    audited: ClassVar[bool] = False

    kept_by: ClassVar[tuple[str, str]] = ("answers", "created_at")
    exported: ClassVar[bool] = False

    class Meta:
        constraints = (UniquePerTenant(fields=("actor", "key"), name="one_answer_per_idempotency_key"),)

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"
