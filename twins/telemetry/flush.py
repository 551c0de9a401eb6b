"""What follows a commit at its own pace, some times a second: newest readings, figures of traffic, live values."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from tenants.kernel.clock import utc_now
from twins.telemetry.backlog import Backlog
from twins.telemetry.connections import connect_ingest
from twins.telemetry.group import Committed
from twins.telemetry.lateness import LateCount
from twins.telemetry.latest import Latest, flush
from twins.telemetry.push import Push
from twins.telemetry.schemas import Delivery, Outcome
from twins.telemetry.sessions import Session
from twins.telemetry.traffic import TrafficCount

INTERVAL_SECONDS = 0.2
TOGETHER_SECONDS = 0.005
"""What is committed within so short a time is told to those who watch together."""
_TELLING_REST = 2.0
_REST = 9.0
"""How much longer than a flush the pause after it is at least, so that many signals do not crowd out the commits."""
_RETRY_SECONDS = 1.0
_STATEMENT_SECONDS = 300
_HEARTBEAT = timedelta(seconds=1)

logger = logging.getLogger("outturn.ingest")


class Flusher:
    """Gathers what was committed and writes and publishes its sum.

    Args:
        push: Where live values go.
        is_for_history: Whether what is committed are files of history, which tell nothing of how a gateway is now.
    """

    def __init__(self, push: Push, *, is_for_history: bool = False) -> None:
        self.push = push
        self._is_for_history = is_for_history
        self._latest = Latest()
        self._traffic = TrafficCount()
        self._late = LateCount()
        self._backlog = Backlog()
        self._session = Session()
        self._connection: AsyncConnection[Any] | None = None
        self._wanted = asyncio.Event()
        self._closing = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._news = asyncio.Event()
        self._beat_at: datetime | None = None
        self._untold: set[UUID] = set()

    def start(self) -> None:
        """Begin to flush and to tell, until closed."""
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._keep_telling())]

    def note(self, deliveries: Sequence[Delivery], committed: Committed, now: datetime) -> None:
        """Take note of a commit."""
        self._latest.note(committed.rows, committed.commits)
        self._untold.update(committed.commits)
        self._backlog.note(committed.rows)
        if not self._is_for_history:
            self._hear(deliveries, committed, now)
        self._wanted.set()
        self._news.set()

    def _hear(self, deliveries: Sequence[Delivery], committed: Committed, now: datetime) -> None:
        for delivery, result in zip(deliveries, committed.results, strict=True):
            if isinstance(result, Outcome):
                self._traffic.note(delivery, result, now=now)
                self._late.note(delivery, result, now=now)

    async def flush(self) -> None:
        """Write and publish what was noted.

        Raises:
            psycopg.Error: It could not be written, and is kept for the next time.
        """
        connection = await self._connected()
        begun = utc_now()
        untold, self._untold = self._untold, set()
        if untold:  # first of all: those who follow begin meanwhile
            await self.push.tell_commits(untold)
        changed = self._latest.take()
        if changed is not None:
            try:
                changed_here = await self._latest.without_older(connection, changed)
                if changed_here is not None:
                    await flush(connection, changed_here)
            except (psycopg.Error, OSError):
                self._latest.put_back(changed)
                raise
            if changed_here is not None:
                await self.push.tell_again(changed_here)
                await self.push.tell(self._latest)  # signals met for the first time are known now
        await self._traffic.flush(connection)
        await self._late.flush(connection)
        await self._backlog.ask()
        if self._beat_at is None or begun - self._beat_at >= _HEARTBEAT:
            await self._session.flushed(connection, until=begun)
            self._beat_at = begun

    async def close(self) -> None:
        """Flush for the last time and leave.

        A flush under way is waited for and not cancelled: it holds what it has taken, and Python 3.11 can lose a
        cancellation that meets the end of a wait.
        """
        self._closing.set()
        self._wanted.set()
        self._news.set()
        for task in self._tasks:
            await task
        try:
            await self.flush()
            await self.push.tell(self._latest, pacing=False)
            await self._session.end(await self._connected())
        except (psycopg.Error, OSError) as error:
            logger.warning("newest readings could not be written, the next writer will: %s", error)
        await self._disconnect()
        await self.push.close()

    async def _run(self) -> None:
        """Flush again and again; a flush that fails is tried again."""
        while not self._closing.is_set():
            try:
                begun = time.monotonic()
                await self.flush()
                await self._pause(max(INTERVAL_SECONDS, _REST * (time.monotonic() - begun)))
                await self._wanted.wait()
                self._wanted.clear()
            except (psycopg.Error, OSError) as error:
                logger.warning("newest readings could not be written, trying again: %s", error)
                await self._disconnect()
                await self._pause(_RETRY_SECONDS)

    async def _keep_telling(self) -> None:
        """Tell those who watch as soon as something is committed, however long the flushes take."""
        again: float | None = None
        while not self._closing.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(again):
                    await self._news.wait()
            self._news.clear()
            begun = time.monotonic()
            again = await self.push.tell(self._latest)
            await self._pause(max(TOGETHER_SECONDS, _TELLING_REST * (time.monotonic() - begun)))

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until the flusher is closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    async def _connected(self) -> AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await connect_ingest(statement_seconds=_STATEMENT_SECONDS)
            await self._session.begin(self._connection, now=utc_now())
            if mended := await self._session.mend(self._connection):
                logger.info("newest readings of %d writers that were killed are mended", mended)
        return self._connection

    async def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                await self._connection.close()
        self._connection = None
