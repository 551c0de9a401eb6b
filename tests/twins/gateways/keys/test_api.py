"""The keys of gateways over the REST API, with readings that came by the real way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.ingest import client_of, ingest_running
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet
from twins.gateways.connections.models import Connection, Kind
from twins.gateways.http import PATH
from twins.gateways.services import create_gateway
from twins.telemetry.models import UnboundKey

Keyed = Callable[[Tenant, Role], APIClient]
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
API = "/api/v1/gateway-keys/"
START = datetime(2026, 1, 15, 8, tzinfo=UTC)


class Plant:
    """Meridian's engines whose signals nothing is read for, and a gateway that sends."""

    def __init__(self, tenant: Tenant, client: APIClient) -> None:
        self.tenant, self.client, self._batches = tenant, client, 0
        with scope(tenant.id):
            gateway, token = create_gateway(name="Hangar", now=utc_now())
            parameters = FleetParameters(name="Fleet", count=2)
            draft = create_fleet(blueprint="turbofan-fleet", parameters=parameters, by="test", now=utc_now())
        self.gateway, self.token, self.twin = gateway.id, token.text, draft.twin
        self.assets = {asset.name: key for key, asset in draft.document.assets.items()}

    def sends(self, columns: dict[str, list[float]]) -> dict[str, Any]:
        """One batch, a value a second; returns when everything of it is written."""
        self._batches += 1
        at = [(START + timedelta(seconds=number)).isoformat() for number in range(len(next(iter(columns.values()))))]
        return asyncio.run(self._send({"batch": f"b{self._batches}", "at": at, "columns": columns}))

    async def _send(self, body: dict[str, Any]) -> dict[str, Any]:
        async with ingest_running() as app, client_of(app, self.token) as client:
            answer: dict[str, Any] = (await client.post(PATH, json=body)).json()
            return answer

    def place(self, asset: str, signal: str) -> str:
        return f"{self.assets[asset]}/{signal}"

    def asks(self, path: str, **body: Any) -> Any:
        answer = self.client.post(f"{API}{path}/", body, format="json")
        assert answer.status_code == 200, answer.json()
        return answer.json()

    def binds(self, *bindings: dict[str, Any]) -> None:
        """Bind signals in the draft, and publish it."""
        draft = self.client.get(f"/api/v1/twins/{self.twin}/draft/").json()
        operations = [{"op": "bind", "gateway": str(self.gateway), **one} for one in bindings]
        body = {"base_revision": draft["revision"], "operations": operations}
        answer = self.client.post(f"/api/v1/twins/{self.twin}/draft/operations/", body, format="json").json()
        body = {"revision": answer["revision"], "note": ""}
        published = self.client.post(f"/api/v1/twins/{self.twin}/publish/", body, format="json")
        assert published.status_code == 201, published.json()


@pytest.fixture
def plant(tenant: Tenant, with_key: Keyed) -> Plant:
    return Plant(tenant, with_key(tenant, Role.ENGINEER))


def test_what_a_gateway_sends_is_offered_until_it_is_read(plant: Plant) -> None:
    told = plant.sends({"1/t24": [640.0, 642.5, 641.0], "1/oil_degF": [180.0, 182.0, 181.0], "alive": [1.0, 1.0, 1.0]})
    assert told["set_aside_count"] == 9
    page = plant.client.get(API).json()
    assert [one["key"] for one in page["results"]] == ["1/oil_degF", "1/t24", "alive"]
    assert page["next"] is None
    assert page["results"][1] == {
        "gateway": str(plant.gateway), "gateway_name": "Hangar", "key": "1/t24", "at": "2026-01-15T08:00:02Z",
        "value": 641.0, "unit": None, "seen": 3, "low": 640.0, "high": 642.5, "guess": None, "twin": None,
        "asset": None, "asset_name": "", "signal": None,
        "recent": [
            {"at": "2026-01-15T08:00:00Z", "value": 640.0}, {"at": "2026-01-15T08:00:01Z", "value": 642.5},
            {"at": "2026-01-15T08:00:02Z", "value": 641.0},
        ],
    }  # fmt: skip
    assert page["results"][0]["guess"] == {"unit": "[degF]", "by": "name"}
    plant.binds({"place": plant.place("Engine 001", "t24"), "key": "1/t24"})
    assert plant.sends({"1/t24": [643.0]})["accepted"] == 1
    assert [one["key"] for one in plant.client.get(API).json()["results"]] == ["1/oil_degF", "alive"]
    (read,) = plant.client.get(f"{API}?state=bound").json()["results"]
    asset = plant.assets["Engine 001"]
    assert (read["key"], read["value"], read["unit"], read["asset"], read["signal"], read["seen"]) == (
        "1/t24", 643.0, "[degR]", asset, "t24", None,
    )  # fmt: skip
    names = [{"gateway": str(plant.gateway), "key": key} for key in ("1/t24", "never", "alive")]
    assert [one["key"] for one in plant.asks("known", keys=names)["keys"]] == ["1/t24", "alive"]
    assert [one["key"] for one in plant.client.get(f"{API}?state=all").json()["results"]] == [
        "1/oil_degF", "alive", "1/t24",
    ]  # fmt: skip


