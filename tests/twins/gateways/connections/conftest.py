"""Connections of Meridian's gateway, and the process that runs them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.processes import LONG_S, environment, kill, start
from tests.twins.conftest import Fleet
from tests.twins.gateways.field.conftest import modbus_server, opcua_server, server_folder
from twins.gateways.connections.models import ConnectionState
from twins.gateways.connections.services import create_connection, start_connection
from twins.telemetry.selectors import recent_keys

__all__ = ["modbus_server", "opcua_server", "server_folder"]
LOOPBACK = "127.0.0.0/8"


class Connectors:
    """Processes that run connections, by number."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._processes = folder, list[subprocess.Popen[bytes]]()

    def start(self) -> int:
        """Start one more; its number."""
        number = len(self._processes)
        log = self._folder / f"connector-{number}.log"
        env = environment(OUTTURN_CONNECT_NETWORKS=LOOPBACK)
        self._processes.append(start(["-m", "django", "connect"], log, env=env))
        return number

    def kill(self, number: int) -> None:
        """End one as a crash would."""
        kill(self._processes[number])

    def stop(self, number: int) -> int:
        """End one as an administrator would; its exit status."""
        self._processes[number].terminate()
        return self._processes[number].wait(timeout=LONG_S)

    def log(self, number: int) -> str:
        """What one has said."""
        return (self._folder / f"connector-{number}.log").read_text()

    def close(self) -> None:
        """End all."""
        for process in self._processes:
            kill(process)


@pytest.fixture
def connectors(transactional_db: None, tmp_path: Path) -> Iterator[Connectors]:
    """Processes that run connections."""
    made = Connectors(tmp_path)
    yield made
    made.close()


def connect(fleet: Fleet, name: str, kind: str, settings: dict[str, Any]) -> UUID:
    """A connection of the fleet's gateway that is started; its id."""
    with scope(fleet.tenant):
        made = create_connection(gateway=fleet.gateway, name=name, kind=kind, settings=settings, now=utc_now())
        return start_connection(connection=made.id, now=utc_now()).id


def going(fleet: Fleet, connection: UUID) -> ConnectionState:
    """How a connection goes."""
    with scope(fleet.tenant):
        return ConnectionState.objects.get(connection=connection)


def newest(fleet: Fleet) -> dict[str, float]:
    """The newest value of each key that has come from the fleet's gateway."""
    with scope(fleet.tenant):
        return {one.key: one.value for one in recent_keys(fleet.gateway)}
