"""Trained models and what they predicted: both written once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import AppendOnly


class ModelVersion(AppendOnly, PerTenant):
    """A trained model of remaining life: `artifact` is the fitted model, `metadata` says on what and how it learnt.

    `digest` is over the metadata, which holds the SHA-256 of the artifact: the same histories, configuration and seed
    give the same version. `twin` is the one whose histories it learnt from, `metrics` how well it does on histories
    that it was not shown.
    """

    twin = TenantKey("twins.Twin", models.PROTECT)
    asset_type = models.CharField(max_length=74)
    metadata = models.JSONField()
    metrics = models.JSONField()
    artifact = models.BinaryField()
    digest = models.CharField(max_length=64)
    trained_by = models.CharField(max_length=254)
    trained_at = models.DateTimeField()

    twin_path: ClassVar[str] = "twin"

    class Meta:
        ordering = ("-id",)
        constraints = (UniquePerTenant(fields=("twin", "digest"), name="model_by_digest"),)

    def __str__(self) -> str:
        return f"model {self.digest[:8]} of {self.asset_type}"


class Prediction(AppendOnly, PerTenant):
    """The remaining life of one asset in flights, as one model saw it from what was read before `as_of`.

    `[low, high]` holds the truth in a share `coverage` of cases; from the model's `cap` on it means "at least so many",
    and of lives of which the model spoke alike a share `beyond_share` reached the cap and lasted `beyond_mean` flights
    longer on average. `flights` is how many had been flown, `since` when a shop visit or repair made them begin anew
    (null for the first reading); `drivers` says what moved the value, most first.
    """

    twin = TenantKey("twins.Twin", models.PROTECT)
    asset = models.UUIDField()
    model = TenantKey(ModelVersion, models.PROTECT)
    as_of = models.DateTimeField()
    value = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    coverage = models.FloatField()
    cap = models.FloatField(null=True)
    beyond_share = models.FloatField(null=True)
    beyond_mean = models.FloatField(null=True)
    flights = models.PositiveIntegerField()
    since = models.DateTimeField(null=True)
    drivers = models.JSONField()
    predicted_at = models.DateTimeField()

    twin_path: ClassVar[str] = "twin"

    class Meta:
        ordering = ("-id",)
        constraints = (UniquePerTenant(fields=("twin", "asset", "model", "as_of"), name="prediction_once"),)
        indexes = (models.Index(fields=("tenant", "twin", "asset", "-as_of"), name="prediction_newest"),)

    def __str__(self) -> str:
        return f"{self.value:.0f} flights as of {self.as_of}"
