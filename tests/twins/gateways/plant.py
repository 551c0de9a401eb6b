"""The product's own processes on the test's database: web server, broker, consumer; each can be killed and started."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.processes import environment, kill, start

CONSUMER, PASSWORD = "outturn-consumer", "a-password"


class Plant:
    """Processes by name, and the addresses they serve.

    Args:
        folder: Where their logs go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._broker_port = probe.getsockname()[1]
        self.mqtt_url = f"mqtt://127.0.0.1:{self._broker_port}"
        self._env = environment(
            OUTTURN_URL=self.url, MQTT_URL=f"mqtt://{CONSUMER}:{PASSWORD}@127.0.0.1:{self._broker_port}"
        )

    def start(self, *names: str) -> None:
        """Start processes; a request or a message that comes too early waits for them."""
        number = self._listening.fileno()
        commands = {
            "web": ["-m", "deploy.embedded.web", str(number)],
            "broker": ["-m", "deploy.embedded.broker"],
            "consumer": ["-m", "django", "consume"],
        }
        for name in names:
            log = self._folder / f"{name}.log"
            fds = [number] if name == "web" else []
            self._processes[name] = start(commands[name], log, env=self._env, pass_fds=fds)
            if name == "broker":
                wait_for(self._broker_listens)

    def kill(self, *names: str) -> None:
        """End processes with SIGKILL."""
        for name in names:
            kill(self._processes.pop(name))

    def stop(self, name: str) -> int:
        """End a process with SIGTERM; its exit status."""
        process = self._processes.pop(name)
        process.terminate()
        return process.wait(timeout=20)

    def log(self, name: str) -> str:
        """What a process has printed."""
        return (self._folder / f"{name}.log").read_text()

    def close(self) -> None:
        """End everything."""
        self.kill(*list(self._processes))
        self._listening.close()

    def _broker_listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._broker_port), 1).close()
        except OSError:
            return False
        return True


def wait_for(condition: Callable[[], Any], *, seconds: float = 30) -> Any:
    """What the condition gives, once it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")
