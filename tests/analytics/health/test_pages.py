"""The pages of health, by role, empty and full."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics.health.models import ModelVersion, Prediction
from analytics.health.selectors import latest_predictions
from tenants.jobs.models import Job
from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.people.models import User
from tenants.scope.context import scope
from tests.analytics.fleets import PLANNING, predict_by_hand
from tests.conftest import Cast
from tests.twins.evidence.fleet import published_fleet
from twins.evidence.models import AssetEvent
from twins.evidence.services import record_event

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def engines(cast: Cast) -> list[UUID]:
    """Three engines, the second of which has the least life left, and the third none predicted."""
    with scope(cast.meridian.id):
        twin, engines = published_fleet(3)
        predict_by_hand(twin, {engines[0]: 80.0, engines[1]: 12.0})
    return engines


def test_the_empty_page_leads_on(cast: Cast, sign_in: SignIn) -> None:
    text = sign_in(cast.engineer).get("/t/meridian/health/").content.decode()
    assert "No model yet" in text
    assert "/t/meridian/health/train/" in text
    assert "/t/meridian/health/train/" not in sign_in(cast.viewer).get("/t/meridian/health/").content.decode()


def test_the_least_life_comes_first(cast: Cast, sign_in: SignIn, engines: list[UUID]) -> None:
    text = sign_in(cast.viewer).get("/t/meridian/health/").content.decode()
    assert text.index("Engine 082") < text.index("Engine 081")
    assert "2 to 22 in 90 %" in text
    assert "Static pressure at high-pressure compressor outlet shortens it by 14 flights" in text
    assert " style=" not in text


def test_one_query_for_the_latest(cast: Cast, engines: list[UUID]) -> None:
    with scope(cast.meridian.id):
        twin = ModelVersion.objects.get().twin_id
        with CaptureQueriesContext(
            connection,
        ) as queries:
            found = [(each.value, each.model.digest) for each in latest_predictions(twin)]
    assert sorted(value for value, _ in found) == [12.0, 80.0]
    assert len(queries) == 1


def test_one_asset(cast: Cast, sign_in: SignIn, engines: list[UUID]) -> None:
    client = sign_in(cast.viewer)
    text = client.get(f"/t/meridian/health/assets/{engines[1]}/").content.decode()
    assert "-14.2" in text
    assert "1.5 standard deviations above the training set" in text
    assert "Not predicted yet" in client.get(f"/t/meridian/health/assets/{engines[2]}/").content.decode()
    assert client.get(f"/t/meridian/health/assets/{new_id()}/").status_code == 404


def test_at_least_so_many_and_a_life_that_is_over(cast: Cast, sign_in: SignIn, engines: list[UUID]) -> None:
    client, page = sign_in(cast.viewer), f"/t/meridian/health/assets/{engines[2]}/"
    now = utc_now()
    repaired = now - timedelta(days=40)

    def happened(**events: datetime) -> None:
        with scope(cast.meridian.id):
            for kind, at in events.items():
                record_event(asset=engines[2], kind=kind, at=at, source="shop", reference=kind, now=now)

    happened(failed=now - timedelta(days=54), returned=repaired)
    with scope(cast.meridian.id):
        known = Prediction.objects.all()[0]
        Prediction.objects.create(
            twin_id=known.twin_id, asset=engines[2], model_id=known.model_id, as_of=now, value=125.0, low=105.0,
            high=125.0, coverage=0.9, cap=125.0, beyond_share=0.9, beyond_mean=51.0, flights=40,
            since=AssetEvent.objects.get(kind="returned").at, drivers=known.drivers, predicted_at=now,
        )  # fmt: skip
    text = client.get(page).content.decode()
    assert "105 to 125+ in 90 % of cases" in text
    assert f"since it was restored, {repaired.day} {repaired:%b %Y}" in text
    assert "Predict again once it has flown since" not in text
    happened(shop_in=now - timedelta(days=6), shop_out=now - timedelta(days=1))
    assert "Predict again once it has flown since" in client.get(page).content.decode()
    assert "of 2 assets have less than" in client.get("/t/meridian/").content.decode(), "the third is not known"
    assert "Restored since, not predicted anew" in client.get("/t/meridian/health/").content.decode()


def test_the_models_card(cast: Cast, sign_in: SignIn, engines: list[UUID]) -> None:
    with scope(cast.meridian.id):
        model = ModelVersion.objects.get()
    client = sign_in(cast.viewer)
    text = client.get(f"/t/meridian/health/models/{model.id}/").content.decode()
    assert "Remaining life beyond 125 flights is not told apart" in text
    assert "lives of 128 to 362 flights" in text
    assert "13.2" in text
    assert "Truths within the interval" in text
    assert "91" in text
    assert client.get(f"/t/meridian/health/models/{new_id()}/").status_code == 404


@pytest.mark.parametrize(("path", "kind"), [("train", "health.train"), ("predict", "health.predict")])
def test_asking(cast: Cast, sign_in: SignIn, engines: list[UUID], path: str, kind: str) -> None:
    client = sign_in(cast.engineer)
    with scope(cast.meridian.id):
        twin = ModelVersion.objects.get().twin_id
    assert "Northwind fleet" in client.get(f"/t/meridian/health/{path}/").content.decode()
    answer = client.post(f"/t/meridian/health/{path}/", {"twin": str(twin), "seed": 1, "day": "2026-09-01"})
    assert (answer.status_code, answer["Location"]) == (302, "/t/meridian/health/")
    with scope(cast.meridian.id):
        job = Job.objects.get(kind=kind)
    assert job.params["request"]["as_of"] == PLANNING.isoformat().replace("+00:00", "Z")
    assert f'id="job-{job.id}"' in client.get("/t/meridian/health/").content.decode()
    for wrong in ({"twin": "x", "seed": 0}, {"twin": str(twin), "seed": -1, "day": "1960-01-01"}):
        assert client.post(f"/t/meridian/health/{path}/", wrong).status_code == 400
    assert sign_in(cast.viewer).get(f"/t/meridian/health/{path}/").status_code == 403


def test_asking_before_there_is_a_model(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        twin, _ = published_fleet(1)
    answer = sign_in(cast.owner).post("/t/meridian/health/predict/", {"twin": str(twin)})
    assert answer.status_code == 400
    assert "No model is of the type turbofan-engine@1." in answer.content.decode()
