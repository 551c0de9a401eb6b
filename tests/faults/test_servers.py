"""Servers that are killed while readings come: nothing that was acknowledged is lost, and nobody has to help."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.faults.conftest import MakePlant
from tests.faults.flow import Flow, over_http, over_mqtt
from tests.faults.house import House, close_connections, until
from tests.twins.gateways.plant import BROKERS, Plant
from twins.gateways import uplink

LONGEST_WAIT_S = 30.0
"""For whom nothing was killed; a machine that is busy with other tests is slow. `make soak` measures times."""
MORE = 20
"""Batches of each flow that are acknowledged before, and after, something is killed."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uplink, "_ACKNOWLEDGEMENT_S", 1.0)
    monkeypatch.setattr(uplink, "_LONGEST_PAUSE_S", 0.5)


pytestmark = [pytest.mark.usefixtures("impatient"), pytest.mark.timeout(300)]


async def more(*flows: Flow) -> None:
    """Wait until some more batches of each flow are acknowledged."""
    wanted = [len(flow.seconds) + MORE for flow in flows]
    await until(lambda: all(len(flow.seconds) >= number for flow, number in zip(flows, wanted, strict=True)))


def assert_all_there(house: House, *flows: Flow) -> None:
    """What was acknowledged is there once, and nothing else is but what was sent."""
    for flow in flows:
        there = {place: value for place, value in house.readings(flow.fleet).items() if place[0] == flow.key}
        assert flow.acknowledged.items() <= there.items()
        assert there.items() <= flow.sent.items()
        assert len(flow.acknowledged) >= 2 * MORE * flow.readings
        assert flow.refused == []


async def test_postgresql_is_killed(house: House, plant: Plant) -> None:
    said, ready = len(plant.log("web")), house.log("servers").count("postgres is ready")
    flows = [
        over_http(plant.url, house.ours, "1/t24"), over_mqtt(plant.mqtt_url, house.ours, "1/t30"),
        over_http(plant.url, house.theirs, "1/t24"),
    ]  # fmt: skip
    async with flows[0].running(), flows[1].running(), flows[2].running():
        await more(*flows)
        with house.away("postgres"):
            await until(lambda: _TELLS_OF_POSTGRESQL.search(plant.log("web")[said:]))
        await until(lambda: house.log("servers").count("postgres is ready") == ready + 1)
        await more(*flows)
    assert_all_there(house, *flows)
    assert "automatic recovery in progress" in house.log("postgres")


_TELLS_OF_POSTGRESQL = re.compile("batches were not stored|the database cannot be reached")


async def test_redis_is_killed(house: House, plant: Plant) -> None:
    said, ready = len(plant.log("web")), house.log("servers").count("redis is ready")
    flows = [
        over_http(plant.url, house.ours, "1/p30"), over_mqtt(plant.mqtt_url, house.ours, "1/nf"),
        over_http(plant.url, house.theirs, "1/p30"),
    ]  # fmt: skip
    async with flows[0].running(), flows[1].running(), flows[2].running():
        await more(*flows)
        with house.away("redis"):
            await until(lambda: "redis.sock" in plant.log("web")[said:])  # what is not published, counted or shown
            await more(*flows)  # without Redis, too
        await until(lambda: house.log("servers").count("redis is ready") == ready + 1)
        await more(*flows)
    assert_all_there(house, *flows)


async def test_the_web_server_is_killed(house: House, plant: Plant) -> None:
    said = len(plant.log("web"))
    flows = [
        over_http(plant.url, house.ours, "2/t30", readings=50), over_http(plant.url, house.theirs, "1/t30"),
        over_mqtt(plant.mqtt_url, house.ours, "2/p30"),
    ]  # fmt: skip
    async with flows[0].running(), flows[1].running(), flows[2].running():
        await more(*flows)
        plant.kill("web")
        plant.start("web")  # as its supervisor does
        await more(*flows)
        await until(lambda: "writers that were killed are mended" in plant.log("web")[said:])
    assert_all_there(house, *flows)


async def test_the_consumer_is_killed(house: House, plant: Plant) -> None:
    said = len(plant.log("consumer"))
    flows = [over_mqtt(plant.mqtt_url, house.ours, "2/nf"), over_http(plant.url, house.theirs, "1/nc")]
    async with flows[0].running(), flows[1].running():
        await more(*flows)
        plant.kill("consumer")
        await more(flows[1])  # who does not speak MQTT goes on meanwhile
        plant.start("consumer")
        await more(*flows)
        await until(lambda: "writers that were killed are mended" in plant.log("consumer")[said:])
    assert_all_there(house, *flows)


@pytest.fixture
def web(plants: MakePlant) -> str:
    """Where the web server is."""
    return plants("amqtt").url


@pytest.mark.parametrize("plant", BROKERS, indirect=True)
async def test_a_broker_is_killed(house: House, plant: Plant, web: str) -> None:
    theirs = {"amqtt": "1/ps30", "mosquitto": "1/nf"}[plant.broker]
    number = 1 + BROKERS.index(plant.broker)
    flows = [
        over_mqtt(plant.mqtt_url, house.ours, f"{number}/ps30"),
        over_http(web, house.theirs, theirs),
    ]
    async with flows[0].running(), flows[1].running():
        await more(*flows)
        warm = len(flows[1].seconds)
        plant.kill("broker")
        await asyncio.to_thread(_start_broker, plant)
        await more(*flows)
    assert_all_there(house, *flows)
    assert max(flows[1].seconds[warm:]) < LONGEST_WAIT_S  # who does not speak MQTT has not seen it
    assert "is away" in plant.log("consumer")


def _start_broker(plant: Plant) -> None:
    """Mosquitto is told who may connect, which the database knows."""
    try:
        plant.start("broker")
    finally:
        close_connections()
