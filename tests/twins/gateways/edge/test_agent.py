"""The agent as a process, against real servers and a real platform: outages, kills, restarts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.twins.conftest import Fleet, stored
from tests.twins.gateways.edge.conftest import (
    Broker,
    MakeSite,
    Site,
    every_second,
    mqtt_section,
    python,
    section,
)
from tests.twins.gateways.field.conftest import MakeServer
from tests.twins.gateways.plant import Plant, wait_for

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "owner"]), pytest.mark.timeout(300)]
T0 = 1_735_689_600_000
QUICK = section("forwarding", batch_seconds=0.1, live_seconds=1)


def arrived(everything: Any, fleet: Fleet, key: str) -> list[tuple[int, float, int]]:
    """Instant in milliseconds, value and commit of all that is stored of a key, in order of time."""
    rows = [row for row in stored(everything, fleet.tenant) if row[0] == fleet.signals[key]]
    return sorted((round(at.timestamp() * 1000), value, commit) for _, at, value, _, commit in rows)


def whole(everything: Any, fleet: Fleet, key: str, sent: Sequence[dict[str, float]]) -> Any:
    """What is stored of a key, once it is just what was sent."""

    def found() -> Any:
        rows = arrived(everything, fleet, key)
        return rows if len(rows) >= len(sent) else None

    rows = wait_for(found)
    assert [(at, value) for at, value, _ in rows] == [(one["at"], one["value"]) for one in sent]
    return rows


def at_site(make_site: MakeSite, plant: Plant, fleet: Fleet, *sections: str) -> Site:
    site = make_site(plant.url, fleet.token)
    site.write(*sections)
    site.start()
    return site


def test_an_outage_of_the_platform_loses_nothing_and_changes_nothing(
    make_site: MakeSite, plant: Plant, broker: Broker, fleet: Fleet, everything: Any
) -> None:
    plant.start("web")
    site = at_site(make_site, plant, fleet, mqtt_section(broker.url, "1/#"), QUICK)
    sent = every_second(T0, 300)
    wait_for(lambda: site.said("broker is connected"))
    broker.publish("1/t24", *sent[:50])
    whole(everything, fleet, "1/t24", sent[:50])
    plant.kill("web")
    for start in range(50, 250, 10):
        broker.publish("1/t24", *sent[start : start + 10])
    wait_for(lambda: site.said("the platform does not take readings"))
    plant.start("web")
    broker.publish("1/t24", *sent[250:])
    rows = whole(everything, fleet, "1/t24", sent)
    commits = [commit for _, _, commit in rows]
    assert commits == sorted(commits)
    assert site.stop()[0] == 0


def test_an_agent_that_is_killed_goes_on_where_it_was(
    make_site: MakeSite, plant: Plant, broker: Broker, fleet: Fleet, everything: Any
) -> None:
    site = at_site(make_site, plant, fleet, mqtt_section(broker.url, "1/#"), QUICK)
    wait_for(lambda: site.said("broker is connected"))
    sent = every_second(T0, 900)
    for start in range(0, 900, 300):
        broker.publish("1/t24", *sent[start : start + 150])
        broker.publish("1/t24", *sent[start + 150 : start + 300])
        site.kill()  # with readings on their way to the disk
        site.start()
    key = (site.home / "site.key").read_bytes()
    plant.start("web")
    wait_for(lambda: len(arrived(everything, fleet, "1/t24")) >= 300)
    site.kill()  # with batches on their way to the platform
    site.start()
    rows = whole(everything, fleet, "1/t24", sent)
    commits = [commit for _, _, commit in rows]
    assert commits == sorted(commits)
    assert (site.home / "site.key").read_bytes() == key
    assert (site.home / "site.key").stat().st_mode & 0o777 == 0o600
    assert fleet.token not in site.log


def test_opcua_and_modbus_are_read_and_go_on_when_their_server_is_back(
    make_site: MakeSite, plant: Plant, opcua_server: MakeServer, modbus_server: MakeServer, fleet: Fleet,
    everything: Any,
) -> None:  # fmt: skip
    server = opcua_server(nodes={"T24": 640.0})
    device = modbus_server(units={"1": {"holding": {"4": [1400]}}})
    plant.start("web")
    sources = f"""
[[sources]]
name = "line"
kind = "opcua"
settings = {{url = "{server.url}", publishing_ms = 50, sampling_ms = 10,
             points = [{{node = "ns=2;s=T24", key = "1/t24"}}]}}
[[sources]]
name = "tank"
kind = "modbus"
settings = {{host = "127.0.0.1", port = {device.port}, points = [{{key = "1/t30", address = 4, every_ms = 1000}}]}}
""".replace(",\n             ", ", ")
    site = at_site(make_site, plant, fleet, sources)
    wait_for(lambda: arrived(everything, fleet, "1/t24") and arrived(everything, fleet, "1/t30"))
    server.order("write", node="T24", value=641.5, at=T0 / 1000)
    wait_for(lambda: (T0, 641.5) in [row[:2] for row in arrived(everything, fleet, "1/t24")])
    server.kill()
    wait_for(lambda: site.said("line is failed"))
    server.plan["nodes"] = {"T24": 650.0}
    server.start()
    wait_for(lambda: 650.0 in [row[1] for row in arrived(everything, fleet, "1/t24")])
    assert {row[1] for row in arrived(everything, fleet, "1/t30")} == {1400.0}


def test_a_stop_is_quick_and_leaves_what_was_read_on_disk(
    make_site: MakeSite, plant: Plant, broker: Broker, fleet: Fleet, everything: Any
) -> None:
    slow = section("forwarding", batch_seconds=3600)
    site = at_site(make_site, plant, fleet, mqtt_section(broker.url, "1/#"), slow)
    wait_for(lambda: site.said("broker is connected"))
    sent = every_second(T0, 20)
    broker.publish("1/t24", *sent)
    time.sleep(0.5)
    status, took = site.stop()
    assert status == 0
    assert took < 3
    plant.start("web")
    site.start()
    whole(everything, fleet, "1/t24", sent)


def test_it_needs_no_django_and_says_what_is_wrong_with_its_file(make_site: MakeSite) -> None:
    modules = "twins.gateways.edge.agent, twins.gateways.edge.mqtt_source"
    loaded = f"import sys, {modules}; print(sorted({{'django', 'asyncua'}} & set(sys.modules)))"
    assert python("-c", loaded).stdout.strip() == "[]"
    site = make_site("https://outturn.example", "t")
    site.write(section("store", limit=1, policy="some"))
    said = python("-m", "twins.gateways.edge", str(site.file))
    assert said.returncode == 2
    assert "store/limit: input should be greater than or equal to 1048576" in said.stderr
    assert "store/policy" in said.stderr
    site.write()
    assert python("-m", "twins.gateways.edge", str(site.file), "--check").stdout == "the file fits\n"
    site.start()
    second = python("-m", "twins.gateways.edge", str(site.file))
    assert (second.returncode, "another agent is at work" in second.stderr) == (2, True)
    assert site.stop()[0] == 0
    assert datetime.fromisoformat(site.said("the agent runs")[0]["at"]).tzinfo == UTC
