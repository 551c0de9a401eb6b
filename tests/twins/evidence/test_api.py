"""Events and evidence as partners send and read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tenants.kernel.canonical import digest
from tenants.kernel.ids import new_id
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.twins.evidence.fleet import SEPTEMBER, day, fly, published_fleet, schedule
from twins.evidence.models import AssetEvent
from twins.evidence.services import seal_evidence

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]
MONTH = {"start": "2026-09-01T00:00:00Z", "end": "2026-10-01T00:00:00Z"}


@pytest.fixture
def fleet(cast: Cast) -> tuple[UUID, list[UUID]]:
    with scope(cast.meridian.id):
        return published_fleet(2)


@pytest.fixture
def engineer(cast: Cast, with_key: WithKey) -> APIClient:
    return with_key(cast.meridian, Role.ENGINEER)


def event(asset: UUID, kind: str = "failed", reference: str = "F-1", **fields: Any) -> dict[str, Any]:
    told = {
        "asset": str(asset),
        "kind": kind,
        "at": "2026-09-03T06:00:00+02:00",
        "source": "shop",
        "reference": reference,
    }
    return {**told, **fields}


def test_events_are_recorded_and_listed(engineer: APIClient, fleet: tuple[UUID, list[UUID]]) -> None:
    twin, (one, other) = fleet
    sent = [event(one, note="oil"), event(other, "shop_out", "F-2", at="2026-09-08T00:00:00Z")]
    answer = engineer.post("/api/v1/events/", {"events": sent})
    assert answer.status_code == 201
    first, second = answer.json()["results"]
    assert (first["is_new"], first["findings"]) == (True, [])
    assert {key: first["event"][key] for key in ("twin", "asset", "kind", "at", "source", "reference", "note")} == {
        "twin": str(twin), "asset": str(one), "kind": "failed", "at": "2026-09-03T04:00:00Z", "source": "shop",
        "reference": "F-1", "note": "oil",
    }  # fmt: skip
    assert [finding["code"] for finding in second["findings"]] == ["event.shop_out_unexplained"]
    listed = engineer.get("/api/v1/events/").json()["results"]
    assert [each["reference"] for each in listed] == ["F-2", "F-1"]
    assert engineer.get(f"/api/v1/events/{first['event']['id']}/").json() == first["event"] == listed[1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"kind": "failed"}, ["F-3", "F-1"]),
        ({"since": "2026-09-04T00:00:00Z"}, ["F-3", "F-2"]),
        ({"since": "2026-09-04T02:00:00+02:00", "kind": "shop_out"}, []),
        ({"asset": 1}, ["F-3"]),
        ({"asset": 0, "since": "2026-09-03T04:00:00Z", "kind": "failed"}, ["F-1"]),
    ],
)
def test_the_list_can_be_narrowed(
    engineer: APIClient, fleet: tuple[UUID, list[UUID]], query: dict[str, Any], found: list[str]
) -> None:
    one, other = fleet[1]
    later = {"at": "2026-09-04T00:00:00Z"}
    sent = [event(one), event(one, "shop_in", "F-2", **later), event(other, "failed", "F-3", **later)]
    engineer.post("/api/v1/events/", {"events": sent})
    if "asset" in query:
        query = {**query, "asset": str(fleet[1][query["asset"]])}
    assert [each["reference"] for each in engineer.get("/api/v1/events/", query).json()["results"]] == found


@pytest.mark.parametrize(
    "query", [{"kind": "lost"}, {"asset": "1"}, {"since": "2026-09-04T00:00:00"}, {"since": "now"}]
)
def test_a_narrowing_that_does_not_fit(engineer: APIClient, query: dict[str, str]) -> None:
    answer = engineer.get("/api/v1/events/", query)
    assert (answer.status_code, answer.json()["findings"][0]["place"]) == (400, next(iter(query)))


def test_the_same_again_is_harmless(engineer: APIClient, fleet: tuple[UUID, list[UUID]]) -> None:
    sent = {"events": [event(fleet[1][0])]}
    first, again = engineer.post("/api/v1/events/", sent), engineer.post("/api/v1/events/", sent)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["results"] == [{**first.json()["results"][0], "is_new": False}]
    keyed = [engineer.post("/api/v1/events/", sent, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert keyed[1].headers["Idempotency-Replayed"] == "true"
    assert keyed[0].json() == keyed[1].json()


def test_another_event_under_the_same_name_is_a_conflict(
    engineer: APIClient, fleet: tuple[UUID, list[UUID]], cast: Cast
) -> None:
    engineer.post("/api/v1/events/", {"events": [event(fleet[1][0])]})
    answer = engineer.post("/api/v1/events/", {"events": [event(fleet[1][1], reference="new"), event(fleet[1][1])]})
    assert (answer.status_code, answer.json()["code"]) == (409, "event.conflict")
    assert [each["place"] for each in answer.json()["findings"]] == ["events/1/reference"]
    with scope(cast.meridian.id):
        assert AssetEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status", "place"),
    [
        ({}, 400, "events"),
        ({"events": []}, 400, "events"),
        ({"events": [{}] * 1001}, 400, "events"),
        ({"events": [{"kind": "lost"}]}, 400, "events/0/kind"),
        ({"events": [{"at": "2026-09-03T06:00:00"}]}, 400, "events/0/at"),
        ({"events": [{"at": "0001-01-01T00:00:00+23:59"}]}, 400, "events/0/at"),
        ({"events": [{"reference": ""}]}, 400, "events/0/reference"),
        ({"events": [{"source": "x" * 121}]}, 400, "events/0/source"),
        ({"events": [{"asset": "engine 81"}]}, 400, "events/0/asset"),
        ({"events": [{"at": "2999-01-01T00:00:00Z"}]}, 422, "events/0/at"),
        ({"events": [{"at": "1969-12-31T23:59:59Z"}]}, 422, "events/0/at"),
        ({"events": [{"asset": str(new_id())}]}, 422, "events/0/asset"),
    ],
)
def test_events_that_do_not_fit_name_the_place(
    engineer: APIClient, fleet: tuple[UUID, list[UUID]], body: dict[str, Any], status: int, place: str
) -> None:
    if body.get("events"):
        body = {"events": [event(fleet[1][0]) | each for each in body["events"]]}
    answer = engineer.post("/api/v1/events/", body)
    assert answer.status_code == status, answer.content
    assert answer.json()["findings"][0]["place"] == place


def test_who_may_record(cast: Cast, with_key: WithKey, fleet: tuple[UUID, list[UUID]]) -> None:
    sent = {"events": [event(fleet[1][0])]}
    answers = [with_key(cast.meridian, role).post("/api/v1/events/", sent) for role in (Role.VIEWER, Role.ENGINEER)]
    assert [answer.status_code for answer in answers] == [403, 201]
    stranger = with_key(cast.stranger, Role.OWNER)
    assert stranger.post("/api/v1/events/", sent).status_code == 422
    assert stranger.get("/api/v1/events/").json()["results"] == []
    assert stranger.get(f"/api/v1/twins/{fleet[0]}/evidence/", MONTH).status_code == 404


def test_the_evidence_of_a_twin(cast: Cast, with_key: WithKey, fleet: tuple[UUID, list[UUID]]) -> None:
    twin, (one, other) = fleet
    client = with_key(cast.meridian, Role.VIEWER)
    with scope(cast.meridian.id):
        fly([(one, at) for at in schedule(day(31, month=8), day(3))], received=day(3))
    engineer = with_key(cast.meridian, Role.ENGINEER)
    engineer.post("/api/v1/events/", {"events": [event(one), event(other, "returned", "F-2")]})
    body = client.get(f"/api/v1/twins/{twin}/evidence/", MONTH).json()
    first, second = body["assets"]
    assert (body["twin"], first["asset"], first["name"]) == (str(twin), str(one), "Engine 081")
    assert first["rule"] == {"name": "flights", "version": 1, "flight": "PT4H", "max_gap": "P2D"}
    assert first["figures"] == [
        {"key": "flights", "unit": "1", "value": "4"},
        {"key": "flight_hours", "unit": "h", "value": "16"},
    ]
    assert first["stretches"] == [
        {"start": "2026-09-01T00:00:00Z", "end": "2026-09-03T04:00:00Z", "state": "up", "cause": "flights"},
        {"start": "2026-09-03T04:00:00Z", "end": "2026-10-01T00:00:00Z", "state": "down", "cause": "failed"},
    ]
    assert (first["sealed"], first["is_current"]) == (None, False)
    assert [finding["code"] for finding in second["findings"]] == ["event.returned_unexplained"]
    assert second["findings"][0]["place"].startswith(f"assets/{other}/events/")
    with scope(cast.meridian.id):
        segment = seal_evidence(twin=twin, start=SEPTEMBER[0], end=SEPTEMBER[1], now=day(5, month=10))[0]
    first = client.get(f"/api/v1/twins/{twin}/evidence/", MONTH).json()["assets"][0]
    assert first["is_current"]
    assert first["sealed"]["digest"] == segment.digest == digest(first["sealed"]["document"])
    assert (first["sealed"]["revision"], first["sealed"]["watermark"]) == (1, 1)
    with scope(cast.meridian.id):
        fly([(one, day(2, 20))], received=day(6, month=10))
    first = client.get(f"/api/v1/twins/{twin}/evidence/", MONTH).json()["assets"][0]
    assert (first["is_current"], first["sealed"]["digest"], first["figures"][0]["value"]) == (
        False,
        segment.digest,
        "5",
    )


@pytest.mark.parametrize(
    ("span", "place"),
    [
        ({}, "start"),
        ({"start": "2026-09-01T00:00:00"}, "start"),
        ({"end": "2026-09-01T00:00:00Z"}, "end"),
        ({"end": "2027-10-01T00:00:00Z"}, "end"),
        ({"start": "1950-01-01T00:00:00Z", "end": "1950-02-01T00:00:00Z"}, "start"),
        ({"start": "2026-09-01T00:00:00.000001Z"}, "start"),
        ({"start": "9999-12-30T00:00:00Z", "end": "9999-12-31T00:00:00Z"}, ""),
    ],
)
def test_a_span_that_is_none(
    engineer: APIClient, fleet: tuple[UUID, list[UUID]], span: dict[str, str], place: str
) -> None:
    answer = engineer.get(f"/api/v1/twins/{fleet[0]}/evidence/", {**MONTH, **span} if span else {})
    assert answer.status_code == (400 if place else 200)
    if place:
        found = answer.json()
        assert found.get("place") == place or found["findings"][0]["place"] == place


def test_queries_do_not_grow_with_the_events(engineer: APIClient, fleet: tuple[UUID, list[UUID]]) -> None:
    counts = []
    for number in (1, 40):
        sent = [event(fleet[1][0], "shop_in", f"{number}/{place}") for place in range(number)]
        engineer.post("/api/v1/events/", {"events": sent})
        for path in ("/api/v1/events/", f"/api/v1/twins/{fleet[0]}/evidence/"):
            with CaptureQueriesContext(connection) as queries:
                assert engineer.get(path, MONTH if "twins" in path else {}).status_code == 200
            counts.append(len(queries))
    assert counts[:2] == counts[2:]
