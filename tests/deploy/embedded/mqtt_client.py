"""An MQTT client for tests: Eclipse Paho, another make than the broker, with answers instead of callbacks."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from paho.mqtt.client import Client as Paho
from paho.mqtt.client import MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

SECONDS = 30


class Client:
    """A connection to the broker.

    Args:
        port: The broker's, on the loopback address.
        client_id: What the client calls itself.
        login: Its user name and password; None to send none.
        persistent: Whether the broker shall keep its session.
        will: Topic of a last will.
        manual: Whether it confirms nothing.
    """

    def __init__(
        self,
        port: int,
        client_id: str,
        login: tuple[str, str] | None,
        *,
        persistent: bool = False,
        will: str | None = None,
        manual: bool = False,
    ) -> None:
        self._port = port
        self._answers: queue.Queue[Any] = queue.Queue()
        self.messages: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.closed: queue.Queue[None] = queue.Queue()
        self._paho = Paho(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=MQTTv311,
            clean_session=not persistent,
            reconnect_on_failure=False,
            manual_ack=manual,
        )
        if login:
            self._paho.username_pw_set(*login)
        if will:
            self._paho.will_set(will, b"gone", qos=1)
        self._paho.on_connect = lambda _c, _u, _f, reason, _p: self._answers.put(str(reason))
        self._paho.on_subscribe = lambda _c, _u, _m, reasons, _p: self._answers.put([str(reason) for reason in reasons])
        self._paho.on_message = self._keep
        self._paho.on_disconnect = lambda *_: self.closed.put(None)

    def connect(self) -> str:
        """Connect; the broker's answer."""
        self._paho.connect("127.0.0.1", self._port)
        self._paho.loop_start()
        return str(self._answers.get(timeout=SECONDS))

    def subscribe(self, topic: str) -> str:
        """Ask for a topic; the broker's answer."""
        self._paho.subscribe(topic, qos=1)
        return str(self._answers.get(timeout=SECONDS)[0])

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send a message and wait until the broker has confirmed it."""
        self._paho.publish(topic, payload, qos=1, retain=retain).wait_for_publish(SECONDS)

    def next_message(self) -> tuple[str, bytes]:
        """The next message to arrive."""
        return self.messages.get(timeout=SECONDS)

    def close(self) -> None:
        """Say goodbye."""
        self._paho.disconnect()
        self._paho.loop_stop()
        if (left := self._paho.socket()) is not None:  # its thread had ended before the connection did
            left.close()

    def drop(self) -> None:
        """Break the connection without a goodbye, as a client does whose power fails."""
        self._paho.loop_stop()
        socket = self._paho.socket()
        assert socket
        socket.close()

    def _keep(self, _client: Paho, _data: Any, message: MQTTMessage) -> None:
        self.messages.put((message.topic, bytes(message.payload)))


@contextmanager
def connected(port: int, client_id: str, login: tuple[str, str] | None, **options: Any) -> Iterator[Client]:
    """A client that the broker has let in."""
    client = Client(port, client_id, login, **options)
    assert client.connect() == "Success"
    try:
        yield client
    finally:
        client.close()
