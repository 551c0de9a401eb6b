"""The bucket of each rate in Redis, shared by all processes that take readings.

One script call fills the buckets of the organisation and of its customer and takes from both, or from neither. A
process takes a little more than it needs at once and gives it out itself for a moment (a tenth of a second's worth, for
at most a second), so that many small batches cost few calls; never more is given out than the buckets hold.

Without Redis each process counts by itself, from what it knew last: a tenant has its rate in each of them, and no more.
That Redis is slow to answer is just what a flood may bring about, so it must not open the door to one.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import redis.asyncio
from redis.exceptions import RedisError

from tenants.limits.domain.bucket import SCALE, Bucket, full, take

SECONDS_AT_HAND = 1.0
"""How long what was taken in advance may be given out."""
_TIMEOUT_S = 0.25
_AWAY_S = 1.0
_MOST = 20_000
_TAKE = """
local amount, extra, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local scale, wait, slowest, at, levels = 1000000, 0, 0, {}, {}
for n = 1, #KEYS do
    local rate, capacity = tonumber(ARGV[2 + 2 * n]), tonumber(ARGV[3 + 2 * n])
    local known = redis.call('HMGET', KEYS[n], 'level', 'at')
    local level, since = tonumber(known[1]), tonumber(known[2])
    if not level then level, since = capacity * scale, now end
    at[n] = math.max(now, since)
    level = math.min(capacity * scale, level + (at[n] - since) * rate)
    levels[n] = level
    local needed = math.min(amount, capacity) * scale
    if level < needed then
        local longer = math.ceil((needed - level) / rate)
        if longer > wait then wait, slowest = longer, n end
    else
        extra = math.min(extra, math.max(0, math.floor(level / scale) - amount))
    end
end
local taken = 0
if wait == 0 then taken = amount + extra end
for n = 1, #KEYS do
    local rate, capacity = tonumber(ARGV[2 + 2 * n]), tonumber(ARGV[3 + 2 * n])
    redis.call('HSET', KEYS[n], 'level', string.format('%.0f', levels[n] - taken * scale),
               'at', string.format('%.0f', at[n]))
    redis.call('PEXPIRE', KEYS[n], math.ceil((capacity * scale - levels[n] + taken * scale) / rate / 1000) + 1000)
end
for n = 1, #KEYS do levels[n] = string.format('%.0f', levels[n] - taken * scale) end
return {taken, string.format('%.0f', wait), slowest, unpack(levels)}
"""

logger = logging.getLogger("outturn.limits")


class Rate(NamedTuple):
    """A rate with bursts.

    Attributes:
        part: The customer it is of, the nil UUID for the whole organisation.
        rate: Readings a second.
        capacity: Readings that may come at once.
    """

    part: UUID
    rate: int
    capacity: int


class Wait(NamedTuple):
    """That something has to wait: which of the rates is in its way, and for how long."""

    rate: Rate
    seconds: float


@dataclass(slots=True)
class _AtHand:
    amount: int
    until: float


class Rates:
    """Takes readings from buckets; one of them in a process, on one event loop.

    Args:
        url: Of Redis.
    """

    def __init__(self, url: str) -> None:
        self._redis = redis.asyncio.from_url(
            url, decode_responses=True, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
        )
        self._script = self._redis.register_script(_TAKE)
        self._at_hand: OrderedDict[tuple[UUID, tuple[Rate, ...]], _AtHand] = OrderedDict()
        self._known: OrderedDict[tuple[UUID, Rate], Bucket] = OrderedDict()
        self._away_until = 0.0

    async def take(self, tenant: UUID, rates: Sequence[Rate], amount: int, *, now_us: int) -> Wait | None:
        """Take readings from all of some rates, or learn which of them is in the way.

        Args:
            tenant: Whose they are.
            rates: With a rate of at least one reading a second each.
            amount: Readings.
            now_us: Microseconds since 1970.
        """
        if not rates or not amount:
            return None
        key = (tenant, tuple(rates))
        if self._gives_out(key, amount):
            return None
        clock = time.monotonic()
        if clock < self._away_until:
            return self._take_here(tenant, rates, amount, now_us)
        try:
            taken, wait_us, slowest = await self._call(tenant, rates, amount, now_us)
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = clock + _AWAY_S
            logger.warning("rates are counted by this process alone for a moment: %s", error)
            return self._take_here(tenant, rates, amount, now_us)
        if wait_us:
            return Wait(rates[slowest - 1], wait_us / SCALE)
        self._keep(key, taken - amount, clock)
        return None

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()

    async def _call(self, tenant: UUID, rates: Sequence[Rate], amount: int, now_us: int) -> tuple[int, int, int]:
        extra = min(one.rate for one in rates) // 10
        keys = [f"outturn:rate:{{{tenant}}}:{one.part}" for one in rates]
        numbers = [number for one in rates for number in (one.rate, one.capacity)]
        told: Any = await self._script(keys=keys, args=[amount, extra, now_us, *numbers])
        for rate, level in zip(rates, told[3:], strict=True):
            self._learn(tenant, rate, Bucket(int(level), now_us))
        return int(told[0]), int(told[1]), int(told[2])

    def _take_here(self, tenant: UUID, rates: Sequence[Rate], amount: int, now_us: int) -> Wait | None:
        """Take from the buckets as this process knows them, which are full where it knows nothing."""
        tried = []
        for one in rates:
            bucket = self._known.get((tenant, one)) or full(one.capacity, now_us)
            tried.append(take(bucket, rate=one.rate, capacity=one.capacity, amount=amount, at=now_us))
        longest, slowest = max((taken.wait_us, -number) for number, taken in enumerate(tried))
        if longest:
            return Wait(rates[-slowest], longest / SCALE)
        for one, taken in zip(rates, tried, strict=True):
            self._learn(tenant, one, taken.bucket)
        return None

    def _learn(self, tenant: UUID, rate: Rate, bucket: Bucket) -> None:
        self._known[tenant, rate] = bucket
        self._known.move_to_end((tenant, rate))
        if len(self._known) > _MOST:
            self._known.popitem(last=False)

    def _gives_out(self, key: tuple[UUID, tuple[Rate, ...]], amount: int) -> bool:
        held = self._at_hand.get(key)
        if held is None or held.amount < amount or held.until < time.monotonic():
            return False
        held.amount -= amount
        return True

    def _keep(self, key: tuple[UUID, tuple[Rate, ...]], amount: int, clock: float) -> None:
        if amount <= 0:
            return
        held = self._at_hand.get(key)
        left = held.amount if held is not None and held.until >= clock else 0
        self._at_hand[key] = _AtHand(left + amount, clock + SECONDS_AT_HAND)
        self._at_hand.move_to_end(key)
        if len(self._at_hand) > _MOST:
            self._at_hand.popitem(last=False)
