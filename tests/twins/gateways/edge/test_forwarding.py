"""What is sent as one, as it was, again, and when: against a server that answers as it is told to."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.twins.gateways.plant import wait_for
from twins.gateways.edge import bodies
from twins.gateways.edge.batches import RAW, Batch
from twins.gateways.edge.bootstrap import Bootstrap
from twins.gateways.edge.configuration import Forwarding, Storing
from twins.gateways.edge.forwarding import Forwarder
from twins.gateways.edge.server import READINGS, Server
from twins.gateways.edge.signing import fingerprint, holds, seal_in
from twins.gateways.edge.spool import Spool
from twins.gateways.field.samples import Sample
from twins.gateways.field.troubles import Pauses, now_us

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OLD = 1_735_689_600_000_000
DONE = 200


@dataclass(frozen=True)
class Sent:
    """A request with readings."""

    name: str
    instants: list[int]
    sequence: int
    is_replayed: bool
    backlog: int
    at: float


class Platform(ThreadingHTTPServer):
    """Answers requests with readings with the statuses of a list, one after the other, and then with 200."""

    daemon_threads = True

    def __init__(self, *statuses: int, port: int = 0) -> None:
        self.statuses, self.sent = list(statuses), list[Sent]()
        super().__init__(("127.0.0.1", port), _Answers)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def end(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Platform

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = DONE
        if self.path == READINGS:
            unpacked = zstandard.ZstdDecompressor().decompress(body)
            seal = seal_in({name.lower(): value for name, value in self.headers.items()})
            assert seal is not None
            assert holds(seal, unpacked, KEY.public_key())
            told = json.loads(unpacked)
            replayed, backlog = self.headers.get("X-Replayed") == "1", int(self.headers["X-Backlog"])
            self.server.sent.append(Sent(told["batch"], told["at"], seal.sequence, replayed, backlog, time.monotonic()))
            status = self.server.statuses.pop(0) if self.server.statuses else DONE
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        if status == 503:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def platforms() -> Iterator[list[Platform]]:
    """Those that a test starts; they are ended with it."""
    made: list[Platform] = []
    yield made
    for one in made:
        one.end()


def batch(number: int, *, closed_at: int = OLD) -> Batch:
    samples = [Sample("k", OLD + (10 * number + each) * 1000, float(each)) for each in range(10)]
    name = f"e.{number}"
    return Batch(name, RAW, 10, closed_at, bodies.packed(bodies.encoded(name, samples)))


@asynccontextmanager
async def forwarding(folder: Path, port: int, batches: list[Batch]) -> AsyncIterator[tuple[Spool, Server]]:
    """A forwarder at work on these batches; its pauses are a minute but for what the platform asks for."""
    (folder / "token").write_text("t")
    bootstrap = Bootstrap(server=f"http://127.0.0.1:{port}", token_file=folder / "token", folder=folder)
    spool = Spool(folder, fingerprint(KEY.public_key()), Storing())
    await spool.open()
    await spool.put(batches)
    async with Server(bootstrap) as server:
        forwarder = Forwarder(spool, server, KEY, Forwarding(), lambda: server.status({}))
        forwarder._pauses = Pauses(60, 60)
        task = asyncio.create_task(forwarder.run())
        try:
            yield spool, server
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await spool.close()


async def empty(spool: Spool) -> None:
    async with asyncio.timeout(20):
        while (await spool.figures()).batches:  # noqa: ASYNC110 (the store tells nobody)
            await asyncio.sleep(0.01)


def told(platform: Platform) -> list[tuple[str, int]]:
    return [(one.name, one.sequence) for one in platform.sent]


async def test_what_waits_goes_as_one_in_order(tmp_path: Path, platforms: list[Platform]) -> None:
    platforms.append(platform := Platform())
    async with forwarding(tmp_path, platform.server_port, [batch(number) for number in range(6)]) as (spool, _):
        await empty(spool)
    assert told(platform) == [("e.0", 1), ("e.1+5", 2)]
    assert [one.backlog for one in platform.sent] == [50, 0]
    instants = [at for one in platform.sent for at in one.instants]
    assert instants == [OLD // 1000 + number for number in range(60)]


async def test_fresh_batches_and_replayed_ones_are_not_mixed(tmp_path: Path, platforms: list[Platform]) -> None:
    platforms.append(platform := Platform())
    batches = [batch(number) for number in range(3)] + [batch(number, closed_at=now_us()) for number in range(3, 6)]
    async with forwarding(tmp_path, platform.server_port, batches) as (spool, _):
        await empty(spool)
    assert [(one.name, one.is_replayed) for one in platform.sent] == [("e.0", True), ("e.1+2", True), ("e.3+3", False)]


@pytest.mark.parametrize("status", [400, 413])
async def test_what_is_refused_together_is_sent_as_it_was(
    tmp_path: Path, platforms: list[Platform], status: int
) -> None:
    platforms.append(platform := Platform(DONE, status, DONE, 400))
    async with forwarding(tmp_path, platform.server_port, [batch(number) for number in range(4)]) as (spool, _):
        await empty(spool)
        figures = await spool.figures()
    assert told(platform) == [("e.0", 1), ("e.1+3", 2), ("e.1", 2), ("e.2", 3), ("e.3", 3)]
    assert (figures.aside, figures.readings, figures.dropped_readings) == (1, 0, 0)


async def test_what_has_no_good_answer_is_sent_again_as_the_same(tmp_path: Path, platforms: list[Platform]) -> None:
    platforms.append(platform := Platform(DONE, 503))
    async with forwarding(tmp_path, platform.server_port, [batch(number) for number in range(3)]) as (spool, server):
        await asyncio.to_thread(wait_for, lambda: len(platform.sent) > 1)
        await server.status({})  # it answers, and asked for a pause all the same
        await spool.put([batch(3)])
        first = platform.sent[1]
        assert (await spool.figures()).batches == 3
    assert told(platform) == [("e.0", 1), ("e.1+2", 2)]
    async with forwarding(tmp_path, platform.server_port, []) as (spool, _):  # as if it had been killed
        await empty(spool)
    assert told(platform)[2:] == [("e.1+2", 2), ("e.3", 3)]
    assert platform.sent[2].instants == first.instants


async def test_a_platform_that_is_heard_again_is_sent_to_at_once(tmp_path: Path, platforms: list[Platform]) -> None:
    gone = Platform()
    port = gone.server_port
    gone.end()
    async with forwarding(tmp_path, port, [batch(0)]) as (spool, server):
        assert (await server.status({})).status == 0
        platforms.append(platform := Platform(port=port))
        async with asyncio.timeout(20):
            while not platform.sent:
                await server.status({})  # as the agent asks and tells now and then
                await asyncio.sleep(0.01)
        await empty(spool)
    assert told(platform) == [("e.0", 1)]
