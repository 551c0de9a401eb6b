"""A model from stored flights to stored predictions, through the jobs that workers run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest

from analytics.health.evaluation import evaluate
from analytics.health.histories import fleet_of, lives
from analytics.health.models import ModelVersion, Prediction
from analytics.health.requests import LATEST, PredictRequest, TrainRequest
from analytics.health.schemas import HealthError
from analytics.health.selectors import (
    ModelNotFoundError,
    latest_predictions,
    model,
    predictions_of,
    stored_model,
)
from analytics.health.services import start_predicting, start_training
from tenants.jobs.models import Job, JobState
from tenants.jobs.running import run
from tenants.jobs.services import cancel_job
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tests.analytics.fleets import BY, PLANNING, predict_by_hand, store_flights
from tests.conftest import Cast
from tests.twins.evidence.fleet import published_fleet
from twins.composer.selectors import TwinNotFoundError
from twins.composer.services import create_twin
from twins.evidence.services import record_event
from twins.gateways.simulated import flights

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
SMALL = {"folds": 2, "rounds": 20}
FLOWN = 100


def ran(tenant: UUID, job: Job) -> Job:
    run(tenant, job.id)
    with scope(tenant):
        return Job.objects.get(id=job.id)


@dataclass(frozen=True)
class World:
    """Retired engines and two in service, the job that learnt from the former and the one that predicts the latter."""

    tenant: UUID
    history: UUID
    retired: list[UUID]
    fleet: UUID
    engines: list[UUID]
    asked: TrainRequest
    trained: Job
    follow: Job


@pytest.fixture
def world(cast: Cast) -> World:
    tenant = cast.meridian.id
    with scope(tenant):
        history, retired = published_fleet(6, name="Retired engines", first=1)
        fleet, engines = published_fleet(2)
    with scope(tenant):
        store_flights(retired, flights(1, range(1, 7)), date(2025, 7, 1))
        store_flights(engines, flights(1, range(81, 83)), date(2026, 7, 3), flown=FLOWN)
    asked = TrainRequest.model_validate({"twin": history, "fleet": fleet, "as_of": PLANNING, **SMALL})
    with scope(tenant):
        job = start_training(request=asked, by=BY, now=PLANNING)
    trained = ran(tenant, job)
    with scope(tenant):
        follow = Job.objects.get(kind="health.predict")
    return World(tenant, history, retired, fleet, engines, asked, trained, ran(tenant, follow))


def test_a_history_has_a_row_a_flight(world: World) -> None:
    with scope(world.tenant):
        found = lives(fleet_of(world.history), ("t24", "ps30"), LATEST)
    lengths = [int(found[asset].history.cycles[-1]) for asset in world.retired]
    assert lengths == [len(each.cycles) for each in flights(1, range(1, 7))]


def test_from_flights_to_predictions(world: World) -> None:
    assert (world.trained.state, world.trained.error) == (JobState.DONE, "")
    with scope(world.tenant):
        row = ModelVersion.objects.get()
        assert world.trained.result == {"model": str(row.id), "units": 6}
        assert world.follow.result == {"model": str(row.id), "predictions": 2, "without": 0}
        assert (row.asset_type, row.trained_by) == ("turbofan-engine@1", BY)
        assert row.metrics["rmse"] > 0
        assert 0 < row.metrics["coverage"] <= 1
        assert row.metadata["config"]["settings"] == ["altitude", "mach", "tra"]
        latest = list(latest_predictions(world.fleet))
        assert {each.asset for each in latest} == set(world.engines)
        for each in latest:
            assert 0 <= each.low <= each.value <= each.high
            assert (each.flights, each.as_of, each.coverage, each.since) == (FLOWN, PLANNING, 0.9, None)
            assert each.cap == 125.0
            assert each.beyond_share is not None
            assert 0 <= each.beyond_share <= 1
            assert each.beyond_mean is not None
            assert each.beyond_mean >= 0
            assert each.drivers[0]["signal"] in {*row.metadata["config"]["signals"], "cycles"}


def test_what_is_done_twice_is_there_once(world: World) -> None:
    with scope(world.tenant):
        request = PredictRequest(twin=world.fleet, as_of=PLANNING)
        again = [
            start_predicting(request=request, by=BY, now=PLANNING),
            start_training(request=world.asked, by=BY, now=PLANNING),
        ]
    assert [ran(world.tenant, job).state for job in again] == [JobState.DONE, JobState.DONE]
    with scope(world.tenant):
        assert (Prediction.objects.count(), ModelVersion.objects.count()) == (2, 1)


def test_only_readings_before_the_moment_count(world: World) -> None:
    early = PredictRequest(twin=world.fleet, as_of=datetime(2026, 7, 8, 6, tzinfo=UTC))
    with scope(world.tenant):
        job = start_predicting(request=early, by=BY, now=PLANNING)
    assert ran(world.tenant, job).state == JobState.DONE
    with scope(world.tenant):
        assert [each.flights for each in predictions_of(world.engines[0])] == [FLOWN, 10]
        assert [each.flights for each in latest_predictions(world.fleet, until=early.as_of)] == [10, 10]


def happened(asset: UUID, **events: datetime) -> None:
    """Something that a shop said of an asset."""
    for kind, at in events.items():
        record_event(asset=asset, kind=kind, at=at, source="shop", reference=f"{asset}/{kind}", now=PLANNING)


def predicted(world: World, as_of: datetime) -> Job:
    with scope(world.tenant):
        job = start_predicting(request=PredictRequest(twin=world.fleet, as_of=as_of), by=BY, now=PLANNING)
    return ran(world.tenant, job)


def test_an_asset_begins_anew_after_its_restoring_visit(world: World) -> None:
    """Of 100 flights, two a day from 3 July, 80 are before the visit: the prediction knows only the 20 after it."""
    out, later = datetime(2026, 8, 12, tzinfo=UTC), PLANNING - timedelta(days=1)
    with scope(world.tenant):
        happened(world.engines[0], shop_in=out - timedelta(hours=1), shop_out=out)
    assert predicted(world, later).result == {
        "model": world.follow.params["request"]["model"], "predictions": 2, "without": 0
    }  # fmt: skip
    with scope(world.tenant):
        fresh = predictions_of(world.engines[0])[1]
        worn = predictions_of(world.engines[1])[1]
        assert (fresh.as_of, fresh.flights, fresh.since) == (later, 20, out)
        assert (worn.as_of, worn.flights, worn.since) == (later, FLOWN, None)
        fleet = fleet_of(world.fleet)
        keys = (*fleet.settings, *fleet.signals)
        before, after = lives(fleet, keys, out - timedelta(seconds=1)), lives(fleet, keys, later)
        assert np.array_equal(after[world.engines[0]].history.cycles, np.arange(1, 21))
        assert len(before[world.engines[0]].history.cycles) == 80
        assert world.engines[0] not in lives(fleet, keys, out)


def test_an_asset_that_has_flown_nothing_since_is_not_predicted(world: World) -> None:
    back = PLANNING - timedelta(days=2)
    with scope(world.tenant):
        happened(world.engines[0], failed=back - timedelta(days=5), returned=back)
    found = predicted(world, PLANNING - timedelta(days=1)).result
    assert found is not None
    assert (found["predictions"], found["without"]) == (1, 1)
    with scope(world.tenant):
        happened(world.engines[1], failed=back - timedelta(days=5), returned=back)
    failed = predicted(world, PLANNING - timedelta(hours=1))
    assert (failed.state, "since its last shop visit or repair" in failed.error) == (JobState.FAILED, True)


def test_a_history_that_ended_is_learnt_from_whatever_was_repaired_since(world: World) -> None:
    with scope(world.tenant):
        fleet, retired = fleet_of(world.history), world.retired[0]
        whole = lives(fleet, ("t24",), LATEST, ended=True)[retired].history
        happened(retired, failed=PLANNING - timedelta(days=9), returned=PLANNING - timedelta(days=1))
        again = lives(fleet, ("t24",), LATEST, ended=True)[retired]
        assert (again.since, len(again.history.cycles)) == (None, len(whole.cycles))
        assert retired not in lives(fleet, ("t24",), LATEST)


def test_a_model_is_measured_against_the_truth(world: World) -> None:
    with scope(world.tenant):
        stored = stored_model(ModelVersion.objects.get().id)
        fleet = fleet_of(world.fleet)
        units = [life.history for life in lives(fleet, (*fleet.settings, *fleet.signals), LATEST).values()]
        told = {str(each.asset): each.value for each in latest_predictions(world.fleet)}
    ends = [len(each.cycles) for each in flights(1, range(81, 83))]
    truth = {str(asset): float(life - FLOWN) for asset, life in zip(world.engines, ends, strict=True)}
    figures = evaluate(stored, units, truth)
    assert set(figures) == {"rmse", "score", "coverage"}
    apart = np.array([told[asset] - truth[asset] for asset in told])
    assert figures["rmse"] == pytest.approx(float(np.sqrt(np.mean(apart**2))), abs=1e-9)


def test_a_cancelled_training_stores_nothing(cast: Cast) -> None:
    tenant = cast.meridian.id
    with scope(tenant):
        history, retired = published_fleet(3, name="Retired engines", first=1)
        store_flights(retired, flights(1, range(1, 4)), date(2025, 7, 1))
        asked = TrainRequest.model_validate({"twin": history, **SMALL})
        job = start_training(request=asked, by=BY, now=PLANNING)
        Job.objects.filter(id=job.id).update(state=JobState.RUNNING)
        cancel_job(job=job.id, now=PLANNING)
        Job.objects.filter(id=job.id).update(state=JobState.QUEUED)
    assert ran(tenant, job).state == JobState.CANCELLED
    with scope(tenant):
        assert ModelVersion.objects.count() == 0


def test_a_twin_without_readings(cast: Cast) -> None:
    tenant = cast.meridian.id
    with scope(tenant):
        twin, engines = published_fleet(2)
        predict_by_hand(twin, {engines[0]: 12.0})
        training = start_training(request=TrainRequest(twin=twin), by=BY, now=PLANNING)
    failed = ran(tenant, training)
    assert (failed.state, "has a reading" in failed.error) == (JobState.FAILED, True)


def test_what_cannot_be_asked(cast: Cast) -> None:
    with scope(cast.meridian.id):
        twin, engines = published_fleet(1)
        draft = create_twin(name="Draft", now=PLANNING).id
        with pytest.raises(TwinNotFoundError):
            start_training(request=TrainRequest(twin=new_id()), by=BY, now=PLANNING)
        with pytest.raises(HealthError, match="no published assets"):
            start_training(request=TrainRequest(twin=draft), by=BY, now=PLANNING)
        with pytest.raises(HealthError, match="No model is of the type"):
            start_predicting(request=PredictRequest(twin=twin, as_of=PLANNING), by=BY, now=PLANNING)
        predict_by_hand(twin, {engines[0]: 12.0})
        with pytest.raises(ModelNotFoundError):
            start_predicting(request=PredictRequest(twin=twin, model=new_id(), as_of=PLANNING), by=BY, now=PLANNING)
        with pytest.raises(ModelNotFoundError):
            model(new_id())
        assert start_predicting(request=PredictRequest(twin=twin, as_of=PLANNING), by=BY, now=PLANNING).params
