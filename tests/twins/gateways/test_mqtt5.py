"""What only MQTT 5 has, through mosquitto: answers of one's own, content types, expiry, consumers that share."""

from __future__ import annotations

import gzip
import json
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.twins.conftest import Fleet, stored
from tests.twins.gateways.plant import CONSUMER, PASSWORD, Plant, wait_for
from twins.gateways.mqtt_client import V5, V311, spoken_version

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
AT = "2025-01-01T00:00:00Z"


class Device:
    """A client of MQTT 5."""

    def __init__(self, plant: Plant, login: tuple[str, str]) -> None:
        self.received: queue.Queue[paho.MQTTMessage] = queue.Queue()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"device of {login[0]}", protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.username_pw_set(*login)
        self._client.on_message = lambda _client, _data, message: self.received.put(message)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", plant.broker_port)
        self._client.loop_start()
        wait_for(self._client.is_connected)

    def subscribe(self, topic: str) -> None:
        self._client.subscribe(topic, qos=1)

    def send(self, topic: str, payload: object, **said: Any) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        for name, value in said.items():
            setattr(properties, name, value)
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self._client.publish(topic, data, qos=1, properties=properties).wait_for_publish(10)

    def answer(self) -> tuple[str, bytes, Any]:
        """The next answer: its topic, its correlation data and the one batch it is about."""
        message = self.received.get(timeout=60)
        (told,) = json.loads(message.payload)["batches"]
        return message.topic, getattr(message.properties, "CorrelationData", b""), told

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def plant(transactional_db: None, fleet: Fleet, tmp_path: Path) -> Iterator[Plant]:
    made = Plant(tmp_path, broker="mosquitto")
    made.start("broker")
    yield made
    made.close()


@pytest.fixture
def device(plant: Plant, fleet: Fleet) -> Iterator[Device]:
    made = Device(plant, (str(fleet.gateway), fleet.token))
    made.subscribe(f"outturn/{fleet.gateway}/ack/#")
    yield made
    made.close()


def batch(name: str, key: str = "1/t24", value: float = 640.0) -> dict[str, Any]:
    return {"batch": name, "readings": [{"key": key, "at": AT, "value": value}]}


def test_a_sender_is_answered_as_it_wishes(device: Device, plant: Plant, fleet: Fleet, everything: Any) -> None:
    own = f"outturn/{fleet.gateway}"
    listener = Device(plant, (CONSUMER, PASSWORD))
    listener.subscribe("outturn/foreign/#")
    plant.start("consumer")
    wait_for(lambda: "over MQTT 5" in plant.log("consumer"))
    device.send(f"{own}/readings", batch("b1"), ResponseTopic=f"{own}/ack/7", CorrelationData=b"\x00\x01")
    topic, correlation, told = device.answer()
    assert (topic, correlation, told["batch"], told["accepted"]) == (f"{own}/ack/7", b"\x00\x01", "b1", 1)
    device.send(f"{own}/readings/2/t24", b"640.5", CorrelationData=b"key")
    topic, correlation, told = device.answer()
    assert (topic, correlation, told["accepted"]) == (f"{own}/ack", b"key", 1)
    for foreign in ("outturn/foreign/ack", f"{own}/readings", f"{own}/ackx"):
        device.send(f"{own}/readings", batch("b1"), ResponseTopic=foreign)
        topic, _, told = device.answer()
        assert (topic, told["duplicate"]) == (f"{own}/ack", 1)
    packed = gzip.compress(json.dumps(batch("b2", "1/t30", 1500.0)).encode())
    device.send(f"{own}/readings", packed, ContentType="application/gzip")
    assert device.answer()[2]["accepted"] == 1
    device.send(f"{own}/readings", batch("b3"), ContentType="application/xml")
    assert device.answer()[2]["code"] == "message.unsupported_type"
    assert listener.received.empty()
    assert len(stored(everything, fleet.tenant)) == 3
    listener.close()


def test_what_has_expired_is_not_stored(device: Device, plant: Plant, fleet: Fleet, everything: Any) -> None:
    own = f"outturn/{fleet.gateway}/readings"
    plant.start("consumer")
    wait_for(lambda: "over MQTT 5" in plant.log("consumer"))
    assert plant.stop("consumer") == 0
    device.send(own, batch("short"), MessageExpiryInterval=1)
    device.send(own, batch("long", "2/t24"), MessageExpiryInterval=600)
    wait_for(lambda: "Sending PUBACK" in plant.log("broker"))
    plant.start("consumer")  # which takes longer than a second
    assert device.answer()[2]["batch"] == "long"
    assert len(stored(everything, fleet.tenant)) == 1


def test_consumers_that_share_take_each_message_once(
    device: Device, plant: Plant, fleet: Fleet, everything: Any
) -> None:
    own = f"outturn/{fleet.gateway}/readings"
    plant.start("north", "south")
    wait_for(lambda: all("consuming from" in plant.log(name) for name in ("north", "south")))
    for number in range(20):
        at = f"2025-01-01T00:00:{number:02}Z"
        device.send(own, {"batch": f"b{number}", "readings": [{"key": "1/t24", "at": at, "value": 640.0}]})
    told: list[dict[str, Any]] = []
    while len(told) < 20:
        told += json.loads(device.received.get(timeout=60).payload)["batches"]
    assert {one["batch"] for one in told} == {f"b{number}" for number in range(20)}
    assert sum(one["accepted"] for one in told) == 20
    assert len(stored(everything, fleet.tenant)) == 20


async def test_which_version_a_broker_speaks(plant: Plant, tmp_path: Path) -> None:
    def url(one: Plant) -> str:
        return f"mqtt://{CONSUMER}:{PASSWORD}@127.0.0.1:{one.broker_port}"

    embedded = Plant(tmp_path)
    embedded.start("broker")
    try:
        assert await spoken_version(url(plant)) == V5
        assert await spoken_version(url(embedded)) == V311
    finally:
        embedded.close()
    with pytest.raises(OSError, match=r"refused|Connect"):
        await spoken_version(url(embedded))
