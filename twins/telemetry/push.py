"""New values to whoever watches: one message for each twin and flush, by Redis to the processes that hold the sockets.

The channel of a twin is ``t<tenant>.twin.<twin>``; its messages are JSON, ready to be sent on as they are:
``{"twin": ID, "values": {ASSET: {KEY: [ISO INSTANT, VALUE, QUALITY]}}}``. Plain publish and subscribe, not a channel
layer: it carried ten times the messages in our measurements. A twin that nobody watches costs nothing; subscribe to its
channel by name, for subscribers by pattern are not counted.

The channel `COMMITS` tells whose readings were committed, to the process that follows them: the 16 bytes of each
tenant's id, one after the other. It is a hint, sent some times a second; who misses it looks at the counts of commits.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import redis.asyncio
from redis.exceptions import RedisError

from tenants.kernel.clock import isoformat
from twins.telemetry.instants import moment
from twins.telemetry.latest import Changed
from twins.telemetry.schemas import Ints, Place

logger = logging.getLogger("outturn.ingest")

Values = dict[str, dict[str, tuple[str, float, int]]]
COMMITS = "outturn.commits"
_EVERY_TWIN = "t*.twin.*"


def channel(tenant: UUID, twin: UUID) -> str:
    """The channel on which the new values of a twin are published."""
    return f"t{tenant}.twin.{twin}"


class _Twin:
    """The signals of one twin, and where they are shown."""

    def __init__(self, id_: UUID) -> None:
        self.id = id_
        self.places: dict[int, Place] = {}
        self._signals: Ints = np.empty(0, np.int64)

    def rows(self, changed: Changed) -> list[int]:
        """Which of the changed signals are its own."""
        if self._signals.size != len(self.places):
            self._signals = np.fromiter(sorted(self.places), np.int64, len(self.places))
        found: list[int] = np.flatnonzero(np.isin(changed.signal, self._signals, assume_unique=True)).tolist()
        return found


class Push:
    """Publishes new values.

    Args:
        url: The Redis that the processes with the sockets listen to.
    """

    def __init__(self, url: str) -> None:
        self._redis = redis.asyncio.from_url(url, decode_responses=True)
        self._twins: dict[str, _Twin] = {}

    def learn(self, places: Mapping[int, Place]) -> None:
        """Where signals are shown."""
        for signal, place in places.items():
            name = channel(place.tenant, place.twin)
            if name not in self._twins:
                self._twins[name] = _Twin(place.twin)
            self._twins[name].places[signal] = place

    async def publish(self, changed: Changed) -> None:
        """Tell those who watch; a Redis that cannot be reached is no reason to fail, the page asks again."""
        try:
            for name in await self._redis.pubsub_channels(_EVERY_TWIN):
                twin = self._twins.get(str(name))
                if twin is not None and (rows := twin.rows(changed)):
                    await self._redis.publish(name, _message(twin, changed, rows))
        except (RedisError, OSError) as error:
            logger.warning("new values were not published: %s", error)

    async def tell(self, tenants: Collection[UUID]) -> None:
        """Tell those who follow the readings whose were committed."""
        try:
            await self._redis.publish(COMMITS, b"".join(tenant.bytes for tenant in tenants))
        except (RedisError, OSError) as error:
            logger.warning("commits were not told: %s", error)

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()


def _message(twin: _Twin, changed: Changed, rows: list[int]) -> bytes:
    values: Values = {}
    for row in rows:
        place = twin.places[int(changed.signal[row])]
        at = isoformat(moment(int(changed.at[row])))
        values.setdefault(str(place.asset), {})[place.key] = (at, float(changed.value[row]), int(changed.quality[row]))
    message: dict[str, Any] = {"twin": str(twin.id), "values": values}
    return msgspec.json.encode(message)
