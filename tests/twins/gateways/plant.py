"""The product's own processes on the test's database: web server, broker, consumer; each can be killed and started.

The broker is the embedded one (amqtt) or mosquitto, where that is installed: which is known when tests are collected.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command

from tests.mosquitto import find_mosquitto
from tests.processes import LONG_S, environment, kill, start

CONSUMER, PASSWORD = "outturn-consumer", "a-password"
MOSQUITTO = find_mosquitto()
_SHOWN = 4000
"""Characters of each process's log."""
BROKERS = ("amqtt", *(["mosquitto"] if MOSQUITTO else []))


class Plant:
    """Processes by name, and the addresses they serve.

    Args:
        folder: Where their logs go.
        broker: One of `BROKERS`.
    """

    def __init__(self, folder: Path, *, broker: str = "amqtt") -> None:
        self._folder = folder
        self.broker = broker
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.broker_port = probe.getsockname()[1]
        self.mqtt_url = f"mqtt://127.0.0.1:{self.broker_port}"
        self._env = environment(
            OUTTURN_URL=self.url, MQTT_URL=f"mqtt://{CONSUMER}:{PASSWORD}@127.0.0.1:{self.broker_port}"
        )

    def start(self, *names: str) -> None:
        """Start processes; a request or a message that comes too early waits for them."""
        number = self._listening.fileno()
        commands = {
            "web": ["-m", "deploy.embedded.web", str(number)],
            "broker": ["-m", "deploy.embedded.broker"],
            "consumer": ["-m", "django", "consume"],
            "north": ["-m", "django", "consume", "--share", "north"],
            "south": ["-m", "django", "consume", "--share", "south"],
            "files": ["-m", "django", "mosquitto", str(self._files), "--watch"],
        }
        for name in names:
            if name == "broker" and self.broker == "mosquitto":
                self._start_mosquitto()
                continue
            log = self._folder / f"{name}.log"
            fds = [number] if name == "web" else []
            self._processes[name] = start(commands[name], log, env=self._env, pass_fds=fds)
            if name == "broker":
                wait_for(self._broker_listens)

    def let_in(self) -> None:
        """Have the broker know the gateways that there are; the embedded one asks for itself."""
        if self.broker == "mosquitto":
            former, settings.MQTT_URL = settings.MQTT_URL, self._env["MQTT_URL"]
            try:
                call_command("mosquitto", str(self._files))
            finally:
                settings.MQTT_URL = former

    @property
    def _files(self) -> Path:
        return self._folder / "mosquitto"

    def _start_mosquitto(self) -> None:
        self.let_in()
        configuration = self._files / "here.conf"
        # As root it would become another user, who cannot read our files.
        also = "\nlog_type all\nuser root\n"
        configuration.write_text((self._files / "mosquitto.conf").read_text() + also)
        with (self._folder / "broker.log").open("ab") as log:
            self._processes["broker"] = subprocess.Popen(
                [str(MOSQUITTO), "-c", str(configuration)], stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        wait_for(self._broker_listens)

    def kill(self, *names: str) -> None:
        """End processes with SIGKILL."""
        for name in names:
            kill(self._processes.pop(name))

    def stop(self, name: str) -> int:
        """End a process with SIGTERM; its exit status."""
        process = self._processes.pop(name)
        process.terminate()
        return process.wait(timeout=LONG_S)

    def pid(self, name: str) -> int:
        """The number of a process."""
        return self._processes[name].pid

    def log(self, name: str) -> str:
        """What a process has printed."""
        return (self._folder / f"{name}.log").read_text()

    def close(self) -> None:
        """End everything; what was printed last stands below a test that has failed."""
        self.kill(*list(self._processes))
        self._listening.close()
        for log in sorted(self._folder.glob("*.log")):
            print(f"-- {log.name}\n{log.read_text(errors='replace')[-_SHOWN:]}")

    def _broker_listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.broker_port), 1).close()
        except OSError:
            return False
        return True


def wait_for(condition: Callable[[], Any], *, seconds: float = LONG_S) -> Any:
    """What the condition gives, once it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    about = [cell.cell_contents for cell in getattr(condition, "__closure__", None) or ()]
    raise AssertionError(f"not within {seconds} s: {about}")
