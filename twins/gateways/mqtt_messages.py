"""What a message on a gateway's own topics is: whose, of which key, how packed, and where its sender wants an answer.

    outturn/<gateway>/readings          a batch, in one of the forms of `twins.telemetry.decode`
    outturn/<gateway>/readings/<key>    one reading: a JSON number, or {"value": V, "at": T, "quality": Q}

A key may hold slashes: ``outturn/<gateway>/readings/1/t24`` is a reading of ``1/t24``. Either may be packed with gzip
or zstd; that tells by its first bytes, and a content type of MQTT 5 may say so as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

import msgspec
from paho.mqtt.client import MQTTMessage

from tenants.kernel.clock import isoformat
from twins.gateways.errors import MessageTypeError
from twins.gateways.packing import too_large, unpacked
from twins.telemetry.decode import LARGEST_BODY
from twins.telemetry.errors import BrokenMessageError
from twins.telemetry.salvage import LONGEST_KEY

FILTER = "outturn/+/readings/#"
"""Takes in the topic of batches, too."""
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_TYPES = {
    "": "",
    "application/json": "",
    "text/plain": "",
    "application/octet-stream": "",
    "application/gzip": "gzip",
    "application/zstd": "zstd",
}
_LONGEST_RESPONSE_TOPIC = 256
_FIELDS = ("at", "value", "quality")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message was sent.

    Attributes:
        key: Of the one reading it holds; empty for a batch.
    """

    gateway: UUID
    key: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What a sender of MQTT 5 asks for; all of it empty for one of 3.1.1.

    Attributes:
        topic: Where it wants its answer: its own ``ack`` topic or one below it; empty for none in particular.
        correlation: What the answer is to carry.
        content_type: What the payload is said to be.
        expires_in: Seconds, from when the broker handed it over, after which it is not wanted any more.
    """

    topic: str = ""
    correlation: bytes = b""
    content_type: str = ""
    expires_in: float | None = None


def place_of(topic: str) -> Place | None:
    """Where a message was sent, or None when that is no place of a gateway's readings."""
    parts = topic.split("/", 3)
    if len(parts) < 3 or parts[0] != "outturn" or parts[2] != "readings":
        return None
    try:
        gateway = UUID(parts[1])
    except ValueError:
        return None
    if str(gateway) != parts[1]:
        return None
    return Place(gateway, parts[3] if len(parts) == 4 else "")


def wish_of(message: MQTTMessage, gateway: UUID) -> Wish:
    """What the sender asks for. We may write to any topic and it may not: only its own are granted."""
    said = message.properties
    if said is None:
        return Wish()
    topic, own = str(getattr(said, "ResponseTopic", "")), f"outturn/{gateway}/ack"
    is_own = (topic == own or topic.startswith(f"{own}/")) and len(topic) <= _LONGEST_RESPONSE_TOPIC
    return Wish(
        topic=topic if is_own and not {"+", "#"} & set(topic) else "",
        correlation=bytes(getattr(said, "CorrelationData", b"")),
        content_type=str(getattr(said, "ContentType", "")),
        expires_in=getattr(said, "MessageExpiryInterval", None),
    )


def body_of(payload: bytes, content_type: str) -> bytes:
    """The payload, unpacked.

    Raises:
        MessageTypeError: It is said to be what we do not take.
        MessageTooLargeError: It has too many bytes, as sent or unpacked.
        BrokenMessageError: It says that it is packed, and is not.
    """
    if len(payload) > LARGEST_BODY:
        raise too_large()
    said = content_type.partition(";")[0].strip().lower()
    if said not in _TYPES:
        raise MessageTypeError(
            f"{said[:60]} is not taken", place="content type",
            fix="Send application/json, application/gzip or application/zstd, or leave the content type out.",
        )  # fmt: skip
    packing = _TYPES[said] or next((kind for magic, kind in _MAGIC.items() if payload.startswith(magic)), "identity")
    return unpacked(payload, packing)


def batch_of_one(place: Place, body: bytes, *, now: datetime) -> bytes:
    """The one reading of a topic of its own as a batch.

    With an instant of its own the reading has the same name whenever it comes, so that it counts once; without one it
    gets the instant of its arrival.

    Args:
        place: The topic.
        body: Unpacked.
        now: When it came.

    Raises:
        BrokenMessageError: It is no JSON, or there can be no such key.
    """
    if not 0 < len(place.key) <= LONGEST_KEY:
        raise BrokenMessageError(
            f"the part of the topic after readings/ is not a key of 1 to {LONGEST_KEY} characters", place="topic",
            fix="Publish to outturn/<gateway>/readings/<key>.",
        )  # fmt: skip
    arrival = isoformat(now)
    try:
        said = msgspec.json.decode(body)
        sent = {name: said[name] for name in _FIELDS if name in said} if isinstance(said, dict) else {"value": said}
        reading = msgspec.json.encode({"at": arrival, "value": None, **sent, "key": place.key})
    except (msgspec.DecodeError, RecursionError) as error:
        raise BrokenMessageError(
            f"the message is not JSON: {error}", fix='Send a number, or {"value": 21.5, "at": "2026-11-20T12:00:00Z"}.'
        ) from error
    name = blake2b(reading, digest_size=20).hexdigest()
    return b'{"batch":"k%b","readings":[%b]}' % (name.encode(), reading)
