"""Models and predictions: asked for, and stored once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from analytics.health.histories import fleet_of
from analytics.health.models import ModelVersion
from analytics.health.models import Prediction as PredictionRow
from analytics.health.requests import PredictRequest, TrainRequest
from analytics.health.schemas import Artifact, HealthError, Prediction
from analytics.health.selectors import model as model_by_id
from analytics.health.selectors import models, newest_model
from tenants.jobs.models import Job
from tenants.jobs.services import start_job
from tenants.kernel.ids import new_id
from tenants.record.services import record_audit

TRAIN_JOB, PREDICT_JOB = "health.train", "health.predict"
_DRIVERS = 8


def start_training(*, request: TrainRequest, by: str, now: datetime) -> Job:
    """Ask for a model.

    Raises:
        TwinNotFoundError: The tenant has no such twin.
        HealthError: The twin has nothing to learn from.
    """
    asset_type = fleet_of(request.twin).asset_type
    if request.fleet is not None and fleet_of(request.fleet).asset_type != asset_type:
        raise HealthError(
            f"The fleet is not of the type {asset_type}, which the histories are of.", place="fleet",
            fix="Choose a fleet of the same type.",
        )  # fmt: skip
    params = {"request": request.model_dump(mode="json"), "by": by}
    return start_job(kind=TRAIN_JOB, params=params, by=by, now=now)


def start_predicting(*, request: PredictRequest, by: str, now: datetime) -> Job:
    """Ask for predictions.

    Raises:
        TwinNotFoundError: The tenant has no such twin.
        ModelNotFoundError: The tenant has no such model, or none yet for assets of this type.
        HealthError: The twin has no assets to predict for, or the model is of another type.
    """
    model_for(request)
    params = {"request": request.model_dump(mode="json"), "by": by}
    return start_job(kind=PREDICT_JOB, params=params, by=by, now=now)


def model_for(request: PredictRequest) -> ModelVersion:
    """The model that predictions are made with.

    Raises:
        TwinNotFoundError: The tenant has no such twin.
        ModelNotFoundError: The tenant has no such model.
        HealthError: There is none for the type of the twin's assets, or the one asked for is of another type.
    """
    asset_type = fleet_of(request.twin).asset_type
    found = newest_model({asset_type}) if request.model is None else model_by_id(request.model)
    if found is None or found.asset_type != asset_type:
        raise HealthError(
            f"No model is of the type {asset_type}." if found is None else f"The model is of {found.asset_type}.",
            place="model", fix=f"Train a model on histories of {asset_type}.",
        )  # fmt: skip
    return found


def store_model(
    *, twin: UUID, asset_type: str, artifact: Artifact, metrics: Mapping[str, Any], by: str, now: datetime
) -> ModelVersion:
    """Keep a trained model; the same one, trained again, is the one that is there."""
    known = models().filter(twin=twin, digest=artifact.digest).first()
    if known is not None:
        return known
    row = ModelVersion.objects.create(
        twin_id=twin, asset_type=asset_type, metadata=artifact.metadata, metrics=dict(metrics),
        artifact=artifact.payload, digest=artifact.digest, trained_by=by, trained_at=now,
    )  # fmt: skip
    record_audit(action="model.trained", subject=f"model/{row.id}", by=by, now=now, details={"digest": row.digest})
    return row


def store_predictions(
    *, twin: UUID, model: UUID, as_of: datetime, predictions: Mapping[UUID, Prediction],
    since: Mapping[UUID, datetime | None], now: datetime,
) -> int:  # fmt: skip
    """Keep predictions by asset, those that are there already as they are; how many assets have one now.

    Args:
        twin: Whose assets.
        model: Which model said so.
        as_of: Only readings before it counted.
        predictions: By asset.
        since: By asset, when it was last restored; None where its first life goes on.
        now: When.
    """
    rows = [
        PredictionRow(
            id=new_id(), twin_id=twin, asset=asset, model_id=model, as_of=as_of, value=each.value, low=each.low,
            high=each.high, coverage=each.coverage, cap=each.cap, beyond_share=round(each.beyond_share, 6),
            beyond_mean=round(each.beyond_mean, 3), flights=each.cycle, since=since[asset], drivers=_drivers(each),
            predicted_at=now,
        )
        for asset, each in predictions.items()
    ]  # fmt: skip
    PredictionRow.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _drivers(prediction: Prediction) -> list[dict[str, Any]]:
    return [
        {
            "signal": driver.signal,
            "flights": round(driver.cycles, 3),
            "direction": driver.direction,
            "feature": driver.feature,
            "deviation": None if driver.deviation is None else round(driver.deviation, 3),
            "text": driver.text,
        }
        for driver in prediction.drivers[:_DRIVERS]
    ]
