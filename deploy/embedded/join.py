"""Use the servers of a home: find the ones that run, or start them for as long as they are used."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.embedded.locks import FileLock, is_held
from deploy.embedded.places import OUTTURN_SECRET, PROJECT, Home, ServerError
from deploy.embedded.private import read_json
from deploy.embedded.processes import last_words

VARIABLES = {"postgres": "DATABASE_URL", "redis": "REDIS_URL", "mqtt": "MQTT_URL"}
_OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_INGEST_URL", "REDIS_URL", "MQTT_URL")
_JOIN_SECONDS = 90.0
_LOOK_SECONDS, _LOOK_AT_KEEPER_SECONDS = 0.01, 0.25
_held: list[Membership] = []


@dataclass(frozen=True, slots=True)
class Endpoints:
    """How to reach the servers. An address is empty when nobody asked for that server.

    Attributes:
        database_url: PostgreSQL as the role of requests, under row-level security.
        database_owner_url: PostgreSQL as the owner of the schema.
        database_ingest_url: PostgreSQL as the role that writes readings.
        redis_url: Redis, ``unix://PATH?db=0``.
        mqtt_url: The broker as the platform's own consumer, ``mqtt://USER:PASSWORD@HOST:PORT``.
    """

    database_url: str
    database_owner_url: str
    database_ingest_url: str
    redis_url: str
    mqtt_url: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Endpoints:
        """The addresses that the variables tell."""
        return cls(*(environment.get(name, "") for name in _OURS))


class Membership:
    """A share in the servers of one home. They run while it is held.

    Args:
        home: The folder they keep their data in.
        names: The servers that are needed.
    """

    def __init__(self, home: Home, names: Sequence[str]) -> None:
        home.prepare()
        self.home = home
        self._names = tuple(names)
        self._users = FileLock(home.run / "users")

    def enter(self) -> dict[str, str]:
        """Wait until the servers are ready. It may be called again, to have them back after their keeper was killed.

        Returns:
            The variables that tell their addresses.

        Raises:
            ServerError: A server cannot be started.
        """
        deadline = time.monotonic() + _JOIN_SECONDS
        while time.monotonic() < deadline:
            # The keeper has this lock for itself only while it stops.
            if self._users.take(shared=True, seconds=_JOIN_SECONDS):
                self._ask()
                if environment := self._wait(deadline):
                    return environment
        raise ServerError(f"The servers in {self.home.path} were not ready in {_JOIN_SECONDS:.0f} s", fix=self._where())

    def has_keeper(self) -> bool:
        """Whether somebody keeps the servers running."""
        return is_held(self.home.run / "keeper")

    def leave(self) -> None:
        """Give the share back; when it was the last one, wait until the servers have stopped."""
        self._users.release()
        deadline = time.monotonic() + _JOIN_SECONDS
        while self.has_keeper() and time.monotonic() < deadline:
            if self._users.take(shared=True):
                alone = self._users.take()
                self._users.release()
                if not alone:
                    break
            time.sleep(_LOOK_SECONDS)
        self._users.close()

    def _ask(self) -> None:
        for name in self._names:
            (self.home.wanted / name).touch()
        if not self.has_keeper():
            _start_keeper(self.home)

    def _wait(self, deadline: float) -> dict[str, str] | None:
        """The variables when all are ready; None when the keeper is gone."""
        look_at_keeper = time.monotonic() + _LOOK_AT_KEEPER_SECONDS
        while (now := time.monotonic()) < deadline:
            state = read_json(self.home.endpoints)
            if state and not any((self.home.wanted / name).exists() for name in self._names):
                if failed := [state["failed"][name] for name in self._names if name in state["failed"]]:
                    raise ServerError("\n".join(failed), fix=self._where())
                if all(_is_ready(state, name) for name in self._names):
                    return dict(state["environment"])
            if now >= look_at_keeper:
                if not self.has_keeper():
                    return None
                look_at_keeper = now + _LOOK_AT_KEEPER_SECONDS
            time.sleep(_LOOK_SECONDS)
        return None

    def _where(self) -> str:
        return f"The logs are in {self.home.log('servers').parent}."


@contextmanager
def servers(home: Path | None = None, *, want: Sequence[str] = tuple(VARIABLES)) -> Iterator[Endpoints]:
    """The servers, for the life of the context: running ones are used, others are started.

    Their addresses are in ``os.environ`` meanwhile, and so is ``OUTTURN_SECRET`` if it was not. A server whose
    address is in ``os.environ`` already is used as it is; when that is so for all, nothing is started.

    Args:
        home: The folder of the servers; by default the one that ``OUTTURN_HOME`` names.
        want: Which are needed, of ``postgres``, ``redis`` and ``mqtt``.

    Raises:
        ServerError: A server cannot be started.
    """
    missing = [name for name in want if not os.environ.get(VARIABLES[name])]
    if not missing:
        yield Endpoints.of(os.environ)
        return
    with _membership(Home.named(home), missing):
        yield Endpoints.of(os.environ)


def keep_alive() -> None:
    """Have the servers back if their keeper was killed: for programs that use `servers` for long.

    Raises:
        ServerError: A server cannot be started.
    """
    for share in _held:
        if not share.has_keeper():
            share.enter()


@contextmanager
def _membership(home: Home, names: Sequence[str]) -> Iterator[None]:
    share = Membership(home, names)
    before = dict(os.environ)
    _held.append(share)
    try:
        addresses = share.enter()
        os.environ.update({name: value for name, value in addresses.items() if _server_of(name) in names})
        os.environ.setdefault(OUTTURN_SECRET, home.secret(OUTTURN_SECRET))
        yield
    finally:
        for name in (*_OURS, OUTTURN_SECRET):
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)
        _held.remove(share)
        share.leave()


def _server_of(variable: str) -> str:
    return "postgres" if variable.startswith("DATABASE_") else variable.removesuffix("_URL").lower()


def _is_ready(state: dict[str, Any], name: str) -> bool:
    return bool(state["servers"].get(name, {}).get("ready"))


def _start_keeper(home: Home) -> None:
    log = home.log("servers")
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
        started = subprocess.run(
            [sys.executable, "-m", "deploy.embedded.keeper", str(home.path)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            check=False,
        )
    if started.returncode != 0:
        raise ServerError(f"The keeper of the servers did not start:\n{last_words(log)}", place=str(log))
