"""How many requests to the API a tenant and each of its keys make a day, counted in Redis in one call a request.

A hash for each tenant holds the day, its end, the limit and the counts, another one those of the day before; PostgreSQL
gets them every few minutes. Without Redis requests are neither counted nor refused.
"""

from __future__ import annotations

import logging
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from redis.exceptions import RedisError

from tenants.limits import selectors
from tenants.limits.domain.plans import Meter
from tenants.limits.domain.standing import LimitReachedError
from tenants.limits.domain.windows import Window, window_of
from tenants.limits.schemas import WHOLE
from tenants.limits.selectors import used_today
from tenants.limits.usage import set_usage
from tenants.scope.context import required_tenant

METER = Meter.REQUESTS_PER_DAY
_TIMEOUT_S = 0.25
_KEPT_S = 3 * 86_400
_COUNT = """
local known = redis.call('HMGET', KEYS[1], 'ends', 'limit', 'total')
if not known[1] or tonumber(ARGV[1]) >= tonumber(known[1]) then return -1 end
local limit, total = tonumber(known[2]), tonumber(known[3])
if limit >= 0 and total >= limit then return -2 end
redis.call('HINCRBY', KEYS[1], 'total', 1)
redis.call('HINCRBY', KEYS[1], ARGV[2], 1)
return 0
"""
_BEGIN = """
if redis.call('HGET', KEYS[1], 'day') == ARGV[1] then
    redis.call('HSET', KEYS[1], 'ends', ARGV[2], 'limit', ARGV[3])
else
    if redis.call('HEXISTS', KEYS[1], 'day') == 1 then
        redis.call('RENAME', KEYS[1], KEYS[2])
    else
        redis.call('DEL', KEYS[1])
    end
    redis.call('HSET', KEYS[1], 'day', ARGV[1], 'ends', ARGV[2], 'limit', ARGV[3], unpack(ARGV, 5))
end
redis.call('EXPIRE', KEYS[1], ARGV[4])
"""
_NEW_DAY, _REACHED = -1, -2

logger = logging.getLogger("outturn.limits")


def count_request(*, key: UUID, now: datetime) -> None:
    """Count a request that a key makes.

    Raises:
        LimitReachedError: The tenant has used up the day's requests.
    """
    name = _name(required_tenant("a request"))
    try:
        told = _scripts()[0](keys=[name], args=[now.timestamp(), str(key)])
        if told == _NEW_DAY:
            _begin_day(now)
            told = _scripts()[0](keys=[name], args=[now.timestamp(), str(key)])
    except (RedisError, OSError) as error:
        logger.warning("requests cannot be counted, all are let in: %s", error)
        return
    if told == _REACHED:
        save_requests()
        raise LimitReachedError(selectors.standing(METER, now=now), now=now)


def save_requests() -> None:
    """Write the counts of the tenant in scope into its usage; without Redis nothing happens."""
    try:
        days = [_redis().hgetall(name) for name in _names(required_tenant("requests"))]
    except (RedisError, OSError) as error:
        logger.warning("the counts of requests cannot be read: %s", error)
        return
    for known in days:
        _save(known)


def forget_limit(tenant: UUID) -> None:
    """Let the next request look up the limit: it has changed."""
    try:
        with _redis().pipeline() as pipeline:
            pipeline.hset(_name(tenant), "ends", 0).expire(_name(tenant), _KEPT_S).execute()
    except (RedisError, OSError) as error:
        logger.warning("the limit of requests will be looked up tomorrow: %s", error)


def _begin_day(now: datetime) -> None:
    """Begin with what is known of the day."""
    tenant = required_tenant("requests")
    held = selectors.allowance(now=now)
    window = window_of(METER.kind, now, held.zone)
    assert isinstance(window, Window)  # the meter's kind has one
    limit = held.limits[METER]
    counts = used_today(METER, window.first)
    pairs: list[Any] = ["total", counts.pop(WHOLE, 0)]
    for part, amount in counts.items():
        pairs += [str(part), amount]
    head = [window.first.isoformat(), window.resets_at.timestamp(), -1 if limit is None else limit, _KEPT_S]
    _scripts()[1](keys=_names(tenant), args=[*head, *pairs])


def _save(known: Any) -> None:
    if "day" not in known:
        return
    day = date.fromisoformat(known.pop("day"))
    total = int(known.pop("total", 0))
    parts = {UUID(part): int(amount) for part, amount in known.items() if part not in ("ends", "limit")}
    set_usage(meter=METER, day=day, amounts={WHOLE: total, **parts})


def _name(tenant: UUID) -> str:
    return f"outturn:requests:{{{tenant}}}"


def _names(tenant: UUID) -> list[str]:
    """Of the hashes of today and of the day before."""
    return [_name(tenant), f"{_name(tenant)}:before"]


@lru_cache(maxsize=1)
def _redis() -> Any:
    return redis.from_url(
        settings.REDIS_URL, decode_responses=True, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
    )


@lru_cache(maxsize=1)
def _scripts() -> tuple[Any, Any]:
    return _redis().register_script(_COUNT), _redis().register_script(_BEGIN)
