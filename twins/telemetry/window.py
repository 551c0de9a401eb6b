"""A look at what a gateway sends right now, for whoever has its page open; nothing is kept while nobody looks.

Who looks is in a sorted set in Redis, by gateway, with when the look ends; a process that takes readings asks for it
once a second at most, and only when something comes. The last messages of a gateway that is looked at are in a list
there, for a minute.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import redis
import redis.asyncio
from redis.exceptions import RedisError

from tenants.kernel.clock import isoformat, utc_now
from tenants.kernel.errors import OutturnError
from twins.telemetry.bindings import in_units
from twins.telemetry.instants import moment
from twins.telemetry.salvage import as_text, keepable
from twins.telemetry.schemas import NO_TIME, Bindings, Message, Receipt, Source

LOOK_SECONDS = 15
"""How long a page that asked is taken to be open."""
MOST_SHOWN = 12
"""Messages."""
MOST_KEYS = 30
"""Keys of one message."""
EXCERPT_BYTES = 1200
EXCERPT_HEX = 200
"""Bytes of a message that is no text."""
_KEPT_SECONDS = 60
_ASK_SECONDS = 1.0
_PAUSE_SECONDS = 0.25
"""Between two messages of one gateway that are shown."""
_WATCHED = "outturn:watched"
_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))

logger = logging.getLogger("outturn.ingest")


class Window:
    """Shows messages to whoever looks; one of them in a process, on one event loop.

    Args:
        redis_url: Where it is told who looks, and what there is to see.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.asyncio.from_url(redis_url, decode_responses=True)
        self._watched: frozenset[str] = frozenset()
        self._asked_at = float("-inf")
        self._shown_at: dict[UUID, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def is_watched(self, source: Source) -> bool:
        """Whether somebody looks at a gateway, as of a second ago."""
        now = time.monotonic()
        if now - self._asked_at > _ASK_SECONDS:
            self._asked_at = now
            self._begin(self._ask())
        if not self._watched or _member(source.tenant, source.gateway) not in self._watched:
            return False
        return now - self._shown_at.get(source.gateway, 0.0) >= _PAUSE_SECONDS

    def show(
        self, source: Source, body: bytes, bindings: Bindings, what: Message | None, became: Receipt | OutturnError,
        *, is_replayed: bool = False, topic: str = "",
    ) -> None:  # fmt: skip
        """Show a message: as it came, what became of each of its keys, and whether it was kept through an outage.

        With a topic the body is bytes and no text.
        """
        self._shown_at[source.gateway] = time.monotonic()
        shown = _told(body, bindings, what, became) | {"replayed": is_replayed}
        if topic:
            shown["raw"] = f"{topic}\n{_in_hex(body)}"
        told = msgspec.json.encode(shown).decode()
        self._begin(self._put(_list(source.tenant, source.gateway), told))

    async def close(self) -> None:
        """Give the connections back."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0)
        await self._redis.aclose()

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self) -> None:
        try:
            found = await self._redis.zrangebyscore(_WATCHED, time.time(), "+inf")
            self._watched = frozenset(str(one) for one in found)
        except (RedisError, OSError) as error:
            self._watched = frozenset()
            logger.warning("who looks at gateways is not known: %s", error)
        if len(self._shown_at) > len(self._watched):
            self._shown_at = {}

    async def _put(self, key: str, told: str) -> None:
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.lpush(key, told)
                pipe.ltrim(key, 0, MOST_SHOWN - 1)
                pipe.expire(key, _KEPT_SECONDS)
                await pipe.execute()
        except (RedisError, OSError) as error:
            logger.warning("a message is not shown: %s", error)


def look(redis_url: str, tenant: UUID, gateway: UUID) -> list[dict[str, Any]]:
    """Look at a gateway for a moment; its last messages, newest first. Without Redis there is nothing to see."""
    client = _client(redis_url)
    try:
        with client.pipeline(transaction=False) as pipe:
            now = time.time()
            pipe.zadd(_WATCHED, {_member(tenant, gateway): now + LOOK_SECONDS})
            pipe.zremrangebyscore(_WATCHED, "-inf", now)
            pipe.lrange(_list(tenant, gateway), 0, MOST_SHOWN - 1)
            found = pipe.execute()[2]
    except (RedisError, OSError) as error:
        logger.warning("nothing can be looked at: %s", error)
        return []
    return [msgspec.json.decode(one) for one in found]


@lru_cache(maxsize=1)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True, socket_timeout=1.0)


def _member(tenant: UUID, gateway: UUID) -> str:
    return f"{tenant}/{gateway}"


def _list(tenant: UUID, gateway: UUID) -> str:
    return f"outturn:window:{{{tenant}}}:{gateway}"


def _told(body: bytes, bindings: Bindings, message: Message | None, became: Receipt | OutturnError) -> dict[str, Any]:
    told: dict[str, Any] = {"at": isoformat(utc_now()), "bytes": len(body), "raw": _raw(body)}
    if isinstance(became, OutturnError):
        told |= {"batch": message.batch if message else "", "code": became.code, "refusal": became.told}
    else:
        told |= {"batch": became.batch, "accepted": became.outcome.accepted, "set_aside": became.outcome.set_aside}
        told |= {"duplicate": became.outcome.duplicate}
    if message is not None:
        reasons = {} if isinstance(became, OutturnError) else {one.key: one.message for one in became.aside}
        told |= _keys(message, bindings, reasons)
    return told


def _raw(body: bytes) -> str:
    for magic, name in _MAGIC:
        if body.startswith(magic):
            return f"({len(body)} bytes, {name})"
    part = body[:EXCERPT_BYTES]
    text = keepable(part.decode("utf-8", "replace"))
    if text.count("\ufffd") > len(text) // 10:
        return _in_hex(body)
    return text + ("…" if len(body) > EXCERPT_BYTES else "")


def _in_hex(body: bytes) -> str:
    return body[:EXCERPT_HEX].hex(" ") + (" …" if len(body) > EXCERPT_HEX else "")


def _keys(message: Message, bindings: Bindings, reasons: Mapping[str, str]) -> dict[str, Any]:
    """The newest reading of each key, as it was sent and as it is kept."""
    order = np.argsort(message.at, kind="stable")
    newest = dict(zip(message.key[order].tolist(), order.tolist(), strict=True))
    by_key = {message.keys[number]: place for number, place in newest.items()}
    rows = []
    for key in sorted(by_key)[:MOST_KEYS]:
        place = by_key[key]
        at, value = int(message.at[place]), float(message.value[place])
        rows.append(
            {
                "key": as_text(key), "value": value if np.isfinite(value) else None, "reason": reasons.get(key, ""),
                "at": isoformat(moment(at)) if at != NO_TIME else None, "became": _became(bindings, key, value),
            }
        )  # fmt: skip
    return {"keys": rows, "more_keys": max(0, len(by_key) - MOST_KEYS)}


def _became(bindings: Bindings, key: str, value: float) -> list[dict[str, Any]]:
    number = bindings.index.get(key)
    if number is None or not np.isfinite(value):
        return []
    places = np.arange(bindings.count[number]) + bindings.start[number]
    became = in_units(bindings, places, np.full(places.size, value))
    return [
        {"name": bindings.names[place], "unit": bindings.units[place], "value": one}
        for place, one in zip(places.tolist(), became.tolist(), strict=True)
        if np.isfinite(one)
    ]
