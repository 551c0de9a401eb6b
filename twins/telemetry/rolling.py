"""The rollups of hours and days, kept: made of each chunk when its time is over, and anew after late readings.

They outlive the readings: of a chunk the hours from its first reading on are made anew, those before it stay.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from psycopg import Connection

from twins.telemetry import binary
from twins.telemetry.binary import Array
from twins.telemetry.chunks import Span, start_of
from twins.telemetry.compaction import hold
from twins.telemetry.connections import open_ingest
from twins.telemetry.instants import micros
from twins.telemetry.packing import pack_rollups, unpack_chunk, unpack_rollups
from twins.telemetry.rollups import Stretch, by_day, no_rollups, replaced, roll_up, start_of_year
from twins.telemetry.series import Grain, Rollups

SETTLED = timedelta(minutes=10)
"""How long after its time a chunk is rolled up: what is a little late need not be rolled up twice."""
_AT_ONCE = 2000
_STATEMENT_SECONDS = 300

_DUE = """
SELECT DISTINCT tenant_id FROM twins_chunk WHERE NOT rolled AND start < %s"""
_CHUNKS = """
SELECT signal, start, begins, finish, payload FROM (
    SELECT signal, start, payload, date_trunc('hour', first_at) AS begins,
           start + (CASE span WHEN 1 THEN '1 hour' WHEN 2 THEN '1 day' ELSE '1 month' END)::interval AS finish
    FROM twins_chunk WHERE tenant_id = %s AND NOT rolled
) AS chunk WHERE finish <= %s ORDER BY signal, start LIMIT %s"""
_KEPT = """
SELECT r.signal, r.grain, r.start, r.payload FROM unnest(%s, %s, %s) AS w (signal, grain, start)
JOIN twins_rollup r ON r.tenant_id = %s AND r.signal = w.signal AND r.grain = w.grain AND r.start = w.start"""
_WRITE = """
INSERT INTO twins_rollup (tenant_id, signal, grain, start, payload) SELECT %s, * FROM unnest(%s, %s, %s, %b) AS r
ON CONFLICT (tenant_id, signal, grain, start) DO UPDATE SET payload = excluded.payload"""
_ROLLED = """
UPDATE twins_chunk c SET rolled = true FROM unnest(%s, %s) AS w (signal, start)
WHERE c.tenant_id = %s AND c.signal = w.signal AND c.start = w.start"""

_Key = tuple[int, Grain, int]
"""Signal, grain and first instant of the month (hours) or year (days) of a row."""

logger = logging.getLogger("outturn.compaction")


def due(*, now: datetime) -> list[UUID]:
    """The tenants that have chunks to roll up."""
    with open_ingest(statement_seconds=_STATEMENT_SECONDS) as connection:
        return [row[0] for row in connection.execute(_DUE, [now - SETTLED - timedelta(hours=1)])]


def roll(tenant: UUID, *, now: datetime) -> int:
    """Roll up the chunks of a tenant whose time is over; how many.

    Raises:
        psycopg.Error: What was not rolled up is tried again.
    """
    total = 0
    with open_ingest(statement_seconds=_STATEMENT_SECONDS) as connection:
        while (done := _roll_some(connection, tenant, now)) == _AT_ONCE:
            total += done
    return total + done


def _roll_some(connection: Connection[Any], tenant: UUID, now: datetime) -> int:
    with connection.transaction():
        hold(connection, tenant)
        rows = connection.execute(_CHUNKS, [tenant, now - SETTLED, _AT_ONCE], binary=True).fetchall()
        if not rows:
            return 0
        chunks = [(signal, Stretch(micros(begins), micros(end)), payload) for signal, _, begins, end, payload in rows]
        hours = _hours(connection, tenant, chunks)
        _write(connection, tenant, hours)
        _write(connection, tenant, _days(connection, tenant, chunks, hours))
        signals = Array(binary.INT8, np.array([signal for signal, _, _ in chunks], np.int64))
        starts = Array(binary.INSTANT, np.array([micros(row[1]) for row in rows], np.int64))
        connection.execute(_ROLLED, [signals, starts, tenant])
        return len(rows)


def _hours(connection: Connection[Any], tenant: UUID, chunks: list[tuple[int, Stretch, bytes]]) -> dict[_Key, Rollups]:
    """The rows of hours that the chunks are part of, with the hours of the chunks made anew."""
    keys = [(signal, Grain.HOUR, start_of(stretch.low, Span.MONTH)) for signal, stretch, _ in chunks]
    rows = _kept(connection, tenant, keys)
    for key, (signal, stretch, payload) in zip(keys, chunks, strict=True):
        newer = roll_up(unpack_chunk(payload, signal), Grain.HOUR)
        rows[key] = replaced(rows.get(key) or no_rollups(), newer, [stretch])
    return rows


def _days(
    connection: Connection[Any], tenant: UUID, chunks: list[tuple[int, Stretch, bytes]], hours: dict[_Key, Rollups]
) -> dict[_Key, Rollups]:
    """The rows of days that the chunks are part of, with the months of the chunks made anew from their hours."""
    months = {(signal, start_of(stretch.low, Span.MONTH)) for signal, stretch, _ in chunks}
    rows = _kept(connection, tenant, [(signal, Grain.DAY, start_of_year(month)) for signal, month in months])
    for signal, month in months:
        key = (signal, Grain.DAY, start_of_year(month))
        following = start_of(month + 32 * int(Grain.DAY), Span.MONTH)
        newer = by_day(hours[signal, Grain.HOUR, month])
        rows[key] = replaced(rows.get(key) or no_rollups(), newer, [Stretch(month, following)])
    return rows


def _kept(connection: Connection[Any], tenant: UUID, keys: Iterable[_Key]) -> dict[_Key, Rollups]:
    rows = connection.execute(_KEPT, [*_columns(sorted(set(keys))), tenant], binary=True)
    return {(signal, Grain(grain), micros(start)): unpack_rollups(payload) for signal, grain, start, payload in rows}


def _write(connection: Connection[Any], tenant: UUID, rows: dict[_Key, Rollups]) -> None:
    connection.execute(_WRITE, [tenant, *_columns(list(rows)), [pack_rollups(rolled) for rolled in rows.values()]])


def _columns(keys: list[_Key]) -> Iterator[Array]:
    for place, kind in enumerate((binary.INT8, binary.INT8, binary.INSTANT)):
        yield Array(kind, np.array([key[place] for key in keys], np.int64))
