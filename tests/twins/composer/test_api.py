"""Twins and types over the REST API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tenants.kernel.ids import new_id
from tenants.scope.actors import Role
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]
PUMP = {"key": "duty-pump", "version": 1, "name": {"en": "Duty pump"}, "signals": {"flow": {"unit": "m3/h"}}}


@pytest.fixture
def engineer(cast: Cast, with_key: WithKey) -> APIClient:
    return with_key(cast.meridian, Role.ENGINEER)


def made(client: APIClient, **fields: Any) -> dict[str, Any]:
    response = client.post("/api/v1/twins/", {"name": "Northwind fleet", **fields})
    assert response.status_code == 201, response.content
    body: dict[str, Any] = response.json()
    return body


def test_from_a_blueprint_to_a_published_version(engineer: APIClient) -> None:
    draft = made(engineer, blueprint="turbofan-fleet", count=2, gateway=str(new_id()))
    twin = draft["twin"]
    assert (draft["revision"], draft["published_version"], draft["findings"]) == (51, None, [])
    asset = next(iter(draft["document"]["assets"]))
    edit = {"base_revision": 51, "operations": [{"op": "rename", "asset": asset, "name": "Left"}]}
    edited = engineer.post(f"/api/v1/twins/{twin}/draft/operations/", edit)
    assert (edited.status_code, edited.json()["revision"]) == (200, 52)
    published = engineer.post(f"/api/v1/twins/{twin}/publish/", {"revision": 52, "note": "first"})
    assert (published.status_code, published.json()["version"]) == (201, 1)
    versions = engineer.get(f"/api/v1/twins/{twin}/versions/").json()
    assert [each["digest"] for each in versions] == [published.json()["digest"]]
    document = engineer.get(f"/api/v1/twins/{twin}/versions/1/").json()["document"]
    assert document["assets"][asset]["name"] == "Left"
    listed = engineer.get("/api/v1/twins/").json()["results"]
    assert [(each["slug"], each["published_version"]) for each in listed] == [("northwind-fleet", 1)]


def test_an_edit_repeated_under_its_key_is_made_once(engineer: APIClient) -> None:
    twin = made(engineer)["twin"]
    edit = {"base_revision": 0, "operations": [
        {"op": "add_asset", "asset": str(new_id()), "type": "turbofan-engine@1", "name": "E", "at": [0, 0]}
    ]}  # fmt: skip
    url = f"/api/v1/twins/{twin}/draft/operations/"
    first = engineer.post(url, edit, headers={"Idempotency-Key": "k"})
    again = engineer.post(url, edit, headers={"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert again.json()["revision"] == 1


def test_a_conflict_tells_both_sides(engineer: APIClient) -> None:
    twin, asset = made(engineer)["twin"], str(new_id())
    url = f"/api/v1/twins/{twin}/draft/operations/"
    new = {"op": "add_asset", "asset": asset, "type": "turbofan-engine@1", "name": "E", "at": [0, 0]}
    engineer.post(url, {"base_revision": 0, "operations": [new]})
    engineer.post(url, {"base_revision": 1, "operations": [{"op": "rename", "asset": asset, "name": "theirs"}]})
    mine = engineer.post(url, {"base_revision": 1, "operations": [{"op": "rename", "asset": asset, "name": "mine"}]})
    body = mine.json()
    assert (mine.status_code, body["code"], body["revision"]) == (409, "twin.conflict", 2)
    assert ([each["name"] for each in body["theirs"]], [each["name"] for each in body["yours"]]) == (
        ["theirs"],
        ["mine"],
    )
    assert body["fix"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"operations": [{"op": "unlink"}]}, "base_revision"),
        ({"base_revision": 0, "operations": []}, "operations"),
        ({"base_revision": 0, "operations": [{"op": "explode"}]}, "0"),
        ({"base_revision": 0, "operations": [{"op": "unlink"}]}, "0/link"),
        ({"base_revision": -1, "operations": [{"op": "unlink"}]}, "base_revision"),
    ],
)
def test_edits_that_do_not_fit_name_the_place(engineer: APIClient, body: dict[str, Any], place: str) -> None:
    response = engineer.post(f"/api/v1/twins/{made(engineer)['twin']}/draft/operations/", body)
    assert response.status_code in (400, 422)
    assert response.json()["findings"][0]["place"] == place


def test_a_draft_comes_without_what_is_wrong_with_it_which_is_told_afterwards(engineer: APIClient) -> None:
    twin, asset = made(engineer)["twin"], str(new_id())
    url = f"/api/v1/twins/{twin}/draft/"
    new = {"op": "add_asset", "asset": asset, "type": "turbofan-engine@1", "name": "E", "at": [0, 0]}
    edits = [{"op": "rename_twin", "name": "Übung"}, new]
    engineer.post(f"{url}operations/", {"base_revision": 0, "operations": edits})
    whole, stored = engineer.get(url).json(), engineer.get(f"{url}?findings=later").json()
    assert stored == {**whole, "findings": None, "findings_mark": None}
    assert (stored["name"], stored["revision"], stored["published_version"]) == ("Übung", 2, None)
    assert stored["document"]["links"] == {}
    assert len(whole["findings"]) > 0
    told = engineer.get(f"{url}changes/?since=2&findings_mark=").json()
    assert (told["findings"], told["findings_mark"]) == (whole["findings"], whole["findings_mark"])


def test_a_draft_that_is_not_there_is_not_stored_either(engineer: APIClient) -> None:
    missing = engineer.get(f"/api/v1/twins/{new_id()}/draft/?findings=later")
    assert (missing.status_code, missing.json()["code"]) == (404, "twin.not_found")
    unclear = engineer.get(f"/api/v1/twins/{made(engineer)['twin']}/draft/?findings=never")
    assert (unclear.status_code, unclear.json()["findings"][0]["place"]) == (400, "findings")


def test_a_viewer_reads_and_edits_nothing(cast: Cast, with_key: WithKey, engineer: APIClient) -> None:
    twin, viewer = made(engineer)["twin"], with_key(cast.meridian, Role.VIEWER)
    assert viewer.get(f"/api/v1/twins/{twin}/draft/").status_code == 200
    edit = {"base_revision": 0, "operations": [{"op": "rename_twin", "name": "x"}]}
    assert viewer.post(f"/api/v1/twins/{twin}/draft/operations/", edit).status_code == 403
    assert viewer.post(f"/api/v1/twins/{twin}/publish/", {"revision": 0}).status_code == 403
    assert viewer.get(f"/api/v1/twins/{twin}/draft/").json()["name"] == "Northwind fleet"


def test_the_catalogue_holds_built_in_and_own_types(engineer: APIClient) -> None:
    assert engineer.post("/api/v1/asset-types/", PUMP).status_code == 201
    listed = {
        f"{each['key']}@{each['version']}": each for each in engineer.get("/api/v1/asset-types/").json()["results"]
    }
    assert (listed["duty-pump@1"]["built_in"], listed["turbofan-engine@1"]["built_in"]) == (False, True)
    assert (len(listed["turbofan-engine@1"]["signals"]), listed["turbofan-engine@1"]["abstract"]) == (24, False)
    flow = {"name": None, "unit": "m3/h", "range": None, "patience": None}
    assert listed["duty-pump@1"]["signals"] == {"flow": flow}
    assert listed["gas-turbine@1"]["abstract"]
    assert engineer.get("/api/v1/asset-types/duty-pump@1/").json() == PUMP
    assert engineer.get("/api/v1/asset-types/duty-pump@2/").status_code == 404


def test_a_published_type_never_changes(engineer: APIClient) -> None:
    engineer.post("/api/v1/asset-types/", PUMP)
    again = engineer.post("/api/v1/asset-types/", {**PUMP, "name": {"en": "Changed"}})
    assert (again.status_code, again.json()["code"]) == (409, "type.published")
    built_in = engineer.post("/api/v1/asset-types/", {**PUMP, "key": "turbofan-engine", "version": 2})
    assert (built_in.status_code, built_in.json()["code"]) == (409, "type.published")
    assert engineer.post("/api/v1/asset-types/", {**PUMP, "version": 2}).status_code == 201


def test_a_type_that_is_not_sound_names_every_place(engineer: APIClient) -> None:
    bad = {**PUMP, "extends": ["nothing@1"], "signals": {"flow": {"unit": "furlongs"}}}
    response = engineer.post("/api/v1/asset-types/", bad)
    assert (response.status_code, response.json()["code"]) == (422, "type.not_sound")
    assert {each["place"] for each in response.json()["findings"]} == {"extends/0", "signals/flow/unit"}
    assert engineer.post("/api/v1/asset-types/", []).status_code in (400, 422)


def test_queries_do_not_grow_with_the_twins(engineer: APIClient) -> None:
    made(engineer)
    with CaptureQueriesContext(connection) as few:
        engineer.get("/api/v1/twins/")
    for _ in range(5):
        made(engineer)
    with CaptureQueriesContext(connection) as many:
        engineer.get("/api/v1/twins/")
    assert len(many) == len(few)


def test_blueprints_say_what_they_ask_and_take_it(engineer: APIClient) -> None:
    listed = {each["key"]: each for each in engineer.get("/api/v1/blueprints/").json()["results"]}
    station = listed["pump-station"]
    assert station["parameters"]["pumps"] == {
        "name": {"en": "Pumps", "de": "Pumpen"}, "minimum": 1, "maximum": 24, "default": 3,
    }  # fmt: skip
    assert station["types"] == ["tank@1", "centrifugal-pump@1", "electric-motor@1", "control-valve@1"]
    draft = made(engineer, blueprint="pump-station", parameters={"pumps": 2}, gateway=str(new_id()))
    assert (len(draft["document"]["assets"]), len(draft["document"]["links"]), draft["findings"]) == (8, 8, [])


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"parameters": {"pumps": 25}}, 422, "blueprint.parameter"),
        ({"parameters": {"wells": 1}}, 422, "blueprint.parameter"),
        ({"parameters": {"A b": 1}}, 422, "blueprint.parameter"),
        ({"count": 3}, 422, "blueprint.parameter"),
        ({"parameters": {"pumps": "many"}}, 400, "request.invalid"),
        ({"parameters": {"pumps": -1}}, 400, "request.invalid"),
        ({"parameters": [2]}, 400, "request.invalid"),
    ],
)
def test_what_a_blueprint_does_not_take_is_told(
    engineer: APIClient, said: dict[str, Any], status: int, code: str
) -> None:
    answer = engineer.post("/api/v1/twins/", {"name": "N", "blueprint": "pump-station", **said})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert engineer.get("/api/v1/twins/").json()["results"] == []