def test_keys_are_searched_and_come_in_pages(plant: Plant, stranger: Tenant, with_key: Keyed) -> None:
    plant.sends({f"line{number:02}/Flow_100%": [1.0] for number in range(12)} | {"other": [1.0]})
    found, url = [], f"{API}?q=FLOW+line&limit=5&gateway={plant.gateway}"
    sizes = []
    while url:
        page = plant.client.get(url).json()
        found += [one["key"] for one in page["results"]]
        sizes.append(len(page["results"]))
        url = page["next"]
    assert (sizes, found) == ([5, 5, 2], [f"line{number:02}/Flow_100%" for number in range(12)])
    assert [one["key"] for one in plant.client.get(f"{API}?q=00%25").json()["results"]] == found
    assert plant.client.get(f"{API}?q=0_%25").json()["results"] == []
    assert plant.client.get(f"{API}?gateway={uuid4()}").json()["results"] == []
    assert with_key(stranger, Role.OWNER).get(f"{API}?state=all").json()["results"] == []
    for wrong in ("after=x", "after=bm9uZQ==", "limit=0", "limit=501", "state=none", "gateway=1", "q=" + "x" * 101):
        assert plant.client.get(f"{API}?{wrong}").status_code == 400, wrong


def test_the_number_of_queries_does_not_grow(plant: Plant) -> None:
    plant.sends({"a": [1.0]})
    with CaptureQueriesContext(
        connection,
    ) as few:
        plant.client.get(f"{API}?state=all&twin={plant.twin}")
    plant.sends({f"k{number}": [1.0] for number in range(40)})
    plant.binds({"place": plant.place("Engine 001", "t24"), "key": "a"})
    plant.client.get(f"{API}?state=all&twin={plant.twin}")
    with CaptureQueriesContext(connection) as many:
        assert len(plant.client.get(f"{API}?state=all&twin={plant.twin}").json()["results"]) == 41
    assert len(many) <= len(few) + 1  # the newest values of what is read by now


def test_what_the_device_says_of_its_unit_counts_first(plant: Plant) -> None:
    with scope(plant.tenant.id):
        Connection.objects.create(
            gateway_id=plant.gateway, name="PLC", kind=Kind.OPCUA, created_at=utc_now(), changed_at=utc_now(),
            settings={"url": "opc.tcp://plc:4840", "points": [{"node": "i=1", "key": "node/17", "unit": "°C"}]},
        )  # fmt: skip
    plant.sends({"node/17": [40.0], "node/18": [1.0]})
    guesses = {one["key"]: one["guess"] for one in plant.client.get(API).json()["results"]}
    assert guesses == {"node/17": {"unit": "Cel", "by": "device"}, "node/18": None}


def test_suggestions_for_assets_and_for_one_key(plant: Plant) -> None:
    plant.sends(
        {f"{unit}/{signal}": [value] for unit in (1, 2, 3) for signal, value in (("t24", 641.0), ("nf", 2388.0))}
    )
    assets = list(plant.assets.values())
    found = plant.asks("suggestions", twin=str(plant.twin), assets=assets)["suggestions"]
    good = {one["place"]: one["taken"]["key"] for one in found if one["good"]}
    assert good == {
        plant.place(f"Engine 00{unit}", signal): f"{unit}/{signal}" for unit in (1, 2) for signal in ("t24", "nf")
    }
    only = {"gateway": str(plant.gateway), "key": "2/nf"}
    found = plant.asks("suggestions", twin=str(plant.twin), assets=assets, only=only)["suggestions"]
    offered = {one["place"]: one["candidates"][0]["score"] for one in found if one["candidates"]}
    assert max(offered, key=offered.__getitem__) == plant.place("Engine 002", "nf")
    taken = next(one["taken"] for one in found if one["good"])
    assert taken == {
        "gateway": str(plant.gateway),
        "key": "2/nf",
        "score": taken["score"],
        "unit": None,
        "in_range": True,
    }
    unknown = plant.asks("suggestions", twin=str(plant.twin), assets=[str(uuid4())])
    assert unknown == {"suggestions": []}
    lost = plant.client.post(f"{API}suggestions/", {"twin": str(uuid4()), "assets": assets}, format="json")
    assert (lost.status_code, lost.json()["code"]) == (404, "twin.not_found")


