"""The process that runs connections, against real servers: started, changed, shared, killed."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.conf import settings

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.twins.conftest import Fleet
from tests.twins.gateways.connections.conftest import Connectors, connect, going, newest
from tests.twins.gateways.field.conftest import MakeServer, Server
from tests.twins.gateways.plant import wait_for
from twins.gateways.connections.models import ConnectionLease, Going
from twins.gateways.connections.services import (
    change_connection,
    delete_connection,
    pause_connection,
    start_connection,
)
from twins.telemetry.selectors import readings
from twins.telemetry.window import look

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "owner"]), pytest.mark.timeout(300)]
AT = 1_735_689_600.125


def is_connected(fleet: Fleet, connection: Any) -> bool:
    return going(fleet, connection).state == Going.CONNECTED


def opcua(server: Server, *names: str, **more: Any) -> dict[str, Any]:
    points = [{"node": f"ns=2;s={name}", "key": name} for name in names]
    return {"url": server.url, "publishing_ms": 50, "sampling_ms": 10, "points": points, **more}


def modbus(server: Server, *points: dict[str, Any]) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": server.port, "timeout_s": 0.5, "points": [
        {"every_ms": 100, **each} for each in points
    ]}  # fmt: skip


def test_what_servers_say_becomes_readings_with_their_instants(
    fleet: Fleet, opcua_server: MakeServer, modbus_server: MakeServer, connectors: Connectors
) -> None:
    plant = opcua_server(nodes={"1/t24": 640.0, "Level": 3.0})
    device = modbus_server(units={"1": {"holding": {"4": [42]}}})
    pump = connect(fleet, "Pump house", "opcua", opcua(plant, "1/t24", "Level"))
    tank = connect(fleet, "Tank", "modbus", modbus(device, {"key": "tank", "address": 4}))
    connectors.start()
    wait_for(lambda: {"Level", "tank"} <= newest(fleet).keys())
    plant.order("write", node="1/t24", value=641.5, at=AT)

    def stored() -> Any:
        with scope(fleet.tenant):
            start, end = datetime.fromtimestamp(AT - 1, UTC), datetime.fromtimestamp(AT + 1, UTC)
            number = fleet.signals["1/t24"]
            found = readings([number], start, end)[number]
            return list(zip(found.at.tolist(), found.value.tolist(), strict=True))

    assert wait_for(stored) == [(int(AT * 1e6), 641.5)]
    assert newest(fleet)["tank"] == 42.0
    # Whoever looks at the gateway sees what is read as it comes.
    shown = wait_for(lambda: look(settings.REDIS_URL, fleet.tenant, fleet.gateway))
    assert {one["key"] for one in shown[0]["keys"]} <= {"1/t24", "Level", "tank"}
    for connection in (pump, tank):
        wait_for(partial(is_connected, fleet, connection))
    assert going(fleet, pump).last_sample_at is not None
    assert connectors.stop(0) == 0


def test_changes_take_effect_within_two_seconds(
    fleet: Fleet, modbus_server: MakeServer, connectors: Connectors
) -> None:
    device = modbus_server(units={"1": {"holding": {"0": [1, 2, 3]}}})
    settings = modbus(device, {"key": "first", "address": 0})
    tank = connect(fleet, "Tank", "modbus", settings)
    connectors.start()
    wait_for(lambda: "first" in newest(fleet))
    more = modbus(device, {"key": "first", "address": 0}, {"key": "second", "address": 1})
    with scope(fleet.tenant):
        change_connection(connection=tank, settings=more, now=utc_now())
    changed = time.monotonic()
    wait_for(lambda: [1, "holding", 0, 2] in device.order("requests"))
    assert time.monotonic() - changed < 2.0
    with scope(fleet.tenant):
        pause_connection(connection=tank, now=utc_now())
    paused = time.monotonic()
    wait_for(lambda: "connected" not in _last(device))
    assert time.monotonic() - paused < 3.0
    with scope(fleet.tenant):
        start_connection(connection=tank, now=utc_now())
    wait_for(lambda: device.order("requests"))
    with scope(fleet.tenant):
        delete_connection(connection=tank)
    wait_for(lambda: "connected" not in _last(device))


def _last(device: Server) -> str:
    """Whether anything asks for registers: two looks apart by some polls."""
    device.order("requests")
    time.sleep(0.3)
    return "connected" if device.order("requests") else "quiet"


def test_a_killed_process_hands_its_connections_over_within_seconds(
    fleet: Fleet, modbus_server: MakeServer, connectors: Connectors
) -> None:
    device = modbus_server(units={"1": {"holding": {"0": list(range(8))}}})
    made = [
        connect(fleet, f"Tank {number}", "modbus", modbus(device, {"key": f"tank{number}", "address": number}))
        for number in range(8)
    ]
    connectors.start()
    connectors.start()
    wait_for(lambda: len(set(_holders()) - {None}) == 2 and None not in _holders())
    before = set(_holders())
    wait_for(lambda: all(going(fleet, each).state == Going.CONNECTED for each in made))
    connectors.kill(0)
    killed = time.monotonic()
    wait_for(lambda: len(set(_holders())) == 1)
    assert time.monotonic() - killed < 8.0
    assert set(_holders()) < before
    marks = {f"tank{number}": 100 + number for number in range(8)}
    device.order("write", unit=1, table="holding", address=0, values=list(marks.values()))
    wait_for(lambda: marks.items() <= newest(fleet).items())


def _holders() -> list[Any]:
    return list(ConnectionLease.objects.values_list("holder", flat=True))


def test_one_that_fails_says_why_and_keeps_no_other_from_being_read(
    fleet: Fleet, their_fleet: Fleet, opcua_server: MakeServer, connectors: Connectors
) -> None:
    plant = opcua_server(nodes={"Level": 3.0})
    gone = opcua_server(nodes={})
    gone.kill()
    dead = connect(fleet, "Gone", "opcua", opcua(gone, "Level"))
    inside = connect(fleet, "Inside", "modbus", {"host": "10.1.2.3", "points": [{"key": "x", "address": 0}]})
    live = connect(their_fleet, "Live", "opcua", opcua(plant, "Level", "Missing"))
    connectors.start()
    wait_for(lambda: going(their_fleet, live).state == Going.CONNECTED)
    wait_for(lambda: going(fleet, dead).state == Going.FAILING)
    wait_for(lambda: going(fleet, inside).state == Going.FAILING)
    assert going(fleet, dead).code == "field.unreachable"
    assert "nobody listens there" in going(fleet, dead).message
    assert going(fleet, inside).code == "connection.forbidden_network"
    assert "OUTTURN_CONNECT_NETWORKS" in going(fleet, inside).fix
    wait_for(lambda: going(their_fleet, live).trouble_count == 1)
    (trouble,) = going(their_fleet, live).troubles
    assert (trouble["key"], trouble["code"]) == ("Missing", "opcua.node")
    assert newest(their_fleet) == {"Level": 3.0}
    assert newest(fleet) == {}


def test_a_server_that_restarts_is_read_again_and_the_gap_is_kept(
    fleet: Fleet, opcua_server: MakeServer, connectors: Connectors
) -> None:
    plant = opcua_server(nodes={"Level": 3.0})
    live = connect(fleet, "Live", "opcua", opcua(plant, "Level"))
    connectors.start()
    wait_for(lambda: newest(fleet) == {"Level": 3.0})
    plant.kill()
    wait_for(lambda: going(fleet, live).state == Going.FAILING)
    plant.plan["nodes"] = {"Level": 9.0}
    plant.start()
    wait_for(lambda: newest(fleet) == {"Level": 9.0})
    wait_for(lambda: going(fleet, live).state == Going.CONNECTED)
    assert "field.gap" in [event["code"] for event in going(fleet, live).events]
