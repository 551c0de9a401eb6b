"""One organisation that floods the server, with requests beyond its quota or with connections, and another that works.

What a flood may take is bounded by numbers that do not depend on how fast the machine is: how often it is read, how
many of its requests are answered, how many of its connections are kept. Times are measured by ``make soak``.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from tenants.limits.domain.plans import Meter
from tests.faults.flow import FIRST, over_http
from tests.faults.house import House, until
from tests.faults.test_gateways import LONGEST_WAIT_S, client_of, table
from tests.twins.gateways.plant import Plant, wait_for
from twins.gateways.http import PATH
from twins.telemetry.intake import _TOO_EARLY_SECONDS

pytestmark = pytest.mark.timeout(300)
FILES = 800
"""Open files that the server may have."""
CONNECTIONS = 2000
ADDRESS = "127.0.0.2"
"""Of this machine, too; from where the other organisation comes."""


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
        kept = [await _connected(port, stack) for _ in range(CONNECTIONS)]
        await until(lambda: len(neighbour.seconds) > warm + 10)
        answers = Counter([await _first_line(reader) for reader in kept[-50:]])
        files = psutil.Process(plant.pid("web")).num_fds()
    assert answers[b"HTTP/1.1 503 Service Unavailable\r\n"] >= 25  # on a slow machine the first have been given up
    assert files < FILES
    assert (neighbour.refused, max(neighbour.seconds[warm:]) < LONGEST_WAIT_S) == ([], True)
    assert "connections were refused" in plant.log("web")
    assert "Too many open files" not in plant.log("web")
    again = over_http(plant.url, house.ours, "1/bpr", lines=1)
    async with again.running():
        await until(lambda: again.acknowledged)  # its connections are gone, and with them what kept it out


async def _connected(port: int, stack: AsyncExitStack) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.callback(writer.close)
    return reader


async def _first_line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except ConnectionError:
        return b"reset"
