"""The other side of a gateway: sends batches over HTTP or MQTT and keeps each until it is acknowledged.

What gets no answer, or is told to come again, is sent again under its name with growing pauses, through restarts of the
server and the broker alike. Only what is refused for good is given up.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

import httpx
import msgspec
from paho.mqtt import client as paho

from tenants.kernel.errors import OutturnError
from tenants.limits.domain.standing import LimitReachedError
from twins.gateways.http import PATH
from twins.gateways.mqtt_client import make_client

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
_ANSWER_S = 30.0
_ACKNOWLEDGEMENT_S = 5.0
_REFUSALS = 3
_CROWDED = "Server unavailable"
"""What a broker says to one connection too many: the library comes again."""
_COME_AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))
_NOT_LET_IN = frozenset((401, 403))
_KEPT = frozenset((LimitReachedError.code, "organisation.suspended", "organisation.closed"))
"""What a batch is refused for that may pass: it is kept, and sent again."""


class NotLetInError(OutturnError):
    """The server or the broker does not know the gateway's token."""

    code = "uplink.not_let_in"
    status = 401


@dataclass(frozen=True, slots=True)
class Batch:
    """What is sent at once.

    Attributes:
        name: The same at every attempt, and of no other batch.
        body: JSON.
        readings: How many readings it holds.
        by_mqtt: Which way it goes where there are two.
    """

    name: str
    body: bytes
    readings: int
    by_mqtt: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a batch.

    Attributes:
        refusal: Why nothing of it was taken; empty when it was acknowledged.
    """

    accepted: int
    duplicate: int
    set_aside: int
    refusal: str = ""


class Uplink(Protocol):
    """A way to send."""

    at_once: int
    """How many batches may be on their way at the same time."""

    async def __aenter__(self) -> Self:
        """Make ready to send."""

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        """Let go of the connection."""

    async def send(self, batch: Batch) -> Answer:
        """Send a batch until it is acknowledged or refused for good.

        Raises:
            NotLetInError: The token is wrong.
        """


class HttpUplink:
    """Over HTTP.

    Args:
        url: The server, such as ``https://outturn.example``.
        token: The gateway's.
    """

    at_once = 4

    def __init__(self, url: str, token: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            timeout=_ANSWER_S,
        )

    async def __aenter__(self) -> Self:
        """Connections are made when they are needed."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def send(self, batch: Batch) -> Answer:
        """Send a batch until it is acknowledged or refused for good.

        Raises:
            NotLetInError: The token is wrong.
        """
        pause = _FIRST_PAUSE_S
        while True:
            try:
                response = await self._client.post(PATH, content=batch.body)
            except httpx.TransportError:
                response = None
            if response is not None and response.status_code not in _COME_AGAIN:
                return _answer(response)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)


def _answer(response: httpx.Response) -> Answer:
    told: dict[str, Any] = response.json()
    if response.status_code in _NOT_LET_IN:
        raise NotLetInError(told["detail"], fix=told.get("fix", ""))
    if response.is_success:
        return Answer(told["accepted"], told["duplicate"], told["set_aside_count"])
    return Answer(0, 0, 0, refusal=f"{told['code']}: {told['detail']}")


class MqttUplink:
    """Over MQTT; a batch is acknowledged by a message on the gateway's own ``ack`` topic.

    Args:
        url: The broker, ``mqtt://HOST:PORT`` or ``mqtts://``.
        gateway: The gateway's id, which is its user name.
        token: The gateway's, which is its password.
    """

    at_once = 16

    def __init__(self, url: str, gateway: str, token: str) -> None:
        self._topic = f"outturn/{gateway}"
        self._client, self._host, self._port = make_client(url, client_id="replay")
        self._client.username_pw_set(gateway, token)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._waiting: dict[str, asyncio.Future[Answer]] = {}
        self._connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._refusals = 0
        self._loop = asyncio.get_running_loop()

    async def __aenter__(self) -> Self:
        """Connect, and listen for acknowledgements.

        Raises:
            NotLetInError: The broker does not know the gateway or its token.
        """
        self._client.connect_async(self._host, self._port)
        self._client.loop_start()
        try:
            await self._connected
        except NotLetInError:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def send(self, batch: Batch) -> Answer:
        """Publish a batch until it is acknowledged or refused for good.

        Raises:
            NotLetInError: The broker no longer knows the gateway or its token.
        """
        acknowledged = self._waiting[batch.name] = self._loop.create_future()
        patience = _ACKNOWLEDGEMENT_S
        while True:
            self._client.publish(f"{self._topic}/readings", batch.body, qos=1)
            try:
                async with asyncio.timeout(patience):
                    return await asyncio.shield(acknowledged)
            except TimeoutError:
                patience = min(2 * patience, 6 * _ACKNOWLEDGEMENT_S)

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        """In the library's thread."""
        if not reason.is_failure:
            client.subscribe(f"{self._topic}/ack", qos=1)
        if not reason.is_failure or reason.getName() != _CROWDED:
            self._loop.call_soon_threadsafe(self._answered, str(reason) if reason.is_failure else "")

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        """In the library's thread."""
        self._loop.call_soon_threadsafe(self._acknowledge, bytes(message.payload))

    def _answered(self, refusal: str) -> None:
        """The broker has let us in, or not. It may not have its own servers yet: the library tries again."""
        if not refusal:
            self._refusals = 0
            if not self._connected.done():
                self._connected.set_result(None)
            return
        self._refusals += 1
        if self._refusals < _REFUSALS:
            return
        fix = "Check the gateway's id, and that the token is the one that was made last."
        error = NotLetInError(f"the broker refuses the gateway: {refusal}", fix=fix)
        waiting: list[asyncio.Future[Any]] = [self._connected, *self._waiting.values()]
        for one in waiting:
            if not one.done():
                one.set_exception(error)
                one.exception()  # whoever waited may be gone

    def _acknowledge(self, payload: bytes) -> None:
        for told in msgspec.json.decode(payload)["batches"]:
            if told.get("code") in _KEPT:
                continue
            waiting = self._waiting.pop(told["batch"], None)
            if waiting is not None and not waiting.done():
                refusal = f"{told['code']}: {told['message']}" if "code" in told else ""
                waiting.set_result(Answer(told["accepted"], told["duplicate"], told["set_aside"], refusal))
