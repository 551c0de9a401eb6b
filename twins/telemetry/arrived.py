"""What came in since: told from the newest commit of each chunk, so that what came in time is not read.

Chunks lie in partitions of the month they are of, each with an index of its own by commit: in that of a month that is
over, whatever has a newer commit came late. Whether there is any is told first by the batches, which know their bounds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from django.db import connection

from tenants.scope.context import required_tenant
from twins.telemetry.chunks import Span, start_of
from twins.telemetry.instants import micros, moment
from twins.telemetry.models import Compaction
from twins.telemetry.packing import Kept, unpack_chunk
from twins.telemetry.stored import fetched

_BEFORE = """
SELECT coalesce(min(commit) - 1, %(upto)s) FROM twins_batch
WHERE tenant_id = %(tenant)s AND received_at >= %(moment)s AND commit <= %(upto)s"""
_ANY = """
SELECT min(commit) - 1 FROM twins_batch AS b
WHERE tenant_id = %(tenant)s AND commit > %(after)s AND commit <= %(upto)s AND EXISTS (
    SELECT FROM unnest(%(low)s::timestamptz[], %(high)s::timestamptz[]) AS s (low, high)
    WHERE b.first_at < s.high AND b.last_at >= s.low)"""
_CHUNKS = """
SELECT (s.place - 1)::bigint, c.signal, c.commit,
       CASE WHEN %(each)s OR c.commit > %(upto)s OR c.first_at < s.low OR c.last_at >= s.high THEN c.payload END
FROM unnest(%(month)s::timestamptz[], %(low)s::timestamptz[], %(high)s::timestamptz[])
     WITH ORDINALITY AS s (month, low, high, place)
JOIN twins_chunk c ON c.tenant_id = %(tenant)s AND c.start >= s.month AND c.start < s.high
     AND c.first_at < s.high AND c.last_at >= s.low AND c.commit > %(after)s"""


class Came(NamedTuple):
    """That readings of a signal within a span came with a commit; `span` is the place of the span in its list."""

    span: int
    signal: int
    commit: int


def compacted_upto() -> int:
    """The count of commits of the tenant in scope up to which all readings are in chunks."""
    return Compaction.objects.values_list("upto", flat=True).first() or 0


def commits_before(arrival: datetime, upto: int) -> int:
    """The count of commits of the tenant in scope up to which all came before a moment; ``upto`` at most."""
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, {"tenant": required_tenant("readings"), "moment": arrival, "upto": upto})
        found: int = cursor.fetchone()[0]
    return found


def came_since(
    spans: Sequence[tuple[datetime, datetime]], after: int, upto: int, *, each: bool = False
) -> Collection[Came]:
    """Which signals have readings within spans that came with the commits after one count up to another.

    Args:
        spans: Half-open spans of time.
        after: The count of commits that are known.
        upto: The count up to which readings are in chunks.
        each: Whether all of these commits are wanted; else of a chunk within a span the newest is enough.
    """
    parameters: dict[str, Any] = {
        "tenant": required_tenant("readings"), "after": after, "upto": upto, "each": each,
        "low": [low for low, _ in spans], "high": [high for _, high in spans],
        "month": [moment(start_of(micros(low), Span.MONTH)) for low, _ in spans],
    }  # fmt: skip
    if not spans or after >= upto or (first := fetched(_ANY, parameters)[0][0]) is None:
        return ()
    found = set[Came]()
    for place, signal, commit, payload in fetched(_CHUNKS, parameters | {"after": first}):
        commits = [commit] if payload is None else _commits(unpack_chunk(payload, signal), spans[place], first, upto)
        found.update(Came(place, signal, one) for one in commits)
    return found


def _commits(kept: Kept, span: tuple[datetime, datetime], after: int, upto: int) -> list[int]:
    """The commits of a count on which readings within a span came."""
    low, high = map(micros, span)
    within = (kept.at >= low) & (kept.at < high) & (kept.commit > after) & (kept.commit <= upto)
    commits: list[int] = np.unique(kept.commit[within]).tolist()
    return commits
