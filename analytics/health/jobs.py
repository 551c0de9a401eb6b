"""Training and predicting as jobs: read in a short scope, compute outside of any, write in another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.health.domain.artifact import from_artifact, to_artifact
from analytics.health.domain.model import predict
from analytics.health.domain.training import train
from analytics.health.histories import fleet_of, lives
from analytics.health.requests import LATEST, PredictRequest, TrainRequest
from analytics.health.schemas import HealthError, RulConfig
from analytics.health.selectors import stored_model
from analytics.health.services import model_for, start_predicting, store_model, store_predictions
from tenants.jobs.registry import Reporter
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope

_READ, _STORE = 0.05, 0.98


def train_health_model(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Train a model on the run-to-failure histories of a twin; the result names it.

    Raises:
        JobCancelledError: A person has cancelled it; nothing is stored.
        HealthError: There is nothing to learn from.
    """
    request = TrainRequest.model_validate(params["request"])
    reporter.progress(0.0, "Reading the histories")
    with scope(reporter.tenant):
        fleet = fleet_of(request.twin)
        ended = lives(fleet, (*fleet.settings, *fleet.signals), LATEST, ended=True)
    if not ended:
        raise HealthError(
            "None of the twin's assets has a reading.", place="twin", fix="Bind its signals and send their histories."
        )
    config = RulConfig(
        signals=fleet.signals, settings=fleet.settings, cap=request.cap, folds=request.folds, rounds=request.rounds
    )
    model = train(
        [life.history for life in ended.values()], config, seed=request.seed,
        progress=lambda share, message: reporter.progress(_READ + (_STORE - _READ) * share, message),
    )  # fmt: skip
    artifact, now = to_artifact(model), utc_now()
    with scope(reporter.tenant):
        row = store_model(
            twin=request.twin, asset_type=fleet.asset_type, artifact=artifact, metrics=metrics_of(model.training),
            by=params["by"], now=now,
        )  # fmt: skip
        if request.fleet is not None:
            follow = PredictRequest(twin=request.fleet, model=row.id, as_of=request.as_of or now)
            start_predicting(request=follow, by=params["by"], now=now)
        return {"model": str(row.id), "units": len(ended)}


def metrics_of(training: Mapping[str, Any]) -> dict[str, Any]:
    """How well a model does on assets that it was not shown, in flights."""
    return dict(training["out_of_fold"])


def predict_health(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Predict the remaining life of every asset of a twin that has readings since it was last restored.

    The result counts them, and those that wait for their first flight.

    Raises:
        JobCancelledError: A person has cancelled it; nothing is stored.
        HealthError: There is no model, or no asset with such readings.
    """
    request = PredictRequest.model_validate(params["request"])
    reporter.progress(0.0, "Reading what the assets recorded")
    with scope(reporter.tenant):
        fleet, row = fleet_of(request.twin), model_for(request)
        stored = stored_model(row.id)
        model = from_artifact(stored.metadata, stored.payload)
        found = lives(fleet, (*model.config.settings, *model.config.signals), request.as_of)
    if not found:
        raise HealthError(
            "None of the twin's assets has a reading before that moment and since its last shop visit or repair.",
            place="as_of", fix="Choose a later moment, or bind the twin's signals.",
        )  # fmt: skip
    reporter.progress(0.5, f"Predicting for {len(found)} assets")
    told = dict(zip(found, predict(model, [life.history for life in found.values()]), strict=True))
    with scope(reporter.tenant):
        count = store_predictions(
            twin=request.twin, model=row.id, as_of=request.as_of, predictions=told,
            since={asset: life.since for asset, life in found.items()}, now=utc_now(),
        )  # fmt: skip
        return {"model": str(row.id), "predictions": count, "without": len(fleet.names) - count}
