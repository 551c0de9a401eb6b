"""What is stored of readings, hot and compacted, as one: the log of what came last and the chunks of what came before.

Both are read by one statement, so by one snapshot: readings that are moved from the log into chunks at the same moment
are found in one of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import psycopg
from django.db import connection

from tenants.scope.context import required_tenant
from twins.telemetry.chunks import Span, merged, ordered, start_of
from twins.telemetry.instants import micros, moment
from twins.telemetry.packing import Kept, joined, none_kept, unpack_chunk, unpack_log
from twins.telemetry.schemas import Ints

FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Before and after all readings."""

_LOG = """
SELECT 0::bigint, commit, payload FROM twins_readinglog
WHERE tenant_id = %(tenant)s AND first_at < %(end)s AND last_at >= %(start)s"""
_CHUNKS = """
SELECT signal, commit, payload FROM twins_chunk
WHERE tenant_id = %(tenant)s AND signal = ANY(%(signals)s::bigint[])
  AND start >= %(month)s AND start < %(end)s AND first_at < %(end)s AND last_at >= %(start)s"""
_SOME_CHUNKS = f"""
SELECT signal, commit, payload FROM (
    SELECT *, sum(count) OVER (ORDER BY start, signal) - count AS before FROM twins_chunk
    WHERE (tenant_id, signal, start) IN (SELECT tenant_id, signal, start FROM ({
    _CHUNKS.replace("signal, commit, payload", "tenant_id, signal, start")
}) AS asked)
) AS counted WHERE before < %(most)s"""  # noqa: S608
# With the mark, what was compacted is looked for only when some of it is asked for.
_NEW = """
SELECT 0::bigint, commit, payload FROM twins_readinglog
WHERE tenant_id = %(tenant)s AND commit > %(after)s AND commit <= %(upto)s
UNION ALL
SELECT signal, commit, payload FROM twins_chunk
WHERE tenant_id = %(tenant)s AND commit > %(after)s
  AND %(after)s < (SELECT max(upto) FROM twins_compaction WHERE tenant_id = %(tenant)s)"""
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
    fresh = _by_signal(_within(joined(log), low, high), wanted) if log else {}
    return {
        signal: _together(
            [_sliced(part, low, high) for part in sorted(chunks.get(signal, []), key=lambda one: int(one.at[0]))],
            fresh.get(signal),
        )
        for signal in wanted
    }


def logged(signals: Collection[int], low: int, high: int) -> dict[int, Ints]:
    """The instants in ``[low, high)`` of readings of signals of the tenant in scope that are not compacted yet."""
    parameters = {"tenant": required_tenant("readings"), "start": moment(low), "end": moment(high)}
    _, log = _unpacked(fetched(_LOG, parameters))
    fresh = _by_signal(_within(joined(log), low, high), sorted(signals)) if log else {}
    return {signal: kept.at for signal, kept in fresh.items()}


def new(after: int, upto: int) -> Kept:
    """The readings of the tenant in scope that came with the commits after one count up to another, merged."""
    parameters = {"tenant": required_tenant("readings"), "after": after, "upto": upto}
    chunks, log = _unpacked(fetched(_NEW, parameters))
    found = joined([part for parts in chunks.values() for part in parts] + log)
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
    recent = _by_signal(_within(joined(log), low, high), sorted(signals)) if log else {}
    found = {signal: one for signal, kept in recent.items() if (one := _last(kept, qualities)) is not None}
    # Chunk by chunk backwards, for all signals at once, until each has one that counts or no chunk is left.
    before = dict.fromkeys(signals, end)
    while before:
        rows = fetched(_NEWEST_CHUNKS, parameters | {"signals": list(before), "before": list(before.values())})
        before = {}
        for signal, begins, payload in rows:
            one = _last(_sliced(unpack_chunk(payload, signal), low, high), qualities)
            if one is None:
                before[signal] = begins
            elif signal not in found or found[signal].at < one.at:
                found[signal] = one
    return found


def fetched(query: str, parameters: dict[str, Any]) -> list[Any]:
    """Rows of a statement on the connection of the scope, in the binary form: payloads come as they are."""
    with connection.cursor() as opened, psycopg.Cursor(opened.cursor.connection) as cursor:
        return cursor.execute(query.encode(), parameters, binary=True, prepare=False).fetchall()


def _unpacked(rows: Iterable[tuple[int, int, bytes]]) -> tuple[dict[int, list[Kept]], list[Kept]]:
    """Chunks by signal, and the log in the order of its commits."""
    chunks: dict[int, list[Kept]] = {}
    log = []
    for signal, commit, payload in rows:
        if signal:
            chunks.setdefault(signal, []).append(unpack_chunk(payload, signal))
        else:
            log.append((commit, payload))
    return chunks, [unpack_log(payload, commit) for commit, payload in sorted(log, key=lambda one: one[0])]


def _sliced(kept: Kept, low: int, high: int) -> Kept:
    """Those of one signal within a span."""
    if low <= kept.at[0] and kept.at[-1] < high:
        return kept
    first, last = np.searchsorted(kept.at, [low, high])
    return kept.where(slice(first, last))


def _within(kept: Kept, low: int, high: int) -> Kept:
    inside = (kept.at >= low) & (kept.at < high)
    return kept if inside.all() else kept.where(inside)


def _by_signal(log: Kept, wanted: Sequence[int]) -> dict[int, Kept]:
    """What a log has of some signals, in order."""
    known = np.array(wanted, np.int64)
    place = np.minimum(np.searchsorted(known, log.signal), max(known.size - 1, 0))
    kept = ordered(log.where(known[place] == log.signal)) if known.size else none_kept()
    edges = np.searchsorted(kept.signal, np.append(known, known[-1:] + 1))
    return {
        signal: kept.where(slice(low, high))
        for signal, low, high in zip(wanted, edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        if low < high
    }


def _together(parts: list[Kept], fresh: Kept | None) -> Kept:
    """Chunks in the order of time and what came after they were made."""
    if fresh is None:
        return joined(parts)
    if not parts or not parts[-1].size or parts[-1].at[-1] < fresh.at[0]:
        return joined([*parts, merged(fresh)])
    return merged(joined([*parts, fresh]))


def _last(kept: Kept, qualities: Collection[int] | None) -> Newest | None:
    places = np.arange(kept.size) if qualities is None else np.flatnonzero(np.isin(kept.quality, list(qualities)))
    if not places.size:
        return None
    place = places[-1]
    return Newest(int(kept.at[place]), float(kept.value[place]), int(kept.quality[place]))
