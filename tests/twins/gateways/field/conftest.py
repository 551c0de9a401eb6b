"""Real servers of a plant, each a process of its own that a test orders about, kills and starts again."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509

from tests.processes import LONG_S
from twins.gateways.field.certificates import Application, make_application
from twins.gateways.field.samples import Sample, Trouble


class Server:
    """A server process with what it was told to be."""

    def __init__(self, module: str, plan: dict[str, Any]) -> None:
        self._module, self.plan = module, plan
        self._process: subprocess.Popen[str] | None = None
        self.start()

    @property
    def port(self) -> int:
        return int(self.plan["port"])

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}/plant/"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"tests.twins.gateways.field.{self._module}"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._say(self.plan) == "ready"

    def order(self, do: str, **how: Any) -> Any:
        """Have it do something; returns when it is done."""
        return self._say({"do": do, **how})

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _say(self, line: dict[str, Any]) -> Any:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


MakeServer = Callable[..., Server]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def opcua_server() -> Iterator[MakeServer]:
    """Starts OPC UA servers."""
    yield from _servers("opcua_server")


@pytest.fixture
def modbus_server() -> Iterator[MakeServer]:
    """Starts Modbus servers."""
    yield from _servers("modbus_server")


def _servers(module: str) -> Iterator[MakeServer]:
    started: list[Server] = []

    def make(**plan: Any) -> Server:
        started.append(Server(module, {"port": free_port(), **plan}))
        return started[-1]

    yield make
    for server in started:
        server.kill()


class Kept:
    """A sink that keeps everything, and wakes who waits for something in it."""

    def __init__(self) -> None:
        self.batches: list[Sequence[Sample]] = []
        self.troubles: list[Trouble] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self._news = asyncio.Event()

    async def samples(self, samples: Sequence[Sample]) -> None:
        await self.gate.wait()
        self.batches.append(samples)
        self._news.set()

    async def trouble(self, trouble: Trouble) -> None:
        self.troubles.append(trouble)
        self._news.set()

    @property
    def all(self) -> list[Sample]:
        return [sample for batch in self.batches for sample in batch]

    def of(self, key: str) -> list[float]:
        return [sample.value for sample in self.all if sample.key == key]

    async def until(self, condition: Callable[[], Any]) -> Any:
        """What the condition gives, once it is true."""
        async with asyncio.timeout(LONG_S):
            while not (found := condition()):
                self._news.clear()
                await self._news.wait()
        return found

    def codes(self, place: str = "") -> list[str]:
        return [each.code for each in self.troubles if each.place == place]


@pytest.fixture(scope="session")
def application() -> Application:
    """Who we are to servers."""
    return make_application(owner=UUID(int=7), hosts=["localhost"], now=datetime.now(UTC))


@pytest.fixture(scope="session")
def server_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate and key of a server."""
    return certificate_in(tmp_path_factory.mktemp("server"), 8)


def certificate_in(folder: Path, owner: int, name: str = "") -> Path:
    """The certificate and key of a server in a folder; `name` is what the certificate calls it."""
    made = make_application(owner=UUID(int=owner), hosts=["127.0.0.1"], now=datetime.now(UTC), name=name)
    x509.load_der_x509_certificate(made.certificate)  # it can be read
    (folder / "server.der").write_bytes(made.certificate)
    (folder / "server.pem").write_text(made.private_key)
    return folder
