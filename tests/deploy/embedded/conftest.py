"""Homes with real servers. Making a cluster takes longest, so there is one for each PostgreSQL, which tests share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.embedded import Endpoints, servers
from deploy.embedded.places import Home
from deploy.embedded.postgres import binary_folder
from deploy.embedded.private import read_json
from tests.processes import LONG_S
from tests.servers import short_folder

INSTALLED = {"wheel": binary_folder()} | {
    folder.parent.name: folder
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if (folder / "initdb").exists()
}
ADDRESSES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_INGEST_URL", "REDIS_URL", "MQTT_URL", "OUTTURN_SECRET")


@dataclass(frozen=True)
class Machine:
    """A home and the PostgreSQL programs that it uses."""

    path: Path
    binaries: Path

    @property
    def home(self) -> Home:
        return Home.named(self.path)

    @contextmanager
    def servers(self, *want: str) -> Iterator[Endpoints]:
        with self.alone(), servers(self.path, want=want) as endpoints:
            yield endpoints

    @contextmanager
    def alone(self, **named: str) -> Iterator[None]:
        """An environment that names this machine, what is given, and no server of the test run."""
        with pytest.MonkeyPatch.context() as patch:
            for name in ADDRESSES:
                patch.delenv(name, raising=False)
            patch.setenv("OUTTURN_HOME", str(self.path))
            patch.setenv("OUTTURN_PG_BIN", str(self.binaries))
            for name, value in named.items():
                patch.setenv(name, value)
            yield

    def process(self, server: str) -> psutil.Process:
        return psutil.Process(self.pid(server))

    def pid(self, server: str) -> int:
        """The number of a server's process; 0 while it has none."""
        return int(read_json(self.home.endpoints)["servers"].get(server, {}).get("pid", 0))

    def keeper(self) -> psutil.Process:
        return psutil.Process(read_json(self.home.endpoints)["keeper"])

    def processes(self) -> list[psutil.Process]:
        """All that this home started: they name it, or work in it."""
        found = []
        for process in psutil.process_iter(["cmdline", "cwd"]):
            words = " ".join(process.info["cmdline"] or [])
            if process.pid != os.getpid() and str(self.path) in f"{words} {process.info['cwd']}":
                found.append(process)
        return found


@pytest.fixture(scope="session", params=INSTALLED.values(), ids=list(INSTALLED))
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A home with a cluster, once for each PostgreSQL that is installed."""
    with short_folder() as path:
        yield Machine(path, request.param)


@pytest.fixture(scope="session")
def wheel_machine() -> Iterator[Machine]:
    """A home for what does not depend on the version of PostgreSQL."""
    with short_folder() as path:
        yield Machine(path, INSTALLED["wheel"])


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any]], Any]:
    """Look again and again until something is so; what it then is."""

    def wait(condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + LONG_S
        while time.monotonic() < deadline:
            if result := condition():
                return result
            time.sleep(0.005)
        raise AssertionError("it did not come to pass")

    return wait
