"""New values to whoever watches, by Redis to the processes that hold the sockets.

The channel of a twin is ``t<tenant>.twin.<twin>``; its messages are JSON, ready to be sent on as they are:
``{"twin": ID, "at": WHEN IT WAS PUBLISHED, "values": {ASSET: {KEY: [ISO INSTANT, VALUE, QUALITY]}}}``. What a twin's
signals are becomes one message at most ten times a second; the first after a pause goes at once, and what comes too
soon waits for the next, which has the newest of each signal. Plain publish and subscribe, not a channel layer: it
carried ten times the messages in our measurements, and it tells when a subscription was lost. A twin that nobody
watches costs nothing; subscribe to its channel by name, for subscribers by pattern are not counted.

Values are told before they stand in the table of newest readings. Whoever has only begun to watch and reads that table
would miss what was told before and is written after: so for a while they watch `settling_channel` too, on which all is
told again once it is written.

The channel `COMMITS` tells whose readings were committed, to the process that follows them: the 16 bytes of each
tenant's id, one after the other. It is a hint, sent some times a second; who misses it looks at the counts of commits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import redis.asyncio
from redis.exceptions import RedisError

from tenants.kernel.clock import isoformat, utc_now
from twins.telemetry.instants import moment
from twins.telemetry.latest import Changed, Latest
from twins.telemetry.schemas import Ints, Place

logger = logging.getLogger("outturn.ingest")

Values = dict[str, dict[str, tuple[str, float, int]]]
COMMITS = "outturn.commits"
PERIOD_SECONDS = 0.1
"""Between two messages of a twin, in the mean; two may follow each other when there was a pause before."""
_LOOK_SECONDS = 0.2
"""How often it is seen who watches, while readings come."""
_RETRY_SECONDS = 1.0
_EVERY_TWIN = "t*.twin.*"
_SETTLING = ".settling"


def channel(tenant: UUID, twin: UUID) -> str:
    """The channel on which the new values of a twin are published."""
    return f"t{tenant}.twin.{twin}"


def settling_channel(tenant: UUID, twin: UUID) -> str:
    """The channel on which they are published again once the table of newest readings has them."""
    return channel(tenant, twin) + _SETTLING


class _Twin:
    """The signals of one twin, where they are shown, and when its next message may go."""

    def __init__(self, id_: UUID) -> None:
        self.id = id_
        self.places: dict[int, Place] = {}
        self._due = 0.0

    def wait(self, now: float) -> float:
        """Seconds until a message may go; nothing or less when it may."""
        return self._due - PERIOD_SECONDS - now

    def went(self, now: float) -> None:
        """A message goes."""
        self._due = max(self._due, now) + PERIOD_SECONDS


class _Watched:
    """The twins that somebody watches; their signals ascending, and beside each the place of its twin among them."""

    def __init__(self, twins: Mapping[str, _Twin]) -> None:
        self.names = list(twins)
        self.twins = list(twins.values())
        counts = [len(twin.places) for twin in self.twins]
        signals = np.fromiter((one for twin in self.twins for one in twin.places), np.int64, sum(counts))
        order = np.argsort(signals)
        self.signals: Ints = signals[order]
        self.owner: Ints = np.repeat(np.arange(len(counts)), counts)[order]


class Push:
    """Publishes new values.

    Args:
        url: The Redis that the processes with the sockets listen to.
    """

    def __init__(self, url: str) -> None:
        self._redis = redis.asyncio.from_url(url, decode_responses=True)
        self._twins: dict[str, _Twin] = {}
        self._watched = _Watched({})
        self._is_learned = True
        self._looked_at = self._retry_at = 0.0
        self._turn = asyncio.Lock()

    def learn(self, places: Mapping[int, Place]) -> None:
        """Where signals are shown."""
        for signal, place in places.items():
            name = channel(place.tenant, place.twin)
            if name not in self._twins:
                self._twins[name] = _Twin(place.twin)
            self._twins[name].places[signal] = place
        self._is_learned = False

    async def tell(self, latest: Latest, *, pacing: bool = True) -> float | None:
        """Tell those who watch what they were not told yet, as far as the pace of each twin allows.

        Redis that cannot be reached is no reason to fail: it is told when it can be, as it is then.

        Args:
            latest: What is new.
            pacing: Whether twins keep their pace.

        Returns:
            Seconds after which to call again though nothing new has come; None when everything is told.
        """
        async with self._turn:  # two at once could pass each other on the way
            now = time.monotonic()
            if now < self._retry_at:
                return self._retry_at - now
            look_in = self._looked_at + _LOOK_SECONDS - now
            try:
                if look_in <= 0.0:
                    await self._look()
                wait = await self._tell(latest, time.monotonic(), pacing=pacing)
            except (RedisError, OSError) as error:
                logger.warning("new values are not published until Redis is back: %s", error)
                self._retry_at = time.monotonic() + _RETRY_SECONDS
                return _RETRY_SECONDS
            # Who has begun to watch since the last look is to be told, too.
            return min((each for each in (wait, look_in) if each is not None and each > 0.0), default=None)

    async def tell_again(self, changed: Changed) -> None:
        """Tell those who have only begun to watch what is written now."""
        try:
            names = await self._look()
            settling = {name.removesuffix(_SETTLING): name for name in names if name.endswith(_SETTLING)}
            rows = self._rows(changed, settling)
            await self._send({settling[name]: _message(self._twins[name], changed, rows[name]) for name in rows})
        except (RedisError, OSError) as error:
            logger.warning("new values were not published: %s", error)

    async def publish(self, changed: Changed) -> None:
        """Tell those who watch at once what stands in the table of newest readings already."""
        try:
            rows = self._rows(changed, await self._look())
            await self._send({name: _message(self._twins[name], changed, rows[name]) for name in rows})
        except (RedisError, OSError) as error:
            logger.warning("new values were not published: %s", error)

    async def tell_commits(self, tenants: Collection[UUID]) -> None:
        """Tell those who follow the readings whose were committed."""
        try:
            await self._redis.publish(COMMITS, b"".join(tenant.bytes for tenant in tenants))
        except (RedisError, OSError) as error:
            logger.warning("commits were not told: %s", error)

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()

    async def _look(self) -> list[str]:
        """See who watches: the names of all channels of twins that somebody listens to."""
        names = [str(name) for name in await self._redis.pubsub_channels(_EVERY_TWIN)]
        self._looked_at = time.monotonic()
        known = sorted(name for name in names if name in self._twins)
        if known != self._watched.names or not self._is_learned:
            self._watched, self._is_learned = _Watched({name: self._twins[name] for name in known}), True
        return names

    def _rows(self, changed: Changed, names: Iterable[str]) -> dict[str, list[int]]:
        """Which rows are of which of the twins."""
        watched = _Watched({name: self._twins[name] for name in names if name in self._twins})
        place = np.searchsorted(watched.signals, changed.signal)
        found = np.flatnonzero(place < watched.signals.size)
        found = found[watched.signals[place[found]] == changed.signal[found]]
        return _grouped(watched, watched.owner[place[found]], found)

    async def _tell(self, latest: Latest, now: float, *, pacing: bool) -> float | None:
        """Tell what may be told now; seconds until more may be, None when that is all."""
        watched = self._watched
        untold = np.flatnonzero(latest.untold(watched.signals))
        waits = {one: watched.twins[one].wait(now) for one in np.unique(watched.owner[untold]).tolist()}
        due = [one for one, wait in waits.items() if wait <= 0.0 or not pacing]
        if due:
            await self._tell_signals(latest, watched, untold[np.isin(watched.owner[untold], due)], now)
        return min((wait for one, wait in waits.items() if one not in due), default=None)

    async def _tell_signals(self, latest: Latest, watched: _Watched, untold: Ints, now: float) -> None:
        changed = latest.told(watched.signals[untold])
        rows = _grouped(watched, watched.owner[untold], np.arange(untold.size))
        try:
            await self._send({name: _message(self._twins[name], changed, rows[name]) for name in rows})
        except (RedisError, OSError):
            latest.put_back_untold(changed)
            raise
        for name in rows:
            self._twins[name].went(now)

    async def _send(self, messages: Mapping[str, bytes]) -> None:
        if not messages:
            return
        async with self._redis.pipeline(transaction=False) as pipeline:
            for name, message in messages.items():
                pipeline.publish(name, message)
            await pipeline.execute()


def _grouped(watched: _Watched, owner: Ints, rows: Ints) -> dict[str, list[int]]:
    """Rows by the name of the twin that each belongs to."""
    grouped: dict[str, list[int]] = {}
    for one, row in zip(owner.tolist(), rows.tolist(), strict=True):
        grouped.setdefault(watched.names[one], []).append(row)
    return grouped


def _message(twin: _Twin, changed: Changed, rows: Sequence[int]) -> bytes:
    values: Values = {}
    for row in rows:
        place = twin.places[int(changed.signal[row])]
        at = isoformat(moment(int(changed.at[row])))
        values.setdefault(str(place.asset), {})[place.key] = (at, float(changed.value[row]), int(changed.quality[row]))
    message: dict[str, Any] = {"twin": str(twin.id), "at": isoformat(utc_now()), "values": values}
    return msgspec.json.encode(message)
