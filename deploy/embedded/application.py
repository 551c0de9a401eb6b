"""The product's own processes on one machine: web server, worker, clock, follower, connector, MQTT consumer."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from types import FrameType

from django.core.management import get_commands

from deploy.embedded.join import keep_alive
from deploy.embedded.locks import FileLock
from deploy.embedded.places import PROJECT, Home, ServerError
from deploy.embedded.private import read_json, write_json
from deploy.embedded.processes import Child, Identity, Service, Supervisor, end_leftovers, last_words, spawn
from deploy.env import env_int, env_str

CONSUMER_COMMAND = "consume"
_CELERY = ("-m", "celery", "-A", "deploy.celery")
_HOST = "127.0.0.1"
_PORT = 8000
_TICK_SECONDS, _KEEPER_SECONDS = 0.05, 1.0
_ANSWER_SECONDS = 1.0


class _Program:
    """A process that is ready as soon as it runs.

    When its supervisor is killed it is killed too: the servers go as well, and without them it might never end.
    """

    stops: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 5.0),)

    def __init__(self, name: str, home: Home, command: Iterable[str], pass_fds: Sequence[int] = ()) -> None:
        self.name = name
        self._log = home.log(name)
        self._command = (sys.executable, *command)
        self._pass_fds = pass_fds

    def start(self) -> subprocess.Popen[bytes]:
        return spawn(
            self._command,
            log=self._log,
            environment=os.environ,
            death_signal=signal.SIGKILL,
            pass_fds=self._pass_fds,
        )

    def is_ready(self) -> bool:
        return True

    def why(self) -> str:
        return last_words(self._log)


class _Worker(_Program):
    """Celery. It may end the tasks at hand; one that it must drop is done again by the next worker."""

    stops = ((signal.SIGTERM, 10.0), (signal.SIGQUIT, 5.0))

    def __init__(self, home: Home) -> None:
        super().__init__(
            "worker", home, (*_CELERY, "worker", "--concurrency=2", "--without-gossip", "--without-mingle")
        )


class _Web(_Program):
    """The web server, ready when it answers a request."""

    def __init__(self, home: Home, listening: socket.socket) -> None:
        number = listening.fileno()
        super().__init__("web", home, ("-m", "deploy.embedded.web", str(number)), pass_fds=[number])
        self._listening = listening

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection(_HOST, self._listening.getsockname()[1], timeout=_ANSWER_SECONDS)
        try:
            connection.request("HEAD", "/")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True


def run_application(home: Home, *, say: Callable[[str], object], when_ready: Callable[[str], object]) -> None:
    """Run the product until SIGINT, SIGTERM or SIGHUP; afterwards none of its processes lives.

    The servers must be at hand, their addresses in ``os.environ`` (see `deploy.embedded.servers`).

    Args:
        home: Where the logs go.
        say: Told of a process that ended and is started again.
        when_ready: Called once with the address of the first page when that answers.

    Raises:
        ServerError: The product already runs in this home, its port is taken, or the servers cannot be had back.
    """
    home.prepare()
    state = home.run / "application.json"
    with FileLock(home.run / "application") as lock:
        if not lock.take():
            raise _runs_already(home, read_json(state).get("url", "it is just starting"))
        _end_predecessors(read_json(state).get("processes", []))
        with listen() as listening:
            url = f"http://localhost:{listening.getsockname()[1]}"
            os.environ.setdefault("OUTTURN_URL", url)
            is_told = False

            def changed(child: Child) -> None:
                nonlocal is_told
                if child.failure:
                    say(f"{child.failure}\nStarting {child.service.name} again.")
                elif child.ready and child.service.name == "web" and not is_told:
                    is_told = True
                    when_ready(url)
                identities = [other.identity for other in supervisor.children.values() if other.identity]
                write_json(state, {"url": url, "processes": [asdict(identity) for identity in identities]})

            supervisor = Supervisor(changed)
            try:
                _supervise(supervisor, _services(home, listening))
            finally:
                supervisor.stop()
                state.unlink(missing_ok=True)


def _runs_already(home: Home, where: str) -> ServerError:
    fix = "Use it, stop it, or set OUTTURN_HOME to another folder for a second one."
    return ServerError(f"Outturn already runs in {home.path}: {where}", fix=fix)


def listen() -> socket.socket:
    """A listening socket on ``OUTTURN_PORT``; when that is not set on port 8000, or any other if that is taken.

    Raises:
        ServerError: The port asked for is taken.
    """
    asked = env_int("OUTTURN_PORT", 0, minimum=0)
    for port in [asked] if asked else [_PORT, 0]:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((_HOST, port))
            listening.listen()
        except OSError:
            listening.close()
        else:
            return listening
    raise ServerError(f"Port {asked} is taken", place="OUTTURN_PORT", fix="Set OUTTURN_PORT to another, or unset it.")


def _services(home: Home, listening: socket.socket) -> list[Service]:
    # The clock is not part of the worker, whose other processes would not notice if they outlived it.
    clock = _Program("clock", home, (*_CELERY, "beat", "--schedule", str(home.run / "clock"), "--pidfile="))
    follower = _Program("follower", home, (str(PROJECT / "manage.py"), "follow"))
    connector = _Program("connector", home, (str(PROJECT / "manage.py"), "connect"))
    services: list[Service] = [_Web(home, listening), _Worker(home), clock, follower, connector]
    if CONSUMER_COMMAND in get_commands() and env_str("MQTT_URL", ""):
        services.append(_Program("consumer", home, (str(PROJECT / "manage.py"), CONSUMER_COMMAND)))
    return services


def _supervise(supervisor: Supervisor, services: Iterable[Service]) -> None:
    """Keep the services, and the servers they need, running until a signal."""
    told_to_stop = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal told_to_stop
        told_to_stop = True

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        for service in services:
            supervisor.add(service)
        look_at_keeper = 0.0
        while not told_to_stop:
            supervisor.tick()
            if time.monotonic() >= look_at_keeper:
                keep_alive()
                look_at_keeper = time.monotonic() + _KEEPER_SECONDS
            time.sleep(_TICK_SECONDS)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_predecessors(processes: Iterable[dict[str, float]]) -> None:
    """Stop what a supervisor that was killed left behind, where the system has not done so."""
    found = [Identity(int(process["pid"]), process["started"]).find() for process in processes]
    end_leftovers([process for process in found if process], _Worker.stops)
