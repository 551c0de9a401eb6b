"""What is stored of readings, hot and compacted, as one: the log of what came last and the chunks of what came before.

Both are read by one statement, so by one snapshot: readings that are moved from the log into chunks at the same moment
are found in one of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import psycopg
from django.db import connection

from tenants.scope.context import required_tenant
from twins.telemetry.chunks import Span, merged, ordered, start_of
from twins.telemetry.instants import micros, moment
from twins.telemetry.packing import Kept, joined, none_kept, unpack_chunks, unpack_log
from twins.telemetry.schemas import Ints

_BEHIND_ALL = np.iinfo(np.int64).max
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Before and after all readings."""

# The second column orders: the log by commits, the chunks of a signal by time.
_LOG = """
SELECT 0::bigint, commit, payload FROM twins_readinglog
WHERE tenant_id = %(tenant)s AND first_at < %(end)s AND last_at >= %(start)s"""
_PIECE = "signal, extract(epoch FROM start)::bigint, payload"
_CHUNKS = f"""
SELECT {_PIECE} FROM twins_chunk
WHERE tenant_id = %(tenant)s AND signal = ANY(%(signals)s::bigint[])
  AND start >= %(month)s AND start < %(end)s AND first_at < %(end)s AND last_at >= %(start)s"""  # noqa: S608
_SOME_CHUNKS = f"""
SELECT {_PIECE} FROM (
    SELECT *, sum(count) OVER (ORDER BY start, signal) - count AS before FROM twins_chunk
    WHERE (tenant_id, signal, start) IN (SELECT tenant_id, signal, start FROM ({
    _CHUNKS.replace(_PIECE, "tenant_id, signal, start")
}) AS asked)
) AS counted WHERE before < %(most)s"""  # noqa: S608
# With the mark, what was compacted is looked for only when some of it is asked for.
_NEW = f"""
SELECT 0::bigint, commit, payload FROM twins_readinglog
WHERE tenant_id = %(tenant)s AND commit > %(after)s AND commit <= %(upto)s
UNION ALL
SELECT {_PIECE} FROM twins_chunk
WHERE tenant_id = %(tenant)s AND commit > %(after)s
  AND %(after)s < (SELECT max(upto) FROM twins_compaction WHERE tenant_id = %(tenant)s)"""  # noqa: S608
_NEWEST_CHUNKS = """
SELECT c.signal, c.start, c.payload FROM unnest(%(signals)s::bigint[], %(before)s::timestamptz[]) AS s (signal, before)
CROSS JOIN LATERAL (
    SELECT signal, start, payload FROM twins_chunk
    WHERE tenant_id = %(tenant)s AND signal = s.signal AND start < s.before AND last_at >= %(start)s
    ORDER BY start DESC LIMIT 1) AS c"""


class Newest(NamedTuple):
    """The newest reading of a signal within a span."""

    at: int
    value: float
    quality: int


def stored(signals: Collection[int], start: datetime, end: datetime, *, most: int | None = None) -> dict[int, Kept]:
    """The readings of signals of the tenant in scope in ``[start, end)``, by signal in the order of time.

    Args:
        signals: One without readings has none.
        start: First instant.
        end: First instant after.
        most: About how many are read, whichever these are; for all of them None.
    """
    low, high = micros(start), micros(end)
    wanted = sorted(signals)
    parameters = {
        "tenant": required_tenant("readings"), "signals": wanted, "start": start, "end": end, "most": most,
        "month": moment(start_of(low, Span.MONTH)),
    }  # fmt: skip
    query = f"{_LOG} UNION ALL {_CHUNKS if most is None else _SOME_CHUNKS}"
    chunks, log = _unpacked(fetched(query, parameters))
    whole = _split(chunks, wanted, low, high)
    fresh = _of(_within(joined(log), low, high), wanted)
    return {signal: _together(whole.get(signal), fresh.get(signal)) for signal in wanted}


def logged(signals: Collection[int], low: int, high: int) -> dict[int, Ints]:
    """The instants in ``[low, high)`` of readings of signals of the tenant in scope that are not compacted yet."""
    parameters = {"tenant": required_tenant("readings"), "start": moment(low), "end": moment(high)}
    _, log = _unpacked(fetched(_LOG, parameters))
    fresh = _of(_within(joined(log), low, high), sorted(signals))
    return {signal: kept.at for signal, kept in fresh.items()}


def new(after: int, upto: int) -> Kept:
    """The readings of the tenant in scope that came with the commits after one count up to another, merged."""
    parameters = {"tenant": required_tenant("readings"), "after": after, "upto": upto}
    chunks, log = _unpacked(fetched(_NEW, parameters))
    found = joined([chunks, *log])
    return merged(found.where((found.commit > after) & (found.commit <= upto)))


