"""Plans over the REST API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from analytics.maintenance.models import Plan, WorkOrder
from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.analytics.fleets import PLANNING, a_plan_and_an_order, predict_by_hand
from tests.conftest import Cast
from tests.twins.evidence.fleet import published_fleet

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]


@pytest.fixture
def twin(cast: Cast) -> UUID:
    with scope(cast.meridian.id):
        twin, engines = published_fleet(2)
        predict_by_hand(twin, dict(zip(engines, (12.0, 118.0), strict=True)))
    return twin


@pytest.fixture
def plan(cast: Cast, twin: UUID) -> UUID:
    with scope(cast.meridian.id):
        return a_plan_and_an_order(twin, PLANNING)[0]


def test_a_plan_is_asked_for(cast: Cast, twin: UUID, with_key: WithKey) -> None:
    client = with_key(cast.meridian, Role.ENGINEER)
    asked = {"twin": str(twin), "as_of": "2026-09-01T00:00:00Z", "days": 20, "costs": {"visit_minor": 1}}
    first = client.post("/api/v1/plans/", asked, headers={"Idempotency-Key": "k"})
    assert (first.status_code, first.json()["kind"]) == (202, "maintenance.plan")
    again = client.post("/api/v1/plans/", asked, headers={"Idempotency-Key": "k"})
    assert again.json()["id"] == first.json()["id"]


@pytest.mark.parametrize(
    ("change", "status", "place"),
    [
        ({"twin": str(new_id())}, 404, "twin"),
        ({"as_of": "2020-01-01T00:00:00Z"}, 422, "twin"),
        ({"as_of": "1990-01-01T00:00:00Z"}, 400, "as_of"),
        ({"zone": "Mars/Base"}, 400, None),
        ({"currency": "XXQ"}, 400, "currency"),
        ({"bays": 0}, 400, "bays"),
        ({"crew": [{"name": "d", "days": [0], "start_s": 0, "end_s": 3600, "people": {}}]}, 400, "crew/0/people"),
    ],
)
def test_what_does_not_fit(
    cast: Cast, twin: UUID, with_key: WithKey, change: dict[str, object], status: int, place: str | None
) -> None:
    answer = with_key(cast.meridian, Role.OWNER).post(
        "/api/v1/plans/", {"twin": str(twin), "as_of": "2026-09-01T00:00:00Z", **change}
    )
    assert answer.status_code == status, answer.content
    body = answer.json()
    found = body.get("place") or body.get("findings", [{}])[0].get("place")
    assert place in {None, found}


def test_a_plan_is_read_and_approved(cast: Cast, plan: UUID, with_key: WithKey) -> None:
    owner = with_key(cast.meridian, Role.OWNER)
    (summary,) = owner.get("/api/v1/plans/").json()["results"]
    assert (summary["state"], "visits" in summary) == ("proposed", False)
    body = owner.get(f"/api/v1/plans/{plan}/").json()
    assert [visit["name"] for visit in body["visits"]] == ["Engine 081"]
    assert [each["name"] for each in body["deferrals"]] == ["Engine 082"]
    assert body["visits"][0]["reasons"]
    orders = owner.post(f"/api/v1/plans/{plan}/approve/")
    assert (orders.status_code, orders.json()[0]["name"]) == (200, "Engine 081")
    assert owner.post(f"/api/v1/plans/{plan}/approve/").json()["code"] == "plan.decided"
    assert owner.post(f"/api/v1/plans/{plan}/reject/", {}).status_code == 409


def test_a_plan_is_rejected(cast: Cast, plan: UUID, with_key: WithKey) -> None:
    body = with_key(cast.meridian, Role.OWNER).post(f"/api/v1/plans/{plan}/reject/", {"why": "Too early"}).json()
    assert (body["state"], body["why"]) == ("rejected", "Too early")


def test_a_visit_is_cancelled(cast: Cast, plan: UUID, with_key: WithKey) -> None:
    owner = with_key(cast.meridian, Role.OWNER)
    with scope(cast.meridian.id):
        start = utc_now() + timedelta(days=3)
        order = WorkOrder.objects.create(
            plan_id=plan, twin_id=Plan.objects.get(id=plan).twin_id, asset=new_id(), name="Engine 007",
            task="shop_visit", bay="Bay 1", removal=start, start=start, end=start + timedelta(days=5), exclusions=[],
            ordered_by="owner", ordered_at=PLANNING,
        ).id  # fmt: skip
    where = f"/api/v1/work-orders/{order}"
    assert owner.get(f"{where}/").json()["cancellation"] is None
    assert owner.post(f"{where}/cancel/", {"why": " "}).status_code == 400
    body = owner.post(f"{where}/cancel/", {"why": "It failed."})
    assert (body.status_code, body.json()["cancellation"]["why"]) == (200, "It failed.")
    assert owner.get(f"{where}/").json() == body.json()
    again = owner.post(f"{where}/cancel/", {"why": "It failed."})
    assert (again.status_code, again.json()["code"]) == (409, "order.cancelled")
    ended = next(each for each in owner.get("/api/v1/work-orders/").json()["results"] if each["id"] != str(order))
    refused = owner.post(f"/api/v1/work-orders/{ended['id']}/cancel/", {"why": "It failed."})
    assert (refused.status_code, refused.json()["code"]) == (409, "order.ended")
    missing = owner.post(f"/api/v1/work-orders/{new_id()}/cancel/", {"why": "It failed."})
    assert (missing.status_code, missing.json()["code"]) == (404, "order.not_found")


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.VIEWER])
def test_who_may_not_decide(cast: Cast, plan: UUID, with_key: WithKey, role: Role) -> None:
    client = with_key(cast.meridian, role)
    for verb in ("approve", "reject"):
        assert client.post(f"/api/v1/plans/{plan}/{verb}/", {}).status_code == 403
    orders = client.get("/api/v1/work-orders/").json()["results"]
    assert [order["task"] for order in orders] == ["shop_visit"]
    assert client.get(f"/api/v1/work-orders/{orders[0]['id']}/").json() == orders[0]
    assert client.post(f"/api/v1/work-orders/{orders[0]['id']}/cancel/", {"why": "So"}).status_code == 403
