from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.embedded.places import PROJECT, ServerError
from deploy.embedded.processes import Child, Identity, Supervisor, end_leftovers, last_words, spawn

Eventually = Callable[[Callable[[], Any]], Any]

WAITS = "import time; print('started', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('started', flush=True); time.sleep(60)"


class Program:
    """A program that is ready when it has said so in its log."""

    def __init__(self, folder: Path, source: str, name: str = "program") -> None:
        self.name = name
        self.stops = [(signal.SIGTERM, 0.2)]
        self.log = folder / f"{name}.log"
        self.source = source
        self.starts = 0

    def start(self) -> subprocess.Popen[bytes]:
        self.starts += 1
        self.log.unlink(missing_ok=True)
        return spawn([sys.executable, "-c", self.source], log=self.log, environment=os.environ)

    def is_ready(self) -> bool:
        return "started" in last_words(self.log)

    def why(self) -> str:
        return last_words(self.log)


class Recorder:
    """A supervisor that keeps what it told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bool, str]] = []
        self.supervisor = Supervisor(self.note)

    def note(self, child: Child) -> None:
        self.told.append((child.service.name, child.ready, child.failure))

    def until(self, eventually: Eventually, condition: Callable[[], Any]) -> None:
        def look() -> Any:
            self.supervisor.tick()
            return condition()

        eventually(look)


def test_a_child_that_dies_is_started_again(tmp_path: Path, eventually: Eventually) -> None:
    recorder, program = Recorder(), Program(tmp_path, WAITS)
    recorder.supervisor.add(program)
    child = recorder.supervisor.children["program"]
    recorder.until(eventually, lambda: child.ready)
    assert child.process
    first = child.process.pid
    os.kill(first, signal.SIGKILL)
    recorder.until(eventually, lambda: program.starts == 2 and child.ready)
    assert child.process.pid != first
    assert [(ready, failure) for _, ready, failure in recorder.told] == [
        (False, ""),
        (True, ""),
        (False, "program ended with status -9; the end of its log:\nstarted"),
        (False, ""),
        (True, ""),
    ]
    recorder.supervisor.stop()


def test_a_child_that_keeps_dying_is_given_ever_longer_pauses(tmp_path: Path, eventually: Eventually) -> None:
    recorder, program = Recorder(), Program(tmp_path, "raise SystemExit('no such luck')")
    recorder.supervisor.add(program)
    child = recorder.supervisor.children["program"]
    recorder.until(eventually, lambda: child.failures == 3)
    assert program.starts == 3
    assert child.failure == "program ended with status 1; the end of its log:\nno such luck"
    assert not child.was_ready
    assert child.process is None
    recorder.supervisor.stop()
    assert recorder.supervisor.children == {}


def test_a_program_that_is_not_there_is_a_failure_like_any_other(tmp_path: Path) -> None:
    class Missing(Program):
        def start(self) -> subprocess.Popen[bytes]:
            raise ServerError("There is no such program", fix="Install it")

    recorder = Recorder()
    recorder.supervisor.add(Missing(tmp_path, ""))
    assert recorder.told == [("program", False, "program could not be started: There is no such program. Install it.")]


def test_what_ignores_a_gentle_signal_is_killed_with_all_it_started(tmp_path: Path, eventually: Eventually) -> None:
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {STUBBORN!r}])\n{STUBBORN}"
    recorder, program = Recorder(), Program(tmp_path, parent)
    recorder.supervisor.add(program)
    child = recorder.supervisor.children["program"]
    recorder.until(eventually, lambda: program.log.exists() and program.log.read_text().count("started") == 2)
    assert child.process
    [grandchild] = psutil.Process(child.process.pid).children()
    recorder.supervisor.stop()
    assert child.process.returncode == -signal.SIGKILL
    eventually(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)


def test_children_die_with_a_parent_that_is_killed(tmp_path: Path, eventually: Eventually) -> None:
    script = (
        "import os, sys, pathlib; from deploy.embedded.processes import spawn\n"
        f"child = spawn([sys.executable, '-c', {WAITS!r}], log=pathlib.Path(sys.argv[1]), environment=os.environ)\n"
        "print(child.pid, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "child.log")],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        eventually(lambda: last_words(tmp_path / "child.log") == "started")
        parent.kill()
    eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_a_child_of_a_parent_that_is_gone_does_not_begin(tmp_path: Path) -> None:
    launcher = PROJECT / "deploy/embedded/child.py"
    ended = subprocess.run(
        [sys.executable, "-I", "-S", launcher, "1", "15", "-1", "-1", sys.executable, "-c", "print('ran')"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "the parent ended before its child began\n"


def test_leftovers_are_told_by_number_and_birth(tmp_path: Path, eventually: Eventually) -> None:
    process = Program(tmp_path, WAITS).start()
    identity = Identity.of(process.pid)
    found = identity.find()
    assert found is not None
    assert Identity(process.pid, identity.started - 5).find() is None
    end_leftovers([found], [(signal.SIGTERM, 5.0)])
    assert process.wait(5) == -signal.SIGTERM
    assert identity.find() is None


def test_stubborn_leftovers_are_killed(tmp_path: Path, eventually: Eventually) -> None:
    program = Program(tmp_path, STUBBORN)
    process = program.start()
    eventually(program.is_ready)
    end_leftovers([psutil.Process(process.pid)], [(signal.SIGTERM, 0.05)])
    assert process.wait(5) == -signal.SIGKILL


def test_a_log_that_has_grown_long_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.embedded.processes._LONGEST_LOG", 10)
    log = tmp_path / "program.log"
    log.write_text("a long line\n")
    spawn([sys.executable, "-c", "print('new')"], log=log, environment=os.environ).wait()
    assert (tmp_path / "program.1.log").read_text() == "a long line\n"
    assert log.read_text() == "new\n"


def test_last_words_are_few(tmp_path: Path) -> None:
    log = tmp_path / "program.log"
    assert last_words(log) == ""
    log.write_bytes(b"\xff\n" + b"\n".join(b"line %d" % number for number in range(2000)) + b"\n\n")
    assert last_words(log, 2) == "line 1998\nline 1999"
