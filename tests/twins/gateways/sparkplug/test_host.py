"""Edge nodes through real brokers: births and data, a consumer and a broker that restart, deaths, and two tenants."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.twins.conftest import Fleet, stored
from tests.twins.gateways.plant import BROKERS, Plant, wait_for
from tests.twins.gateways.sparkplug.edge import Edge
from twins.composer.models import Twin
from twins.composer.publishing import publish_twin
from twins.composer.services import edit_draft
from twins.gateways.sparkplug.models import SparkplugNode
from twins.gateways.sparkplug.services import give_edge_node
from twins.gateways.sparkplug.standing import Standing, ask_for, standings
from twins.gateways.sparkplug.wire import Kind, Metric
from twins.gateways.topics import EdgeNode
from twins.telemetry.window import look

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def given(fleet: Fleet, node: EdgeNode, *keys: str) -> Fleet:
    """The fleet with an edge node, whose metrics its first signals read."""
    with scope(fleet.tenant):
        give_edge_node(gateway=fleet.gateway, group=node.group, node=node.node, now=utc_now())
        row = Twin.objects.get(id=fleet.twin)
        places = [place for place in row.draft["bindings"] if place.endswith(("/t24", "/t30"))]
        edits = [
            {"op": "bind", "place": place, "gateway": str(fleet.gateway), "key": "/".join((*node, key))}
            for place, key in zip(places, keys, strict=False)
        ]
        draft = edit_draft(twin=row.id, base_revision=row.revision, operations=edits, by="test", now=utc_now())
        publish_twin(twin=row.id, revision=draft.revision, note="", by="test", now=utc_now())
    return fleet


@pytest.fixture(params=BROKERS)
def plant(request: pytest.FixtureRequest, transactional_db: None, tmp_path: Path) -> Iterator[Plant]:
    made = Plant(tmp_path, broker=request.param)
    made.start("broker", "consumer")
    yield made
    made.close()


@pytest.fixture
def edge(plant: Plant, fleet: Fleet) -> Iterator[Edge]:
    node = EdgeNode("meridian:plant", "line1")
    given(fleet, node, "t24", "t30", "pump/t24")
    made = Edge(plant, (str(fleet.gateway), fleet.token), node, {"t24": 640.0, "t30": 1500.0})
    made.state(online=True)
    yield made
    made.close()


def values(everything: Any, fleet: Fleet, count: int) -> list[float]:
    """The values stored, in the order of time and signal, once there are so many."""
    rows = wait_for(lambda: found if len(found := stored(everything, fleet.tenant)) >= count else None)
    return sorted(row[2] for row in rows)


def qualities(everything: Any, fleet: Fleet) -> list[int]:
    asked = "SELECT quality FROM twins_latestreading WHERE tenant_id = %s ORDER BY signal"
    return [row[0] for row in everything.execute(asked, [fleet.tenant]).fetchall()]


def test_a_life(edge: Edge, plant: Plant, fleet: Fleet, everything: Any, owned: Any) -> None:
    edge.birth(Metric("note", kind=Kind.STRING, value="running"))
    edge.data({"t24": 641.0})
    edge.device_birth("pump", {"t24": 630.0})
    assert values(everything, fleet, 4) == [630.0, 640.0, 641.0, 1500.0]
    assert edge.commands.empty()
    assert ("meridian:plant/line1/note", "sparkplug.not_a_number") in owned("key, code")
    edge.data({"t24": 642.0}, lost=True)
    edge.data({"t24": 643.0})
    assert edge.command() == ["Node Control/Rebirth"]
    met = standing(fleet)
    assert (met.breaks, met.births_asked) == (1, 1)
    edge.birth()
    assert values(everything, fleet, 7) == [630.0, 640.0, 640.0, 641.0, 643.0, 1500.0, 1500.0]
    wait_for(lambda: qualities(everything, fleet) == [0, 0, 0])
    edge.raw(edge.topic("NDATA"), b"\xff no payload")
    edge.drop()
    wait_for(lambda: qualities(everything, fleet) == [6, 6, 6])
    assert len(stored(everything, fleet.tenant)) == 7
    assert not SparkplugNode.objects.get().online
    assert ("", "message.broken") in owned("key, code")


def standing(fleet: Fleet) -> Standing:
    """What the node has met so far, once it is noted."""
    row = SparkplugNode.objects.get()

    def noted() -> Standing | None:
        (found,) = standings(settings.REDIS_URL, fleet.tenant, [row.id]).values()
        return found if found.births_asked else None

    return wait_for(noted)  # type: ignore[no-any-return]


def test_whom_a_person_asks_for_is_asked(edge: Edge, plant: Plant, fleet: Fleet, everything: Any) -> None:
    edge.birth()
    assert values(everything, fleet, 2) == [640.0, 1500.0]
    edge.device_birth("pump", {"t24": 630.0})
    assert ask_for(settings.REDIS_URL, edge.node)
    assert edge.command() == ["Node Control/Rebirth"]
    assert (standing(fleet).breaks, standing(fleet).births_asked) == (0, 1)


def test_whoever_looks_sees_what_comes(edge: Edge, plant: Plant, fleet: Fleet, everything: Any) -> None:
    edge.birth()
    assert values(everything, fleet, 2) == [640.0, 1500.0]

    def seen() -> list[dict[str, Any]]:
        """That somebody looks is learnt from a message, and told from the next one on."""
        edge.data({"t24": 641.0})
        return look(settings.REDIS_URL, fleet.tenant, fleet.gateway)

    newest = wait_for(seen)[0]
    topic, payload = newest["raw"].split("\n")
    assert topic == "spBv1.0/meridian:plant/NDATA/line1"
    assert bytes.fromhex(payload)
    assert [(one["key"], one["value"], one["reason"]) for one in newest["keys"]] == [
        ("meridian:plant/line1/t24", 641.0, ""),
    ]  # fmt: skip

    def refused() -> dict[str, Any] | None:
        edge.raw(edge.topic("NDATA"), b"\xff no payload")
        shown = look(settings.REDIS_URL, fleet.tenant, fleet.gateway)
        return next((one for one in shown if "code" in one), None)

    broken = wait_for(refused)
    assert (broken["code"], broken["raw"]) == ("message.broken", f"{topic}\nff 20 6e 6f 20 70 61 79 6c 6f 61 64")


def test_the_consumer_restarts(edge: Edge, plant: Plant, fleet: Fleet, everything: Any) -> None:
    edge.birth()
    assert values(everything, fleet, 2) == [640.0, 1500.0]
    wait_for(lambda: SparkplugNode.objects.get().online)
    plant.kill("consumer")
    edge.state(online=False)
    plant.start("consumer")
    edge.state(online=True)
    edge.data({"t24": 645.0})
    assert edge.command() == ["Node Control/Rebirth"]
    edge.values["t24"] = 646.0
    edge.birth()
    assert values(everything, fleet, 5) == [640.0, 645.0, 646.0, 1500.0, 1500.0]
    assert {row[3] for row in stored(everything, fleet.tenant)} == {0}


def test_the_broker_restarts(edge: Edge, plant: Plant, fleet: Fleet, everything: Any) -> None:
    edge.birth()
    assert values(everything, fleet, 2) == [640.0, 1500.0]
    plant.kill("broker")
    plant.start("broker")
    edge.state(online=True)
    edge.values["t24"] = 650.0
    edge.birth()
    edge.data({"t24": 651.0})
    assert values(everything, fleet, 5) == [640.0, 650.0, 651.0, 1500.0, 1500.0]


def test_two_nodes_of_one_name(edge: Edge, plant: Plant, fleet: Fleet, their_fleet: Fleet, everything: Any) -> None:
    node = EdgeNode("stranger:plant", "line1")
    given(their_fleet, node, "t24", "t30")
    them = Edge(plant, (str(their_fleet.gateway), their_fleet.token), node, {"t24": 600.0, "t30": 1400.0})
    them.state(online=True)
    edge.birth()
    them.birth()
    assert values(everything, fleet, 2) == [640.0, 1500.0]
    assert values(everything, their_fleet, 2) == [600.0, 1400.0]
    them.node = edge.node
    them.birth()
    them.data({"t24": 1.0})
    them.node = node
    them.data({"t24": 601.0})
    edge.data({"t24": 641.0})
    assert values(everything, fleet, 3) == [640.0, 641.0, 1500.0]
    wait_for(lambda: 601.0 in values(everything, their_fleet, 2) or not them.commands.empty())
    assert len(stored(everything, fleet.tenant)) == 3
    assert edge.commands.empty()
    them.close()
