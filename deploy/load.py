"""Readings in bulk, to measure with: a fleet of many signals, and clients that send as fast as they are answered."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from types import MappingProxyType
from urllib.parse import urlsplit
from uuid import UUID

from tenants.kernel.clock import isoformat, utc_now
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.composer.publishing import publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet
from twins.gateways.http import PATH
from twins.gateways.services import create_gateway
from twins.gateways.uplink import Batch, MqttUplink
from twins.telemetry.selectors import bound_signals

_BLUEPRINT, _SIGNALS = "turbofan-fleet", 24
_PERIOD = timedelta(seconds=5)
_INSTANTS = 20
"""Of a table."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One gateway, and what it sends.

    Attributes:
        keys: Its keys, each with a value that is credible.
    """

    tenant: UUID
    gateway: UUID
    token: str
    keys: tuple[tuple[str, float], ...]


def make_feed(signals: int) -> Feed:
    """A new tenant with a published fleet whose gateway sends so many signals."""
    now, slug = utc_now(), f"feed-{secrets.token_hex(4)}"
    tenant = Tenant.objects.create(slug=slug, name=slug, created_at=now, plan="enterprise")
    with scope(tenant.id):
        gateway, token = create_gateway(name="feed", now=now)
        parameters = FleetParameters(name="Fleet", count=-(-signals // _SIGNALS), gateway=str(gateway.id))
        draft = create_fleet(blueprint=_BLUEPRINT, parameters=parameters, by="feed", now=now)
        publish_twin(twin=draft.twin, revision=draft.revision, note="", by="feed", now=now)
        spans = [(one.sent_key, one.range) for one in bound_signals()]
    keys = [(key, float(span[0] + span[1]) / 2 if span else 1.0) for key, span in spans]
    return Feed(tenant.id, gateway.id, token.text, tuple(keys[:signals]))


class Clock:
    """Gives every batch readings that no other has: all keys in turn, then the next instant, five seconds later."""

    def __init__(self, feed: Feed, start: datetime) -> None:
        self.feed = feed
        self._moment = start
        self._place = 0

    def batch(self, size: int) -> bytes:
        """The next readings as a batch of rows, in JSON."""
        readings: list[dict[str, object]] = []
        while len(readings) < size:
            key, value = self.feed.keys[self._place]
            readings.append({"key": key, "at": isoformat(self._moment), "value": value})
            self._place += 1
            if self._place == len(self.feed.keys):
                self._place, self._moment = 0, self._moment + _PERIOD
        return _json({"batch": secrets.token_hex(8), "readings": readings})

    def table(self, size: int) -> bytes:
        """The next readings as a table of some keys at several instants, as a gateway sends that has gathered them.

        A clock gives either batches of rows or such tables.

        Args:
            size: Readings, a multiple of the instants.
        """
        columns = min(size // _INSTANTS, len(self.feed.keys) - self._place)
        moments = [isoformat(self._moment + number * _PERIOD) for number in range(_INSTANTS)]
        keys = self.feed.keys[self._place : self._place + columns]
        self._place += columns
        if self._place == len(self.feed.keys):
            self._place, self._moment = 0, self._moment + _INSTANTS * _PERIOD
        table = {key: [round(value + number / 10, 1) for number in range(_INSTANTS)] for key, value in keys}
        return _json({"batch": secrets.token_hex(8), "at": moments, "columns": table})


def _json(body: dict[str, object]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def clocks(feeds: Sequence[Feed], *, days: int = 1) -> list[Clock]:
    """A clock for each feed, which begins so many days ago."""
    start = utc_now().replace(microsecond=0) - timedelta(days=days)
    return [Clock(feed, start.astimezone(UTC)) for feed in feeds]


@dataclass(slots=True)
class Sent:
    """What came of sending.

    Attributes:
        accepted: Readings that were acknowledged as stored.
        refused: Answers that are no success.
        seconds: How long it took.
        latencies_s: Of each request, from its first byte to the last of its answer.
    """

    accepted: int = 0
    refused: int = 0
    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)


def requests(
    ticking: Sequence[Clock], number: int, size: int, make: Callable[[Clock, int], bytes] = Clock.batch
) -> deque[bytes]:
    """Whole requests, made beforehand, by the gateways in turn."""
    turns: Iterator[Clock] = cycle(ticking)
    return deque(_of_gateway(clock, make(clock, size)) for clock, _ in zip(turns, range(number), strict=False))


def _of_gateway(clock: Clock, body: bytes) -> bytes:
    headers = {"Authorization": f"Bearer {clock.feed.token}", "Content-Type": "application/json"}
    return request_of(PATH, body, headers)


def request_of(path: str, body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """A whole request that posts a body."""
    told = {"Host": "localhost", **headers, "Content-Length": str(len(body))}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()), "", ""]
    return "\r\n".join(lines).encode() + body


async def send_http(url: str, waiting: deque[bytes], *, connections: int, every_s: float | None = None) -> Sent:
    """Send requests over some connections, each its next as soon as its last is answered, or when it is due.

    Args:
        url: The server.
        waiting: What is sent.
        connections: How many at once.
        every_s: After how many seconds the next request is due; None to send as fast as is answered.
    """
    parts, sent = urlsplit(url), Sent()
    due = count(time.perf_counter(), every_s or 0.0)

    async def client() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while waiting:
            request = waiting.popleft()
            begun = time.perf_counter()
            if every_s is not None:
                # What had to wait for a connection has waited since it was due.
                begun = next(due)
                await asyncio.sleep(begun - time.perf_counter())
            writer.write(request)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(_length(head))
            sent.latencies_s.append(time.perf_counter() - begun)
            if head.startswith(b"HTTP/1.1 2"):
                sent.accepted += json.loads(body)["accepted"] if body else 0
            else:
                sent.refused += 1
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    sent.seconds = time.perf_counter() - begun
    return sent


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0] or 0)


async def send_mqtt(url: str, clock: Clock, *, messages: int, size: int, at_once: int) -> Sent:
    """Publish batches over MQTT, so many unacknowledged at a time, until all are acknowledged."""
    bodies = [clock.batch(size) for _ in range(messages)]
    batches = iter([Batch(json.loads(body)["batch"], body, size) for body in bodies])
    sent = Sent()

    async def lane(uplink: MqttUplink) -> None:
        for batch in batches:
            begun = time.perf_counter()
            answer = await uplink.send(batch)
            sent.latencies_s.append(time.perf_counter() - begun)
            sent.accepted += answer.accepted
            sent.refused += bool(answer.refusal)

    async with MqttUplink(url, str(clock.feed.gateway), clock.feed.token) as uplink:
        begun = time.perf_counter()
        await asyncio.gather(*(lane(uplink) for _ in range(at_once)))
        sent.seconds = time.perf_counter() - begun
    return sent
