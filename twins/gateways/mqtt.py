"""Readings over MQTT 3.1.1 and 5: gateways publish to ``outturn/<gateway>/readings``, we answer on ``…/ack``.

The broker confirms a batch to its sender before we have it, so a gateway keeps each batch until a message on its own
``ack`` topic names it: ``{"batches": [{"batch", "accepted", "duplicate", "set_aside", "commit"}]}``; one that was
refused as a whole has ``code``, ``message`` and ``fix`` beside it, and is not to be sent again as it is; but one that a
limit stands in the way of (``limit.reached``) is, from ``resets_at`` on. A sender of MQTT 5 may name a response topic
below its ``ack`` topic and correlation data, and gets an answer of its own. A reading on a topic of its own is answered
only when that is asked for, or when it was refused.

Our consumer is a persistent session that confirms a message to the broker when it is durable, or when it never can be:
what is broken would come back for ever.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.limits.domain.standing import LimitReachedError
from twins.gateways.credentials import Credentials
from twins.gateways.mqtt_client import V5, connect, leave, make_client, version_of
from twins.gateways.mqtt_messages import FILTER, Place, Wish, batch_of_one, body_of, place_of, wish_of
from twins.gateways.mqtt_turns import Hand, Turns
from twins.telemetry.errors import BusyError, UnavailableError
from twins.telemetry.intake import Intake
from twins.telemetry.schemas import Source

CLIENT_ID = "outturn-consumer"
SHARE = "$share/outturn/"
MOST_IN_HAND = 2000
"""Messages taken from the broker and not yet confirmed: the receive maximum."""
AT_ONCE = 400
"""Messages on their way to a commit; the others in hand wait until it is the turn of their gateway."""
ANSWER_SECONDS = 24 * 3600
"""How long a broker of MQTT 5 keeps an answer for a gateway that is away."""
_AGAIN_SECONDS = 0.5
_GATHER_SECONDS = 0.005
_STOP_SECONDS = 3.0

logger = logging.getLogger("outturn.mqtt")


class ExpiredError(OutturnError):
    """The message was no longer wanted when it could have been stored."""

    code = "message.expired"


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A message in hand.

    Attributes:
        connection: The number of the connection it came by: confirmed in another one, its number would mean another
            message.
    """

    message: paho.MQTTMessage
    place: Place | None
    wish: Wish
    connection: int
    came_at: float


