"""From the log of what came last into chunks, one for each signal and hour; what came late joins the chunk of its hour.

The log keeps writing quick and is short: it is compacted when it has many rows or readings, or when its oldest row is a
few minutes old. A tenant is compacted by one process at a time, in a transaction that writes the chunks, moves the mark
and deletes what it took from the log; a process that is killed leaves everything as it was.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from psycopg import Connection

from twins.telemetry import binary
from twins.telemetry.binary import Array
from twins.telemetry.chunks import Cells, Place, Span, cells_of, merged, ordered, pieces, starts
from twins.telemetry.connections import open_ingest
from twins.telemetry.instants import micros
from twins.telemetry.latest import newest_of, write_latest
from twins.telemetry.packing import Kept, joined, pack_chunk, unpack_chunk, unpack_log
from twins.telemetry.partitions import Partitions

OLDEST = timedelta(minutes=5)
"""How long readings stay in the log at most, while there is somebody to compact it."""
MOST_ROWS = 1000
MOST_READINGS = 2_000_000
"""How much a tenant's log may hold before it is compacted sooner."""
_ROWS_AT_ONCE = 2000
_READINGS_AT_ONCE = 2_000_000
_CHUNKS_AT_ONCE = 2000
_SPACE = 0x0077_0002
"""The first half of the locks' names, which keeps them apart from other locks."""
_STATEMENT_SECONDS = 300

_DUE = "SELECT DISTINCT tenant_id FROM twins_readinglog WHERE received_at < %s"
_TRY = "SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))"
_WAIT = "SELECT pg_advisory_xact_lock(%s, hashtext(%s)) IS NOT NULL"
_LOG = """
SELECT commit, payload FROM (
    SELECT commit, payload, sum(count) OVER (ORDER BY commit) - count AS before FROM twins_readinglog
    WHERE tenant_id = %s ORDER BY commit LIMIT %s
) AS counted WHERE before < %s ORDER BY commit"""
_COVERING = """
SELECT c.signal, c.start, c.span, c.payload FROM unnest(%s, %s, %s) AS w (signal, start, span)
JOIN twins_chunk c ON c.tenant_id = %s AND c.signal = w.signal AND c.start = w.start AND c.span = w.span"""
_DIVIDED = """
SELECT
    EXISTS (SELECT FROM twins_chunk c WHERE c.tenant_id = %s AND c.signal = w.signal
            AND c.start >= w.day AND c.start < w.day + interval '1 day'),
    EXISTS (SELECT FROM twins_chunk c WHERE c.tenant_id = %s AND c.signal = w.signal
            AND c.start >= w.month AND c.start < w.month + interval '1 month')
FROM unnest(%s, %s, %s) WITH ORDINALITY AS w (signal, day, month, place) ORDER BY place"""
_REMOVE = """
DELETE FROM twins_chunk c USING unnest(%s, %s) AS gone (signal, start)
WHERE c.tenant_id = %s AND c.signal = gone.signal AND c.start = gone.start"""
_WRITE = """
INSERT INTO twins_chunk
    (tenant_id, rolled, signal, start, span, count, first_at, last_at, low, high, sum, last, commit, payload)
SELECT %s, %s, c.* FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %b) AS c
ON CONFLICT (tenant_id, signal, start) DO UPDATE SET
    span = excluded.span, count = excluded.count, first_at = excluded.first_at, last_at = excluded.last_at,
    low = excluded.low, high = excluded.high, sum = excluded.sum, last = excluded.last, commit = excluded.commit,
    payload = excluded.payload, rolled = excluded.rolled"""
_MARK = """
INSERT INTO twins_compaction AS c (tenant_id, upto) VALUES (%s, %s)
ON CONFLICT (tenant_id) DO UPDATE SET upto = greatest(c.upto, excluded.upto)"""
_TAKEN = "DELETE FROM twins_readinglog WHERE tenant_id = %s AND commit = ANY(%s)"

