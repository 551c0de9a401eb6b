"""Child processes: start them, see when they are ready, start them again when they die, stop them to the last."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

from deploy.embedded.places import PROJECT, ServerError, User, told

_LAUNCHER = Path(__file__).with_name("child.py")
_LONGEST_LOG = 20 * 1024 * 1024
_READY_SECONDS = 60.0
_LOOK_SECONDS = 0.005
_CLOCK_SECONDS = 2.0
_LONGEST_PAUSE = 30.0  # between two attempts to start a child that keeps dying


class Service(Protocol):
    """A program that runs as a child process."""

    name: str

    @property
    def stops(self) -> Sequence[tuple[signal.Signals, float]]:
        """The signals that stop it, gentlest first, each with the seconds it is given."""

    def start(self) -> subprocess.Popen[bytes]:
        """Prepare what it needs and start it.

        Raises:
            ServerError: It cannot be started.
        """

    def is_ready(self) -> bool:
        """Whether it answers now."""

    def why(self) -> str:
        """The last words of its log, for a message about its end."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One process, told from a later one that was given the same number.

    Attributes:
        pid: Its number.
        started: When it was started, seconds since 1970.
    """

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Identity:
        """The process that has this number now."""
        return cls(pid, psutil.Process(pid).create_time())

    def find(self) -> psutil.Process | None:
        """The process, when it still lives."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            # The system derives the time from its clock, which may be set in between.
            if abs(process.create_time() - self.started) < _CLOCK_SECONDS:
                return process
        return None


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str],
    death_signal: signal.Signals = signal.SIGTERM,
    user: User | None = None,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that Ctrl-C reaches it through us; its output goes to the log."""
    if log.exists() and log.stat().st_size > _LONGEST_LOG:
        log.replace(log.with_suffix(".1.log"))
    uid, gid = (user.uid, user.gid) if user and user.uid != os.geteuid() else (-1, -1)
    launcher = [sys.executable, "-I", "-S", _LAUNCHER, os.getpid(), int(death_signal), uid, gid]
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
        return subprocess.Popen(
            [str(part) for part in (*launcher, *command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            env=dict(environment),
            start_new_session=True,
            pass_fds=pass_fds,
        )


def last_words(log: Path, lines: int = 5) -> str:
    """The end of a log."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        text = file.read().decode("utf-8", "replace")
    return "\n".join(text.strip().splitlines()[-lines:])


def end_leftovers(processes: Iterable[psutil.Process], stops: Sequence[tuple[signal.Signals, float]]) -> None:
    """Stop processes that are not our children: those of a predecessor that was killed."""
    alive = [process for process in processes if _lives(process)]
    for number, seconds in (*stops, (signal.SIGKILL, 10.0)):
        for process in alive:
            with suppress(psutil.Error):
                process.send_signal(number)
        deadline = time.monotonic() + seconds
        while alive and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
            alive = [process for process in alive if _lives(process)]


def _lives(process: psutil.Process) -> bool:
    """Whether it runs; one that has ended and that its parent has not asked after does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@dataclass
class Child:
    """A service and the process that is it at present."""

    service: Service
    process: subprocess.Popen[bytes] | None = None
    identity: Identity | None = None
    started: float = 0.0
    ready: bool = False
    was_ready: bool = False
    failures: int = 0
    retry_at: float = 0.0
    failure: str = ""


class Supervisor:
    """Keeps services running until it is told to stop. It does its work in `tick`, in the caller's thread.

    It must be the main thread: Linux ties the life of a child to the thread that started it.

    Args:
        changed: Called after a child was started, became ready or died.
    """

    def __init__(self, changed: Callable[[Child], None]) -> None:
        self.children: dict[str, Child] = {}
        self._changed = changed

    def add(self, service: Service) -> None:
        """Start a service."""
        child = self.children[service.name] = Child(service)
        self._start(child)

    def drop(self, name: str) -> None:
        """Forget a service that does not run."""
        del self.children[name]

    def tick(self) -> None:
        """Look at every child once."""
        now = time.monotonic()
        for child in list(self.children.values()):
            if child.process is None:
                if now >= child.retry_at:
                    self._start(child)
            elif (status := child.process.poll()) is not None:
                self._failed(child, f"ended with status {status}")
            elif not child.ready:
                self._look(child, now)

    def stop(self) -> None:
        """Stop all children, all at once; afterwards none of them lives."""
        _stop(self.children.values())
        self.children.clear()

    def _start(self, child: Child) -> None:
        child.started, child.ready = time.monotonic(), False
        try:
            child.process = child.service.start()
            child.failure = ""
            child.identity = Identity.of(child.process.pid)
        except (OSError, psutil.NoSuchProcess) as error:
            self._failed(child, f"could not be started: {error}")
        except ServerError as error:
            self._failed(child, f"could not be started: {told(error)}")
        else:
            self._changed(child)

    def _look(self, child: Child, now: float) -> None:
        try:
            child.ready = child.service.is_ready()
            late = not child.ready and now - child.started > _READY_SECONDS
            reason = f"did not answer within {_READY_SECONDS:.0f} s" if late else ""
        except ServerError as error:
            reason = told(error)
        if reason:
            _stop([child])
            self._failed(child, reason)
        elif child.ready:
            child.was_ready = True
            self._changed(child)

    def _failed(self, child: Child, reason: str) -> None:
        words = child.service.why() if child.process else ""
        child.failure = f"{child.service.name} {reason}" + (f"; the end of its log:\n{words}" if words else "")
        ran = time.monotonic() - child.started
        child.failures = 1 if child.ready and ran > _LONGEST_PAUSE else child.failures + 1
        pause = min(0.1 * 2 ** (child.failures - 1), _LONGEST_PAUSE)
        child.process, child.identity, child.ready, child.retry_at = None, None, False, time.monotonic() + pause
        self._changed(child)


def _stop(children: Iterable[Child]) -> None:
    """Signal each child as its service asks, ever less gently, until all have ended."""
    running = [
        (child.process, iter([*child.service.stops, (signal.SIGKILL, math.inf)]))
        for child in children
        if child.process is not None
    ]
    deadlines = [0.0] * len(running)
    while any(process.poll() is None for process, _ in running):
        for index, (process, ladder) in enumerate(running):
            if process.poll() is None and time.monotonic() >= deadlines[index]:
                number, seconds = next(ladder)
                deadlines[index] = time.monotonic() + seconds
                _signal(process, number)
        time.sleep(_LOOK_SECONDS)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal a child that has not been waited for; SIGKILL goes to all that it started as well."""
    if number == signal.SIGKILL:
        with suppress(OSError):  # it ended meanwhile
            os.killpg(process.pid, number)
    else:
        process.send_signal(number)
