"""The MQTT broker as a child process; the broker itself is `deploy.embedded.broker`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

from deploy.embedded.addresses import database_addresses
from deploy.embedded.places import MQTT_CONSUMER, OUTTURN_SECRET, Home
from deploy.embedded.private import read_json, update_json
from deploy.embedded.processes import last_words, spawn

_LOOPBACK = "127.0.0.1"
_ANSWER_SECONDS = 1.0
_ACCEPTED = b"\x20\x02\x00\x00"


class Mqtt:
    """The broker of one home.

    Args:
        home: Where it keeps its password and its port.
    """

    name = "mqtt"
    stops = ((signal.SIGTERM, 5.0),)

    def __init__(self, home: Home) -> None:
        self._home = home
        self._password = home.secret(MQTT_CONSUMER)
        self._port = int(read_json(home.secrets).get("mqtt_port", 0))

    def environment(self) -> dict[str, str]:
        """The address to hand on: ``mqtt://USER:PASSWORD@127.0.0.1:PORT``."""
        return {"MQTT_URL": f"mqtt://{MQTT_CONSUMER}:{self._password}@{_LOOPBACK}:{self._port}"}

    def start(self) -> subprocess.Popen[bytes]:
        """Start the broker on the port of last time, on another when that is taken."""
        port = _free_port(self._port)
        if port != self._port:
            self._port = port
            update_json(self._home.secrets, {"mqtt_port": port})
        return spawn(
            [sys.executable, "-m", "deploy.embedded.broker"],
            log=self._home.log(self.name),
            # It looks gateways up in the database: the embedded one unless another is named.
            environment={
                OUTTURN_SECRET: self._home.secret(OUTTURN_SECRET),
                **database_addresses(self._home),
                **os.environ,
                **self.environment(),
            },
        )

    def is_ready(self) -> bool:
        """Whether it lets our consumer in, which nothing else on that port would."""
        try:
            with socket.create_connection((_LOOPBACK, self._port), _ANSWER_SECONDS) as connection:
                connection.sendall(_connect_packet("ready", MQTT_CONSUMER, self._password))
                return connection.recv(len(_ACCEPTED)) == _ACCEPTED
        except OSError:
            return False

    def why(self) -> str:
        """The end of the broker's log."""
        return last_words(self._home.log(self.name))


def _free_port(preferred: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, preferred))
        except OSError:
            probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _connect_packet(client: str, user: str, password: str) -> bytes:
    """A CONNECT of MQTT 3.1.1 with a clean session, a user and a password (section 3.1 of the standard)."""
    body = b"\x00\x04MQTT\x04\xc2\x00\x3c"
    for text in (client, user, password):
        encoded = text.encode()
        body += len(encoded).to_bytes(2) + encoded
    return b"\x10" + len(body).to_bytes(1) + body
