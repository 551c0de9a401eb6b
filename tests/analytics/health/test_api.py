"""Models and predictions over the REST API."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from tenants.kernel.ids import new_id
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.analytics.fleets import DRIVER, predict_by_hand
from tests.conftest import Cast
from tests.twins.evidence.fleet import published_fleet

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]


@pytest.fixture
def twin(cast: Cast) -> UUID:
    with scope(cast.meridian.id):
        twin, engines = published_fleet(1)
        predict_by_hand(twin, {engines[0]: 12.0})
    return twin


def test_reading(cast: Cast, twin: UUID, with_key: WithKey) -> None:
    client = with_key(cast.meridian, Role.VIEWER)
    (model,) = client.get("/api/v1/models/").json()["results"]
    assert client.get(f"/api/v1/models/{model['id']}/").json() == model
    assert (model["metrics"], "artifact" in model) == ({"rmse": 13.2, "coverage": 0.914}, False)
    (prediction,) = client.get("/api/v1/predictions/").json()["results"]
    assert client.get(f"/api/v1/predictions/{prediction['id']}/").json() == prediction
    assert (prediction["value"], prediction["model"], prediction["drivers"]) == (12.0, model["id"], [DRIVER])


@pytest.mark.parametrize(("path", "kind"), [("models", "health.train"), ("predictions", "health.predict")])
def test_asking(cast: Cast, twin: UUID, with_key: WithKey, path: str, kind: str) -> None:
    client = with_key(cast.meridian, Role.ENGINEER)
    answer = client.post(f"/api/v1/{path}/", {"twin": str(twin)})
    assert (answer.status_code, answer.json()["kind"]) == (202, kind)
    assert client.post(f"/api/v1/{path}/", {"twin": str(new_id())}).status_code == 404
    far = client.post(f"/api/v1/{path}/", {"twin": str(twin), "as_of": "2500-01-01T00:00:00Z"})
    assert (far.status_code, far.json()["findings"][0]["place"]) == (400, "as_of")
    assert with_key(cast.meridian, Role.VIEWER).post(f"/api/v1/{path}/", {"twin": str(twin)}).status_code == 403
