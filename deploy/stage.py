"""A stage for measuring: a database of its own on the servers at hand, and the product's processes on it."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from deploy.embedded.processes import last_words, spawn
from tenants.kernel.errors import OutturnError

_ROLES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_INGEST_URL")
_LOOPBACK = "127.0.0.1"
_READY_SECONDS, _STOP_SECONDS = 60.0, 20.0


class StageError(OutturnError):
    """The stage cannot be set up."""

    code = "deploy.stage"
    status = 503


@dataclass(frozen=True, slots=True)
class Stage:
    """What is on the stage.

    Attributes:
        url: The web server, as ``up`` runs it.
        mqtt_url: The broker, without a user; our consumer is connected to it.
        web: The number of the web server's process.
    """

    url: str
    mqtt_url: str
    web: int


@contextmanager
def own_database() -> Iterator[str]:
    """A new, migrated database that Django works on meanwhile; it is gone afterwards.

    Raises:
        StageError: The owner may not make databases.
    """
    before = settings.DATABASES["default"]["NAME"]
    with empty_database() as name:
        try:
            work_on(name)
            call_command("migrate", verbosity=0, interactive=False)
            yield name
        finally:
            work_on(before)


@contextmanager
def empty_database() -> Iterator[str]:
    """A new database with nothing in it; it is gone afterwards.

    Raises:
        StageError: The owner may not make databases.
    """
    name = f"outturn_stage_{secrets.token_hex(4)}"
    with owner_connection("postgres") as server:
        try:
            server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        except psycopg.Error as error:
            fix = "Let the owner of the schema make databases (CREATEDB)."
            raise StageError(f"There can be no database to measure in: {error}", fix=fix) from error
    try:
        yield name
    finally:
        with owner_connection("postgres") as server:
            server.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def owner_connection(database: str) -> psycopg.Connection[Any]:
    """A connection of the schema's owner to a database of the server, in autocommit mode."""
    owner = settings.DATABASES["owner"]
    return psycopg.connect(
        dbname=database, user=owner["USER"], password=owner["PASSWORD"] or None, host=owner["HOST"] or None,
        port=owner["PORT"] or None, autocommit=True,
    )  # fmt: skip


@contextmanager
def product(database: str) -> Iterator[Stage]:
    """The web server, a broker and the consumer, each in its own process, working on a database.

    Raises:
        StageError: One of them does not start.
    """
    with (
        tempfile.TemporaryDirectory(prefix="outturn-stage-") as folder,
        socket.create_server((_LOOPBACK, 0)) as listening,
    ):
        broker, web = free_port(), listening.getsockname()[1]
        environment = _environment(database, broker) | {"OUTTURN_URL": f"http://localhost:{web}"}
        commands = {
            "broker": (["-m", "deploy.embedded.broker"], []),
            "web": (["-m", "deploy.embedded.web", str(listening.fileno())], [listening.fileno()]),
            "consumer": (["-m", "django", "consume"], []),
        }
        running: dict[str, subprocess.Popen[bytes]] = {}
        logs = {name: Path(folder, f"{name}.log") for name in commands}
        try:
            for name, (command, fds) in commands.items():
                running[name] = spawn([sys.executable, *command], log=logs[name], environment=environment, pass_fds=fds)
                if name == "broker":
                    _wait(lambda: listens(broker), running, logs)
            _wait(lambda: _answers(web), running, logs)
            _wait(lambda: b"consuming from" in logs["consumer"].read_bytes(), running, logs)
            yield Stage(f"http://{_LOOPBACK}:{web}", f"mqtt://{_LOOPBACK}:{broker}", running["web"].pid)
        finally:
            _stop(list(running.values()))


@contextmanager
def lone_broker(database: str) -> Iterator[str]:
    """A broker of its own that nobody consumes from; its address, with the user who may hear everything.

    Raises:
        StageError: It does not start.
    """
    with tempfile.TemporaryDirectory(prefix="outturn-broker-") as folder:
        port, log = free_port(), Path(folder, "broker.log")
        environment = _environment(database, port)
        process = spawn([sys.executable, "-m", "deploy.embedded.broker"], log=log, environment=environment)
        try:
            _wait(lambda: listens(port), {"broker": process}, {"broker": log})
            yield environment["MQTT_URL"]
        finally:
            _stop([process])


def _environment(database: str, broker: int) -> dict[str, str]:
    """What the processes on a stage are told, and where their broker is."""
    return {
        **os.environ,
        **{role: make_conninfo(os.environ[role], dbname=database) for role in _ROLES},
        "OUTTURN_SECRET": settings.SECRET_KEY,
        "MQTT_URL": f"mqtt://stage:{secrets.token_hex(8)}@{_LOOPBACK}:{broker}",
    }


def work_on(database: str) -> None:
    """Have Django work on another database of the same servers from now on, in this process."""
    for alias in connections:
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = database
    settings.INGEST_DATABASE["NAME"] = database


def free_port() -> int:
    """A port of this machine that nobody has now."""
    with socket.create_server((_LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody takes connections at a port of this machine."""
    try:
        socket.create_connection((_LOOPBACK, port), 1.0).close()
    except OSError:
        return False
    return True


def _answers(port: int) -> bool:
    """Whether the web server answers; the socket is open before it does."""
    try:
        with socket.create_connection((_LOOPBACK, port), 5.0) as connection:
            connection.sendall(b"HEAD /ingest/ HTTP/1.0\r\n\r\n")
            return connection.recv(4) == b"HTTP"
    except OSError:
        return False


def _wait(ready: Callable[[], bool], running: dict[str, subprocess.Popen[bytes]], logs: dict[str, Path]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not ready():
        ended = [name for name, process in running.items() if process.poll() is not None]
        if ended or time.monotonic() > deadline:
            told = "\n".join(f"{name}: {last_words(logs[name])}" for name in ended or running)
            raise StageError(f"The product does not start on the stage:\n{told}", fix="Look at what it says.")
        time.sleep(0.02)


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in reversed(processes):
        process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
