"""A live view ends when its browser is gone, at whatever moment: Python 3.11's `wait_for` loses some cancellations."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.conf import settings

from tenants.portal.hub import Hub
from tenants.portal.watcher import Watcher
from tests.processes import LONG_S
from twins.live.consumers import TwinConsumer

TURNS = 50
"""Turns of the loop by which everything without I/O has long come to its end."""


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("between", range(8))
async def test_a_message_at_the_last_moment_does_not_keep_a_view_open(between: int) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    consumer, watcher = TwinConsumer(), Watcher()
    consumer.base_send = send
    consumer._sender = sender = asyncio.create_task(consumer._forward(watcher))
    await turns(TURNS)
    watcher.put("one")
    await turns(between)
    await consumer.disconnect(1001)
    watcher.put("two")
    await turns(TURNS)
    assert sender.done()
    assert [message["text"] for message in sent] in ([], ["one"])


@pytest.mark.parametrize("between", range(8))
async def test_a_hub_that_nobody_watches_holds_nothing(between: int) -> None:
    hub = Hub(settings.REDIS_URL)
    async with asyncio.timeout(LONG_S), hub.watching(Watcher(), "last"):
        reader = hub._reader
        assert reader is not None
        hub._tell_all_to_start_over()
        await turns(between)
    assert reader.done()
    assert (hub._reader, hub._pubsub, dict(hub._watchers)) == (None, None, {})


async def test_a_reader_that_loses_its_cancellation_ends_all_the_same() -> None:
    hub = Hub(settings.REDIS_URL)
    async with asyncio.timeout(LONG_S):
        async with hub.watching(Watcher(), "first"):
            reader = hub._reader
            assert reader is not None
            await turns(TURNS)
            hub._reader = None  # what `_rest` does before it cancels
            await hub._redis.publish("first", "anything")
            await reader
        watcher = Watcher()
        async with hub.watching(watcher, "again"):
            await hub._redis.publish("again", "text")
            await watcher.wait()
            assert watcher.take() == "text"