class Consumer:
    """Takes messages from the broker to the intake, and tells gateways what has become durable.

    The library works in a thread of its own; what it receives is decoded and committed in our event loop. When more is
    in hand than we can commit, its thread waits, and so does the broker.

    Args:
        url: The broker, as its consumer.
        intake: Where messages go.
        credentials: Who sends them.
        share: A name among several consumers that share the messages; empty for one that takes all.
    """

    def __init__(self, url: str, intake: Intake, credentials: Credentials, *, share: str = "") -> None:
        self._url = url
        self._intake = intake
        self._credentials = credentials
        self._share = share
        self._hand = Hand(MOST_IN_HAND)
        self._arrived: deque[_Arrived] = deque()
        self._is_told = False
        self._turns: Turns[UUID | None, _Arrived] = Turns()
        self._under_way: set[asyncio.Task[None]] = set()
        self._told: dict[UUID, list[dict[str, Any]]] = {}
        self._is_open = True
        self._connection = 0
        self._loop = asyncio.get_running_loop()
        self._client: paho.Client | None = None
        self._where = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until told to stop; a broker that is away is waited for."""
        version = await version_of(self._url, stop)
        if version is None:
            return
        client_id = f"{CLIENT_ID}-{self._share}" if self._share else CLIENT_ID
        client, host, port = make_client(self._url, client_id=client_id, manual_ack=True, version=version)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_subscribe, client.on_message = self._on_subscribe, self._on_message
        self._client, self._where = client, f"{host}:{port}"
        connect(client, host, port, persistent=True, in_flight=MOST_IN_HAND)
        client.loop_start()
        await stop.wait()
        self._is_open = False
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_STOP_SECONDS)
        self._tell()
        await asyncio.to_thread(leave, client)

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            logger.error("the broker at %s does not let us in: %s", self._where, reason)
            return
        self._connection += 1
        client.subscribe(f"{SHARE if self._share else ''}{FILTER}", qos=1)

    def _on_subscribe(self, client: paho.Client, _data: Any, _mid: int, granted: Any, _properties: Any) -> None:
        """Only now is what gateways send kept for us: before, a broker that does not know us yet drops it."""
        if any(reason.is_failure for reason in granted):
            logger.error("the broker at %s does not let us have the readings of gateways: %s", self._where, granted)
            return
        speaks = "5" if client.protocol == V5 else "3.1.1"
        logger.info("consuming from %s over MQTT %s", self._where, speaks)

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if self._is_open:
            logger.warning("the broker at %s is away: %s", self._where, reason)

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        """In the library's thread: hand the message over, and wait while there is no room."""
        while not self._hand.take(len(message.payload)):
            if not self._is_open:
                return  # the broker gives it to the next consumer
        place = place_of(message.topic)
        wish = wish_of(message, place.gateway) if place else Wish()
        self._arrived.append(_Arrived(message, place, wish, self._connection, time.monotonic()))
        if not self._is_told:
            self._is_told = True
            self._loop.call_soon_threadsafe(self._receive)

    def _receive(self) -> None:
        """In the loop: what has arrived takes its place behind what its gateway sent before."""
        self._is_told = False
        while self._arrived:
            one = self._arrived.popleft()
            self._turns.put(one.place.gateway if one.place else None, one)
        self._go_on()

    def _go_on(self) -> None:
        while self._turns and self._is_open and len(self._under_way) < AT_ONCE:
            one = self._turns.take()
            task = self._loop.create_task(self._handle(one))
            self._under_way.add(task)
            task.add_done_callback(partial(self._end, len(one.message.payload)))

    def _end(self, size: int, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._hand.give_back(size)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a message was not handled; the broker keeps it", exc_info=error)
        self._go_on()

    async def _handle(self, one: _Arrived) -> None:
        if one.place is not None:
            told = await self._take(one, one.place)
            if not told:
                return
            self._answer(one.place, one.wish, told)
        assert self._client is not None
        if one.connection == self._connection:
            self._client.ack(one.message.mid, one.message.qos)

    async def _take(self, one: _Arrived, place: Place) -> dict[str, Any]:
        """Take a message until it is durable or refused for good.

        Returns:
            What the gateway is told; nothing when we are stopping before it is either.
        """
        payload = bytes(one.message.payload)
        while True:
            try:
                source = await self._credentials.of_gateway(place.gateway)
                return await self._taken(source, one, place)
            except (BusyError, UnavailableError):
                if not self._is_open:
                    return {}
                await asyncio.sleep(_AGAIN_SECONDS)
            except OutturnError as error:
                return refusal(payload, error)

    async def _taken(self, source: Source, one: _Arrived, place: Place) -> dict[str, Any]:
        try:
            if one.wish.expires_in is not None and time.monotonic() - one.came_at > one.wish.expires_in:
                raise ExpiredError("the message has expired", fix="Send it again, with a longer expiry or none.")
            body = body_of(bytes(one.message.payload), one.wish.content_type)
            if place.key or one.message.topic.endswith("/"):
                body = batch_of_one(place, body, now=utc_now())
        except OutturnError as error:
            await self._intake.note(source, error)
            raise
        return (await self._intake.take(source, body)).summary()

    def _answer(self, place: Place, wish: Wish, told: dict[str, Any]) -> None:
        """At once to who asked for an answer of its own, otherwise with others of the same gateway."""
        if wish.topic or wish.correlation:
            self._publish(wish.topic or _ack_topic(place.gateway), [told], wish.correlation)
            return
        if place.key:
            if "code" not in told:
                return
            told = {"key": place.key, **told}
        if place.gateway not in self._told:
            self._loop.call_later(_GATHER_SECONDS, self._tell)
        self._told.setdefault(place.gateway, []).append(told)

    def _tell(self) -> None:
        """Tell the gateways what has become of their batches, many in one message."""
        told, self._told = self._told, {}
        for gateway, batches in told.items():
            self._publish(_ack_topic(gateway), batches)

    def _publish(self, topic: str, batches: list[dict[str, Any]], correlation: bytes = b"") -> None:
        assert self._client is not None
        properties = None
        if self._client.protocol == V5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.ContentType = "application/json"
            properties.MessageExpiryInterval = ANSWER_SECONDS
            if correlation:
                properties.CorrelationData = correlation
        self._client.publish(topic, msgspec.json.encode({"batches": batches}), qos=1, properties=properties)


def _ack_topic(gateway: UUID) -> str:
    return f"outturn/{gateway}/ack"


class _Named(msgspec.Struct):
    batch: str = ""


def refusal(payload: bytes, error: OutturnError) -> dict[str, Any]:
    """What a gateway is told of a message that was refused as a whole."""
    try:
        batch = msgspec.json.decode(payload, type=_Named).batch
    except (msgspec.DecodeError, RecursionError):
        batch = ""
    nothing = {"accepted": 0, "duplicate": 0, "set_aside": 0, "commit": 0}
    more = getattr(error, "extra", {}) if isinstance(error, LimitReachedError) else {}
    return {"batch": batch, **nothing, "code": error.code, "message": error.message, "fix": error.fix, **more}
