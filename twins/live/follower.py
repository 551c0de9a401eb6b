"""The process that runs the steps: woken when readings are committed, and looking by itself for what it was not told.

Work is dealt out by tenant and step, a bounded piece at a time: what has more goes to the end of the line, so a tenant
with a backlog holds up no other. A step that fails pauses, longer each time, and only for that tenant.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import redis.asyncio
from django.db import close_old_connections, connection
from psycopg import AsyncConnection
from redis.exceptions import RedisError

from tenants.kernel.clock import utc_now
from twins.live.following import Progress, Step, follow_once
from twins.telemetry.connections import connect_ingest
from twins.telemetry.push import COMMITS

WORKERS = 4
SWEEP_SECONDS = 3.0
"""How often all tenants are looked at; what was not told, and times that another process was given, wait so long."""
_BUSY_SECONDS = 0.5
_RETRY_SECONDS = 1.0
_LONGEST_PAUSE = 60.0
_STATEMENT_SECONDS = 30
_FIRST_COMMITS, _MOST_COMMITS = 64, 4096
_FEW_READINGS, _MANY_READINGS = 20_000, 200_000

_DUE = """
SELECT c.tenant_id, s.step, CASE WHEN w.upto IS DISTINCT FROM c.value THEN NULL ELSE w.wanted_at END
FROM twins_commitcount c CROSS JOIN unnest(%(steps)s::text[]) AS s (step)
LEFT JOIN twins_watermark w ON w.tenant_id = c.tenant_id AND w.step = s.step
WHERE w.upto IS DISTINCT FROM c.value OR w.wanted_at <= %(soon)s
UNION ALL
SELECT w.tenant_id, w.step, w.wanted_at FROM twins_watermark w
WHERE w.wanted_at <= %(soon)s AND w.step = ANY(%(steps)s)
    AND NOT EXISTS (SELECT FROM twins_commitcount c WHERE c.tenant_id = w.tenant_id)"""

logger = logging.getLogger("outturn.follow")

Part = tuple[UUID, str]
"""A step of a tenant."""


@dataclass(slots=True)
class _State:
    """What is known of one step of one tenant while there is something to do."""

    commits: int
    is_waiting: bool = False
    is_again: bool = False
    failures: int = 0
    timer: asyncio.TimerHandle | None = None
    timer_at: float = field(default=0.0)


class Follower:
    """Runs steps for all tenants. It belongs to one event loop; several processes may run one each.

    Args:
        redis_url: Where commits are told.
        steps: What is run.
    """

    def __init__(self, redis_url: str, steps: Sequence[Step]) -> None:
        self._redis_url = redis_url
        self._steps: Mapping[str, Step] = {step.name: step for step in steps}
        self._states: dict[Part, _State] = {}
        self._line: asyncio.Queue[Part | None] = asyncio.Queue()
        self._connection: AsyncConnection[Any] | None = None
        self._stop = asyncio.Event()
        self.is_listening = False
        """Whether it hears of commits at once."""

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until told to stop; the pieces at hand are finished."""
        self._stop = stop
        workers = [asyncio.create_task(self._work()) for _ in range(WORKERS)]
        listening = asyncio.create_task(self._listen())
        await self._sweep_again_and_again()
        for _ in workers:
            self._line.put_nowait(None)
        listening.cancel()
        await asyncio.gather(*workers)
        with suppress(asyncio.CancelledError):
            await listening
        for state in self._states.values():
            if state.timer is not None:
                state.timer.cancel()
        await self._disconnect()

    # -- What there is to do

    def stirred(self, tenants: Sequence[UUID]) -> None:
        """Readings of these tenants were committed."""
        for tenant in tenants:
            for step in self._steps:
                self._offer((tenant, step))

    def _state(self, part: Part) -> _State:
        return self._states.setdefault(part, _State(_FIRST_COMMITS))

    def _offer(self, part: Part) -> None:
        state = self._state(part)
        if state.failures and state.timer is not None:  # it pauses, and will look at everything then
            return
        if state.is_waiting:
            state.is_again = True
            return
        state.is_waiting = True
        self._line.put_nowait(part)

    def _offer_later(self, part: Part, seconds: float) -> None:
        state = self._state(part)
        loop = asyncio.get_running_loop()
        at = loop.time() + max(seconds, 0.0)
        if state.timer is not None:
            if state.failures or state.timer_at <= at:  # a pause is kept
                return
            state.timer.cancel()
        state.timer_at = at
        state.timer = loop.call_at(at, self._ring, part)

    def _ring(self, part: Part) -> None:
        self._states[part].timer = None
        self._offer(part)

    # -- The work

    async def _work(self) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="follow") as thread:
            while (part := await self._line.get()) is not None:
                if not self._stop.is_set():
                    await self._follow(thread, part)
            thread.submit(_leave)

    async def _follow(self, thread: ThreadPoolExecutor, part: Part) -> None:
        state = self._states[part]
        state.is_again = False
        tenant, name = part
        loop = asyncio.get_running_loop()
        try:
            done = await loop.run_in_executor(thread, _piece, tenant, self._steps[name], state.commits)
        except Exception as error:  # noqa: BLE001 (whatever a step does, the others go on)
            state.is_waiting = False
            self._pause(part, state, error)
        else:
            state.is_waiting = False
            self._settle(part, state, done)

    def _pause(self, part: Part, state: _State, error: Exception) -> None:
        state.failures += 1
        state.commits = max(state.commits // 8, 1)  # whatever it stumbles over, less of it is read again
        pause = min(_RETRY_SECONDS * 2.0 ** (state.failures - 1), _LONGEST_PAUSE)
        tenant, name = part
        passing = isinstance(error, psycopg.OperationalError | OSError)
        logger.error(
            "step %s of tenant %s failed %d times, again in %.0f s: %s", name, tenant, state.failures, pause, error,
            exc_info=None if passing else error,
        )  # fmt: skip
        if state.timer is not None:
            state.timer.cancel()
            state.timer = None
        self._offer_later(part, pause)

    def _settle(self, part: Part, state: _State, done: Progress) -> None:
        state.failures = 0
        if done.was_busy:
            self._offer_later(part, _BUSY_SECONDS)
            return
        state.commits = _next_commits(state.commits, done.readings)
        if done.has_more or state.is_again:
            self._offer(part)
        elif done.wanted_at is not None:
            seconds = (done.wanted_at - utc_now()).total_seconds()
            if seconds < SWEEP_SECONDS * 2:  # later ones are found by looking
                self._offer_later(part, seconds)
        else:
            self._forget(part, state)

    def _forget(self, part: Part, state: _State) -> None:
        if state.timer is None and state.commits <= _FIRST_COMMITS:
            del self._states[part]

    # -- How it learns of it

    async def _listen(self) -> None:
        """Hear of commits until told to stop; without Redis nothing is missed, only later."""
        while not self._stop.is_set():
            client = redis.asyncio.from_url(self._redis_url)
            try:
                async with client, client.pubsub(ignore_subscribe_messages=True) as heard:
                    await heard.subscribe(COMMITS)
                    self.is_listening = True
                    while not self._stop.is_set():
                        message = await heard.get_message(timeout=1.0)
                        if message is not None:
                            self.stirred(_tenants(message["data"]))
            except (RedisError, OSError) as error:
                self.is_listening = False
                logger.warning("commits are not heard of, looking for them instead: %s", error)
                await self._rest(_RETRY_SECONDS)

    async def _sweep_again_and_again(self) -> None:
        while not self._stop.is_set():
            try:
                await self.sweep(now=utc_now())
            except (psycopg.Error, OSError) as error:
                logger.warning("tenants could not be looked at, trying again: %s", error)
                await self._disconnect()
            await self._rest(SWEEP_SECONDS)

    async def sweep(self, *, now: datetime) -> None:
        """Look at all tenants for what no step has seen yet, and for times that have come.

        Raises:
            psycopg.Error: The database cannot be asked.
        """
        if self._connection is None or self._connection.closed:
            self._connection = await connect_ingest(statement_seconds=_STATEMENT_SECONDS)
        soon = datetime.fromtimestamp(now.timestamp() + SWEEP_SECONDS, now.tzinfo)
        cursor = await self._connection.execute(_DUE, {"steps": list(self._steps), "soon": soon})
        for tenant, step, wanted_at in await cursor.fetchall():
            if wanted_at is None:
                self._offer((tenant, step))
            else:
                self._offer_later((tenant, step), (wanted_at - now).total_seconds())

    async def _rest(self, seconds: float) -> None:
        """Wait so long, or until told to stop."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()

    async def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                await self._connection.close()
        self._connection = None


def _piece(tenant: UUID, step: Step, commits: int) -> Progress:
    close_old_connections()
    return follow_once(tenant, step, commits=commits, now=utc_now())


def _leave() -> None:
    """Give back the connection of the thread that calls this."""
    connection.close()


def _next_commits(commits: int, readings: int) -> int:
    """How many commits the next piece may hold: so many that their readings fit well into memory."""
    if readings > _MANY_READINGS:
        return max(commits // 2, 1)
    return min(commits * 2, _MOST_COMMITS) if readings < _FEW_READINGS else commits


def _tenants(told: bytes) -> list[UUID]:
    return [UUID(bytes=told[place : place + 16]) for place in range(0, len(told) - 15, 16)]
