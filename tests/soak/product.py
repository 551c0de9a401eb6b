"""The product as ``manage.py up`` runs it, in a home of its own, and organisations in it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from deploy.embedded import servers
from deploy.embedded.places import PROJECT, Home
from deploy.embedded.private import read_json

PROGRAMS = {"web": "deploy.embedded.web", "consumer": "consume", "follower": "follow", "worker": "worker"}
SERVERS = ("postgres", "redis", "mqtt")
_ADDRESSES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_INGEST_URL", "REDIS_URL", "MQTT_URL", "OUTTURN_SECRET")


class Product:
    """A product that runs.

    Attributes:
        url: Of its web server.
        broker_url: Of its broker, without a user.
    """

    def __init__(self, home: Home, process: subprocess.Popen[bytes], url: str, broker_url: str) -> None:
        self.home = home
        self.url = url
        self.broker_url = broker_url
        self._process = process

    def pids(self) -> dict[str, int]:
        """The processes that are there, by name."""
        found = {name: int(one["pid"]) for name, one in read_json(self.home.endpoints)["servers"].items() if one["pid"]}
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self._process.pid).children():
                with suppress(psutil.NoSuchProcess):
                    words = child.cmdline()
                    found |= {name: child.pid for name, word in PROGRAMS.items() if word in words}
        return found

    def kill(self, name: str) -> bool:
        """End a process with SIGKILL; False when it is just not there."""
        pid = self.pids().get(name, 0)
        with suppress(ProcessLookupError):
            if pid:
                os.kill(pid, signal.SIGKILL)
                return True
        return False

    def memory(self) -> dict[tuple[str, int], float]:
        """Megabytes that each process alone holds, by its name and number; of those that have run for a while."""
        found = {}
        for name, pid in self.pids().items():
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                if name in PROGRAMS and time.time() - process.create_time() > 20:
                    found[name, pid] = process.memory_full_info().uss / 2**20
        return found

    def busy_seconds(self, name: str) -> float:
        """Seconds of a processor that a process has used."""
        times = psutil.Process(self.pids()[name]).cpu_times()
        return float(times.user + times.system)


@contextmanager
def running(folder: Path) -> Iterator[Product]:
    """Start the product in a new home, and stop it; its addresses are in ``os.environ`` meanwhile."""
    for name in _ADDRESSES:
        os.environ.pop(name, None)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    os.environ |= {"OUTTURN_HOME": str(folder), "OUTTURN_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up"], cwd=PROJECT, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        url = _told(process)
        with servers(folder) as endpoints:
            broker = endpoints.mqtt_url.rpartition("@")[2]
            yield Product(Home.named(folder), process, url.replace("localhost", "127.0.0.1"), f"mqtt://{broker}")
    finally:
        process.terminate()
        process.wait(60)


def _told(process: subprocess.Popen[bytes]) -> str:
    """The address that it tells when it is ready."""
    assert process.stdout is not None
    for line in process.stdout:
        if b"Outturn is at " in line:
            return line.split()[3].decode()
    raise RuntimeError(f"the product did not start; it ended with status {process.wait()}")
