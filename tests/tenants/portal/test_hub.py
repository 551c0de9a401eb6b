"""One subscription for all sockets of a process: who gets what, and what happens when Redis goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import redis.asyncio
from django.conf import settings

from tenants.portal.hub import Hub
from tenants.portal.watcher import Watcher
from tests.processes import LONG_S


@asynccontextmanager
async def watched() -> AsyncIterator[tuple[Hub, Any]]:
    hub, client = Hub(settings.REDIS_URL), redis.asyncio.from_url(settings.REDIS_URL)
    yield hub, client.publish
    await client.aclose()


async def taken(watcher: Watcher) -> str | None:
    async with asyncio.timeout(LONG_S):
        await watcher.wait()
    return watcher.take()


async def test_channels_are_kept_apart_and_left() -> None:
    one, other, again = Watcher(), Watcher(), Watcher()
    async with watched() as (hub, publish):
        async with hub.watching(one, "one"), hub.watching(other, "other"):
            await publish("one", "x")
            assert await taken(one) == "x"
            assert other.take() is None
        assert await publish("one", "nobody hears it") == 0
        async with hub.watching(again, "one"):
            await publish("one", "y")
            assert await taken(again) == "y"


async def test_a_watcher_may_leave_one_of_its_channels() -> None:
    watcher = Watcher()
    async with watched() as (hub, publish), hub.watching(watcher, "stays", "goes"):
        await publish("goes", "first")
        assert await taken(watcher) == "first"
        await hub.leave(watcher, "goes")
        assert await publish("goes", "second") == 0
        await publish("stays", "third")
        assert await taken(watcher) == "third"
        await hub.leave(watcher, "goes", "never watched")


async def test_one_that_takes_nothing_keeps_nobody_waiting() -> None:
    slow, quick = Watcher(), Watcher()
    async with watched() as (hub, publish), hub.watching(slow, "busy"), hub.watching(quick, "busy"):
        for number in range(100):
            await publish("busy", str(number))
            assert await taken(quick) == str(number)
        assert slow.is_lost


async def test_a_lost_redis_is_told_and_found_again() -> None:
    async with watched() as (hub, publish):
        watcher = Watcher()
        async with hub.watching(watcher, "lossy"):
            control = redis.asyncio.from_url(settings.REDIS_URL)
            await control.client_kill_filter(_type="pubsub")
            assert await taken(watcher) is None
            assert watcher.is_lost
            async with asyncio.timeout(LONG_S):
                text = None
                while text is None:  # whatever is lost on the way, the watcher is told
                    following = Watcher()
                    async with hub.watching(following, "lossy"):
                        await publish("lossy", "back")
                        with suppress(TimeoutError):
                            async with asyncio.timeout(0.2):
                                await following.wait()
                        text = following.take()
            assert text == "back"
            await control.aclose()
