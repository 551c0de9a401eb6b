"""Who writes readings, so that what a killed writer left undone is found: newest readings it had not flushed.

A writer enters itself and holds an advisory lock as long as its connection lives; a session whose lock is free is that
of a writer that was killed. The next one that starts looks through the readings of what was committed since its last
flush and mends the newest readings.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from psycopg import AsyncConnection

from twins.telemetry.chunks import ordered
from twins.telemetry.latest import flush, newest_of
from twins.telemetry.packing import joined, unpack_log

_MARGIN = timedelta(minutes=1)
"""A commit takes less than this, so what was committed after a flush was begun less than this before it."""
_SPACE = 0x0077_0001
"""The first half of the locks' names, which keeps them apart from other locks."""

_LEFT = "SELECT id, flushed_at FROM twins_writersession"
_COMMITTED = """
SELECT tenant_id, commit, payload FROM twins_readinglog WHERE received_at >= %s ORDER BY tenant_id, commit"""


class Session:
    """This process among those that write readings."""

    def __init__(self) -> None:
        self._id = secrets.randbits(31)

    async def begin(self, connection: AsyncConnection[Any], *, now: datetime) -> None:
        """Enter ourselves; the connection must live as long as we write."""
        await connection.execute("SELECT pg_advisory_lock(%s, %s)", [_SPACE, self._id])
        await connection.execute(
            "INSERT INTO twins_writersession (id, flushed_at) VALUES (%s, %s) "
            "ON CONFLICT (id) DO UPDATE SET flushed_at = least(twins_writersession.flushed_at, excluded.flushed_at)",
            [self._id, now],
        )

    async def flushed(self, connection: AsyncConnection[Any], *, until: datetime) -> None:
        """Say that all that was committed before then is flushed."""
        await connection.execute("UPDATE twins_writersession SET flushed_at = %s WHERE id = %s", [until, self._id])

    async def end(self, connection: AsyncConnection[Any]) -> None:
        """Leave, with everything flushed."""
        await connection.execute("DELETE FROM twins_writersession WHERE id = %s", [self._id])
        await connection.execute("SELECT pg_advisory_unlock(%s, %s)", [_SPACE, self._id])

    async def mend(self, connection: AsyncConnection[Any]) -> int:
        """Flush what killed writers had not, and strike them out.

        Returns:
            How many there were.
        """
        cursor = await connection.execute(_LEFT)
        mended = 0
        for session, flushed_at in await cursor.fetchall():
            if session != self._id and await _take(connection, session):
                await _mend(connection, flushed_at - _MARGIN)
                await connection.execute("DELETE FROM twins_writersession WHERE id = %s", [session])
                await connection.execute("SELECT pg_advisory_unlock(%s, %s)", [_SPACE, session])
                mended += 1
        return mended


async def _take(connection: AsyncConnection[Any], session: int) -> bool:
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s, %s)", [_SPACE, session])
    row = await cursor.fetchone()
    return bool(row and row[0])


async def _mend(connection: AsyncConnection[Any], since: datetime) -> None:
    """Flush what is still in the log; what is not was flushed when it was compacted."""
    cursor = await connection.execute(_COMMITTED, [since], binary=True)
    for tenant, rows in groupby(await cursor.fetchall(), key=itemgetter(0)):
        kept = ordered(joined([unpack_log(payload, commit) for _, commit, payload in rows]))
        await flush(connection, newest_of(tenant, kept))
