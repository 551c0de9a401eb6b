"""The health of the story: a model learnt from the history, predictions for the fleet, and how far off they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import numpy as np

from analytics.health.evaluation import evaluate
from analytics.health.requests import PredictRequest, TrainRequest
from analytics.health.schemas import UnitHistory
from analytics.health.selectors import latest_predictions, stored_model
from analytics.health.services import start_predicting, start_training
from deploy.story.calendar import FLEET, PLANNING
from deploy.story.flying import SUBSET, engines
from deploy.story.frame import Story, Tell
from deploy.story.jobs import done
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from twins.gateways.cmapss import read_running
from twins.gateways.flights import flight
from twins.gateways.schemas import SENSOR_KEYS, SETTING_KEYS, FlightHistory

CAP = 125
"""Flights: the protocol of the published results counts remaining life no further."""


def learn_and_predict(story: Story, tell: Tell) -> Mapping[str, Any]:
    """Train on the history, predict for the fleet on the planning day, and compare with what was published."""
    by = story.facts["people"]["engineer"]["email"]
    history, fleet = UUID(story.facts["history_twin"]), UUID(story.facts["fleet_twin"])
    training = TrainRequest(twin=history, rounds=story.cut.rounds)
    model = UUID(
        done(story, tell, lambda: start_training(request=training, by=by, now=utc_now()), begin=0.0, end=0.85)["model"]
    )
    predicting = PredictRequest(twin=fleet, model=model, as_of=PLANNING)
    done(story, tell, lambda: start_predicting(request=predicting, by=by, now=utc_now()), begin=0.85, end=0.95)
    return {"model": str(model), "fleet_rmse": _on_the_fleet(story, fleet), "rmse": _on_the_test_set(story, model)}


def _on_the_fleet(story: Story, fleet: UUID) -> float:
    """Root mean square error over the fleet on the planning day, in flights, remaining life counted up to the cap."""
    with scope(UUID(story.facts["tenant"])):
        told = {str(each.asset): each.value for each in latest_predictions(fleet, until=PLANNING)}
    errors = [
        told[asset] - min(_left(engine), CAP)
        for engine in engines(story.data, story.cut.fleet)
        if (asset := story.facts["fleet_assets"][str(engine.unit)]) in told and _left(engine) > 0
    ]
    return round(math.sqrt(sum(error * error for error in errors) / len(errors)), 3)


def _left(engine: FlightHistory) -> int:
    """How many flights an engine had before it on the planning day."""
    return sum(flight(int(cycle), FLEET).start >= PLANNING for cycle in engine.cycles)


def _on_the_test_set(story: Story, model: UUID) -> float | None:
    """The same over the published test set; None where no data was published, for simulated flights."""
    if story.data is None:
        return None
    with scope(UUID(story.facts["tenant"])):
        artifact = stored_model(model)
    running = read_running(story.data, SUBSET)
    units = [
        UnitHistory(
            unit=str(each.unit), signals=(*SETTING_KEYS, *SENSOR_KEYS), cycles=each.cycles,
            values=np.hstack([each.settings, each.sensors]),
        )
        for each, _ in running
    ]  # fmt: skip
    truth = {str(each.unit): float(min(left, CAP)) for each, left in running}
    return round(evaluate(artifact, units, truth)["rmse"], 3)