def test_a_pattern_tells_what_it_would_bind(plant: Plant) -> None:
    plant.sends({"PLANT1.ENGINE-1.T24": [641.0], "PLANT1.Engine 001.nf": [2388.0], "PLANT1.Engine 002.t24": [640.0]})
    plant.binds({"place": plant.place("Engine 002", "t24"), "key": "PLANT1.Engine 002.t24"})
    asked = {"twin": str(plant.twin), "assets": list(plant.assets.values()), "gateway": str(plant.gateway)}
    found = plant.asks("pattern", pattern="PLANT1.{asset}.{signal}", **asked)["rows"]
    states = {one["place"]: (one["state"], one["key"]) for one in found}
    assert states[plant.place("Engine 001", "t24")] == ("alike", "PLANT1.ENGINE-1.T24")
    assert states[plant.place("Engine 001", "nf")] == ("fits", "PLANT1.Engine 001.nf")
    assert states[plant.place("Engine 002", "t24")] == ("bound", "PLANT1.Engine 002.t24")
    assert states[plant.place("Engine 002", "nf")] == ("unsent", "PLANT1.Engine 002.nf")
    wrong = plant.client.post(f"{API}pattern/", {**asked, "pattern": "{asset}/{signals}"}, format="json")
    assert wrong.status_code == 422
    (finding,) = wrong.json()["findings"]
    assert (finding["code"], finding["place"]) == ("pattern.unknown_name", "pattern:8-17")
    gone = plant.client.post(f"{API}pattern/", {**asked, "gateway": str(uuid4()), "pattern": "{asset}"}, format="json")
    assert (gone.status_code, gone.json()["code"]) == (404, "gateway.not_found")


def test_a_transform_is_seen_on_the_readings_that_came(plant: Plant) -> None:
    plant.sends({"1/t24": [0.0, 4.0, 20.0]})
    asked = {"gateway": str(plant.gateway), "key": "1/t24", "type": "turbofan-engine@1", "signal": "t24"}
    asked["type"] = plant.client.get(f"/api/v1/twins/{plant.twin}/draft/").json()["document"]["assets"][
        plant.assets["Engine 001"]
    ]["type"]
    assert plant.asks("sample", **asked, scale="2", offset="-1")["made"] == [-1.0, 7.0, 39.0]
    assert plant.asks("sample", **asked, unit="K")["made"] == pytest.approx([0.0, 7.2, 36.0])
    made = plant.asks("sample", **asked, expression="100 / value")
    assert (made["made"], made["findings"]) == ([None, 25.0, 5.0], [])
    assert [one["value"] for one in made["sent"]] == [0.0, 4.0, 20.0]
    for fields, code, place in (
        ({"unit": "bar"}, "twin.unit_not_convertible", "binding/unit"),
        ({"expression": "value / 0"}, "formula.no_number", "binding/expression:0-0"),
        ({"expression": "valu * 2"}, "formula.unknown_name", "binding/expression:0-4"),
        ({"scale": "0"}, "twin.zero_scale", "binding/scale"),
    ):
        wrong = plant.asks("sample", **asked, **fields)
        assert (wrong["made"], [(one["code"], one["place"]) for one in wrong["findings"]]) == (None, [(code, place)])
    assert plant.client.post(f"{API}sample/", {**asked, "scale": "1e3"}, format="json").status_code == 400
    lost = plant.client.post(f"{API}sample/", {**asked, "signal": "colour"}, format="json")
    assert (lost.status_code, lost.json()["code"]) == (404, "signal.not_found")


