"""The keeper: one process in the background for each home, which runs its servers as long as somebody uses them.

A user of the servers holds the lock ``run/users`` shared (`deploy.embedded.join`). The keeper holds ``run/keeper``
for itself, so there is one; it ends when it can take ``run/users`` for itself, which is when the last user is gone,
however it went. Servers are started when their names appear in ``run/wanted``; what runs is told in
``run/endpoints.json``.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Protocol

from deploy.embedded.locks import FileLock
from deploy.embedded.places import Home, ServerError, told
from deploy.embedded.private import read_json, write_json
from deploy.embedded.processes import Child, Identity, Service, Supervisor, end_leftovers

# Imported when they are wanted, the slowest last: PostgreSQL's module takes longer to import than Redis to start.
SERVERS = {
    "mqtt": ("deploy.embedded.mqtt", "Mqtt"),
    "redis": ("deploy.embedded.redis", "Redis"),
    "postgres": ("deploy.embedded.postgres", "Postgres"),
}
_TICK_SECONDS, _BUSY_TICK_SECONDS = 0.05, 0.005
_TAKE_OVER_SECONDS = 1.0

logger = logging.getLogger("outturn.servers")


class Server(Service, Protocol):
    """A service that others reach by an address."""

    def environment(self) -> dict[str, str]:
        """The variables that tell its address."""


class Keeper:
    """Starts, watches and stops the servers of one home.

    Args:
        home: The folder they keep their data in.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._supervisor = Supervisor(self._changed)
        self._servers: dict[str, Server] = {}
        self._failed: dict[str, str] = {}
        self._told_to_stop = False

    def run(self) -> None:
        """Keep the servers until nobody uses them, or until a signal."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._tell_to_stop)
        self._end_predecessors()
        users = FileLock(self._home.run / "users")
        while not self._told_to_stop and not users.take():
            self._start_wanted()
            self._supervisor.tick()
            starting = not all(child.ready for child in self._supervisor.children.values())
            time.sleep(_BUSY_TICK_SECONDS if starting else _TICK_SECONDS)
        self._home.endpoints.unlink(missing_ok=True)
        self._supervisor.stop()
        for wanted in self._home.wanted.iterdir():
            wanted.unlink()
        logger.info("stopped")

    def _tell_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._told_to_stop = True

    def _start_wanted(self) -> None:
        for name in SERVERS:
            wanted = self._home.wanted / name
            if not wanted.exists():
                continue
            if name not in self._supervisor.children:
                self._failed.pop(name, None)
                self._start(name)
            wanted.unlink()

    def _start(self, name: str) -> None:
        module, kind = SERVERS[name]
        try:
            self._servers[name] = getattr(importlib.import_module(module), kind)(self._home)
        except ServerError as error:
            self._failed[name] = told(error)
            self._tell()
        else:
            self._supervisor.add(self._servers[name])

    def _changed(self, child: Child) -> None:
        name = child.service.name
        if child.failure:
            logger.error("%s", child.failure)
        elif child.ready:
            logger.info("%s is ready after %.2f s", name, time.monotonic() - child.started)
        if child.failure and not child.was_ready:
            # It never worked: whoever waits for it is told, and may mend the cause and ask again.
            self._failed[name] = child.failure
            self._supervisor.drop(name)
        self._tell()

    def _tell(self) -> None:
        """Write the endpoints file."""
        children = self._supervisor.children
        write_json(
            self._home.endpoints,
            {
                "keeper": os.getpid(),
                "servers": {
                    name: {"pid": child.identity.pid, "started": child.identity.started, "ready": child.ready}
                    for name, child in children.items()
                    if child.identity
                },
                "failed": self._failed,
                "environment": {
                    variable: value
                    for name, child in children.items()
                    if child.ready
                    for variable, value in self._servers[name].environment().items()
                },
            },
        )

    def _end_predecessors(self) -> None:
        """Stop the servers of a keeper that was killed, where the system has not done so."""
        known = read_json(self._home.endpoints).get("servers", {})
        found = [Identity(entry["pid"], entry["started"]).find() for entry in known.values()]
        end_leftovers([process for process in found if process], [(signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0)])
        self._home.endpoints.unlink(missing_ok=True)


def main(path: str) -> None:
    """Leave the caller's session, become the keeper of this home unless it has one."""
    if os.fork():
        os._exit(0)
    os.setsid()
    os.umask(0o077)
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]  # they would change how we connect
    home = Home.named(Path(path))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    lock = FileLock(home.run / "keeper")
    # A user that looks whether there is a keeper holds this for an instant.
    if lock.take(seconds=_TAKE_OVER_SECONDS):
        Keeper(home).run()
    # Both locks go with the process, so that whoever sees them free knows that nothing is left of it.


if __name__ == "__main__":
    main(sys.argv[1])
