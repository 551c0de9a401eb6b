"""Connections to the web server: how many there may be, and how long one may take to say what it wants.

Nobody may have more connections than are still free: one address with ten thousand of them gets half of what there is,
and all others go on. One that is too many is told to come again, and closed. Behind a proxy of ours, which has but one
address, only the number of all is bounded; how many a client may have is for the proxy to say.

A request's head must be there in `HEAD_SECONDS`, also that of a connection on which nothing has come yet; its body in
`BODY_SECONDS` and a second for every `BODY_RATE` bytes that have come. It costs two looks at the clock a request: the
connections are looked through once a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any, ClassVar

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.auto import AutoWebSocketsProtocol

from deploy.embedded.openfiles import room_for
from tenants.limits.domain.shares import Room

MOST = 8192
HEAD_SECONDS = 15.0
BODY_SECONDS = 30.0
BODY_RATE = 2048
_OTHER_FILES = 256
"""What the process opens besides: the database, Redis, files of the page."""
_MOST_PARTING = 256
_TOLD = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\n"
    b"content-type: application/problem+json\r\ncontent-length: %d\r\n\r\n%b"
)
_PROBLEM = (
    b'{"type":"about:blank","title":"Service Unavailable","status":503,"code":"server.crowded",'
    b'"detail":"as many connections are open as there may be","fix":"Send all requests over a few connections; close '
    b'those that are not needed, and come again after the seconds in Retry-After."}'
)
_REFUSAL = _TOLD % (len(_PROBLEM), _PROBLEM)
_LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"

logger = logging.getLogger("outturn.web")


def most_connections() -> int:
    """How many connections there may be, as far as the limit of open files goes."""
    return room_for(MOST, others=_OTHER_FILES + _MOST_PARTING)


class Guard:
    """What the connections of a process share.

    Args:
        most: Connections.
        by_address: Whether addresses tell senders apart.
    """

    def __init__(self, *, most: int, by_address: bool) -> None:
        self.most = most
        self._by_address = by_address
        self._room: Room[str] = Room()
        self.parting: set[asyncio.Transport] = set()
        self._refused: Counter[str] = Counter()
        self._late: Counter[str] = Counter()

    def lets_in(self, address: str) -> bool:
        """Whether there is room for one more connection, which is taken."""
        has_room = self._room.has_room(address, most=self.most) if self._by_address else self._room.taken < self.most
        if has_room:
            self._room.take(address, 1)
        else:
            self._refused[address] += 1
        return has_room

    def left(self, address: str) -> None:
        """A connection that was let in has ended."""
        self._room.give_back(address, 1)

    def look(self, protocols: set[Any], now: float) -> None:
        """Close what takes too long, and tell what happened since the last look."""
        for parting in self.parting:
            parting.abort()
        self.parting.clear()
        for protocol in list(protocols):
            if isinstance(protocol, GuardedProtocol) and protocol.is_late(now):
                self._late[protocol.address] += 1
                protocol.give_up()
        for counted, became in ((self._refused, "refused"), (self._late, "closed that took too long for a request")):
            if counted:
                address = counted.most_common(1)[0][0]
                logger.warning(
                    "%d connections were %s, most from %s; %d are open, %d of them from there",
                    counted.total(), became, address or "this machine", self._room.taken, self._room.of(address),
                )  # fmt: skip
                counted.clear()


class GuardedProtocol(HttpToolsProtocol):
    """HTTP on one connection, with the bounds described above."""

    guard: ClassVar[Guard]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.address = ""
        self._is_in = self._has_begun = False
        self._waits_for: float | None = None
        self._since = 0.0
        self._received = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as its base has it
        """Let a connection in, or tell it to come again."""
        self.address = address_of(transport)
        self._is_in = self.guard.lets_in(self.address)
        if self._is_in:
            self._wait(HEAD_SECONDS)
            super().connection_made(transport)
            return
        self.transport = transport
        transport.write(_REFUSAL)
        if len(self.guard.parting) < _MOST_PARTING and transport.can_write_eof():
            # Closed at once, what it has sent meanwhile would have the system take the answer back.
            transport.write_eof()
            self.guard.parting.add(transport)
        else:
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give its room back."""
        if self._is_in:
            self.guard.left(self.address)
            super().connection_lost(exc)
        else:
            self.guard.parting.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        """Read on; nothing is read of who was not let in."""
        if self._is_in:
            super().data_received(data)

    def handle_websocket_upgrade(self) -> None:
        """From here on the connection is a websocket, which keeps the room."""
        self._waits_for = None
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._has_begun = True
        self._wait(HEAD_SECONDS)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._wait(BODY_SECONDS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """More of its body."""
        self._received += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it is there."""
        self._waits_for, self._has_begun = None, False
        super().on_message_complete()

    def is_late(self, now: float) -> bool:
        """Whether it had its time; what we do not take from it at present is not its fault."""
        if self._waits_for is None or self.flow.read_paused:
            return False
        return now - self._since > self._waits_for + self._received / BODY_RATE

    def give_up(self) -> None:
        """Close it."""
        self._waits_for = None
        if self._has_begun and not getattr(self.cycle, "response_started", False):
            self.transport.write(_LATE)
        self.transport.close()

    def _wait(self, seconds: float) -> None:
        self._waits_for, self._since, self._received = seconds, self.loop.time(), 0


class GuardedSocket(AutoWebSocketsProtocol):  # type: ignore[misc,valid-type] # which library it is of is found at run time
    """A websocket, which keeps the room of the connection that it was."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Give its room back."""
        GuardedProtocol.guard.left(address_of(self.transport))
        super().connection_lost(exc)


class GuardedServer(uvicorn.Server):
    """A server that looks through its connections once a second."""

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        if counter % 10 == 0:
            GuardedProtocol.guard.look(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)


def address_of(transport: asyncio.BaseTransport) -> str:
    """Where a connection comes from; empty for one over a socket of this machine, which has no address."""
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) and peer else ""
