"""The platform as a host application of Sparkplug B 3.0: it listens to edge nodes, and says whether it is there.

Its session is a new one each time it connects, as the specification wants, and edge nodes send with QoS 0: what they
send while nobody listens is lost, unless they keep it until the state of the host, retained on
``spBv1.0/STATE/outturn``, says that it is there.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from typing import Any

from paho.mqtt import client as paho

from tenants.kernel.clock import utc_now
from twins.gateways.credentials import Credentials
from twins.gateways.mqtt_client import connect, leave, make_client, version_of
from twins.gateways.mqtt_turns import Hand
from twins.gateways.sparkplug.line import Line
from twins.gateways.sparkplug.selectors import online_nodes
from twins.gateways.sparkplug.standing import Standings
from twins.gateways.sparkplug.wire import rebirth
from twins.gateways.topics import DEVICE_SENDS, NAMESPACE, NODE_SENDS, STATE, EdgeNode
from twins.telemetry.errors import UnavailableError
from twins.telemetry.instants import micros
from twins.telemetry.intake import Intake
from twins.telemetry.stale import Staleness
from twins.telemetry.threads import in_thread

CLIENT_ID = "outturn-host"
MOST_IN_HAND = 5000
_TICK_SECONDS = 0.25
_STOP_SECONDS = 3.0

logger = logging.getLogger("outturn.sparkplug")


class Host:
    """Takes what edge nodes send to the intake.

    Args:
        url: The broker, as the platform's own consumer.
        intake: Where readings go.
        credentials: Whose gateways are let in.
        staleness: Where it is told that values are stale.
        standings: Where it is told what nodes meet, and whom people ask for.
    """

    def __init__(
        self, url: str, intake: Intake, credentials: Credentials, staleness: Staleness, standings: Standings
    ) -> None:
        self._url = url
        self._intake = intake
        self._credentials = credentials
        self._staleness = staleness
        self._standings = standings
        self._hand = Hand(MOST_IN_HAND)
        self._arrived: deque[tuple[str, bytes]] = deque()
        self._is_told = False
        self._lines: dict[EdgeNode, Line] = {}
        self._is_open = True
        self._loop = asyncio.get_running_loop()
        self._client: paho.Client | None = None
        self._where = ""
        self._state_ms = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until told to stop; a broker that is away is waited for."""
        version = await version_of(self._url, stop)
        if version is None:
            return
        client, host, port = make_client(self._url, client_id=CLIENT_ID, version=version, persistent=False)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_message = self._on_message
        self._client, self._where = client, f"{host}:{port}"
        self._set_will(client)
        connect(client, host, port, persistent=False, in_flight=MOST_IN_HAND)
        client.loop_start()
        while not stop.is_set():
            for line in self._lines.values():
                line.tick()
            for node in await self._standings.take_asked_for():
                self._line(node).ask()
            try:
                async with asyncio.timeout(_TICK_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue
        await self._close(client)

    async def _close(self, client: paho.Client) -> None:
        self._is_open = False
        client.publish(STATE, self._state(online=False), qos=1, retain=True)
        await asyncio.gather(*(line.close(_STOP_SECONDS) for line in self._lines.values()))
        await asyncio.to_thread(leave, client)
        await self._staleness.close()
        await self._standings.close()

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            logger.error("the broker at %s does not let the host in: %s", self._where, reason)
            return
        filters = [f"{NAMESPACE}/+/{kind}/+" for kind in NODE_SENDS]
        filters += [f"{NAMESPACE}/+/{kind}/+/+" for kind in DEVICE_SENDS]
        client.subscribe([(one, 1) for one in (STATE, *filters)])
        client.publish(STATE, self._state(online=True), qos=1, retain=True)
        logger.info("listening to edge nodes at %s", self._where)
        self._loop.call_soon_threadsafe(lambda: self._loop.create_task(self._ask_all()))

    def _on_disconnect(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if self._is_open:
            logger.warning("the broker at %s is away: %s", self._where, reason)
            self._set_will(client)

    def _set_will(self, client: paho.Client) -> None:
        """The will of the next connection has the instant that its state will have."""
        self._state_ms = _now_ms()
        client.will_set(STATE, self._state(online=False), qos=1, retain=True)

    def _state(self, *, online: bool) -> bytes:
        return json.dumps({"online": online, "timestamp": self._state_ms}).encode()

    def _on_message(self, client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        """In the library's thread: hand the message over, and wait while there is no room."""
        if message.topic == STATE:
            if self._is_open and b"true" not in message.payload:  # the will of a connection before this one
                client.publish(STATE, self._state(online=True), qos=1, retain=True)
            return
        while not self._hand.take(len(message.payload)):
            if not self._is_open:
                return
        self._arrived.append((message.topic, bytes(message.payload)))
        if not self._is_told:
            self._is_told = True
            self._loop.call_soon_threadsafe(self._receive)

    def _receive(self) -> None:
        self._is_told = False
        while self._arrived:
            topic, payload = self._arrived.popleft()
            _, group, kind, name, *device = topic.split("/")
            self._line(EdgeNode(group, name)).put(kind, device[0] if device else "", payload)

    def _line(self, node: EdgeNode) -> Line:
        line = self._lines.get(node)
        if line is None:
            line = self._lines[node] = Line(
                node,
                self._intake,
                self._credentials,
                self._staleness,
                standings=self._standings,
                ask=self._ask,
                done=self._hand.give_back,
            )
        return line

    async def _ask_all(self) -> None:
        """Ask the nodes that were there when somebody last listened; one that says nothing has died meanwhile."""
        try:
            nodes = await in_thread(online_nodes)
        except UnavailableError as error:
            logger.warning("who was there cannot be read: %s", error)
            return
        for node in nodes:
            self._line(node).expect_birth()

    def _ask(self, node: EdgeNode) -> None:
        assert self._client is not None
        logger.info("asking %s/%s to be born anew", *node)
        self._client.publish(f"{NAMESPACE}/{node.group}/NCMD/{node.node}", rebirth(_now_ms()), qos=0)


def _now_ms() -> int:
    return micros(utc_now()) // 1000
