"""Whether readings are waiting on the live path: files of history stand back for them.

Web servers say so in Redis for as long as it is so; workers that import look before each batch. When Redis is away
nobody knows, and an import goes on at its own measured pace.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import redis
import redis.asyncio

BUSY_READINGS = 10_000
"""Readings that wait in one process: from here on it is busy."""
_KEY = "outturn:ingest:busy"
_LOOK_SECONDS = 0.25
_HELD_SECONDS = 2
_TIMEOUT_SECONDS = 2.0

logger = logging.getLogger("outturn.ingest")


class Pressure:
    """Says that this process is busy.

    Args:
        redis_url: Where it is said.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.asyncio.from_url(
            redis_url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
        )

    async def tell(self, waiting: Callable[[], int]) -> None:
        """Look again and again how many readings are waiting, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if waiting() >= BUSY_READINGS:
                await self.say_busy()

    async def say_busy(self) -> None:
        """Say it, for some seconds."""
        try:
            await self._redis.set(_KEY, b"1", ex=_HELD_SECONDS)
        except redis.RedisError as error:
            logger.debug("nobody hears that readings wait: %s", error)

    async def is_busy(self) -> bool:
        """Whether any process is."""
        try:
            return bool(await self._redis.exists(_KEY))
        except redis.RedisError:
            return False

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()
