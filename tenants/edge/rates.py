"""How often an address outside organisations is asked for from one place, counted in Redis by the minute."""

from __future__ import annotations

import logging

from django.core.cache import cache
from redis.exceptions import RedisError

from tenants.edge.context import client_address
from tenants.kernel.networks import neighbourhood

WINDOW_S = 60

logger = logging.getLogger("outturn.limits")


def is_too_often(action: str, *, most: int) -> bool:
    """Count a request and say whether there were more than so many of its kind within a minute from where it came.

    An IPv6 address counts with its neighbours of the same /64: they are one household. Without Redis nothing is counted
    and nobody refused.
    """
    place = neighbourhood(client_address(), of_four=32, of_six=64)
    key = f"rate:{action}:{place}"
    try:
        cache.add(key, 0, WINDOW_S)
        return bool(cache.incr(key) > most)
    except ValueError:  # the minute ended between the two
        return False
    except (RedisError, OSError) as error:
        logger.warning("requests cannot be counted, all are let in: %s", error)
        return False
