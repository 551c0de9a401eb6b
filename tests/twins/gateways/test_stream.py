"""The websocket of gateways on a real server: batches answered when they are durable, and nobody held up by anybody."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket as sockets
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
import zstandard
from asgiref.sync import sync_to_async
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from deploy.ingest import make_ingest
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.processes import LONG_S, serving
from tests.twins.conftest import Fleet, stored
from twins.gateways import stream
from twins.gateways.http import PATH as HTTP
from twins.gateways.services import rotate_token
from twins.gateways.stream import CROWDED, IDLE, LARGEST_MESSAGE, MOST_IN_HAND, MOST_OF_A_GATEWAY, PATH, REFUSED
from twins.telemetry import commit

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def site(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "web.log") as url:
        yield url


@pytest.fixture
def near(transactional_db: None) -> Iterator[str]:
    """The routes on a server in this process, so that a limit can be lowered."""
    with sockets.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(make_ingest(), log_config=None, timeout_graceful_shutdown=3))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def open_socket(site: str, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return connect(site.replace("http", "ws", 1) + PATH, additional_headers=headers, open_timeout=LONG_S)


def batch(name: str, value: float, second: int = 0) -> str:
    at = 1_735_689_600_000 + 1000 * second
    return json.dumps({"batch": name, "readings": [{"key": "1/t24", "at": at, "value": value}]})


async def told(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(LONG_S):
        answer: dict[str, Any] = json.loads(await socket.recv())
        return answer


def values(everything: Any, fleet: Fleet) -> list[float]:
    return [row[2] for row in stored(everything, fleet.tenant)]


async def test_every_batch_is_answered_when_it_is_stored(site: str, fleet: Fleet, everything: Any) -> None:
    async with open_socket(site, fleet.token) as socket:
        await socket.send(batch("b1", 640.0))
        expected = {"batch": "b1", "accepted": 1, "duplicate": 0, "set_aside": [], "set_aside_count": 0, "commit": 1}
        assert await told(socket) == expected
        assert values(everything, fleet) == [640.0]
        await socket.send(gzip.compress(batch("b2", 641.0, 1).encode()))
        await socket.send(zstandard.compress(batch("b3", 642.0, 2).encode()))
        await socket.send(batch("b4", 643.0, 3).encode())
        answers = [await told(socket) for _ in range(3)]
        assert {(one["batch"], one["accepted"]) for one in answers} == {("b2", 1), ("b3", 1), ("b4", 1)}
        for _ in range(100):
            await socket.send(batch("b1", 640.0))
        assert {(one["accepted"], one["duplicate"]) for one in [await told(socket) for _ in range(100)]} == {(0, 1)}
    assert values(everything, fleet) == [640.0, 641.0, 642.0, 643.0]


async def test_the_token_may_come_in_the_first_message(site: str, fleet: Fleet, everything: Any) -> None:
    async with open_socket(site) as socket:
        await socket.send(json.dumps({"token": fleet.token}))
        assert await told(socket) == {"ready": True}
        await socket.send(batch("b1", 640.0))
        assert (await told(socket))["accepted"] == 1


@pytest.mark.parametrize("first", ['{"token": "wrong"}', '{"token": 5}', "nonsense", batch("b1", 640.0), "[" * 100_000])
async def test_a_stranger_is_refused_with_a_reason(site: str, fleet: Fleet, everything: Any, first: str) -> None:
    async with open_socket(site) as socket:
        await socket.send(first)
        assert (await told(socket))["code"] in ("gateway.unknown_token", "message.broken")
        with pytest.raises(ConnectionClosed) as closed:
            await told(socket)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, bool(closed.value.rcvd.reason)) == (REFUSED, True)
    assert values(everything, fleet) == []


async def test_a_wrong_header_is_refused_before_the_socket_opens(site: str, fleet: Fleet) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with open_socket(site, "wrong"):
            pass
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body)["code"] == "gateway.unknown_token"


async def test_what_cannot_be_kept_is_told_and_the_socket_stays_open(site: str, fleet: Fleet, everything: Any) -> None:
    hostile = ["nonsense", '{"batch": "b0"}', "[" * 50_000, b"\x1f\x8bno gzip", b"\x28\xb5\x2f\xfdno zstd", "", b""]
    hostile.append(zstandard.compress(b" " * 5_000_000))
    async with open_socket(site, fleet.token) as socket:
        for message in hostile:
            await socket.send(message)
            answer = await told(socket)
            assert answer["code"] in ("message.broken", "message.too_large")
            assert (answer["fix"] != "", "retry_after" in answer) == (True, False)
        await socket.send('{"batch": "b1", "readings": [{"key": "1/t24", "at": 0, "value": NaN}, {"key": "1/t24", '
                          '"at": 4294967296000, "value": 1}]}')  # fmt: skip
        answer = await told(socket)
        assert {one["code"] for one in answer["set_aside"]} == {"reading.not_finite", "reading.in_future"}
        await socket.send(batch("b2", 640.0))
        assert (await told(socket))["accepted"] == 1
    assert values(everything, fleet) == [640.0]


async def test_a_message_has_a_largest_size(site: str, fleet: Fleet) -> None:
    async with open_socket(site, fleet.token) as socket:
        await socket.send(b" " * (LARGEST_MESSAGE + 1))
        with pytest.raises(ConnectionClosed) as closed:
            await told(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


async def test_a_revoked_token_closes_the_socket_within_seconds(site: str, fleet: Fleet) -> None:
    def rotate() -> None:
        with scope(fleet.tenant):
            rotate_token(gateway=fleet.gateway, now=utc_now())

    async with open_socket(site, fleet.token) as socket:
        await socket.send(batch("b1", 640.0))
        assert (await told(socket))["accepted"] == 1
        await sync_to_async(rotate)()
        with pytest.raises(ConnectionClosed) as closed:
            await told(socket)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, "token" in closed.value.rcvd.reason) == (REFUSED, True)


@asynccontextmanager
async def many(site: str, fleet: Fleet, count: int) -> AsyncIterator[list[ClientConnection]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_socket(site, fleet.token)) for _ in range(count)]


async def test_a_gateway_has_only_so_many_sockets(site: str, fleet: Fleet, their_fleet: Fleet) -> None:
    async with many(site, fleet, MOST_OF_A_GATEWAY) as sockets:
        with pytest.raises(InvalidStatus) as refused:
            await open_socket(site, fleet.token).__aenter__()
        assert (refused.value.response.status_code, refused.value.response.headers["retry-after"]) == (429, "1")
        async with open_socket(site) as socket:
            await socket.send(json.dumps({"token": fleet.token}))
            assert (await told(socket))["code"] == "stream.crowded"
            with pytest.raises(ConnectionClosed) as closed:
                await told(socket)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == CROWDED
        async with open_socket(site, their_fleet.token) as other:
            await other.send(batch("b1", 640.0))
            assert (await told(other))["accepted"] == 1
        await sockets[0].close()
        async with open_socket(site, fleet.token) as again:
            await again.send(batch("b1", 640.0))
            assert (await told(again))["accepted"] == 1


async def test_who_does_not_read_the_answers_holds_nobody_up(site: str, fleet: Fleet, their_fleet: Fleet) -> None:
    async with many(site, fleet, MOST_OF_A_GATEWAY) as sockets:
        flood = [
            asyncio.create_task(socket.send(batch(f"b{number}", 640.0)))
            for socket in sockets
            for number in range(4 * MOST_IN_HAND)
        ]
        async with httpx.AsyncClient() as client:
            answer = await client.post(
                f"{site}{HTTP}", content=batch("h1", 640.0), headers={"Authorization": f"Bearer {their_fleet.token}"},
                timeout=LONG_S,
            )  # fmt: skip
        assert answer.json()["accepted"] == 1
        await asyncio.gather(*flood, return_exceptions=True)


async def refusal(site: str, token: str = "") -> dict[str, Any]:
    with pytest.raises(InvalidStatus) as refused:
        await open_socket(site, token).__aenter__()
    told: dict[str, Any] = json.loads(refused.value.response.body or b"{}")
    return told


async def test_there_is_an_end_to_strangers_and_to_all(
    near: str, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MOST_STRANGERS", 1)
    async with open_socket(near) as stranger:
        assert (await refusal(near))["code"] == "stream.crowded"
        await stranger.send(json.dumps({"token": fleet.token}))
        assert await told(stranger) == {"ready": True}
        monkeypatch.setattr(stream, "MOST_OPEN", 1)
        assert (await refusal(near, fleet.token))["code"] == "stream.crowded"
        assert (await refusal(near))["code"] == "stream.crowded"
        await stranger.send(batch("b1", 640.0))
        assert (await told(stranger))["accepted"] == 1


async def test_who_says_nothing_is_let_go(near: str, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HELLO_SECONDS", 0.05)
    monkeypatch.setattr(stream, "IDLE_SECONDS", 0.05)
    for token in ("", fleet.token):
        async with open_socket(near, token) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await told(socket)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, bool(closed.value.rcvd.reason)) == (IDLE, True)


async def test_what_waits_is_named_with_the_time_to_come_again(
    near: str, fleet: Fleet, monkeypatch: pytest.MonkeyPatch, everything: Any
) -> None:
    async with open_socket(near, fleet.token) as socket:
        monkeypatch.setattr(commit, "MOST_WAITING", 0)
        await socket.send(gzip.compress(batch("b7", 640.0).encode()))
        answer = await told(socket)
        assert (answer["batch"], answer["code"], answer["retry_after"]) == ("b7", "ingest.busy", 1)
        monkeypatch.undo()
        await socket.send(batch("b7", 640.0))
        assert (await told(socket))["accepted"] == 1
    assert values(everything, fleet) == [640.0]
