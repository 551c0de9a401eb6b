"""Gateways that do what they should not: what of it is good is kept, what is not is told, and nobody else notices."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.faults.flow import FIRST, Flow, over_http
from tests.faults.house import House, until
from tests.twins.conftest import Fleet
from tests.twins.gateways.plant import Plant
from tests.twins.gateways.test_mqtt import Device
from twins.gateways.http import PATH
from twins.telemetry.decode import LARGEST_BODY

pytestmark = pytest.mark.timeout(300)
AT = "2025-01-01T00:00:00Z"
LONGEST_WAIT_S = 30.0
"""For an answer to whoever has done nothing; a machine that is busy with other tests is slow. `make soak` measures."""


def table(name: str, *readings: tuple[str, Any, Any]) -> dict[str, Any]:
    return {"batch": name, "readings": [{"key": key, "at": at, "value": value} for key, at, value in readings]}


def client_of(plant: Plant, fleet: Fleet, **options: Any) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {fleet.token}", "Content-Type": "application/json"}
    return httpx.AsyncClient(base_url=plant.url, headers=headers, timeout=60, **options)


@pytest.fixture
async def neighbour(house: House, plant: Plant, request: pytest.FixtureRequest) -> AsyncIterator[Flow]:
    """Another organisation, whose batches are all acknowledged meanwhile, each within its time."""
    keys = ("t24", "t30", "t50", "p2", "p15", "p30", "nf", "nc")
    place = sum(request.node.name.encode()) % len(keys)
    while f"1/{keys[place]}" in _USED:
        place = (place + 1) % len(keys)
    _USED.add(f"1/{keys[place]}")
    flow = over_http(plant.url, house.theirs, f"1/{keys[place]}", lines=1, pause=0.01)
    async with flow.running():
        await until(lambda: flow.acknowledged)
        warm = len(flow.seconds)
        yield flow
        before = len(flow.seconds)
        await until(lambda: len(flow.seconds) > before)
    there = house.readings(house.theirs)
    assert flow.refused == []
    assert max(flow.seconds[warm:]) < LONGEST_WAIT_S
    assert flow.acknowledged == {place: value for place, value in there.items() if place[0] == flow.key}
    assert "Traceback" not in plant.log("web")


_USED: set[str] = set()

NOT_MESSAGES = [
    b"", b"\x00\xff" * 5000, b"{", b"null", b"[" * 100_000, b'{"batch": "b", "readings": ', b'{"readings": 7}',
    b'{"batch": "\\ud800", "readings": []}', b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
]  # fmt: skip
NOT_READINGS: list[tuple[Any, Any, str]] = [
    ("2106-02-07T06:28:16Z", 1.0, "reading.in_future"), (4_294_967_296_000, 1.0, "reading.in_future"),
    ("9999-12-31T23:59:59Z", 1.0, "reading.in_future"), ("10000-01-01T00:00:00Z", 1.0, "reading.no_time"),
    (10**30, 1.0, "reading.no_time"), (-(2**63), 1.0, "reading.no_time"), ("now", 1.0, "reading.no_time"),
    (AT, float("nan"), "reading.not_finite"), (AT, float("inf"), "reading.not_finite"),
    (AT, "NaN", "reading.not_a_number"), (AT, "-Infinity", "reading.not_a_number"),
    (AT, 10**400, "reading.not_finite"), (AT, {"value": 1}, "reading.not_a_number"),
    (AT, "off", "reading.not_a_number"),
]  # fmt: skip


@pytest.mark.usefixtures("neighbour")
async def test_garbage_is_refused_or_set_aside_and_the_rest_is_kept(house: House, plant: Plant) -> None:
    before = await asyncio.to_thread(house.set_aside)
    async with client_of(plant, house.ours) as client:
        answers = await asyncio.gather(*(client.post(PATH, content=body) for body in NOT_MESSAGES))
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(400, "message.broken")}
        for number, (at, value, code) in enumerate(NOT_READINGS):
            good = FIRST + number
            body = table(f"mixed{number}", ("2/t24", at, value), ("2/t24", 1000 * good, 640.0))
            answer = await client.post(PATH, content=json.dumps(body))
            told = answer.json()
            assert (answer.status_code, told["accepted"]) == (200, 1), (at, value, told)
            assert [one["code"] for one in told["set_aside"]] == [code], (at, value, told)
    there = house.readings(house.ours)
    assert {place[1] for place in there if place[0] == "2/t24"} == {FIRST + n for n in range(len(NOT_READINGS))}
    assert await asyncio.to_thread(house.set_aside) - before == Counter(
        ["message.broken"] * len(NOT_MESSAGES) + [code for _, _, code in NOT_READINGS]
    )


@pytest.mark.usefixtures("neighbour")
async def test_huge_messages_are_refused_at_their_largest_size(house: House, plant: Plant) -> None:
    huge = b" " * (LARGEST_BODY + 1)
    bomb = gzip.compress(b" " * (64 * LARGEST_BODY), 9)
    async with client_of(plant, house.ours) as client:
        for _ in range(3):
            answers = await asyncio.gather(
                *(client.post(PATH, content=huge) for _ in range(4)),
                *(client.post(PATH, content=bomb, headers={"Content-Encoding": "gzip"}) for _ in range(4)),
            )
            assert {(one.status_code, one.json()["code"]) for one in answers} == {(413, "message.too_large")}


@pytest.mark.usefixtures("neighbour")
async def test_what_is_no_http_and_no_mqtt_ends_its_own_connection(plant: Plant) -> None:
    ports = (int(plant.url.rpartition(":")[2]), plant.broker_port)
    for port in ports:
        for said in (b"\x00" * 4096, b"\x16\x03\x01\x02\x00", b"\x10\xff\xff\xff\xff\xff", b"GET " + b"/" * 200_000):
            with socket.create_connection(("127.0.0.1", port), 10) as connection:
                await asyncio.to_thread(_say, connection, said)


def _say(connection: socket.socket, said: bytes) -> None:
    try:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    except OSError:
        pass  # it was closed before we had said all


@pytest.mark.usefixtures("neighbour")
async def test_the_same_batch_a_hundred_times_counts_once(house: House, plant: Plant) -> None:
    body = table("hundred", *(("2/t30", 1000 * (FIRST + n), 1400.0 + n) for n in range(50)))
    device = await asyncio.to_thread(Device, plant, house.ours)
    device.subscribe(f"{device.topic}/ack")
    async with client_of(plant, house.ours) as client:
        for _ in range(50):
            device.publish(body)
        answers = [one.json() for one in await asyncio.gather(*(client.post(PATH, json=body) for _ in range(50)))]
        answers += [await asyncio.to_thread(device.acknowledged) for _ in range(50)]
    device.close()
    assert sorted((told["accepted"], told["duplicate"]) for told in answers) == [(0, 50)] * 99 + [(50, 0)]
    there = house.readings(house.ours)
    assert [value for place, value in sorted(there.items()) if place[0] == "2/t30"] == [1400.0 + n for n in range(50)]


@pytest.mark.usefixtures("neighbour")
async def test_of_two_gateways_that_claim_a_signal_one_has_it(house: House, plant: Plant) -> None:
    rival = await asyncio.to_thread(house.another_gateway, "rival")
    async with client_of(plant, house.ours) as client, client_of(plant, rival) as other:
        bodies = [
            (one, table(f"{name}{n}", ("2/p30", 1000 * (FIRST + n), value)))
            for n in range(20)
            for one, name, value in ((client, "bound", 550.0), (other, "rival", 560.0))
        ]
        answers = await asyncio.gather(*(one.post(PATH, json=body) for one, body in bodies))
    told = [(one.json()["accepted"], [aside["code"] for aside in one.json()["set_aside"]]) for one in answers]
    assert told == [(1, []), (0, ["key.unbound"])] * 20
    there = house.readings(house.ours)
    assert {value for place, value in there.items() if place[0] == "2/p30"} == {550.0}
