"""Readings over MQTT 3.1.1: gateways publish batches to ``outturn/<gateway>/readings``, we answer on ``…/ack``.

The broker confirms a batch to its sender before we have it, so a gateway keeps each batch until a message on its own
``ack`` topic names it: ``{"batches": [{"batch", "accepted", "duplicate", "set_aside", "commit"}]}``; one that was
refused as a whole has ``code``, ``message`` and ``fix`` beside it, and is not to be sent again as it is; but one that a
limit stands in the way of (``limit.reached``) is, from ``resets_at`` on. Our consumer
is a persistent session that confirms a message to the broker when it is durable, or when it never can be: what is
broken would come back for ever.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import msgspec
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tenants.kernel.errors import OutturnError
from tenants.limits.domain.standing import LimitReachedError
from twins.gateways.credentials import Credentials
from twins.telemetry.errors import BusyError, UnavailableError
from twins.telemetry.intake import Intake

CLIENT_ID = "outturn-consumer"
READINGS = "outturn/+/readings"
MOST_IN_HAND = 2000
"""Messages taken from the broker and not yet confirmed."""
_KEEPALIVE_SECONDS = 30
_LONGEST_PAUSE_SECONDS = 30
_AGAIN_SECONDS = 0.5
_GATHER_SECONDS = 0.005
_STOP_SECONDS = 3.0

logger = logging.getLogger("outturn.mqtt")


def make_client(url: str, *, client_id: str, manual_ack: bool = False) -> tuple[paho.Client, str, int]:
    """A client with a persistent session, and the host and port it is to connect to.

    Args:
        url: ``mqtt://USER:PASSWORD@HOST:PORT``, or ``mqtts://`` for TLS.
        client_id: The name of its session.
        manual_ack: Whether messages are confirmed by us, and not as soon as they come.
    """
    parts = urlsplit(url)
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=False,
        protocol=paho.MQTTv311,
        manual_ack=manual_ack,
    )
    client.username_pw_set(unquote(parts.username or ""), unquote(parts.password or ""))
    client.reconnect_delay_set(1, _LONGEST_PAUSE_SECONDS)
    if parts.scheme == "mqtts":
        client.tls_set_context(ssl.create_default_context())
    return client, parts.hostname or "localhost", parts.port or (8883 if parts.scheme == "mqtts" else 1883)


class Consumer:
    """Takes messages from the broker to the intake, and tells gateways what has become durable.

    The library works in a thread of its own; what it receives is handled in our event loop. When more is in hand than
    we can commit, its thread waits, and so does the broker.

    Args:
        url: The broker, as its consumer.
        intake: Where messages go.
        credentials: Who sends them.
    """

    def __init__(self, url: str, intake: Intake, credentials: Credentials) -> None:
        self._intake = intake
        self._credentials = credentials
        self._room = threading.BoundedSemaphore(MOST_IN_HAND)
        self._in_hand: set[asyncio.Task[None]] = set()
        self._told: dict[UUID, list[dict[str, Any]]] = {}
        self._is_open = True
        self._loop = asyncio.get_running_loop()
        self._client, self._host, self._port = make_client(url, client_id=CLIENT_ID, manual_ack=True)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until told to stop; a broker that is away is waited for."""
        self._client.connect_async(self._host, self._port, keepalive=_KEEPALIVE_SECONDS)
        self._client.loop_start()
        await stop.wait()
        self._is_open = False
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=_STOP_SECONDS)
        self._tell()
        await asyncio.to_thread(self._leave)

    def _leave(self) -> None:
        """Disconnect, with the last confirmations on their way; the session stays, and with it what comes meanwhile."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            logger.error("the broker at %s:%d does not let us in: %s", self._host, self._port, reason)
            return
        logger.info("consuming from %s:%d", self._host, self._port)
        client.subscribe(READINGS, qos=1)

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if self._is_open:
            logger.warning("the broker at %s:%d is away: %s", self._host, self._port, reason)

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        """In the library's thread: hand the message over, and wait while there is no room."""
        while not self._room.acquire(timeout=1.0):
            if not self._is_open:
                return
        if self._is_open:  # else the broker gives it to the next consumer
            self._loop.call_soon_threadsafe(self._begin, message)

    def _begin(self, message: paho.MQTTMessage) -> None:
        task = self._loop.create_task(self._handle(message))
        self._in_hand.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        self._room.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a message was not handled; the broker keeps it", exc_info=error)

    async def _handle(self, message: paho.MQTTMessage) -> None:
        gateway = _gateway_of(message.topic)
        if gateway is not None:
            told = await self._take(gateway, bytes(message.payload))
            if not told:
                return
            if gateway not in self._told:
                self._loop.call_later(_GATHER_SECONDS, self._tell)
            self._told.setdefault(gateway, []).append(told)
        self._client.ack(message.mid, message.qos)

    async def _take(self, gateway: UUID, payload: bytes) -> dict[str, Any]:
        """Take a message until it is durable or refused for good.

        Returns:
            What the gateway is told; nothing when we are stopping before it is either.
        """
        while True:
            try:
                receipt = await self._intake.take(await self._credentials.of_gateway(gateway), payload)
                return receipt.summary()
            except (BusyError, UnavailableError):
                if not self._is_open:
                    return {}
                await asyncio.sleep(_AGAIN_SECONDS)
            except OutturnError as error:
                return _refusal(payload, error)

    def _tell(self) -> None:
        """Tell the gateways what has become of their batches, many in one message."""
        told, self._told = self._told, {}
        for gateway, batches in told.items():
            self._client.publish(f"outturn/{gateway}/ack", msgspec.json.encode({"batches": batches}), qos=1)


class _Named(msgspec.Struct):
    batch: str = ""


def _refusal(payload: bytes, error: OutturnError) -> dict[str, Any]:
    try:
        batch = msgspec.json.decode(payload, type=_Named).batch
    except (msgspec.DecodeError, RecursionError):
        batch = ""
    nothing = {"accepted": 0, "duplicate": 0, "set_aside": 0, "commit": 0}
    more = getattr(error, "extra", {}) if isinstance(error, LimitReachedError) else {}
    return {"batch": batch, **nothing, "code": error.code, "message": error.message, "fix": error.fix, **more}


def _gateway_of(topic: str) -> UUID | None:
    try:
        return UUID(topic.split("/")[1])
    except (IndexError, ValueError):
        return None
