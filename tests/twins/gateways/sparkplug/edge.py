"""An edge node of Sparkplug B on Eclipse Paho: births, aliases, sequence numbers, a will; it keeps nothing."""

from __future__ import annotations

import queue
import time
from collections.abc import Mapping
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.twins.gateways.plant import Plant, wait_for
from twins.gateways.sparkplug.wire import Kind, Metric, Payload, encode, parse
from twins.gateways.topics import EdgeNode


class Edge:
    """One edge node that is connected; it is born by `birth`.

    Args:
        plant: Where its broker is.
        login: The gateway's id and its token.
        node: Its names.
        metrics: Names of its metrics, each a double; the aliases count from 1.
    """

    def __init__(self, plant: Plant, login: tuple[str, str], node: EdgeNode, metrics: Mapping[str, float]) -> None:
        plant.let_in()
        self.node = node
        self.values = dict(metrics)
        self.commands: queue.Queue[list[str]] = queue.Queue()
        self.states: queue.Queue[bytes] = queue.Queue()
        self._seq = 0
        self._bd_seq = 0
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"edge {node.group}")
        self._client.username_pw_set(*login)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.will_set(self.topic("NDEATH"), encode(Payload(at=now_ms(), metrics=[self._bd()])), qos=1)
        self._client.connect("127.0.0.1", plant.broker_port)
        self._client.loop_start()
        wait_for(self._client.is_connected)

    def topic(self, kind: str, device: str = "") -> str:
        return "/".join(("spBv1.0", self.node.group, kind, self.node.node, *([device] if device else [])))

    def birth(self, *others: Metric) -> None:
        """Say what the metrics are, and their values."""
        self._seq = 0
        metrics = [
            Metric(name, alias, kind=Kind.DOUBLE, value=self.values[name]) for alias, name in enumerate(self.values, 1)
        ]
        self._send("NBIRTH", [self._bd(), *metrics, *others])

    def device_birth(self, device: str, metrics: Mapping[str, float]) -> None:
        named = [Metric(name, kind=Kind.DOUBLE, value=value) for name, value in metrics.items()]
        self._send("DBIRTH", named, device)

    def data(self, values: Mapping[str, float], *, at: int | None = None, lost: bool = False) -> None:
        """Send values by their aliases; lost on the way when told."""
        names = list(self.values)
        metrics = [Metric(alias=names.index(name) + 1, value=value, at=at) for name, value in values.items()]
        self._send("NDATA", metrics, lost=lost)

    def drop(self) -> None:
        """Lose the connection, as when the power fails: the broker sends the will."""
        self._client.loop_stop()
        socket = self._client.socket()
        assert socket
        socket.close()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def raw(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1).wait_for_publish(10)

    def command(self) -> list[str]:
        """The metrics of the next command."""
        return self.commands.get(timeout=60)

    def state(self, *, online: bool) -> None:
        """Wait until the host says that it is there, or not."""
        word = b'"online": true' if online else b'"online": false'
        while word not in self.states.get(timeout=60):
            pass

    def _bd(self) -> Metric:
        return Metric("bdSeq", kind=Kind.UINT64, value=self._bd_seq)

    def _send(self, kind: str, metrics: list[Metric], device: str = "", *, lost: bool = False) -> None:
        payload = encode(Payload(at=now_ms(), seq=self._seq, metrics=metrics))
        self._seq = (self._seq + 1) % 256
        if not lost:
            self._client.publish(self.topic(kind, device), payload, qos=0)

    def _on_connect(self, client: paho.Client, *_: Any) -> None:
        client.subscribe([(self.topic("NCMD"), 1), ("spBv1.0/STATE/outturn", 1)])

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        if message.topic == "spBv1.0/STATE/outturn":
            self.states.put(bytes(message.payload))
        else:
            self.commands.put([one.name for one in parse(bytes(message.payload)).metrics])


_said = [0]


def now_ms() -> int:
    """The present, never twice the same: two values of one metric at one instant would be one reading."""
    _said[0] = max(time.time_ns() // 1_000_000, _said[0] + 1)
    return _said[0]
