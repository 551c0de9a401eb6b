"""Readings of a broker at the site.

With MQTT 5 a message is confirmed when its readings are on disk, so that a broker that keeps sessions hands it over
again to an agent that was killed before. A broker of MQTT 3.1.1 lets too few messages be under way for that: there they
are confirmed as soon as they are taken. What a broker retains is read only if it tells its own instant: it may be old.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from paho.mqtt import client as paho
from paho.mqtt.client import topic_matches_sub

from twins.gateways.edge.configuration import MqttSettings, Topic
from twins.gateways.edge.mqtt_payloads import samples_in
from twins.gateways.field.samples import Sample, Sink, Trouble
from twins.gateways.field.troubles import GAP, Pauses, Troubles, now_us
from twins.gateways.mqtt_client import V5, connect, make_client, spoken_version

MOST_WAITING = 50_000
"""Messages taken from the broker and not yet read; those with QoS 0 beyond are lost, and told as a gap."""
_IN_FLIGHT = 10_000
_AT_ONCE = 2_000
_LAST_S = 3.0
_GATHER_S = 0.01
_REMEMBERED = 10_000


class Message(NamedTuple):
    """What counts of a message: what the library keeps besides takes more time and memory than all else."""

    topic: str
    payload: bytes | bytearray
    mid: int
    qos: int
    is_retained: bool


class DurableSink(Sink, Protocol):
    """A sink that says when what it took is on disk."""

    def stored(self) -> asyncio.Future[None]:
        """Becomes true when all that was taken so far is."""

    async def flush(self) -> None:
        """Have what was taken so far stored now."""


class MqttSource:
    """One broker.

    Args:
        settings: Which, as whom, which topics.
        password: For the user.
        name: Of the source, for the name of its session.
    """

    def __init__(self, settings: MqttSettings, *, password: str, name: str) -> None:
        self.settings = settings
        self._password = password
        told = f"{settings.url}\n{name}".encode()
        self._client_id = settings.client_id or f"outturn-edge-{hashlib.sha256(told).hexdigest()[:12]}"
        self._pauses = Pauses()

    async def run(self, sink: DurableSink) -> None:
        """Read until cancelled."""
        troubles = Troubles(sink)
        while True:
            try:
                version = await spoken_version(self.settings.url)
                await _Session(self, version, sink, troubles).run()
            except OSError as error:
                await troubles.tell(Trouble(
                    "mqtt.unreachable", f"the broker does not answer: {error}"[:300],
                    "Check its address, that it runs, and that no firewall is in between.",
                ))  # fmt: skip
            await asyncio.sleep(self._pauses.next())

    def client(self, version: Any) -> tuple[paho.Client, str, int]:
        """A client of the library, and where it is to connect to."""
        client, host, port = make_client(self.settings.url, client_id=self._client_id, manual_ack=True, version=version)
        client.username_pw_set(self.settings.user or None, self._password or None)
        client.disable_logger()
        return client, host, port

    def worked(self) -> None:
        """The next attempt may come soon."""
        self._pauses.worked()


class _Session:
    """One connection, which the library makes anew by itself."""

    def __init__(self, source: MqttSource, version: Any, sink: DurableSink, troubles: Troubles) -> None:
        self._source, self._sink, self._troubles = source, sink, troubles
        self._loop = asyncio.get_running_loop()
        self._is_durable = version == V5
        self._client, self._host, self._port = source.client(version)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._waiting: deque[Message] = deque()
        self._events: deque[str] = deque()
        self._news = asyncio.Event()
        self._lost = 0
        self._is_woken = False
        self._rules: dict[str, Topic | None] = {}

    async def run(self) -> None:
        connect(self._client, self._host, self._port, persistent=True, in_flight=_IN_FLIGHT)
        self._client.loop_start()
        try:
            while True:
                await self._news.wait()
                await asyncio.sleep(_GATHER_S)
                self._news.clear()
                self._is_woken = False
                await self._tell()
                for _ in range(0, len(self._waiting), _AT_ONCE):
                    await self._take()
        finally:
            await self._leave()

    async def _leave(self) -> None:
        """Stop; what was taken is stored and confirmed before the connection ends."""
        with suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(_LAST_S):
                stored = self._sink.stored()
                await self._sink.flush()
                await stored
                await asyncio.sleep(0)  # the confirmations wait for the same
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    # -- in the library's thread -------------------------------------------------------------------------------------
    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            client.subscribe([(topic.topic, 1) for topic in self._source.settings.topics])
        self._wake(f"refused: {reason}" if reason.is_failure else "connected")

    def _on_connect_fail(self, *_: Any) -> None:
        self._wake("lost: it does not answer")

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._wake(f"lost: {reason}")

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        if message.qos == 0 and len(self._waiting) >= MOST_WAITING:
            self._lost += 1
            return
        self._waiting.append(Message(_topic_of(message), message.payload, message.mid, message.qos, message.retain))
        if not self._is_woken:  # to wake the loop for each would cost more than to read them
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._news.set)

    def _wake(self, event: str) -> None:
        self._events.append(event)
        self._loop.call_soon_threadsafe(self._news.set)

    # -- in the loop -------------------------------------------------------------------------------------------------
    async def _tell(self) -> None:
        while self._events:
            what, _, why = self._events.popleft().partition(": ")
            if what == "connected":
                self._source.worked()
                self._troubles.over([""])
                await self._sink.samples(())
            elif what == "refused":
                await self._troubles.tell(Trouble(
                    "mqtt.refused", f"the broker does not let us in: {why}", "Check the user and the password."
                ))  # fmt: skip
            else:
                await self._troubles.tell(Trouble(
                    "mqtt.lost", f"the connection to the broker was lost: {why}", "It is made again by itself."
                ))  # fmt: skip
        if self._lost:
            lost, self._lost = self._lost, 0
            await self._sink.trouble(Trouble(
                GAP, f"{lost} messages came faster than they could be read",
                "Publish with QoS 1: then the broker keeps them.",
            ))  # fmt: skip

    async def _take(self) -> None:
        """Read messages that wait, and confirm them when they are on disk."""
        messages = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
        samples: list[Sample] = []
        for message in messages:
            samples += await self._read(message)
        await self._sink.samples(samples)
        numbers = [(message.mid, message.qos) for message in messages if message.qos]
        if self._is_durable and numbers:
            self._sink.stored().add_done_callback(lambda _: self._confirm(numbers))
        else:
            self._confirm(numbers)

    def _confirm(self, numbers: Sequence[tuple[int, int]]) -> None:
        for mid, qos in numbers:
            self._client.ack(mid, qos)

    async def _read(self, message: Message) -> list[Sample]:
        topic = message.topic
        rule = self._rule(topic)
        if rule is None:
            return []
        try:
            found = samples_in(topic, message.payload, rule, None if message.is_retained else now_us())
        except ValueError as error:
            await self._troubles.tell(Trouble(
                "mqtt.unreadable", f"a message on {topic[:200]} cannot be read: {error}",
                "Correct what is published, or the topic's value and at.", topic,
            ))  # fmt: skip
            return []
        self._troubles.over([topic])
        return found

    def _rule(self, topic: str) -> Topic | None:
        """The first rule that fits; remembered, because to look for it takes longer than to read a message."""
        if topic not in self._rules:
            if len(self._rules) >= _REMEMBERED:
                self._rules.clear()
            rules = self._source.settings.topics
            self._rules[topic] = next((rule for rule in rules if topic_matches_sub(rule.topic, topic)), None)
        return self._rules[topic]


def _topic_of(message: paho.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:  # no broker may let it pass; of no topic nothing can be read
        return ""


logging.getLogger("paho").setLevel(logging.CRITICAL)
