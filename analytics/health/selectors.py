"""Models and predictions to read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from analytics.health.models import ModelVersion, Prediction
from analytics.health.schemas import Artifact
from tenants.kernel.errors import NotFoundError

_SHOWN = (
    "twin", "asset", "as_of", "value", "low", "high", "coverage", "cap", "beyond_share", "beyond_mean", "flights",
    "since", "drivers", "predicted_at", "model",
)  # fmt: skip


class ModelNotFoundError(NotFoundError):
    """The tenant has no such model."""

    code = "health.model_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such model.", place="model", fix="Choose one from the list of models, or train.")


def models() -> QuerySet[ModelVersion]:
    """The models of the tenant in scope, newest first, without their bytes."""
    return ModelVersion.objects.select_related("twin").defer("artifact", "twin__draft")


def model(model_id: UUID) -> ModelVersion:
    """One model, without its bytes.

    Raises:
        ModelNotFoundError: The tenant has no such model.
    """
    found = models().filter(id=model_id).first()
    if found is None:
        raise ModelNotFoundError
    return found


def stored_model(model_id: UUID) -> Artifact:
    """A model with its bytes, to be used.

    Raises:
        ModelNotFoundError: The tenant has no such model.
    """
    found = ModelVersion.objects.filter(id=model_id).first()
    if found is None:
        raise ModelNotFoundError
    return Artifact(found.metadata, bytes(found.artifact), found.digest)


def newest_model(asset_types: set[str]) -> ModelVersion | None:
    """The newest model of assets of these types."""
    return models().filter(asset_type__in=asset_types).first()


def predictions() -> QuerySet[Prediction]:
    """Every prediction, newest first, with its model (without the model's bytes)."""
    return Prediction.objects.select_related("model").only(
        *_SHOWN, "model__digest", "model__asset_type", "model__trained_at"
    )


def latest_predictions(twin: UUID, *, until: datetime | None = None) -> QuerySet[Prediction]:
    """The newest prediction of each asset of a twin, in one query.

    Args:
        twin: The twin.
        until: Of those made for this moment or an earlier one; of all when None.
    """
    found = predictions().filter(twin=twin)
    if until is not None:
        found = found.filter(as_of__lte=until)
    return found.order_by("asset", "-as_of", "-id").distinct("asset")


def latest_of(twin: UUID, assets: Collection[UUID]) -> QuerySet[Prediction]:
    """The newest predictions of some assets of a twin, to be narrowed and sorted."""
    newest = Prediction.objects.filter(twin=twin).order_by("asset", "-as_of", "-id").distinct("asset").values("id")
    return predictions().filter(id__in=newest, asset__in=assets)


def twins_predicted() -> QuerySet[Prediction, UUID]:
    """The twins of which anything was predicted."""
    return Prediction.objects.order_by().values_list("twin_id", flat=True).distinct()


def all_latest_predictions() -> QuerySet[Prediction]:
    """The newest prediction of each asset of every twin, in one query."""
    return predictions().order_by("twin_id", "asset", "-as_of", "-id").distinct("twin_id", "asset")


def is_outdated(prediction: Prediction, renewed: datetime | None) -> bool:
    """Whether a prediction is of a life before the one that began when its asset was last restored."""
    return prediction.since != renewed


def predictions_of(asset: UUID) -> QuerySet[Prediction]:
    """The predictions of one asset, the latest first."""
    return predictions().filter(asset=asset).order_by("-as_of", "-id")
