"""The catalogue over the REST API: drafts, states, use, upgrades, formulas, units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tenants.kernel.ids import new_id
from tenants.scope.actors import Role
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]
TYPES, DRAFTS = "/api/v1/asset-types/", "/api/v1/asset-type-drafts/"
PUMP: dict[str, Any] = {
    "key": "duty-pump", "version": 1, "name": {"en": "Duty pump"}, "extends": ["machine@1"],
    "properties": {"rated_flow": {"type": "number", "unit": "m3/h"}},
    "signals": {"flow": {"unit": "m3/h", "range": ["0", "200"], "rate": "PT10S"}},
    "ports": {"outlet": {"accepts": ["fluid"]}},
}  # fmt: skip
MACHINE: dict[str, Any] = {
    "key": "machine", "version": 1, "name": {"en": "Machine"}, "signals": {"speed": {"unit": "{rpm}"}},
}  # fmt: skip


@pytest.fixture
def engineer(cast: Cast, with_key: WithKey) -> APIClient:
    client = with_key(cast.meridian, Role.ENGINEER)
    for document in (MACHINE, PUMP):
        assert client.post(TYPES, document).status_code == 201
    return client


def twin_with_a_pump(engineer: APIClient) -> tuple[str, str]:
    twin, asset = engineer.post("/api/v1/twins/", {"name": "Station"}).json()["twin"], str(new_id())
    operations = [
        {"op": "add_asset", "asset": asset, "type": "duty-pump@1", "name": "P-101", "at": [0, 0],
         "properties": {"rated_flow": "120"}},
        {"op": "bind", "place": f"{asset}/flow", "gateway": str(new_id()), "key": "P101.F"},
    ]  # fmt: skip
    url = f"/api/v1/twins/{twin}/draft/operations/"
    assert engineer.post(url, {"base_revision": 0, "operations": operations}).status_code == 200
    return twin, asset


def test_from_a_draft_to_a_published_version(engineer: APIClient) -> None:
    started = engineer.post(DRAFTS, {"from": "duty-pump@1"})
    assert started.status_code == 201
    draft = started.json()
    assert (draft["key"], draft["revision"], draft["published"], draft["findings"]) == ("duty-pump", 1, 1, [])
    assert draft["origins"]["signals/speed"] == "machine@1"
    assert draft["origins"]["signals/flow"] == "duty-pump@2"
    url = f"{DRAFTS}{draft['id']}/"
    document = draft["document"] | {"derived": {"share": {"unit": "%", "formula": "flow / rated_flwo"}}}
    broken = engineer.put(url, {"revision": 1, "document": document}).json()
    assert [(each["place"], each["start"], each["end"]) for each in broken["findings"]] == [
        ("derived/share/formula", 7, 17)
    ]
    assert engineer.post(f"{url}publish/", {"revision": 2}).status_code == 422
    document["derived"]["share"]["formula"] = "flow / rated_flow"
    assert engineer.put(url, {"revision": 2, "document": document}).json()["findings"] == []
    published = engineer.post(f"{url}publish/", {"revision": 3, "note": "share"})
    again = engineer.post(f"{url}publish/", {"revision": 3, "note": "share"})
    assert (published.status_code, published.json()["ref"], again.json()) == (201, "duty-pump@2", published.json())
    assert engineer.get(DRAFTS).json() == {"next": None, "results": []}
    short = {f"{each['key']}@{each['version']}": each for each in engineer.get(TYPES).json()["results"]}
    assert short["duty-pump@2"]["derived"] == {"share": {"name": None, "unit": "%"}}
    assert (short["duty-pump@1"]["outdated_by"], short["duty-pump@2"]["outdated_by"]) == ("duty-pump@2", None)
    assert short["duty-pump@2"]["lineage"] == ["duty-pump@2", "machine@1"]
    patience = {key: signal["patience"] for key, signal in short["duty-pump@2"]["signals"].items()}
    assert patience == {"flow": 50.0, "speed": None}


def test_two_people_see_both_sides(engineer: APIClient) -> None:
    draft = engineer.post(DRAFTS, {"key": "own-tank", "name": "Tank"}).json()
    url, document = f"{DRAFTS}{draft['id']}/", draft["document"]
    assert engineer.put(url, {"revision": 1, "document": document | {"abstract": True}}).status_code == 200
    mine = engineer.put(url, {"revision": 1, "document": document | {"source": "mine"}})
    body = mine.json()
    assert (mine.status_code, body["code"], body["revision"]) == (409, "type.conflict", 2)
    assert (body["theirs"]["abstract"], body["yours"]["source"], body["places"]) == (
        True,
        "mine",
        ["abstract", "source"],
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400), ({"key": "Not a slug", "name": "x"}, 400), ({"key": "gas-turbine", "name": "x"}, 409),
        ({"from": "duty-pump"}, 400), ({"from": "nowhere@1"}, 404), ({"key": "a", "name": "x", "extends": "b@1"}, 404),
        ({"key": "a", "name": "x" * 201}, 400), ([], 400),
    ],
)  # fmt: skip
def test_drafts_that_cannot_be_started(engineer: APIClient, body: Any, status: int) -> None:
    response = engineer.post(DRAFTS, body)
    assert response.status_code == status
    assert response.json()["code"]


def test_a_megabyte_is_refused_with_its_place(engineer: APIClient) -> None:
    draft = engineer.post(DRAFTS, {"key": "own-tank", "name": "Tank"}).json()
    document = draft["document"] | {"source": "x" * 1_000_000}
    response = engineer.put(f"{DRAFTS}{draft['id']}/", {"revision": 1, "document": document})
    assert (response.status_code, response.json()["code"], response.json()["place"]) == (
        422,
        "type.too_large",
        "source",
    )
    for path, body in (("preview", {"place": "states/running", "formula": "true"}), ("vocabulary", {})):
        assert engineer.post(f"{DRAFTS}{path}/", {"document": document, **body}).status_code == 422


def test_a_viewer_reads_drafts_and_changes_none(cast: Cast, with_key: WithKey, engineer: APIClient) -> None:
    draft = engineer.post(DRAFTS, {"key": "own-tank", "name": "Tank"}).json()
    viewer, url = with_key(cast.meridian, Role.VIEWER), f"{DRAFTS}{draft['id']}/"
    assert viewer.get(url).json()["document"] == draft["document"]
    assert viewer.get(DRAFTS).json()["results"][0]["name"] == "Tank"
    assert viewer.put(url, {"revision": 1, "document": {}}).status_code == 403
    assert viewer.delete(url).status_code == 403
    assert viewer.post(f"{url}publish/", {"revision": 1}).status_code == 403
    assert viewer.post(f"{TYPES}duty-pump@1/deprecate/", {"reason": "x"}).status_code == 403
    assert viewer.delete(f"{TYPES}duty-pump@1/").status_code == 403
    assert engineer.delete(url).status_code == 204
    assert engineer.get(url).status_code == 404


def test_a_resolved_type_says_where_its_parts_are_from(engineer: APIClient) -> None:
    own = {"key": "big-pump", "version": 1, "name": {"en": "Big"}, "extends": ["duty-pump@1"],
           "signals": {"flow": {"unit": "m3/h", "range": ["10", "150"]}}}  # fmt: skip
    assert engineer.post(TYPES, own).status_code == 201
    found = engineer.get(f"{TYPES}big-pump@1/resolved/").json()
    assert found["document"]["signals"]["flow"] == {"unit": "m3/h", "range": ["10", "150"], "rate": "PT10S"}
    assert found["origins"] == {
        "signals/speed": "machine@1", "signals/flow": "big-pump@1", "properties/rated_flow": "duty-pump@1",
        "ports/outlet": "duty-pump@1",
    }  # fmt: skip
    assert found["overrides"] == {"signals/flow": {"of": "duty-pump@1", "fields": ["range", "unit"]}}


def test_a_type_in_use_is_not_taken_away_and_what_uses_it_is_named(engineer: APIClient) -> None:
    twin_with_a_pump(engineer)
    used = engineer.get(f"{TYPES}duty-pump@1/use/").json()
    assert used == {
        "uses": [{"kind": "twin", "name": "Station", "ref": "station", "assets": 1, "versions": []}], "hidden": 0,
    }  # fmt: skip
    refused = engineer.delete(f"{TYPES}duty-pump@1/")
    assert (refused.status_code, refused.json()["code"]) == (409, "type.in_use")
    assert refused.json()["detail"] == "duty-pump@1 is used by Station"
    assert engineer.delete(f"{TYPES}machine@1/").json()["detail"] == "machine@1 is used by Duty pump"
    assert engineer.delete(f"{TYPES}gas-turbine@1/").json()["code"] == "type.built_in"


def test_a_published_twin_keeps_its_type_for_good(engineer: APIClient) -> None:
    twin, asset = twin_with_a_pump(engineer)
    assert engineer.post(f"/api/v1/twins/{twin}/publish/", {"revision": 2}).status_code == 201
    gone = {"base_revision": 2, "operations": [{"op": "remove_asset", "asset": asset}]}
    assert engineer.post(f"/api/v1/twins/{twin}/draft/operations/", gone).status_code == 200
    used = engineer.get(f"{TYPES}duty-pump@1/use/").json()["uses"]
    assert used == [{"kind": "twin", "name": "Station", "ref": "station", "assets": 0, "versions": [1]}]
    assert engineer.delete(f"{TYPES}duty-pump@1/").status_code == 409


def test_one_that_nothing_uses_goes_and_comes_back(engineer: APIClient) -> None:
    assert engineer.delete(f"{TYPES}duty-pump@1/").status_code == 204
    assert engineer.get(f"{TYPES}duty-pump@1/").status_code == 404
    assert engineer.post(f"{TYPES}duty-pump@1/restore/").json()["key"] == "duty-pump"
    assert engineer.get(f"{TYPES}duty-pump@1/").status_code == 200


def test_a_deprecated_type_is_a_hint_with_an_upgrade(engineer: APIClient) -> None:
    twin, asset = twin_with_a_pump(engineer)
    engineer.post(TYPES, {**PUMP, "version": 2})
    body = {"reason": "Wrong range.", "successor": "duty-pump@2"}
    told = engineer.post(f"{TYPES}duty-pump@1/deprecate/", body).json()
    assert (told["deprecated"]["reason"], told["deprecated"]["successor"], told["outdated_by"]) == (
        "Wrong range.", "duty-pump@2", "duty-pump@2",
    )  # fmt: skip
    findings = engineer.get(f"/api/v1/twins/{twin}/draft/").json()["findings"]
    told = [each for each in findings if each["code"] == "twin.deprecated_type"]
    assert [(each["place"], each["severity"], each["fix"]) for each in told] == [
        (f"assets/{asset}/type", "hint", "Upgrade it to duty-pump@2.")
    ]
    refused = engineer.post(f"{TYPES}duty-pump@1/deprecate/", {"reason": "x", "successor": "duty-pump@1"})
    assert (refused.status_code, refused.json()["place"]) == (422, "successor")
    assert engineer.post(f"{TYPES}duty-pump@1/deprecate/", {}).status_code == 400
    assert engineer.post(f"{TYPES}duty-pump@1/restore/").json()["deprecated"] is None


def test_an_upgrade_says_item_by_item_what_it_does(engineer: APIClient) -> None:
    _, asset = twin_with_a_pump(engineer)
    new = {**PUMP, "version": 2, "signals": {}, "properties": {
        "rated_flow": {"type": "number", "unit": "m3/h", "maximum": "100"}, "tag": {"type": "text", "required": True},
    }}  # fmt: skip
    assert engineer.post(TYPES, new).status_code == 201
    found = engineer.get(f"{TYPES}duty-pump@1/upgrade/?to=duty-pump@2").json()
    assert (found["of"], found["to"], found["effect"], found["instances"]) == (
        "duty-pump@1", "duty-pump@2", "breaks", 1,
    )  # fmt: skip
    assert [(each["place"], each["change"], each["effect"], each["count"]) for each in found["items"]] == [
        ("properties/rated_flow", "changed", "needs a value", 1),
        ("properties/tag", "added", "needs a value", 1),
        ("signals/flow", "removed", "breaks", 1),
    ]
    assert found["items"][0]["assets"] == [
        {"twin": "station", "twin_name": "Station", "asset": asset, "name": "P-101"}
    ]  # fmt: skip
    here, there = (
        engineer.get(f"{TYPES}duty-pump@1/upgrade/?to=duty-pump@2&twin={twin}").json() for twin in ("station", "other")
    )
    assert (here, there["instances"], there["effect"]) == (found, 0, "safe")
    assert engineer.get(f"{TYPES}duty-pump@1/upgrade/?to=nowhere@1").status_code == 404
    assert engineer.get(f"{TYPES}duty-pump@1/upgrade/").status_code == 400


def test_a_formula_is_tried_on_made_up_data(engineer: APIClient) -> None:
    body = {"document": PUMP, "place": "derived/share/formula", "formula": "avg(flow, 5min) / rated_flow"}
    first, again = (engineer.post(f"{DRAFTS}preview/", body).json() for _ in range(2))
    assert first == again
    assert (first["findings"], first["sort"], first["unit"], first["properties"]) == (
        [], "number", "1", {"rated_flow": 1.0},
    )  # fmt: skip
    (sample,) = first["samples"]
    assert (sample["name"], sample["unit"], len(sample["values"]), sample["at"][:2]) == ("flow", "m3/h", 240, [0, 10])
    assert min(sample["values"]) >= 0
    assert max(sample["values"]) <= 200
    assert len(first["values"]) == len(first["at"]) == 240


def test_a_formula_is_tried_on_given_data(engineer: APIClient) -> None:
    body = {
        "document": PUMP, "place": "states/running", "formula": "flow > rated_flow",
        "samples": {"flow": [1, 2, 3], "rated_flow": 2},
    }  # fmt: skip
    found = engineer.post(f"{DRAFTS}preview/", body).json()
    assert (found["sort"], found["unit"], found["at"], found["values"]) == (
        "truth",
        None,
        [0, 10, 20],
        [False, False, True],
    )


@pytest.mark.parametrize(
    ("formula", "code", "span"),
    [
        ("flow / 0", "formula.division_by_zero", (7, 8)),
        ("flow + hed", "formula.unknown_name", (7, 10)),
        ("flow +", "formula.not_read", (6, 6)),
        ("flow * 1 bar", "formula.units", (0, 12)),
        ("x", "formula.loop", (None, None)),
    ],
)
def test_what_is_wrong_in_a_formula_has_its_characters(
    engineer: APIClient, formula: str, code: str, span: tuple[int | None, int | None]
) -> None:
    document = {**PUMP, "derived": {"x": {"unit": "m3/h", "formula": "flow"}}}
    body = {"document": document, "place": "derived/x/formula", "formula": formula}
    found = engineer.post(f"{DRAFTS}preview/", body).json()
    (finding,) = found["findings"]
    assert (finding["code"], (finding["start"], finding["end"])) == (code, span)
    assert (finding["place"], found["values"]) == ("derived/x/formula", [])


@pytest.mark.parametrize(
    "body",
    [
        {"place": "signals/x", "formula": "1"}, {"place": "derived/x/formula"}, {"formula": "1"},
        {"place": "derived/x/formula", "formula": "x" * 2001},
        {"place": "derived/x/formula", "formula": "flow", "samples": {"flow": ["a"]}},
        {"place": "derived/x/formula", "formula": "flow", "samples": {"flow": [1] * 241}},
    ],
)  # fmt: skip
def test_trials_that_make_no_sense(engineer: APIClient, body: dict[str, Any]) -> None:
    assert engineer.post(f"{DRAFTS}preview/", {"document": PUMP, **body}).status_code == 400


def test_what_a_formula_can_be_written_with(engineer: APIClient) -> None:
    document = {**PUMP, "derived": {"head": {"unit": "m", "formula": "nothing", "name": {"en": "Head"}}}, "odd": 1}
    found = engineer.post(f"{DRAFTS}vocabulary/", {"document": document}).json()
    assert [(each["name"], each["kind"], each["unit"], each["symbol"], each["title"]) for each in found["names"]] == [
        ("flow", "signal", "m3/h", "m³/h", None), ("speed", "signal", "{rpm}", "rpm", None),
        ("head", "derived", "m", "m", "Head"), ("rated_flow", "property", "m3/h", "m³/h", None),
    ]  # fmt: skip
    functions = {(each["name"], each["over_time"]): each["usage"] for each in found["functions"]}
    assert (functions["avg", True], functions["min", False]) == ("avg(x, 5min)", "min(a, b, ...)")
    assert "m3/h" in [each["code"] for each in found["units"]]
    assert "and" in found["keywords"]


def test_units_are_found_by_name_and_by_what_they_convert_into(engineer: APIClient) -> None:
    def codes(query: str) -> list[str]:
        return [each["code"] for each in engineer.get(f"/api/v1/units/?{query}").json()["results"]]

    assert codes("q=rpm") == ["{rpm}"]
    assert codes("q=celsius") == ["Cel"]
    assert codes("q=kg.m2") == ["kg.m2"]
    assert codes("q=nothing like it") == []
    assert codes("like=Cel") == ["Cel", "K", "[degF]", "[degR]"]
    assert len(codes("")) == 50
    assert engineer.get(f"/api/v1/units/?q={'x' * 65}").status_code == 400
