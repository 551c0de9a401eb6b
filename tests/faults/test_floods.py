"""One organisation that floods the server, with requests or with connections, and another that works.

What a flood may take is bounded by numbers that do not depend on how fast the machine is: how often it is read, how
many of its requests are answered, how many of its connections are kept. Times are measured by ``make soak``.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from deploy.embedded.admission import MOST_OF_A_GATEWAY, MOST_UNNAMED
from deploy.embedded.mqtt import _connect_packet
from tenants.kernel.secrets import new_token
from tenants.limits.domain.plans import Meter
from tests.faults.conftest import MakePlant
from tests.faults.flow import FIRST, over_http, over_mqtt
from tests.faults.house import House, until
from tests.faults.test_gateways import LONGEST_WAIT_S, client_of, table
from tests.twins.conftest import Fleet
from tests.twins.gateways.plant import Plant, wait_for
from twins.gateways.http import PATH
from twins.telemetry.intake import _TOO_EARLY_SECONDS

pytestmark = pytest.mark.timeout(300)
FILES = 800
"""Open files that the server may have."""
CONNECTIONS = 2000
ADDRESS = "127.0.0.2"
"""Of this machine, too; from where the other organisation comes."""
_CROWDED = b"HTTP/1.1 503 Service Unavailable\r\n"
_LET_IN, _UNAVAILABLE = b"\x20\x02\x00\x00", b"\x20\x02\x00\x03"


@pytest.fixture
def many_files() -> Iterator[None]:
    """We need as many as we open connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, CONNECTIONS + 500), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def plant(house: House, tmp_path: Path) -> Iterator[Plant]:
    """A web server that may open few files."""
    made = Plant(tmp_path)
    made.start("web")
    psutil.Process(made.pid("web")).rlimit(psutil.RLIMIT_NOFILE, (FILES, FILES))  # long before it looks
    wait_for(lambda: "startup complete" in made.log("web"))
    yield made
    made.close()


async def test_at_ten_times_its_quota_it_is_hardly_read(house: House, plant: Plant) -> None:
    await asyncio.to_thread(house.limit, Meter.READINGS_PER_SECOND, 10)  # a burst of 600
    body = table("flood", *(("2/nf", 1000 * (FIRST + n), 2388.0) for n in range(500)))
    seconds, senders, answers = 2.0, 16, Counter[int]()
    neighbour = over_http(plant.url, house.theirs, "1/ps30", lines=1, pause=0.01)

    async def flood() -> None:
        while time.monotonic() < until_then:
            told = await client.post(PATH, json=body | {"batch": f"flood{answers.total()}"})
            answers[told.status_code] += 1

    async with client_of(plant, house.ours) as client, neighbour.running():
        await until(lambda: neighbour.seconds)
        warm = len(neighbour.seconds)
        while (await client.post(PATH, json=body)).status_code == 200:  # until the new limit is known
            pass
        until_then = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            for _ in range(senders):
                group.create_task(flood())
        taken = time.monotonic() - until_then + seconds
    await asyncio.to_thread(house.limit, Meter.READINGS_PER_SECOND, None)
    # The first of each is read; from then on each waits for its refusal, but once a second one of them is read anew.
    assert answers.total() <= senders * (taken / _TOO_EARLY_SECONDS + 1) + senders * (taken + 1)
    assert set(answers) <= {200, 429}
    assert answers[200] <= 2
    assert answers[429] >= 1
    assert (neighbour.refused, max(neighbour.seconds[warm:]) < LONGEST_WAIT_S) == ([], True)
    assert "meets a limit" in plant.log("web")


