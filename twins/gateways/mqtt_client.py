"""Clients of an MQTT broker: how they are made, and which version of the protocol a broker speaks."""

from __future__ import annotations

import asyncio
import logging
import ssl
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tenants.kernel.ids import new_id

V311, V5 = MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5
KEEPALIVE_SECONDS = 30
LONGEST_PAUSE_SECONDS = 30
LONGEST_PACKET = 5 * 1024 * 1024
"""Bytes of a packet that a broker is to hand us: the longest body with its topic and properties."""
SESSION_SECONDS = 7 * 24 * 3600
"""How long a broker of MQTT 5 is to keep the session of a consumer that is away."""
_PROBE_SECONDS = 10.0
_DISCONNECT = b"\xe0\x00"

logger = logging.getLogger("outturn.mqtt")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is, and who we are to it."""

    host: str
    port: int
    user: str
    password: str
    is_tls: bool


def address_of(url: str) -> Address:
    """The parts of ``mqtt://USER:PASSWORD@HOST:PORT``, or ``mqtts://`` for TLS."""
    parts = urlsplit(url)
    is_tls = parts.scheme == "mqtts"
    return Address(
        host=parts.hostname or "localhost",
        port=parts.port or (8883 if is_tls else 1883),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        is_tls=is_tls,
    )


def make_client(
    url: str, *, client_id: str, manual_ack: bool = False, version: MQTTProtocolVersion = V311, persistent: bool = True
) -> tuple[paho.Client, str, int]:
    """A client, and the host and port it is to connect to.

    Args:
        url: The broker, see `address_of`.
        client_id: The name of its session.
        manual_ack: Whether messages are confirmed by us, and not as soon as they come.
        version: Of the protocol.
        persistent: Whether the broker is to keep its session while it is away.
    """
    address = address_of(url)
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=None if version == V5 else not persistent,
        protocol=version,
        manual_ack=manual_ack,
    )
    client.username_pw_set(address.user, address.password)
    client.reconnect_delay_set(1, LONGEST_PAUSE_SECONDS)
    if address.is_tls:
        client.tls_set_context(ssl.create_default_context())
    return client, address.host, address.port


def connect(client: paho.Client, host: str, port: int, *, persistent: bool, in_flight: int) -> None:
    """Begin to connect, with a bound on what the broker may have under way to us.

    Args:
        client: Of `make_client`.
        host: The broker's.
        port: The broker's.
        persistent: As for `make_client`.
        in_flight: Messages handed to us and not yet confirmed; a broker of MQTT 3.1.1 has a bound of its own.
    """
    if client.protocol != V5:
        client.connect_async(host, port, keepalive=KEEPALIVE_SECONDS)
        return
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.ReceiveMaximum = in_flight
    properties.MaximumPacketSize = LONGEST_PACKET
    properties.SessionExpiryInterval = SESSION_SECONDS if persistent else 0
    client.connect_async(host, port, KEEPALIVE_SECONDS, clean_start=not persistent, properties=properties)


async def version_of(url: str, stop: asyncio.Event) -> MQTTProtocolVersion | None:
    """The version that the broker speaks, however long it is away; None when told to stop before."""
    pause = 1.0
    while not stop.is_set():
        try:
            return await spoken_version(url)
        except OSError as error:
            logger.warning("the broker is away: %s", error)
        try:
            async with asyncio.timeout(pause):
                await stop.wait()
        except TimeoutError:
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    return None


async def spoken_version(url: str) -> MQTTProtocolVersion:
    """MQTT 5 when the broker understands a connection by it, whether it grants it or not; else 3.1.1.

    Raises:
        OSError: It cannot be reached.
    """
    address = address_of(url)
    context = ssl.create_default_context() if address.is_tls else None
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
            try:
                writer.write(_connect_packet(address) + _DISCONNECT)
                await writer.drain()
                answer = await reader.read(4)
            finally:
                writer.close()
    except TimeoutError as error:
        raise ConnectionError(f"the broker at {address.host}:{address.port} does not answer") from error
    # A broker of 3.1.1 refuses a version that it does not know in two bytes, or closes the connection.
    return V311 if len(answer) < 2 or answer[1] == 2 else V5


def _connect_packet(address: Address) -> bytes:
    """A CONNECT of MQTT 5 that leaves no session behind (section 3.1 of the standard)."""
    body = b"\x00\x04MQTT\x05\xc2\x00\x1e\x00"
    for text in (f"outturn-version-{new_id().hex[-12:]}", address.user, address.password):
        encoded = text.encode()
        body += len(encoded).to_bytes(2) + encoded
    length, rest = bytearray(), len(body)
    while rest >= 128:
        length.append(rest % 128 | 128)
        rest //= 128
    return b"\x10" + bytes(length) + bytes([rest]) + body


def leave(client: paho.Client) -> None:
    """Disconnect, with the last confirmations on their way; the session stays, and with it what comes meanwhile."""
    client.disconnect()
    client.loop_stop()
