"""Other stores of readings, to measure beside ours: a server of its own for each that is installed here.

Both take InfluxDB's line protocol on ``/write``.
"""

from __future__ import annotations

import asyncio
import http.client
import shutil
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from deploy.load import request_of, send_http
from deploy.stage import free_port, listens
from tenants.kernel.errors import OutturnError

_LOOPBACK = "127.0.0.1"
_SERIES, _PERIOD_NS = 10_000, 5_000_000_000
_READY_SECONDS = 30.0
_INFLUX_SETTINGS = """
reporting-disabled = true
bind-address = "127.0.0.1:{spare}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
"""


class PeerError(OutturnError):
    """A peer that was asked for is unknown, or is installed and does not start."""

    code = "bench.peer"


@dataclass(slots=True)
class Peer:
    """A running peer.

    Attributes:
        path: Where it takes lines.
    """

    name: str
    port: int
    path: str
    _written: int = field(default=0)

    def points_per_s(self, points: int, *, lines: int, connections: int) -> float:
        """Write so many new points, and say how many it took in a second.

        Args:
            points: A multiple of `lines`.
            lines: Points in a request.
            connections: Requests at once.
        """
        waiting = deque(
            request_of(self.path, self._lines(begin, min(begin + lines, points))) for begin in range(0, points, lines)
        )
        sent = asyncio.run(send_http(f"http://{_LOOPBACK}:{self.port}", waiting, connections=connections))
        if sent.refused:
            raise PeerError(f"{self.name} refuses what it is sent.", fix="Look at its version, or leave it out.")
        self._written += points
        return points / sent.seconds

    def _lines(self, begin: int, end: int) -> bytes:
        first = 1_760_000_000_000_000_000
        numbers = range(self._written + begin, self._written + end)
        lines = [
            f"reading,signal={number % _SERIES} value={number % 1000 / 10} {first + number // _SERIES * _PERIOD_NS}"
            for number in numbers
        ]
        return "\n".join(lines).encode()


@contextmanager
def installed_peers(wanted: str) -> Iterator[list[Peer]]:
    """Those of the peers named, separated by commas, that are installed; they run meanwhile.

    Raises:
        PeerError: A name is unknown, or a peer does not start.
    """
    names = [name for part in wanted.split(",") if (name := part.strip())]
    unknown = [name for name in names if name not in _STARTS]
    if unknown:
        raise PeerError(f"There is no peer {unknown[0]!r}.", place="--peers", fix=f"Name {' or '.join(_STARTS)}.")
    with ExitStack() as stack:
        yield [peer for name in names if (peer := stack.enter_context(_STARTS[name]())) is not None]


@contextmanager
def _influxdb() -> Iterator[Peer | None]:
    program = shutil.which("influxd")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        settings = Path(folder, "influxdb.conf")
        settings.write_text(_INFLUX_SETTINGS.format(folder=folder, port=port, spare=free_port()))
        with _running([program, "run", "-config", str(settings)], port):
            connection = http.client.HTTPConnection(_LOOPBACK, port, timeout=30)
            connection.request("POST", f"/query?{urlencode({'q': 'CREATE DATABASE bench'})}")
            connection.getresponse().read()
            connection.close()
            yield Peer("influxdb", port, "/write?db=bench")


@contextmanager
def _victoriametrics() -> Iterator[Peer | None]:
    program = shutil.which("victoria-metrics") or shutil.which("victoria-metrics-prod")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [program, f"-storageDataPath={folder}", f"-httpListenAddr={_LOOPBACK}:{port}"]
        with _running(command, port):
            yield Peer("victoriametrics", port, "/write")


_STARTS: dict[str, Callable[[], AbstractContextManager[Peer | None]]] = {
    "influxdb": _influxdb,
    "victoriametrics": _victoriametrics,
}


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + _READY_SECONDS
            while not listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise PeerError(
                        f"{command[0]} does not start.", fix="Start it by hand to see why, or leave it out."
                    )
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
