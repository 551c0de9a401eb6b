"""What edge nodes have met lately, and which are to be asked to be born anew: in Redis, for the pages of gateways.

The host notes it and pages read it; it is kept for thirty days. Whom a person asks for waits there until the host takes
it, a minute at most.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import redis
import redis.asyncio
from redis.exceptions import RedisError

from twins.gateways.sparkplug.selectors import NodeHolder
from twins.gateways.topics import EdgeNode

_KEPT_SECONDS = 30 * 86_400
_WAITS_SECONDS = 60
_ASKED_FOR = "outturn:sparkplug:asked"
_GONE = "gone/"

logger = logging.getLogger("outturn.sparkplug")


@dataclass(frozen=True, slots=True)
class Standing:
    """What an edge node has met in the last thirty days.

    Attributes:
        breaks: How often messages of its sequence did not come.
        births_asked: How often it was asked to be born anew.
        gone: By device that has died and was not born since, when.
    """

    breaks: int = 0
    last_break_at: datetime | None = None
    births_asked: int = 0
    last_asked_at: datetime | None = None
    gone: Mapping[str, datetime] = field(default_factory=dict)


class Standings:
    """Where the host notes what it meets. Without Redis nothing is noted, and nothing else is kept from going on.

    Args:
        redis_url: Where it is kept.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.asyncio.from_url(redis_url, decode_responses=True, socket_timeout=1.0)

    async def note_break(self, holder: NodeHolder) -> None:
        """A message of the sequence did not come."""
        await self._count(holder, "breaks")

    async def note_asked(self, holder: NodeHolder) -> None:
        """The node was asked to be born anew."""
        await self._count(holder, "asked")

    async def note_gone(self, holder: NodeHolder, device: str, at: datetime) -> None:
        """A device has died."""
        await self._change(holder, {f"{_GONE}{device}": f"{at.timestamp():.3f}"})

    async def note_born(self, holder: NodeHolder, device: str) -> None:
        """A device is there."""
        await self._change(holder, {}, gone=f"{_GONE}{device}")

    async def take_asked_for(self) -> list[EdgeNode]:
        """The nodes that people ask for, each told once."""
        try:
            found = await self._redis.spop(_ASKED_FOR, 100)
        except (RedisError, OSError):
            return []
        return [EdgeNode(*str(one).split("/", 1)) for one in found or ()]

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()

    async def _count(self, holder: NodeHolder, what: str) -> None:
        await self._change(holder, {f"{what}_at": f"{time.time():.3f}"}, counted=what)

    async def _change(self, holder: NodeHolder, found: dict[Any, Any], *, counted: str = "", gone: str = "") -> None:
        key = _key(holder.tenant, holder.id)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                if found:
                    pipe.hset(key, mapping=found)
                if counted:
                    pipe.hincrby(key, counted, 1)
                if gone:
                    pipe.hdel(key, gone)
                pipe.expire(key, _KEPT_SECONDS)
                await pipe.execute()
        except (RedisError, OSError) as error:
            logger.warning("what an edge node met is not noted: %s", error)


def standings(redis_url: str, tenant: UUID, nodes: Iterable[UUID]) -> dict[UUID, Standing]:
    """What edge nodes of a tenant have met; nothing while Redis is away."""
    ids = list(nodes)
    try:
        with _client(redis_url).pipeline(transaction=False) as pipe:
            for one in ids:
                pipe.hgetall(_key(tenant, one))
            found = pipe.execute()
    except (RedisError, OSError) as error:
        logger.warning("what edge nodes met cannot be read: %s", error)
        found = [{} for _ in ids]
    return {one: _standing(row) for one, row in zip(ids, found, strict=True)}


def ask_for(redis_url: str, node: EdgeNode) -> bool:
    """Have a node asked to be born anew; whether that could be passed on."""
    try:
        with _client(redis_url).pipeline(transaction=False) as pipe:
            pipe.sadd(_ASKED_FOR, "/".join(node))
            pipe.expire(_ASKED_FOR, _WAITS_SECONDS)
            pipe.execute()
    except (RedisError, OSError) as error:
        logger.warning("an edge node cannot be asked: %s", error)
        return False
    return True


def _standing(row: Mapping[str, str]) -> Standing:
    gone = {name.removeprefix(_GONE): _moment(at) for name, at in row.items() if name.startswith(_GONE)}
    return Standing(
        int(row.get("breaks", 0)), _moment(row["breaks_at"]) if "breaks_at" in row else None,
        int(row.get("asked", 0)), _moment(row["asked_at"]) if "asked_at" in row else None, gone,
    )  # fmt: skip


def _moment(written: str) -> datetime:
    return datetime.fromtimestamp(float(written), UTC)


def _key(tenant: UUID, node: UUID) -> str:
    return f"outturn:sparkplug:{{{tenant}}}:{node}"


@lru_cache(maxsize=1)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True, socket_timeout=1.0)