async def test_with_more_connections_than_there_are_files(house: House, plant: Plant, many_files: None) -> None:
    port = int(plant.url.rpartition(":")[2])
    neighbour = over_http(plant.url, house.theirs, "1/bpr", lines=1, pause=0.01)
    elsewhere = client_of(plant, house.theirs, transport=httpx.AsyncHTTPTransport(local_address=ADDRESS))
    neighbour.uplink._client = elsewhere  # type: ignore[attr-defined]
    async with AsyncExitStack() as stack, neighbour.running():
        await until(lambda: neighbour.seconds)
        warm = len(neighbour.seconds)
        readers = [await _connected(port, stack) for _ in range(CONNECTIONS)]
        lines = [asyncio.create_task(_first_line(reader)) for reader in readers]
        stack.callback(lambda: [line.cancel() for line in lines])
        # Those that were let in say nothing; on a slow machine they are given up, and others let in, meanwhile.
        await until(lambda: sum(line.result() == _CROWDED for line in lines if line.done()) >= CONNECTIONS // 2)
        await until(lambda: len(neighbour.seconds) > warm + 10)
        await until(lambda: "connections were refused" in plant.log("web"))
        files = psutil.Process(plant.pid("web")).num_fds()
    assert files < FILES
    assert (neighbour.refused, max(neighbour.seconds[warm:]) < LONGEST_WAIT_S) == ([], True)
    assert "Too many open files" not in plant.log("web")
    again = over_http(plant.url, house.ours, "1/bpr", lines=1)
    async with again.running():
        await until(lambda: again.acknowledged)  # its connections are gone, and with them what kept it out


async def test_tokens_that_nobody_has_keep_nobody_waiting(house: House, plant: Plant) -> None:
    neighbour = over_http(plant.url, house.theirs, "1/t50", lines=1, pause=0.01)
    answers, is_over = Counter[tuple[int, str]](), asyncio.Event()

    async def flood() -> None:
        while not is_over.is_set():
            strange = {"Authorization": f"Bearer {new_token('gateway').text}"}
            told = await client.post(PATH, json=table("strange"), headers=strange)
            answers[told.status_code, told.json()["code"]] += 1

    async with client_of(plant, house.ours) as client, neighbour.running(), asyncio.TaskGroup() as group:
        await until(lambda: neighbour.seconds)
        warm = len(neighbour.seconds)
        for _ in range(32):
            group.create_task(flood())
        await until(lambda: answers.total() >= 500)
        new = await asyncio.to_thread(house.another_gateway, "new")
        async with client_of(plant, new) as made:  # at once
            assert (await made.post(PATH, json=table("first"))).status_code == 200
        await until(lambda: answers.total() >= 1000 and len(neighbour.seconds) > warm + 10)
        is_over.set()
    assert set(answers) == {(401, "gateway.unknown_token")}
    assert (neighbour.refused, max(neighbour.seconds[warm:]) < LONGEST_WAIT_S) == ([], True)


async def test_more_connections_to_the_broker_than_it_lets_in(
    house: House, plants: MakePlant, many_files: None
) -> None:
    plant = await asyncio.to_thread(plants, "amqtt")
    neighbour = over_mqtt(plant.mqtt_url, house.theirs, "1/p15", lines=1, pause=0.01)
    said = len(plant.log("broker"))
    async with AsyncExitStack() as stack, neighbour.running():
        await until(lambda: neighbour.seconds)
        warm = len(neighbour.seconds)
        silent = [await _connected(plant.broker_port, stack) for _ in range(CONNECTIONS)]
        ended = [await _first_line(reader) for reader in silent[: CONNECTIONS - MOST_UNNAMED]]
        speaking = [await _speaking(plant.broker_port, house.ours, number, stack) for number in range(100)]
        answers = Counter([await reader.readexactly(4) for reader in speaking])
        await until(lambda: len(neighbour.seconds) > warm + 10)
        await until(lambda: "not said who they are" in plant.log("broker")[said:])
        await until(lambda: f"most of gateway {house.ours.gateway}" in plant.log("broker")[said:])
    assert set(ended) <= {b"", b"reset"}
    assert answers == {_LET_IN: MOST_OF_A_GATEWAY, _UNAVAILABLE: 100 - MOST_OF_A_GATEWAY}
    assert (neighbour.refused, max(neighbour.seconds[warm:]) < LONGEST_WAIT_S) == ([], True)
    again = over_mqtt(plant.mqtt_url, house.ours, "1/p15", lines=1)
    async with again.running():
        await until(lambda: again.acknowledged)


async def _speaking(port: int, fleet: Fleet, number: int, stack: AsyncExitStack) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.push_async_callback(_close, writer)
    writer.write(_connect_packet(f"device{number}", str(fleet.gateway), fleet.token))
    return reader


async def _connected(port: int, stack: AsyncExitStack) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.push_async_callback(_close, writer)
    return reader


async def _close(writer: asyncio.StreamWriter) -> None:
    """And let go of its file: a client of MQTT fails where it gets none below 1024."""
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def _first_line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except ConnectionError:
        return b"reset"
