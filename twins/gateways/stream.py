"""Readings over a websocket: ``/ingest/v1/stream``, each message a batch, each batch answered when it is durable.

A gateway shows its token in the ``Authorization`` header or, where it cannot set one, in its first message:
``{"token": "..."}``, which is answered by ``{"ready": true}``. Every message after that is a batch in one of the forms
of JSON, as text or packed with gzip or zstd as bytes. The answer names the batch: as over HTTP when it is durable, or
``{"batch", "code", "message", "fix", "status", "retry_after"}``; what has a ``retry_after`` (seconds) is sent again.

Several batches may be under way, a bounded number: beyond it nothing is read, so the sender's own connection fills up
and nobody else's. A socket on which nothing comes for a long time, or whose token is no longer in force, is closed with
a reason, as is one whose owner does not read what it is told.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn
from uuid import UUID

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from tenants.edge import problems
from tenants.kernel.errors import OutturnError
from twins.gateways.credentials import Credentials
from twins.gateways.http import answer_to, problem, retry_after
from twins.gateways.packing import unpacked
from twins.telemetry.errors import BrokenMessageError, UnavailableError
from twins.telemetry.intake import Intake
from twins.telemetry.schemas import Source

PATH = "/ingest/v1/stream"
LARGEST_MESSAGE = 1024 * 1024
"""Bytes of a message as it comes; the server lets no more of one into memory."""
MOST_OPEN = 2000
"""Sockets of a process."""
MOST_OF_A_GATEWAY = 16
MOST_STRANGERS = 100
"""Sockets of a process that have not shown a token yet."""
MOST_IN_HAND = 8
"""Batches of one socket that are not answered yet."""
HELLO_SECONDS = 10.0
IDLE_SECONDS = 900.0
CHECK_SECONDS = 3.0
"""How often it is made sure that those who are connected still may be."""
_SEND_SECONDS = 15.0
_LONGEST_REASON = 120

REFUSED, IDLE, CROWDED, TOO_LARGE, TRY_LATER, NOT_READING = 4401, 4408, 4429, 1009, 1013, 1008
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class CrowdedError(OutturnError):
    """There are as many open sockets as there may be."""

    code = "stream.crowded"
    status = 429


class _Hello(msgspec.Struct):
    token: str


class _Named(msgspec.Struct):
    batch: str = ""


@dataclass(eq=False)
class _Stream:
    """An open socket of a gateway."""

    socket: WebSocket
    token: str
    source: Source
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_IN_HAND))
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    in_hand: set[asyncio.Task[None]] = field(default_factory=set)


class Streams:
    """Serves the websockets of gateways. One of them in a process.

    Args:
        intake: Where batches go.
        credentials: Who sends them.
    """

    def __init__(self, intake: Intake, credentials: Credentials) -> None:
        self._intake = intake
        self._credentials = credentials
        self._open: defaultdict[UUID, set[_Stream]] = defaultdict(set)
        self._count = self._strangers = 0
        self._closing: set[asyncio.Task[None]] = set()

    async def serve(self, socket: WebSocket) -> None:
        """Serve one socket until it is closed."""
        kind, _, token = socket.headers.get("authorization", "").partition(" ")
        try:
            if kind:
                source = await self._credentials.of_token(token.strip() if kind.lower() == "bearer" else "")
                self._check_room(source)
            elif self._count + self._strangers >= MOST_OPEN or self._strangers >= MOST_STRANGERS:
                raise _crowded("the server has")
        except OutturnError as error:
            await socket.send_denial_response(problem(error))
            return
        await socket.accept()
        with suppress(WebSocketDisconnect):  # gone while it was told something
            if kind:
                await self._serve(_Stream(socket, token.strip(), source))
            elif (stream := await self._introduced(socket)) is not None:
                await self._serve(stream)

    async def watch(self) -> NoReturn:
        """Close the sockets of those who may no longer send. One look-up at a time, however many are connected."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for stream in [stream for streams in self._open.values() for stream in streams]:
                try:
                    await self._credentials.of_token(stream.token)
                except UnavailableError:
                    break
                except OutturnError as error:
                    self._close_soon(stream.socket, REFUSED, error)

    def _check_room(self, source: Source) -> None:
        if self._count >= MOST_OPEN:
            raise _crowded("the server has")
        if len(self._open.get(source.gateway, ())) >= MOST_OF_A_GATEWAY:
            raise _crowded("the gateway has")

    async def _introduced(self, socket: WebSocket) -> _Stream | None:
        """The stream of whoever shows a token in the first message, soon enough."""
        self._strangers += 1
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                first = await _received(socket)
            if first is None:
                return None
            token = _token(first)
            source = await self._credentials.of_token(token)
            self._check_room(source)
        except TimeoutError:
            await _close(socket, IDLE, "no token came; send it in the Authorization header or as the first message")
            return None
        except OutturnError as error:
            await _tell(socket, problems.document(error) | retry_after_of(error))
            await _close(socket, CROWDED if isinstance(error, CrowdedError) else REFUSED, error.message)
            return None
        finally:
            self._strangers -= 1
        await _tell(socket, {"ready": True})
        return _Stream(socket, token, source)

    async def _serve(self, stream: _Stream) -> None:
        self._open[stream.source.gateway].add(stream)
        self._count += 1
        try:
            await self._receive(stream)
        finally:
            self._count -= 1
            self._open[stream.source.gateway].discard(stream)
            if not self._open[stream.source.gateway]:
                del self._open[stream.source.gateway]
            if stream.in_hand:  # what was taken is committed, though nobody hears of it
                await asyncio.wait(stream.in_hand)

    async def _receive(self, stream: _Stream) -> None:
        while True:
            await stream.room.acquire()
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    body = await _received(stream.socket)
            except TimeoutError:
                await _close(stream.socket, IDLE, f"nothing came for {IDLE_SECONDS:.0f} s; connect again when there is")
                return
            if body is None:
                return
            if len(body) > LARGEST_MESSAGE:
                await _close(stream.socket, TOO_LARGE, f"a message has at most {LARGEST_MESSAGE} bytes")
                return
            task = asyncio.create_task(self._take(stream, body))
            stream.in_hand.add(task)
            task.add_done_callback(stream.in_hand.discard)

    async def _take(self, stream: _Stream, body: bytes) -> None:
        """Take a batch and tell what became of it."""
        try:
            told = await self._answer(stream, body)
            async with stream.turn, asyncio.timeout(_SEND_SECONDS):
                await _tell(stream.socket, told)
        except TimeoutError:
            self._close_soon(stream.socket, NOT_READING, None, "the answers are not read")
        except (WebSocketDisconnect, RuntimeError):  # it has gone
            pass
        finally:
            stream.room.release()

    async def _answer(self, stream: _Stream, body: bytes) -> dict[str, Any]:
        try:
            source = await self._credentials.of_token(stream.token)
            body = unpacked(body, _packing(body))
            return answer_to(await self._intake.take(source, body))
        except OutturnError as error:
            told = {"batch": _batch(body), "code": error.code, "message": error.message, "fix": error.fix}
            return told | {"status": error.status} | retry_after_of(error)

    def _close_soon(self, socket: WebSocket, code: int, error: OutturnError | None, reason: str = "") -> None:
        """Close a socket without waiting for whoever is at its other end."""
        task = asyncio.create_task(_close(socket, code, error.message if error else reason))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def retry_after_of(error: OutturnError) -> dict[str, int]:
    """In how many seconds to send a batch again, for errors that pass."""
    told = retry_after(error)
    return {"retry_after": int(told["Retry-After"])} if told else {}


