"""Connections to a real server: how many there may be, and how long one may take to say what it wants."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import connect

from deploy.embedded import connections
from deploy.embedded.connections import Guard, GuardedProtocol, GuardedServer, GuardedSocket, most_connections

REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
MakeServer = Callable[..., Awaitable["Serving"]]


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers how long the body was; over a websocket, what it is told."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        return
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message.get("more_body", False)
    body = str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


class Serving:
    """A server at work, and connections to it."""

    def __init__(self, port: int, stack: AsyncExitStack) -> None:
        self.port = port
        self._stack = stack

    async def connect(self, source: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection from an address of this machine."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))
        self._stack.callback(writer.close)
        return reader, writer

    async def asks(self, source: str = "127.0.0.1", said: bytes = REQUEST) -> bytes:
        """The first line of the answer to somebody who keeps the connection; nothing when it is closed without one."""
        reader, writer = await self.connect(source)
        writer.write(said)
        return (await reader.readline()).strip()


@pytest.fixture
async def make_server() -> AsyncIterator[MakeServer]:
    """Servers with a bound of their own."""
    async with AsyncExitStack() as stack:

        async def make(*, most: int, by_address: bool = True) -> Serving:
            listening = socket.create_server(("127.0.0.1", 0))
            return Serving(
                listening.getsockname()[1], await stack.enter_async_context(served(listening, most, by_address))
            )

        yield make


@asynccontextmanager
async def served(listening: socket.socket, most: int, by_address: bool) -> AsyncIterator[AsyncExitStack]:
    GuardedProtocol.guard = Guard(most=most, by_address=by_address)
    config = uvicorn.Config(echo, lifespan="off", log_config=None, http=GuardedProtocol, ws=GuardedSocket)
    server = GuardedServer(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server._serve([listening]))
    async with AsyncExitStack() as stack:
        yield stack
    server.should_exit = True
    await running


async def test_one_address_leaves_half_to_all_others(
    make_server: MakeServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GuardedServer, "on_tick", uvicorn.Server.on_tick)  # here we look ourselves
    caplog.set_level(logging.WARNING, "outturn.web")
    server = await make_server(most=8)
    answers = [await server.asks() for _ in range(10)]
    assert answers == [b"HTTP/1.1 200 OK"] * 4 + [b"HTTP/1.1 503 Service Unavailable"] * 6
    assert [await server.asks("127.0.0.2") for _ in range(3)] == [b"HTTP/1.1 200 OK"] * 2 + answers[-1:]
    assert await server.asks("127.0.0.3") == b"HTTP/1.1 200 OK"
    GuardedProtocol.guard.look(set(), 0.0)
    assert caplog.messages == ["7 connections were refused, most from 127.0.0.1; 7 are open, 4 of them from there"]


async def test_who_is_refused_is_told_when_to_come_again(make_server: MakeServer) -> None:
    server = await make_server(most=0)
    reader, writer = await server.connect()
    writer.write(REQUEST + b"x" * 100_000)
    told = await reader.read()
    assert b"\r\nretry-after: 5\r\n" in told
    assert b'"code":"server.crowded"' in told
    assert int(told.partition(b"content-length: ")[2].partition(b"\r\n")[0]) == len(told.partition(b"\r\n\r\n")[2])


async def test_behind_a_proxy_only_all_of_them_are_counted(make_server: MakeServer) -> None:
    server = await make_server(most=3, by_address=False)
    assert [(await server.asks())[9:12] for _ in range(5)] == [b"200"] * 3 + [b"503"] * 2


async def test_room_is_given_back_also_by_websockets(make_server: MakeServer) -> None:
    server = await make_server(most=2)
    for _ in range(3):
        async with connect(f"ws://127.0.0.1:{server.port}") as one:
            await one.send("hello")
            assert await one.recv() == "hello"
            assert (await server.asks())[9:12] == b"503"
        reader, writer = await server.connect()
        while not (await _line(reader, writer)).startswith(b"HTTP/1.1 200"):  # until the server has seen the end
            reader, writer = await server.connect()
        writer.close()
        await writer.wait_closed()
        await until(lambda: not GuardedProtocol.guard._room.taken)


async def _line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(REQUEST)
    return await reader.readline()


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"", b""),
        (b"GET / HT", b"HTTP/1.1 408 Request Timeout"),
        (b"GET / HTTP/1.1\r\nhost: x\r\nslow", b"HTTP/1.1 408 Request Timeout"),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc", b"HTTP/1.1 408 Request Timeout"),
        (
            b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n",
            b"HTTP/1.1 408 Request Timeout",
        ),
    ],
)
async def test_who_says_too_little_is_not_waited_for(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch, said: bytes, answer: bytes
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.05)
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.05)
    server = await make_server(most=10)
    assert await server.asks(said=said) == answer


async def test_a_body_that_comes_has_its_time(make_server: MakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.0)
    monkeypatch.setattr(connections, "BODY_RATE", 1.0)
    server = await make_server(most=10)
    reader, writer = await server.connect()
    writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2000\r\n\r\n" + b"x" * 1000)
    protocol: Any = await _protocol()
    await until(lambda: protocol._received)
    now = asyncio.get_running_loop().time()
    assert not protocol.is_late(now + 990)
    assert protocol.is_late(now + 1010)
    writer.write(b"x" * 1000)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    assert not protocol.is_late(now + 10_000)  # it is for the keep-alive to end it


async def _protocol() -> Any:
    """The only connection of the server."""
    guard = GuardedProtocol.guard
    found: list[Any] = []
    known = guard.look

    def looked(protocols: set[Any], now: float) -> None:
        found.extend(protocols)
        known(set(), now)

    guard.look = looked  # type: ignore[method-assign]
    await until(lambda: found)
    return found[0]


async def until(condition: Callable[[], Any]) -> None:
    """Let the server work until something is so."""
    while not condition():  # noqa: ASYNC110 (the server tells nobody)
        await asyncio.sleep(0)


async def test_requests_one_after_the_other_are_none_of_its_business(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.0)
    server = await make_server(most=10)
    reader, writer = await server.connect()
    for _ in range(200):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(1) == b"3"


def test_there_is_room_for_the_files_of_the_process() -> None:
    assert 1 <= most_connections() <= connections.MOST
