"""Changes of alarms to whoever watches: one message a transaction to the organisation, and one to each twin.

The organisation's channel is ``t<tenant>.alarms``; its messages are
``{"alarms": [{"id", "twin", "asset", "asset_name", "key", "name", "priority", "state"}], "more": N}``. A twin's come on
its own channel (`twins.telemetry.push.channel`) in the same form. A page that gets one asks for what it shows again.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from functools import cache, partial
from typing import Any
from uuid import UUID

import msgspec
import redis
from django.conf import settings
from django.db import transaction
from redis.exceptions import RedisError

from tenants.scope.context import required_tenant
from twins.alarms.models import Alarm
from twins.telemetry.push import channel

logger = logging.getLogger("outturn.alarms")
MOST_TOLD = 100
"""Alarms of one message; of more it only says how many."""


def alarms_channel(tenant: UUID) -> str:
    """The channel on which the changes of an organisation's alarms are published."""
    return f"t{tenant}.alarms"


def publish_changes(changed: Sequence[Alarm]) -> None:
    """Tell those who watch once this transaction has been committed."""
    if changed:
        transaction.on_commit(partial(_publish, required_tenant("alarms"), [_told(each) for each in changed]))


def _told(alarm: Alarm) -> dict[str, Any]:
    return {
        "id": alarm.id, "twin": alarm.twin_id, "asset": alarm.asset, "asset_name": alarm.asset_name, "key": alarm.key,
        "name": alarm.name, "priority": alarm.priority, "state": alarm.state,
    }  # fmt: skip


def _publish(tenant: UUID, told: list[dict[str, Any]]) -> None:
    by_channel: dict[str, list[dict[str, Any]]] = defaultdict(list)
    by_channel[alarms_channel(tenant)] = told
    for each in told:
        by_channel[channel(tenant, each["twin"])].append(each)
    try:
        for name, alarms in by_channel.items():
            _server().publish(name, msgspec.json.encode({"alarms": alarms[:MOST_TOLD], "more": _more(alarms)}))
    except (RedisError, OSError) as error:
        logger.warning("changes of alarms were not published: %s", error)


def _more(alarms: Sequence[Any]) -> int:
    return max(0, len(alarms) - MOST_TOLD)


@cache
def _server() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)