async def _received(socket: WebSocket) -> bytes | None:
    """The next message, None when there is none any more."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        return None
    text = message.get("text")
    return bytes(message.get("bytes") or b"") if text is None else text.encode()


async def _tell(socket: WebSocket, told: dict[str, Any]) -> None:
    await socket.send_text(msgspec.json.encode(told).decode())


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        with suppress(RuntimeError, WebSocketDisconnect):  # closed meanwhile
            await socket.close(code, reason.encode()[:_LONGEST_REASON].decode("utf-8", "ignore"))


def _token(first: bytes) -> str:
    try:
        return msgspec.json.decode(first, type=_Hello).token.strip()
    except (msgspec.DecodeError, RecursionError) as error:
        raise BrokenMessageError(
            "the first message holds no token", fix='Send {"token": "..."} first, or the Authorization header.'
        ) from error


def _packing(body: bytes) -> str:
    """How a message is packed, which its first bytes say: no JSON begins like that."""
    if body.startswith(_GZIP):
        return "gzip"
    return "zstd" if body.startswith(_ZSTD) else "identity"


def _batch(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Named).batch[:64]
    except (msgspec.DecodeError, RecursionError):
        return ""


def _crowded(whose: str) -> CrowdedError:
    return CrowdedError(
        f"{whose} as many open sockets as there may be",
        fix="Send all batches over one socket; close those that are not needed and try again.",
    )