logger = logging.getLogger("outturn.compaction")


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction did: rows of the log, readings in them, chunks that were written."""

    rows: int = 0
    readings: int = 0
    chunks: int = 0


def due(*, now: datetime) -> list[UUID]:
    """The tenants whose log has readings that came long enough ago."""
    with open_ingest(statement_seconds=_STATEMENT_SECONDS) as connection:
        return [row[0] for row in connection.execute(_DUE, [now - OLDEST])]


def compact(tenant: UUID, *, wait: bool = False) -> Compacted:
    """Compact the log of a tenant as it is at the beginning.

    Args:
        tenant: Whose.
        wait: Whether to wait while another process compacts it; else nothing is done then.

    Raises:
        psycopg.Error: What was not compacted is where it was.
    """
    total = Compacted()
    with open_ingest(statement_seconds=_STATEMENT_SECONDS) as connection:
        partitions = Partitions()
        while (step := _compact_some(connection, partitions, tenant, wait=wait)).rows:
            total = Compacted(
                total.rows + step.rows, total.readings + step.readings, total.chunks + step.chunks
            )  # fmt: skip
            if step.rows < _ROWS_AT_ONCE and step.readings < _READINGS_AT_ONCE:
                break
    if total.rows:
        logger.info("compacted %d readings of %d commits into %d chunks", total.readings, total.rows, total.chunks)
    return total


def write_chunks(
    connection: Connection[Any], tenant: UUID, chunks: Sequence[tuple[Place, Kept]], *, rolled: bool = False
) -> None:
    """Write chunks, in place of those that are there.

    Args:
        connection: Of the ingest role, in a transaction that holds the tenant.
        tenant: Whose.
        chunks: Each with its readings, merged; none is empty.
        rolled: Whether the rollups know of them.
    """
    for first in range(0, len(chunks), _CHUNKS_AT_ONCE):
        some = chunks[first : first + _CHUNKS_AT_ONCE]
        connection.execute(_WRITE, [tenant, rolled, *_columns(some)])


def hold(connection: Connection[Any], tenant: UUID, *, wait: bool = True) -> bool:
    """Be the one who changes the chunks of a tenant until the transaction ends; False when another is."""
    return bool(connection.execute(_WAIT if wait else _TRY, [_SPACE, str(tenant)]).fetchall()[0][0])


def _compact_some(connection: Connection[Any], partitions: Partitions, tenant: UUID, *, wait: bool) -> Compacted:
    with connection.transaction():
        if not hold(connection, tenant, wait=wait):
            return Compacted()
        log = connection.execute(_LOG, [tenant, _ROWS_AT_ONCE, _READINGS_AT_ONCE], binary=True).fetchall()
        if not log:
            return Compacted()
        commits = [commit for commit, _ in log]
        fresh = ordered(joined([unpack_log(payload, commit) for commit, payload in log]))
        partitions.provide(connection, fresh)
        chunks = _write(connection, tenant, fresh)
        connection.execute(_TAKEN, [tenant, commits])
        connection.execute(_MARK, [tenant, commits[-1]])
        # What a killed writer had not flushed; last, because a flush under way wants the same rows.
        write_latest(connection, newest_of(tenant, fresh))
        return Compacted(len(log), fresh.size, chunks)


def _write(connection: Connection[Any], tenant: UUID, fresh: Kept) -> int:
    """Bring readings, ordered, into their chunks; how many chunks were written."""
    cells = cells_of(fresh)
    there = _covering(connection, tenant, cells)
    new: dict[Place, list[Kept]] = {}
    for place, low, high in zip(
        _places(connection, tenant, cells, there), cells.first.tolist(), cells.last.tolist(), strict=True
    ):
        new.setdefault(place, []).append(fresh.where(slice(low, high)))
    written = []
    for place, parts in new.items():
        known = there.get(place)
        kept = merged(joined(parts if known is None else [unpack_chunk(known, place.signal), *parts]))
        written += list(pieces(kept, place))
    kept_places = {(place.signal, place.start) for place, _ in written}
    _remove(connection, tenant, [place for place in new if (place.signal, place.start) not in kept_places])
    write_chunks(connection, tenant, written)
    return len(written)


def _covering(connection: Connection[Any], tenant: UUID, cells: Cells) -> dict[Place, bytes]:
    """The chunks that cover any of the cells, with their payloads."""
    asked = {
        (signal, start, int(span))
        for span in Span
        for signal, start in zip(cells.signal.tolist(), starts(cells.hour, span).tolist(), strict=True)
    }
    signal, start, span = (np.array(column, np.int64) for column in zip(*sorted(asked), strict=True))
    rows = connection.execute(
        _COVERING,
        [Array(binary.INT8, signal), Array(binary.INSTANT, start), Array(binary.INT2, span), tenant],
        binary=True,
    )
    return {Place(row[0], micros(row[1]), Span(row[2])): row[3] for row in rows}


def _places(connection: Connection[Any], tenant: UUID, cells: Cells, there: dict[Place, bytes]) -> Sequence[Place]:
    """The chunk that each cell belongs to: the one that covers it, else the longest that overlaps none."""
    by_span = {span: starts(cells.hour, span).tolist() for span in Span}
    signals = cells.signal.tolist()
    found = [
        next((place for span in Span if (place := Place(signal, by_span[span][number], span)) in there), None)
        for number, signal in enumerate(signals)
    ]
    homeless = [number for number, place in enumerate(found) if place is None]
    if homeless:
        days = np.array([by_span[Span.DAY][number] for number in homeless], np.int64)
        months = np.array([by_span[Span.MONTH][number] for number in homeless], np.int64)
        rows = connection.execute(
            _DIVIDED,
            [
                *(tenant, tenant, Array(binary.INT8, cells.signal[homeless])),
                *(Array(binary.INSTANT, days), Array(binary.INSTANT, months)),
            ],
            binary=True,
        )
        for number, (in_day, in_month) in zip(homeless, rows, strict=True):
            span = Span.HOUR if in_day else Span.DAY if in_month else Span.MONTH
            found[number] = Place(signals[number], by_span[span][number], span)
    return [place for place in found if place is not None]


def _remove(connection: Connection[Any], tenant: UUID, places: Sequence[Place]) -> None:
    """Remove chunks that fell apart, where none of the pieces takes their place."""
    if places:
        signal = np.array([place.signal for place in places], np.int64)
        start = np.array([place.start for place in places], np.int64)
        connection.execute(_REMOVE, [Array(binary.INT8, signal), Array(binary.INSTANT, start), tenant])


def _columns(written: Sequence[tuple[Place, Kept]]) -> Iterator[Any]:
    """The columns of the chunks, in the order of the statement."""
    kept = [part for _, part in written]
    columns: Iterable[tuple[binary.Type, list[Any], type]] = (
        (binary.INT8, [place.signal for place, _ in written], np.int64),
        (binary.INSTANT, [place.start for place, _ in written], np.int64),
        (binary.INT2, [int(place.span) for place, _ in written], np.int64),
        (binary.INT4, [part.size for part in kept], np.int64),
        (binary.INSTANT, [part.at[0] for part in kept], np.int64),
        (binary.INSTANT, [part.at[-1] for part in kept], np.int64),
        (binary.FLOAT8, [part.value.min() for part in kept], np.float64),
        (binary.FLOAT8, [part.value.max() for part in kept], np.float64),
        (binary.FLOAT8, [part.value.sum() for part in kept], np.float64),
        (binary.FLOAT8, [part.value[-1] for part in kept], np.float64),
        (binary.INT8, [part.commit.max() for part in kept], np.int64),
    )
    for kind, values, of in columns:
        yield Array(kind, np.array(values, of))
    yield [pack_chunk(part) for part in kept]
