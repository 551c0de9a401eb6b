"""Readings over MQTT through the real broker: stored before they are acknowledged, each gateway in its own topics."""

from __future__ import annotations

import gzip
import json
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.twins.conftest import Fleet, stored
from tests.twins.gateways.plant import BROKERS, Plant, wait_for
from twins.gateways.services import rotate_token

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
AT = "2025-01-01T00:00:00Z"


class Device:
    """A device's MQTT client: what it receives, and whether it is connected."""

    def __init__(self, plant: Plant, fleet: Fleet, *, name: str = "device") -> None:
        plant.let_in()
        self.received: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._batches: list[dict[str, Any]] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        self._client.username_pw_set(str(fleet.gateway), fleet.token)
        self._client.on_message = lambda _client, _data, message: self.received.put(
            (message.topic, json.loads(message.payload))
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", int(plant.mqtt_url.rpartition(":")[2]))
        self._client.loop_start()
        wait_for(self._client.is_connected)
        self.topic = f"outturn/{fleet.gateway}"

    def subscribe(self, topic: str) -> None:
        self._client.subscribe(topic, qos=1)

    def send(self, payload: object, topic: str = "") -> None:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self._client.publish(topic or f"{self.topic}/readings", data, qos=1).wait_for_publish(10)

    def publish(self, payload: object) -> None:
        """Send a batch and go on at once."""
        self._client.publish(f"{self.topic}/readings", json.dumps(payload), qos=1)

    def acknowledged(self) -> dict[str, Any]:
        """The next batch that is acknowledged."""
        while not self._batches:
            topic, message = self.received.get(timeout=60)
            assert topic == f"{self.topic}/ack"
            self._batches += message["batches"]
        return self._batches.pop(0)

    def is_connected(self) -> bool:
        return self._client.is_connected()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture(params=BROKERS)
def plant(request: pytest.FixtureRequest, transactional_db: None, tmp_path: Path) -> Iterator[Plant]:
    made = Plant(tmp_path, broker=request.param)
    made.start("broker", "consumer")
    yield made
    made.close()


@pytest.fixture
def device(plant: Plant, fleet: Fleet) -> Iterator[Device]:
    made = Device(plant, fleet)
    made.subscribe(f"{made.topic}/ack")
    wait_for(lambda: "consuming from" in plant.log("consumer"))
    yield made
    made.close()


def batch(value: float, name: str = "b1", key: str = "1/t24") -> dict[str, Any]:
    return {"batch": name, "readings": [{"key": key, "at": AT, "value": value}]}


def test_a_batch_is_acknowledged_when_it_is_stored_and_twice_is_once(
    device: Device, fleet: Fleet, everything: Any
) -> None:
    device.send(batch(640.0))
    told = device.acknowledged()
    assert [row[2] for row in stored(everything, fleet.tenant)] == [640.0]
    assert told == {"batch": "b1", "accepted": 1, "duplicate": 0, "set_aside": 0, "commit": 1}
    device.send(batch(640.0))
    assert device.acknowledged() == {"batch": "b1", "accepted": 0, "duplicate": 1, "set_aside": 0, "commit": 1}
    assert len(stored(everything, fleet.tenant)) == 1


def test_what_is_broken_is_set_aside_told_and_does_not_come_back(
    device: Device, plant: Plant, fleet: Fleet, everything: Any, owned: Any
) -> None:
    payloads: list[Any] = [
        b"\xff\x00 no JSON",
        {"batch": "odd", "readings": 7},
        {"readings": []},
        batch(5.0, "low", "x"),
    ]
    for payload in payloads:
        device.send(payload)
    device.send(batch(640.0))
    told: dict[str, Any] = {}
    while "b1" not in told or len(told) < 4:
        one = device.acknowledged()
        told[one["batch"]] = (one["accepted"], one["set_aside"], one.get("code"))
    assert told == {
        "": (0, 0, "message.broken"), "odd": (0, 0, "message.broken"), "low": (0, 1, None), "b1": (1, 0, None)
    }  # fmt: skip
    expected = [("", "message.broken")] * 3 + [("low", "key.unbound")]
    assert sorted(owned("batch, code")) == expected
    plant.kill("consumer")
    plant.start("consumer")
    device.send(batch(641.0, "b2"))
    assert device.acknowledged()["batch"] == "b2"
    assert len(owned("id")) == 4


def test_a_reused_name_is_told(device: Device, fleet: Fleet, everything: Any) -> None:
    device.send(batch(640.0))
    device.send(batch(650.0))
    first, second = device.acknowledged(), device.acknowledged()
    refused = first if "code" in first else second
    assert (refused["batch"], refused["code"]) == ("b1", "batch.reused")
    assert len(stored(everything, fleet.tenant)) == 1


def test_a_gateway_keeps_to_its_own_topics(
    device: Device, plant: Plant, fleet: Fleet, their_fleet: Fleet, everything: Any
) -> None:
    them = Device(plant, their_fleet, name="theirs")
    them.subscribe("outturn/#")
    them.subscribe(f"{device.topic}/ack")
    them.subscribe(f"{device.topic}/readings")
    them.send(batch(641.0), topic=f"{device.topic}/readings")
    them.subscribe(f"{them.topic}/ack")
    them.send(batch(642.0, "theirs"))
    assert them.acknowledged()["batch"] == "theirs"
    device.send(batch(640.0, "ours"))
    assert device.acknowledged()["batch"] == "ours"
    them.send(batch(643.0, "last"))
    assert them.acknowledged()["batch"] == "last"
    assert them.received.empty()
    assert [row[2] for row in stored(everything, fleet.tenant)] == [640.0]
    them.close()


def test_what_comes_while_the_consumer_is_away_waits(
    device: Device, plant: Plant, fleet: Fleet, everything: Any
) -> None:
    device.send(batch(640.0))
    device.acknowledged()
    assert plant.stop("consumer") == 0
    device.send(batch(641.0, "b2", key="2/t24"))
    plant.start("consumer")
    assert device.acknowledged()["batch"] == "b2"
    assert [row[2] for row in stored(everything, fleet.tenant)] == [640.0, 641.0]
    assert "Traceback" not in plant.log("consumer")


def test_a_connection_ends_when_its_token_is_replaced(device: Device, plant: Plant, fleet: Fleet) -> None:
    if plant.broker == "mosquitto":
        plant.start("files")
    with scope(fleet.tenant):
        rotate_token(gateway=fleet.gateway, now=utc_now())
    wait_for(lambda: not device.is_connected())


def test_a_reading_on_a_topic_of_its_own(
    device: Device, plant: Plant, fleet: Fleet, everything: Any, owned: Any
) -> None:
    def send(key: str, payload: bytes) -> None:
        device.send(payload, topic=f"{device.topic}/readings/{key}")

    said = json.dumps({"value": 641.5, "at": AT, "quality": "uncertain"}).encode()
    for _ in range(3):
        send("1/t24", said)
    send("2/t24", b"640.25")
    send("2/t24", b"640.25")
    refused = {"1/t24": b"on", "x" * 257: b"1", "": b"2"}
    for key, payload in refused.items():
        send(key, payload)
    told = [device.acknowledged() for _ in refused]
    assert sorted((one.get("key", "")[:5], one["code"]) for one in told) == [
        ("", "message.broken"), ("1/t24", "message.broken"), ("xxxxx", "message.broken"),
    ]  # fmt: skip
    device.send(batch(640.0, "last", key="1/t30"))
    assert device.acknowledged()["batch"] == "last"
    rows = [(row[0], row[2], row[3]) for row in stored(everything, fleet.tenant)]
    (first,) = [row for row in rows if row[0] == fleet.signals["1/t24"]]
    assert first[1:] == (641.5, 1)
    assert [row[1] for row in rows if row[0] == fleet.signals["2/t24"]] == [640.25, 640.25]
    assert sorted(owned("code")) == [("message.broken",)] * 3


def test_what_is_packed_is_unpacked_and_what_is_too_long_is_refused(
    device: Device, fleet: Fleet, everything: Any
) -> None:
    first, second = (json.dumps(batch(640.0, name, f"{name}/t24")).encode() for name in "12")
    for packed in (gzip.compress(first), zstandard.compress(second)):
        device.send(packed)
        assert device.acknowledged()["accepted"] == 1
    device.send(gzip.compress(b" " * (4 * 1024 * 1024 + 1)))
    assert device.acknowledged()["code"] == "message.too_large"
    device.send(b"\x1f\x8bnot gzip")
    assert device.acknowledged()["code"] == "message.broken"
    assert len(stored(everything, fleet.tenant)) == 2


def test_what_a_killed_consumer_had_in_hand_comes_back(
    device: Device, plant: Plant, fleet: Fleet, everything: Any
) -> None:
    names = {f"b{number}" for number in range(300)}
    for number, name in enumerate(sorted(names)):
        at = f"2025-01-01T00:{number // 60:02}:{number % 60:02}Z"
        device.send({"batch": name, "readings": [{"key": "1/t24", "at": at, "value": 640.0 + number % 7}]})
        if number == 150:
            plant.kill("consumer")
    plant.start("consumer")
    stored_names = wait_for(lambda: _batches(everything, fleet, len(names)))
    assert stored_names == names
    assert len(stored(everything, fleet.tenant)) == len(names)


def _batches(everything: Any, fleet: Fleet, count: int) -> set[str]:
    found = everything.execute("SELECT batch FROM twins_batch WHERE tenant_id = %s", [fleet.tenant]).fetchall()
    return {row[0] for row in found} if len(found) >= count else set()


def test_what_waits_in_a_broker_that_is_stopped(device: Device, plant: Plant, fleet: Fleet, everything: Any) -> None:
    """Mosquitto keeps it; the embedded broker does not, and the gateway sends what was not acknowledged again."""
    assert plant.stop("consumer") == 0
    device.send(batch(641.0, "waiting"))
    plant.stop("broker")
    plant.start("broker", "consumer")
    wait_for(lambda: device.is_connected() and plant.log("consumer").count("consuming from") == 2)
    if plant.broker == "amqtt":
        device.subscribe(f"{device.topic}/ack")
        device.send(batch(641.0, "waiting"))
    assert device.acknowledged()["batch"] == "waiting"
    assert [row[2] for row in stored(everything, fleet.tenant)] == [641.0]


def test_a_flood_from_one_gateway_does_not_keep_another_waiting(
    device: Device, plant: Plant, fleet: Fleet, their_fleet: Fleet, everything: Any
) -> None:
    plant.kill("consumer")
    them = Device(plant, their_fleet, name="theirs")
    them.subscribe(f"{them.topic}/ack")
    for number in range(1500):
        device.publish({"batch": f"flood{number}", "readings": []})
    them.send(batch(641.0, "theirs"))
    plant.start("consumer")
    assert them.acknowledged()["batch"] == "theirs"
    before = _commit_of(everything, their_fleet, "theirs")
    wait_for(lambda: _batches(everything, fleet, 1500))
    assert before < _last_commit(everything, fleet)
    them.close()


def _commit_of(everything: Any, fleet: Fleet, name: str) -> Any:
    asked = "SELECT received_at FROM twins_batch WHERE tenant_id = %s AND batch = %s"
    return everything.execute(asked, [fleet.tenant, name]).fetchone()[0]


def _last_commit(everything: Any, fleet: Fleet) -> Any:
    return everything.execute(
        "SELECT max(received_at) FROM twins_batch WHERE tenant_id = %s", [fleet.tenant]
    ).fetchone()[0]
