"""Telling open connections that what somebody may do has changed."""

from __future__ import annotations

import logging
from functools import cache, partial
from uuid import UUID

import redis
from django.conf import settings
from django.db import transaction
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
RIGHTS_CHANGED = ""
"""What is published on the channel: no message of another channel is empty."""


def rights_channel(tenant: UUID) -> str:
    """The channel on which changes of rights in an organisation are told."""
    return f"t{tenant}.rights"


def rights_changed(tenant: UUID) -> None:
    """Let every open connection of an organisation make sure, once this transaction is committed, that it may go on.

    Without Redis they find out by themselves when they next ask (`tenants.portal.sockets.CHECK_AGAIN_S`).
    """
    transaction.on_commit(partial(_tell, tenant))


def _tell(tenant: UUID) -> None:
    try:
        _redis().publish(rights_channel(tenant), RIGHTS_CHANGED)
    except RedisError:
        logger.warning("Redis is away: open connections learn late of changed rights")


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)
