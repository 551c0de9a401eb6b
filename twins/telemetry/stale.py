"""Newest readings whose source is known to be gone: they are stale from that instant, and no reading is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import psycopg
from psycopg import AsyncConnection

from twins.telemetry import binary
from twins.telemetry.connections import connect_ingest
from twins.telemetry.instants import moment
from twins.telemetry.intake import Intake
from twins.telemetry.latest import Changed
from twins.telemetry.push import Push
from twins.telemetry.schemas import Bindings, Ints, Quality, Source

_MARK = """
UPDATE twins_latestreading SET quality = %s
WHERE tenant_id = %s AND signal = ANY(%s) AND at <= %s AND quality <> %s
RETURNING signal, (extract(epoch FROM at) * 1000000)::bigint, value, commit"""
_STATEMENT_SECONDS = 30


class Staleness:
    """Marks newest readings as stale. The next reading of a signal takes the mark away.

    Args:
        redis_url: Where live values are published.
        intake: Knows what keys mean.
    """

    def __init__(self, redis_url: str, intake: Intake) -> None:
        self._push = Push(redis_url)
        self._intake = intake
        self._connection: AsyncConnection[Any] | None = None

    async def mark(self, source: Source, keys: Sequence[str], *, until_us: int) -> None:
        """Mark what the keys of a gateway lead to, as far as it was read by then, and tell those who watch.

        Args:
            source: The gateway.
            keys: Its keys.
            until_us: The instant in microseconds since 1970.

        Raises:
            psycopg.Error: It could not be written.
            UnavailableError: The database cannot be reached.
        """
        bindings = await self._intake.bindings(source)
        signals = _signals(bindings, keys)
        if not signals.size:
            return
        if self._connection is None or self._connection.closed:
            self._connection = await connect_ingest(statement_seconds=_STATEMENT_SECONDS)
        stale = int(Quality.STALE)
        parameters = [stale, source.tenant, signals.tolist(), moment(until_us), stale]
        cursor = await self._connection.execute(_MARK, parameters)
        rows = await cursor.fetchall()
        if rows:
            self._push.learn(bindings.places)
            await self._push.publish(_changed(source, rows))

    async def close(self) -> None:
        """Give the connections back."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                await self._connection.close()
        await self._push.close()


def _signals(bindings: Bindings, keys: Sequence[str]) -> Ints:
    numbers = [number for number in bindings.numbers(list(keys)).tolist() if number >= 0]
    own = [bindings.signal[bindings.start[one] : bindings.start[one] + bindings.count[one]] for one in numbers]
    return np.unique(np.concatenate(own)) if own else np.empty(0, np.int64)


def _changed(source: Source, rows: Sequence[tuple[Any, ...]]) -> Changed:
    signal, at, value, commit = (list(column) for column in zip(*sorted(rows), strict=True))
    return Changed(
        tenant=binary.uuids([source.tenant] * len(rows)),
        signal=np.array(signal, np.int64),
        at=np.array(at, np.int64),
        value=np.array(value, np.float64),
        commit=np.array(commit, np.int64),
        quality=np.full(len(rows), Quality.STALE, np.int16),
    )
