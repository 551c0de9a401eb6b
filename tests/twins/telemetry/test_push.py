"""Who watches is told at once after a pause, ten times a second at most, and nothing is lost when Redis is away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import redis.asyncio
from django.conf import settings

from tests.twins.telemetry.sample import TENANT, delivery
from twins.telemetry import push as module
from twins.telemetry.latest import Changed, Latest
from twins.telemetry.push import PERIOD_SECONDS, Push, channel, settling_channel
from twins.telemetry.rows import rows_of
from twins.telemetry.schemas import Place

TWIN, OTHER, ASSET = UUID(int=11), UUID(int=12), UUID(int=13)
PLACES = {
    1: Place(TENANT, TWIN, ASSET, "one"),
    2: Place(TENANT, TWIN, ASSET, "two"),
    3: Place(TENANT, OTHER, ASSET, "x"),
}


@dataclass
class Clock:
    """Stands still between the tests' steps."""

    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now


class Audience:
    """Watches channels, and reads what came."""

    def __init__(self, subscription: Any) -> None:
        self._subscription = subscription

    async def watch(self, *names: str) -> None:
        await self._subscription.subscribe(*names)
        for _ in names:
            await self._subscription.get_message(timeout=5)

    async def hears(self) -> tuple[str, dict[str, Any]]:
        message = None
        async with asyncio.timeout(30):
            while message is None:
                message = await self._subscription.get_message(timeout=5)
        told = json.loads(message["data"])
        values = told["values"][str(ASSET)]
        return message["channel"].decode(), {key: value for key, (_, value, _) in values.items()}

    async def hears_nothing(self) -> bool:
        return await self._subscription.get_message(timeout=0.02) is None


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


@pytest.fixture
async def audience() -> AsyncIterator[Audience]:
    client = redis.asyncio.from_url(settings.REDIS_URL)
    async with client.pubsub(ignore_subscribe_messages=True) as subscription:
        yield Audience(subscription)
    await client.aclose()


@pytest.fixture
async def push(clock: Clock) -> AsyncIterator[Push]:
    made = Push(settings.REDIS_URL)
    made.learn(PLACES)
    yield made
    await made.close()


def known(*signals: int) -> Latest:
    """The newest readings of a process that has met some signals before."""
    latest = Latest()
    note(latest, 0, *((signal, 0.0) for signal in signals))
    latest.take()
    latest._fresh[:] = False
    latest.told(np.array(sorted(signals), np.int64))
    return latest


def note(latest: Latest, second: int, *values: tuple[int, float]) -> None:
    rows = rows_of([delivery(*((signal, second, value) for signal, value in values))])
    latest.note(rows, {TENANT: second + 1})


async def test_the_first_goes_at_once_and_the_pace_is_kept_with_the_newest(
    push: Push, audience: Audience, clock: Clock
) -> None:
    latest, name = known(1, 2), channel(TENANT, TWIN)
    await audience.watch(name)
    note(latest, 1, (1, 1.0), (2, 1.5))
    await push.tell(latest)
    assert await audience.hears() == (name, {"one": 1.0, "two": 1.5})
    note(latest, 2, (1, 2.0))
    await push.tell(latest)  # after a pause there may be two
    assert await audience.hears() == (name, {"one": 2.0})
    note(latest, 3, (1, 3.0))
    assert await push.tell(latest) == pytest.approx(PERIOD_SECONDS)
    note(latest, 4, (1, 4.0), (2, 4.5))
    clock.now += PERIOD_SECONDS / 2
    assert await push.tell(latest) == pytest.approx(PERIOD_SECONDS / 2)
    assert await audience.hears_nothing()
    clock.now += PERIOD_SECONDS / 2 + 1e-6
    await push.tell(latest)
    assert await audience.hears() == (name, {"one": 4.0, "two": 4.5})


@pytest.mark.parametrize(("rate", "expected"), [(50, range(20, 23)), (10, range(20, 21))])
async def test_ten_a_second_whatever_comes_and_all_of_ten_a_second(
    push: Push, audience: Audience, clock: Clock, rate: int, expected: range
) -> None:
    latest, begin, told = known(1), clock.now, 0
    await audience.watch(channel(TENANT, TWIN))
    for number in range(2 * rate):
        late = 0.4 / rate if number % 3 else 0.0  # on the way here, now and then
        clock.now = begin + number / rate + late
        note(latest, number, (1, float(number)))
        await push.tell(latest)
        told += not await audience.hears_nothing()
    assert told in expected


async def test_who_begins_to_watch_is_seen_though_nothing_more_comes(
    push: Push, audience: Audience, clock: Clock
) -> None:
    latest = known(1)
    assert await push.tell(latest) is None
    await audience.watch(channel(TENANT, TWIN))
    note(latest, 1, (1, 1.0))
    again = await push.tell(latest)
    assert again is not None
    clock.now += again
    assert await push.tell(latest) is None
    assert await audience.hears() == (channel(TENANT, TWIN), {"one": 1.0})


async def test_twins_keep_their_own_pace_and_who_is_not_watched_costs_nothing(
    push: Push, audience: Audience, clock: Clock
) -> None:
    latest = known(1, 3)
    note(latest, 1, (1, 1.0), (3, 1.0))
    await push.tell(latest)
    await audience.watch(channel(TENANT, OTHER))
    clock.now += 1
    note(latest, 2, (1, 2.0), (3, 2.0))
    await push.tell(latest)
    assert await audience.hears() == (channel(TENANT, OTHER), {"x": 2.0})
    assert await audience.hears_nothing()


async def test_signals_met_for_the_first_time_wait_until_it_is_known_that_they_are_news(
    push: Push, audience: Audience
) -> None:
    latest = Latest()
    await audience.watch(channel(TENANT, TWIN))
    note(latest, 1, (1, 1.0))
    await push.tell(latest)
    assert await audience.hears_nothing()


async def test_what_is_written_is_told_again_to_those_who_have_just_begun(push: Push, audience: Audience) -> None:
    latest, name = known(1, 3), settling_channel(TENANT, TWIN)
    await audience.watch(name)
    note(latest, 1, (1, 1.0), (3, 1.0))
    await push.tell(latest)
    assert await audience.hears_nothing()
    changed = latest.take()
    assert isinstance(changed, Changed)
    await push.tell_again(changed)
    assert await audience.hears() == (name, {"one": 1.0})
    assert await audience.hears_nothing()


async def test_what_could_not_be_told_is_told_when_redis_is_back(clock: Clock, audience: Audience) -> None:
    latest, away = known(1), Push("unix:///nowhere")
    away.learn(PLACES)
    note(latest, 1, (1, 1.0))
    assert await away.tell(latest) == 1.0
    assert await away.tell(latest) == 1.0  # it is not asked again before
    await audience.watch(channel(TENANT, TWIN))
    away._redis = redis.asyncio.from_url(settings.REDIS_URL, decode_responses=True)
    clock.now += 1
    await away.tell(latest)
    assert await audience.hears() == (channel(TENANT, TWIN), {"one": 1.0})
    await away.close()