def test_what_is_bound_has_its_newest_value_before_it_is_published(plant: Plant) -> None:
    plant.sends({"1/t24": [4.0, 20.0], "1/none": [0.0]})
    draft = plant.client.get(f"/api/v1/twins/{plant.twin}/draft/").json()["document"]
    asset = plant.assets["Engine 001"]
    asked = {"gateway": str(plant.gateway), "asset": asset, "type": draft["assets"][asset]["type"]}
    bindings = [
        {**asked, "key": "1/t24", "signal": "t24", "scale": "2", "offset": "-1"},
        {**asked, "key": "1/t24", "signal": "t30", "unit": "K"},
        {**asked, "key": "1/none", "signal": "nf", "expression": "100 / value"},
        {**asked, "key": "1/none", "signal": "nf", "unit": "bar"},
        {**asked, "key": "1/none", "signal": "colour"},
        {**asked, "key": "1/none", "signal": "nf", "type": "no-engine@1"},
        {**asked, "key": "1/unheard", "signal": "nf"},
        {**asked, "key": "1/t24", "signal": "t24", "gateway": str(uuid4())},
    ]
    at = (START + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    assert plant.asks("newest", bindings=bindings)["values"] == [
        {"asset": asset, "signal": "t24", "at": at, "value": 39.0},
        {"asset": asset, "signal": "t30", "at": at, "value": pytest.approx(36.0)},
    ]
    with CaptureQueriesContext(connection) as many:
        plant.asks("newest", bindings=bindings[:2] * 250)
    with CaptureQueriesContext(connection) as one:
        plant.asks("newest", bindings=bindings[:1])
    assert len(many) == len(one)
    assert plant.client.post(f"{API}newest/", {"bindings": bindings[:1] * 501}, format="json").status_code == 400


def test_an_expression_is_published_and_makes_the_values_that_are_stored(plant: Plant) -> None:
    plant.sends({"1/raw": [4.0]})
    place = plant.place("Engine 001", "t24")
    plant.binds({"place": place, "key": "1/raw", "expression": "800 / value * 1 [degR]"})
    told = plant.sends({"1/raw": [1.25, 0.0, 1.6]})
    assert (told["accepted"], told["set_aside_count"]) == (2, 1)
    assert [one["code"] for one in told["set_aside"]] == ["reading.not_calculated"]
    (read,) = plant.client.get(f"{API}?state=bound").json()["results"]
    assert (read["value"], read["unit"]) == (500.0, "[degR]")
    draft = plant.client.get(f"/api/v1/twins/{plant.twin}/draft/").json()
    body = {
        "base_revision": draft["revision"],
        "operations": [
            {"op": "bind", "place": place, "gateway": str(plant.gateway), "key": "1/raw", "expression": "valu"}
        ],
    }
    edited = plant.client.post(f"/api/v1/twins/{plant.twin}/draft/operations/", body, format="json").json()
    wrong = [one for one in edited["findings"] if one["severity"] == "error"]
    assert [(one["code"], one["place"]) for one in wrong] == [
        ("formula.unknown_name", f"bindings/{place}/expression:0-4")
    ]


def test_a_key_that_is_read_is_seen_as_it_was_sent(plant: Plant) -> None:
    place = plant.place("Engine 001", "t24")
    plant.binds({"place": place, "key": "1/t24", "scale": "2", "offset": "10"})
    plant.sends({"1/t24": [300.0, 310.0]})
    kind = plant.client.get(f"/api/v1/twins/{plant.twin}/draft/").json()["document"]["assets"][place.split("/")[0]][
        "type"
    ]
    made = plant.asks("sample", gateway=str(plant.gateway), key="1/t24", type=kind, signal="t24")
    assert ([one["value"] for one in made["sent"]], made["made"]) == ([300.0, 310.0], [300.0, 310.0])


def test_nobody_sees_the_keys_of_others(plant: Plant, stranger: Tenant, with_key: Keyed) -> None:
    plant.sends({"1/t24": [300.0]})
    client = with_key(stranger, Role.OWNER)
    names = [{"gateway": str(plant.gateway), "key": "1/t24"}]
    assert client.post(f"{API}known/", {"keys": names}, format="json").json() == {"keys": []}
    asked = {"gateway": str(plant.gateway), "key": "1/t24", "type": "centrifugal-pump@1", "signal": "flow"}
    assert client.post(f"{API}sample/", asked, format="json").json().get("sent", []) == []
    places = {"bindings": [{**asked, "asset": str(uuid4())}]}
    assert client.post(f"{API}newest/", places, format="json").json() == {"values": []}
    with scope(stranger.id):
        assert not UnboundKey.objects.exists()
    assert isinstance(plant.gateway, UUID)
