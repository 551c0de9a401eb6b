"""One Redis subscription a process, shared by all its sockets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import redis.asyncio
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from tenants.portal.watcher import Watcher

logger = logging.getLogger(__name__)

_RETRY_S = 1.0


class _Subscription(PubSub):
    """A subscription that tells when its connection was made anew: what was published meanwhile is lost."""

    def __init__(self, pool: Any, renewed: Callable[[], None]) -> None:
        super().__init__(pool, ignore_subscribe_messages=True)
        self._renewed = renewed

    async def on_connect(self, connection: Any) -> None:
        """Subscribe again on a new connection."""
        await super().on_connect(connection)
        self._renewed()


class Hub:
    """Hands the messages of channels to those who watch them, and never waits for one of them.

    A watcher is told when messages were lost, because Redis was away: then it must ask for the present state again.

    Args:
        url: The Redis that messages are published to.
    """

    def __init__(self, url: str) -> None:
        self._redis = redis.asyncio.from_url(url, decode_responses=True)
        self._watchers: dict[str, set[Watcher]] = defaultdict(set)
        self._pubsub: PubSub | None = None
        self._reader: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def watching(self, watcher: Watcher, *channels: str) -> AsyncIterator[None]:
        """Have a watcher get the messages of channels from now on; once this is entered none is missed."""
        new = [channel for channel in channels if not self._watchers[channel]]
        for channel in channels:
            self._watchers[channel].add(watcher)
        try:
            await self._subscribe(new)
            yield
        finally:
            await self.leave(watcher, *channels)

    async def leave(self, watcher: Watcher, *channels: str) -> None:
        """Have a watcher get the messages of some channels no more."""
        left = [channel for channel in channels if channel in self._watchers]
        for channel in left:
            self._watchers[channel].discard(watcher)
        unwatched = [channel for channel in left if not self._watchers[channel]]
        for channel in unwatched:
            del self._watchers[channel]
        if unwatched:
            await self._unsubscribe(unwatched)

    async def publish(self, channel: str, text: str) -> None:
        """Tell those who watch a channel something that may be lost when Redis is away."""
        with contextlib.suppress(RedisError, OSError):
            await self._redis.publish(channel, text)

    async def _subscribe(self, channels: list[str]) -> None:
        async with self._turn:  # who watches what another has begun to watch waits until that is done
            if self._pubsub is None:
                self._pubsub = self._subscription()
            if channels:
                with contextlib.suppress(RedisError, OSError):  # the reader subscribes again when Redis is back
                    await self._pubsub.subscribe(*channels)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read(), name="socket-hub")

    async def _unsubscribe(self, channels: list[str]) -> None:
        if self._pubsub is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.unsubscribe(*channels)
        if not self._watchers:
            await self._rest()

    async def _rest(self) -> None:
        """Nobody watches: hold no connection and no task."""
        reader, self._reader = self._reader, None
        pubsub, self._pubsub = self._pubsub, None
        if reader is not None:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
        if pubsub is not None:
            await pubsub.aclose()  # type: ignore[no-untyped-call]
        if not self._watchers:
            await self._redis.aclose()

    async def _read(self) -> None:
        # It ends when it is no longer the hub's reader, also when a cancellation was lost on the way.
        me = asyncio.current_task()
        while self._reader is me and self._pubsub is not None:
            try:
                message = await self._pubsub.get_message(timeout=None)
            except (RedisError, OSError) as error:
                logger.warning("the hub of sockets lost Redis: %s", error)
                self._tell_all_to_start_over()
                await asyncio.sleep(_RETRY_S)
                if self._reader is me:
                    await self._subscribe_again()
                continue
            if message is not None:
                self._hand_out(message["channel"], message["data"])

    async def _subscribe_again(self) -> None:
        pubsub, self._pubsub = self._pubsub, self._subscription()
        with contextlib.suppress(RedisError, OSError):
            if pubsub is not None:
                await pubsub.aclose()  # type: ignore[no-untyped-call]
            await self._pubsub.subscribe(*self._watchers)

    def _subscription(self) -> PubSub:
        return _Subscription(self._redis.connection_pool, self._tell_all_to_start_over)

    def _hand_out(self, channel: str, text: str) -> None:
        for watcher in self._watchers.get(channel, ()):
            watcher.put(text)

    def _tell_all_to_start_over(self) -> None:
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.lose()