def newest(
    signals: Collection[int], start: datetime, end: datetime, *, qualities: Collection[int] | None = None
) -> dict[int, Newest]:
    """The newest reading in ``[start, end)`` of each signal of the tenant in scope that has any there.

    Args:
        signals: Of the tenant.
        start: First instant.
        end: First instant after.
        qualities: Which qualities count; None for all.
    """
    tenant, low, high = required_tenant("readings"), micros(start), micros(end)
    parameters: dict[str, Any] = {"tenant": tenant, "start": start, "end": end}
    _, log = _unpacked(fetched(_LOG, parameters))
    recent = _of(_within(joined(log), low, high), sorted(signals))
    found = {signal: one for signal, kept in recent.items() if (one := _last(kept, qualities)) is not None}
    # Chunk by chunk backwards, for all signals at once, until each has one that counts or no chunk is left.
    before = dict.fromkeys(signals, end)
    while before:
        rows = fetched(_NEWEST_CHUNKS, parameters | {"signals": list(before), "before": list(before.values())})
        rows.sort(key=itemgetter(0))
        asked = unpack_chunks([(signal, payload) for signal, _, payload in rows])
        read = _split(asked, [signal for signal, *_ in rows], low, high)
        before = {}
        for signal, begins, _ in rows:
            one = _last(read[signal], qualities) if signal in read else None
            if one is None:
                before[signal] = begins
            elif signal not in found or found[signal].at < one.at:
                found[signal] = one
    return found


def fetched(query: str, parameters: dict[str, Any]) -> list[Any]:
    """Rows of a statement on the connection of the scope, in the binary form: payloads come as they are."""
    with connection.cursor() as opened, psycopg.Cursor(opened.cursor.connection) as cursor:
        return cursor.execute(query.encode(), parameters, binary=True, prepare=False).fetchall()


def _unpacked(rows: list[tuple[int, int, bytes]]) -> tuple[Kept, list[Kept]]:
    """What chunks hold, by signal in the order of time, and the log in the order of its commits."""
    rows.sort(key=itemgetter(0, 1))
    log = [unpack_log(payload, commit) for signal, commit, payload in rows if not signal]
    return unpack_chunks([(signal, payload) for signal, _, payload in rows if signal]), log


def _within(kept: Kept, low: int, high: int) -> Kept:
    inside = (kept.at >= low) & (kept.at < high)
    return kept if inside.all() else kept.where(inside)


def _of(log: Kept, wanted: Sequence[int]) -> dict[int, Kept]:
    """What a log has of some signals, in order."""
    if not (log.size and wanted):
        return {}
    known = np.array(wanted, np.int64)
    place = np.minimum(np.searchsorted(known, log.signal), known.size - 1)
    return _split(ordered(log.where(known[place] == log.signal)), wanted)


def _split(found: Kept, signals: Sequence[int], low: int | None = None, high: int | None = None) -> dict[int, Kept]:
    """Readings in order, by their signals; all of these are among those named, in ascending order.

    Args:
        found: The readings.
        signals: Whose they are; one without any has no part.
        low: With `high` the span of time that is wanted of them; None for all of it.
        high: Its end.
    """
    edges = np.searchsorted(found.signal, np.append(np.array(signals, np.int64), _BEHIND_ALL)).tolist()
    parts: dict[int, Kept] = {}
    for signal, first, last in zip(signals, edges[:-1], edges[1:], strict=True):
        begin, end = first, last
        if low is not None and high is not None and first < last:
            begin, end = (np.searchsorted(found.at[first:last], [low, high]) + first).tolist()
        if begin < end:
            parts[signal] = found.where(slice(begin, end))
    return parts


def _together(whole: Kept | None, fresh: Kept | None) -> Kept:
    """What chunks hold of a signal, and what came after they were made."""
    if fresh is None:
        return none_kept() if whole is None else whole
    if whole is None:
        return merged(fresh)
    if whole.at[-1] < fresh.at[0]:
        return joined([whole, merged(fresh)])
    return merged(joined([whole, fresh]))


def _last(kept: Kept, qualities: Collection[int] | None) -> Newest | None:
    places = np.arange(kept.size) if qualities is None else np.flatnonzero(np.isin(kept.quality, list(qualities)))
    if not places.size:
        return None
    place = places[-1]
    return Newest(int(kept.at[place]), float(kept.value[place]), int(kept.quality[place]))
