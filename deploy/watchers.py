"""Browsers that watch, many in one process of their own: ``python -m deploy.watchers``.

Each is a websocket with a session of its own that notes when which message came, and nothing else: frames are cut at
their lengths and kept as they are, so that what is measured is the server. Commands and answers are lines of JSON.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import resource
import struct
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import msgspec
import uvloop

from tenants.kernel.errors import OutturnError

_AT_ONCE = 16
"""Sockets that are being opened at a time."""
_OPEN_SECONDS = 60.0
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10


class WatchersError(OutturnError):
    """Nobody watches, so nothing is measured."""

    code = "deploy.watchers"
    status = 503


@dataclass(frozen=True, slots=True)
class Watch:
    """What one browser watches, and who it is."""

    path: str
    session: str


class Received(msgspec.Struct):
    """What came.

    Attributes:
        messages: Every different message once.
        moments: By socket: when each came, in nanoseconds since 1970.
        numbers: By socket: which message it was.
        closed: How many sockets the server has closed.
        cpu_s: Processor time of this process since it was last asked.
    """

    messages: list[bytes]
    moments: list[list[int]]
    numbers: list[list[int]]
    closed: int
    cpu_s: float


class Watchers:
    """The process with the browsers."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def open(self, url: str, watches: Sequence[Watch]) -> int:
        """Open sockets; how many of them the server let in."""
        return int(self._ask(do="open", url=url, watches=[[each.path, each.session] for each in watches])["open"])

    def begin(self) -> None:
        """Forget what has come so far."""
        self._ask(do="take")

    def received(self) -> Received:
        """What has come since the beginning; it is forgotten."""
        self._ask(do="take")
        return msgspec.msgpack.decode((self._folder / "received").read_bytes(), type=Received)

    def _ask(self, **command: Any) -> dict[str, Any]:
        stdin, stdout = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        stdin.write(json.dumps(command).encode() + b"\n")
        stdin.flush()
        if not (line := stdout.readline()):
            raise WatchersError("The process with the browsers has ended.", fix="Look at what it says above.")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def watchers(folder: Path) -> Iterator[Watchers]:
    """A process without any sockets yet; its files are in the folder."""
    command = [sys.executable, "-m", "deploy.watchers", str(folder / "received")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Watchers(process, folder)
        finally:
            process.terminate()


class _Browser(asyncio.Protocol):
    """One socket."""

    def __init__(self, host: str, watch: Watch, numbers: dict[bytes, int]) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        self._hello = (
            f"GET {watch.path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
            f"Cookie: sessionid={watch.session}\r\n"
            f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"  # as browsers offer it
        ).encode()
        self._numbers = numbers
        self._rest = b""
        self.opened: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.is_closed = False
        self.moments, self.kinds = array("q"), array("q")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._hello)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        if not self.opened.done():
            self.opened.set_result(False)

    def data_received(self, data: bytes) -> None:
        now = time.time_ns()
        data = self._rest + data
        if not self.opened.done():
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            self.opened.set_result(head.startswith(b"HTTP/1.1 101"))
        self._rest = self._frames(data, now)

    def _frames(self, data: bytes, now: int) -> bytes:
        """Take whole frames; the answer is what is left."""
        begin = 0
        while len(data) - begin >= 2:
            first, size = data[begin] & 0x0F, data[begin + 1]
            place = begin + 2
            if size == 126:
                place += 2
                size = int.from_bytes(data[begin + 2 : place])
            elif size == 127:
                place += 8
                size = int.from_bytes(data[begin + 2 : place])
            if len(data) < place + size:
                break
            self._take(first, data[place : place + size], now)
            begin = place + size
        return data[begin:]

    def _take(self, kind: int, payload: bytes, now: int) -> None:
        if kind == _TEXT:
            self.moments.append(now)
            self.kinds.append(self._numbers.setdefault(payload, len(self._numbers)))
        elif kind == _PING:
            mask = os.urandom(4)
            masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
            self._transport.write(struct.pack("!BB", 0x80 | _PONG, 0x80 | len(payload)) + mask + masked)
        elif kind == _CLOSE:
            self._transport.close()


class _Fleet:
    """All browsers of this process."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._browsers: list[_Browser] = []
        self._numbers: dict[bytes, int] = {}
        self._cpu_s = time.process_time()

    async def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked."""
        if command["do"] == "open":
            return {"open": await self._open(command["url"], [Watch(*each) for each in command["watches"]])}
        self._write()
        return {}

    async def _open(self, host: str, watches: Sequence[Watch]) -> int:
        gate, loop = asyncio.Semaphore(_AT_ONCE), asyncio.get_running_loop()
        name, port = host.rsplit(":", 1)

        async def one(watch: Watch) -> _Browser:
            async with gate, asyncio.timeout(_OPEN_SECONDS):
                _, browser = await loop.create_connection(lambda: _Browser(host, watch, self._numbers), name, int(port))
                await browser.opened
                return browser

        browsers = await asyncio.gather(*map(one, watches))
        opened = [each for each in browsers if each.opened.result()]
        self._browsers += opened
        return len(opened)

    def _write(self) -> None:
        received = Received(
            messages=list(self._numbers),
            moments=[each.moments.tolist() for each in self._browsers],
            numbers=[each.kinds.tolist() for each in self._browsers],
            closed=sum(each.is_closed for each in self._browsers),
            cpu_s=time.process_time() - self._cpu_s,
        )
        self._file.write_bytes(msgspec.msgpack.encode(received))
        self._numbers.clear()
        for each in self._browsers:
            each.moments, each.kinds = array("q"), array("q")
        self._cpu_s = time.process_time()


async def _serve(file: Path) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    reader = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    fleet = _Fleet(file)
    while line := await reader.readline():
        print(json.dumps(await fleet.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        uvloop.run(_serve(Path(sys.argv[1])))
