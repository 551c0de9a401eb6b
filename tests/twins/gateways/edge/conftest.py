"""A site: the agent as a process of its own, and a broker beside it; each is killed and started again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.processes import LONG_S, kill, start
from tests.twins.gateways.field.conftest import free_port, modbus_server, opcua_server
from tests.twins.gateways.plant import MOSQUITTO, Plant, wait_for

__all__ = ["modbus_server", "opcua_server"]


class Site:
    """An agent with its file and its folder.

    Args:
        folder: Where they lie.
        server: The platform's address.
        token: The gateway's.
    """

    def __init__(self, folder: Path, server: str, token: str) -> None:
        self.folder, self.home = folder, folder / "home"
        self.file, self._log = folder / "edge.toml", folder / "agent.log"
        self._server = server
        (folder / "gateway.token").write_text(token + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, *sections: str, ask_seconds: float = 0.3) -> None:
        """Write the agent's file."""
        self.file.write_text(
            f'server = "{self._server}"\ntoken_file = "gateway.token"\nfolder = "home"\nask_seconds = {ask_seconds}\n'
            + "\n".join(sections)
        )

    def start(self, *, is_waited_for: bool = True) -> None:
        """Start it, and wait until it says that it runs."""
        env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        before = len(self.said("the agent runs"))
        self._process = start(["-m", "twins.gateways.edge", str(self.file)], self._log, env=env)
        if is_waited_for:
            wait_for(lambda: len(self.said("the agent runs")) > before)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it as a power failure would."""
        if self._process is not None:
            kill(self._process)
            self._process = None

    def stop(self) -> tuple[int, float]:
        """End it as an administrator would: its exit status, and the seconds that it took."""
        assert self._process is not None
        begun = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(timeout=LONG_S)
        self._process = None
        return status, time.monotonic() - begun

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def said(self, begun: str) -> list[dict[str, Any]]:
        """The lines of its log whose message begins like this."""
        whole = self.log.rpartition("\n")[0]  # the last line may be half written
        lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [line for line in lines if line["message"].startswith(begun)]


MakeSite = Callable[[str, str], Site]


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[MakeSite]:
    """Makes agents."""
    made: list[Site] = []

    def make(server: str, token: str) -> Site:
        folder = tmp_path / f"site-{len(made)}"
        folder.mkdir()
        made.append(Site(folder, server, token))
        return made[-1]

    yield make
    for site in made:
        site.kill()


class Broker:
    """Mosquitto at a site."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._file, self._log = folder / "mosquitto.conf", folder / "mosquitto.log"
        self._file.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {folder}/\n"
            "max_queued_messages 1000000\nuser root\n"
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._sent: list[paho.MQTTMessageInfo] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="plant")
        self.start()
        self._client.max_inflight_messages_set(1000)
        self._client.connect("127.0.0.1", self.port)
        self._client.loop_start()
        wait_for(self._client.is_connected)

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([str(MOSQUITTO), "-c", str(self._file)], stdout=log, stderr=log)
        wait_for(lambda: _listens(self.port))

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=LONG_S)
            self._process = None

    def publish(self, topic: str, *payloads: object, retain: bool = False) -> None:
        """Publish messages; returns when the broker has them."""
        for one in payloads:
            self.send(topic, json.dumps(one), retain=retain)
        self.settle()

    def send(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Publish a message without waiting for the broker."""
        self._sent.append(self._client.publish(topic, payload, qos=1, retain=retain))

    def settle(self) -> None:
        """Wait until the broker has all."""
        for one in self._sent:
            one.wait_for_publish(20)
        self._sent.clear()

    def close(self) -> None:
        """End it."""
        self._client.disconnect()
        self._client.loop_stop()
        self.stop()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """The site's broker."""
    if not MOSQUITTO:
        pytest.skip("mosquitto is not installed")
    made = Broker(tmp_path / "broker")
    yield made
    made.close()


@pytest.fixture
def plant(transactional_db: None, tmp_path: Path) -> Iterator[Plant]:
    """The platform's web server, which a test starts and kills."""
    folder = tmp_path / "platform"
    folder.mkdir()
    made = Plant(folder)
    yield made
    made.close()


def mqtt_section(url: str, *topics: str) -> str:
    """The section of a source that subscribes to topics."""
    listed = ", ".join(f'{{topic = "{topic}"}}' for topic in topics)
    return f'[[sources]]\nname = "broker"\nkind = "mqtt"\nsettings = {{url = "{url}", topics = [{listed}]}}\n'


def section(name: str, **values: object) -> str:
    """A section of plain values."""
    return f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


def python(*arguments: str, timeout: float = LONG_S) -> subprocess.CompletedProcess[str]:
    """A Python process that ends by itself."""
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=timeout, env=env)


def every_second(start: int, count: int, begin: float = 600.0) -> Sequence[dict[str, float]]:
    """Messages with instants and values of their own: milliseconds from ``start`` on, a second apart."""
    return [{"at": start + 1000 * number, "value": begin + number / 100} for number in range(count)]
