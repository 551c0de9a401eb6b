"""The writer: what came during one commit goes into the next, and nothing is acknowledged before it is durable.

Commits run in two lanes, each with a connection of its own, so that one prepares while the other waits for the disk. A
tenant stays in its lane while anything of it is there: its commits come one after the other. In a lane the tenants take
turns, and none has more waiting than there is room left for others: what one of them has too much of waits behind its
own, or is refused, and keeps nobody else waiting.

A commit costs as much as to read some twenty small batches, so a lane that had several at its last commit waits a
moment for more before the next (as PostgreSQL does with ``commit_delay``); who sends alone never waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from tenants.kernel.clock import utc_now
from tenants.limits.domain.shares import Room
from twins.telemetry.connections import connect_ingest
from twins.telemetry.errors import BusyError, UnavailableError
from twins.telemetry.flush import Flusher
from twins.telemetry.group import commit_together
from twins.telemetry.push import Push
from twins.telemetry.schemas import Delivery, Outcome, Place
from twins.telemetry.turns import Lines

LANES = 2
MOST_WAITING = 400_000
"""Readings in a lane that are not durable yet, half of them of one tenant; what comes beyond is refused at present."""
MOST_WAITING_BATCHES = 20_000
LARGEST_GROUP = 20_000
"""Readings of one commit, more only when a single batch has more."""
GATHER_SECONDS = 0.003
ENOUGH = 5000
"""Readings that are worth a commit, so that nothing more is waited for."""
_STATEMENT_SECONDS = 30
_PASSING = ("08", "40", "53", "55", "57", "58")
"""Classes of SQLSTATE: connection, rollback, resources, object in use, operator, system."""

logger = logging.getLogger("outturn.ingest")


class _Waiting(NamedTuple):
    delivery: Delivery
    future: asyncio.Future[Outcome]
    size: int


class Writer:
    """Makes deliveries durable, many in one commit. One of them in a process; it belongs to one event loop.

    Args:
        redis_url: Where live values are published.
        is_for_history: Whether it stores files of history, which tell nothing of how a gateway is now.
    """

    def __init__(self, redis_url: str, *, is_for_history: bool = False) -> None:
        self._flusher = Flusher(Push(redis_url), is_for_history=is_for_history)
        self._lanes = [_Lane(self._flusher) for _ in range(LANES)]
        self._is_open = False

    async def start(self) -> None:
        """Begin to accept deliveries, also while there is no database: they are refused until there is."""
        self._is_open = True
        self._flusher.start()
        for lane in self._lanes:
            lane.start()

    async def stop(self) -> None:
        """Accept nothing more, commit what waits, flush and leave."""
        self._is_open = False
        await asyncio.gather(*(lane.stop() for lane in self._lanes))
        await self._flusher.close()

    def submit(self, delivery: Delivery) -> asyncio.Future[Outcome]:
        """Queue a delivery; the future gets its outcome when it is durable.

        The future fails with ``BatchReusedError``, or with ``UnavailableError`` when nothing of it was stored.

        Raises:
            BusyError: Too much is waiting.
            UnavailableError: The writer is stopping.
        """
        if not self._is_open:
            raise UnavailableError("the server is stopping", kept="Nothing of this batch.", fix="Send it again.")
        lane = self._lane_of(delivery.source.tenant)
        if not lane.has_room(delivery.source.tenant):
            raise BusyError(
                "more readings are waiting to be stored than there is room for", kept="Nothing of this batch.",
                fix="Send it again after the seconds in Retry-After.",
            )  # fmt: skip
        return lane.add(delivery)

    def learn(self, places: Mapping[int, Place]) -> None:
        """Where signals are shown, for live values."""
        self._flusher.push.learn(places)

    def _lane_of(self, tenant: UUID) -> _Lane:
        """The one that the tenant is in, or else the one with the least to do."""
        for lane in self._lanes:
            if lane.has(tenant):
                return lane
        return min(self._lanes, key=_Lane.load)


class _Lane:
    """What waits of its tenants, and the commits that empty it one after the other."""

    def __init__(self, flusher: Flusher) -> None:
        self._flusher = flusher
        self._connection: AsyncConnection[Any] | None = None
        self._lines: Lines[UUID, _Waiting] = Lines()
        self._readings: Room[UUID] = Room()
        self._batches: Room[UUID] = Room()
        self._wanted = asyncio.Event()
        self._is_open = True
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Commit what waits, and leave."""
        self._is_open = False
        self._wanted.set()
        if self._task is not None:
            await self._task
        await self._disconnect()

    def has(self, tenant: UUID) -> bool:
        return self._batches.of(tenant) > 0

    def load(self) -> int:
        return self._readings.taken

    def has_room(self, tenant: UUID) -> bool:
        batches, readings = self._batches, self._readings
        return batches.has_room(tenant, most=MOST_WAITING_BATCHES) and readings.has_room(tenant, most=MOST_WAITING)

    def add(self, delivery: Delivery) -> asyncio.Future[Outcome]:
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        tenant, size = delivery.source.tenant, delivery.normalised.readings.size
        self._lines.put(tenant, _Waiting(delivery, future, size), max(size + len(delivery.normalised.aside), 1))
        self._batches.take(tenant, 1)
        self._readings.take(tenant, size)
        self._wanted.set()
        return future

    async def _run(self) -> None:
        together = 1
        while True:
            await self._wanted.wait()
            if self._lines:
                if together > 1 and self._is_open and self._readings.taken < ENOUGH:
                    await asyncio.sleep(GATHER_SECONDS)
                group = self._lines.take(LARGEST_GROUP)
                together = len(group)
                await self._commit(group)
                self._let_go(group)
            elif self._is_open:
                self._wanted.clear()
            else:
                return

    def _let_go(self, group: Sequence[_Waiting]) -> None:
        readings: Counter[UUID] = Counter()
        for one in group:
            readings[one.delivery.source.tenant] += one.size
        for tenant, batches in Counter(one.delivery.source.tenant for one in group).items():
            self._batches.give_back(tenant, batches)
            self._readings.give_back(tenant, readings[tenant])

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        """Commit a group. Nothing that goes wrong may end the writer: every later sender would wait for ever."""
        try:
            await self._commit_together(group)
        except Exception as error:
            await self._disconnect()
            if len(group) > 1 and not _is_passing(error):  # whichever it was, the others need not suffer
                for one in group:
                    await self._commit([one])
                return
            logger.exception("%d batches were not stored", len(group))
            _refuse(group)

    async def _commit_together(self, group: Sequence[_Waiting]) -> None:
        if self._connection is None or self._connection.closed:
            self._connection = await connect_ingest(statement_seconds=_STATEMENT_SECONDS)
        deliveries = [waiting.delivery for waiting in group]
        now = utc_now()
        committed = await commit_together(self._connection, deliveries, now=now)
        self._flusher.note(deliveries, committed, now)
        for waiting, result in zip(group, committed.results, strict=True):
            if waiting.future.done():  # its sender has gone away
                continue
            if isinstance(result, Outcome):
                waiting.future.set_result(result)
            else:
                waiting.future.set_exception(result)

    async def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                await self._connection.close()
        self._connection = None


def _is_passing(error: Exception) -> bool:
    """Whether it is the state of the server or of the connection, and no fault of what was to be stored."""
    if isinstance(error, OSError | psycopg.InterfaceError):
        return True
    state = error.sqlstate if isinstance(error, psycopg.OperationalError) else ""
    return state is None or state[:2] in _PASSING


def _refuse(group: Sequence[_Waiting]) -> None:
    for waiting in group:
        if not waiting.future.done():
            kept, fix = "Nothing of this batch is acknowledged.", "Send it again under the same name."
            waiting.future.set_exception(
                UnavailableError("the readings could not be stored at present", kept=kept, fix=fix)
            )
