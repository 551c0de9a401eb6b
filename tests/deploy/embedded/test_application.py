from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil
import pytest

from deploy.embedded.application import listen
from deploy.embedded.places import PROJECT, ServerError
from tests.deploy.embedded.conftest import Machine
from tests.processes import LONG_S

pytestmark = pytest.mark.timeout(300)  # each start is one of the whole product

Eventually = Callable[[Callable[[], Any]], Any]


class Up:
    """``manage.py up`` as somebody in a terminal has it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        self.process = process
        told = ""
        for line in process.stdout:
            told += line
            if ready := re.search(r"http://localhost:(\d+)", line):
                self.port = int(ready[1])
                return
        raise AssertionError(f"it ended before it was ready:\n{told}")

    def children(self) -> dict[str, psutil.Process]:
        """The web server, the worker and so on, by their names."""
        signs = {
            "deploy.embedded.web": "web", "worker": "worker", "beat": "clock", "consume": "consumer",
            "follow": "follower", "connect": "connector",
        }  # fmt: skip
        found: dict[str, psutil.Process] = {}
        for process in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):
                found |= {name: process for sign, name in signs.items() if sign in process.cmdline()}
        return found

    def everything(self) -> list[psutil.Process]:
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found

    def answers(self) -> bool:
        """Whether somebody asking for the first page gets it, or is sent to where they sign in."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONG_S)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status in {200, 302}
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@contextmanager
def up(machine: Machine, eventually: Eventually) -> Iterator[Up]:
    with machine.alone(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("OUTTURN_PORT", str(_free_port()))
        patch.delenv("PYTHONUNBUFFERED", raising=False)  # what it says must come through a pipe without it, too
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield Up(process)
    finally:
        process.kill()
        process.communicate()
        eventually(lambda: machine.processes() == [])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


def test_up_serves_until_it_is_told_to_stop_and_leaves_nothing(wheel_machine: Machine, eventually: Eventually) -> None:
    with up(wheel_machine, eventually) as running:
        assert running.answers()
        assert set(running.children()) >= {"web", "worker", "clock", "follower", "connector"}
        with wheel_machine.alone():
            second = subprocess.run(
                [sys.executable, "manage.py", "up"], cwd=PROJECT, capture_output=True, text=True, check=False
            )
        assert second.returncode == 1
        assert f"Outturn already runs in {wheel_machine.path}: http://localhost:{running.port}." in second.stderr
        everything = running.everything()
        running.process.terminate()
        assert running.process.wait(LONG_S) == 0
        assert not running.answers()
        assert _gone(everything)
        assert wheel_machine.processes() == []


def test_up_recovers_from_every_kill(wheel_machine: Machine, eventually: Eventually) -> None:
    with up(wheel_machine, eventually) as running:
        before = running.children()
        for process in (before["web"], before["worker"], before["follower"], wheel_machine.keeper()):
            process.kill()
        eventually(lambda: not {before["web"], before["worker"], before["follower"]} & set(running.children().values()))
        eventually(lambda: {"web", "worker", "follower"} <= set(running.children()))
        eventually(wheel_machine.home.endpoints.exists)
        eventually(running.answers)
        everything = running.everything()
        running.process.kill()
        eventually(lambda: _gone(everything) and wheel_machine.processes() == [])
    with up(wheel_machine, eventually) as again:
        assert again.answers()
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(LONG_S) == 0


def test_the_port_asked_for_is_the_port_or_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTTURN_PORT", str(_free_port()))
    with listen() as listening:
        assert listening.getsockname() == ("127.0.0.1", int(os.environ["OUTTURN_PORT"]))
        with pytest.raises(ServerError, match=f"Port {os.environ['OUTTURN_PORT']} is taken") as caught:
            listen()
        assert caught.value.place == "OUTTURN_PORT"


def test_without_a_wish_a_taken_port_is_replaced_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OUTTURN_PORT", raising=False)
    monkeypatch.setattr("deploy.embedded.application._PORT", _free_port())
    with listen() as first, listen() as second:
        assert first.getsockname()[1] != second.getsockname()[1]
