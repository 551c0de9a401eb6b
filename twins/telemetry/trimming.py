"""Readings that are kept no longer go: chunks that are past as a whole, and of one that reaches beyond what is past."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Sum
from psycopg import Connection

from tenants.scope.context import required_tenant
from twins.telemetry.chunks import Place, Span
from twins.telemetry.compaction import compact, hold, write_chunks
from twins.telemetry.connections import open_ingest
from twins.telemetry.instants import micros
from twins.telemetry.models import Chunk
from twins.telemetry.packing import Kept, unpack_chunk
from twins.telemetry.stored import fetched

_AT_ONCE = 2000
_STATEMENT_SECONDS = 300

_PAST = """
WITH past AS (
    SELECT signal, start FROM twins_chunk WHERE tenant_id = %(tenant)s AND start < %(before)s AND last_at < %(before)s
    LIMIT %(most)s
), gone AS (
    DELETE FROM twins_chunk c USING past
    WHERE c.tenant_id = %(tenant)s AND c.signal = past.signal AND c.start = past.start RETURNING c.count
) SELECT count(*), coalesce(sum(count), 0)::bigint FROM gone"""
_STRADDLING = """
SELECT signal, start, span, rolled, payload FROM twins_chunk
WHERE tenant_id = %(tenant)s AND start < %(before)s AND first_at < %(before)s AND last_at >= %(before)s
LIMIT %(most)s"""


class _Past:
    """Readings that are past their time."""

    def count(self, before: datetime) -> int:
        """How many readings in chunks the tenant in scope has from before an instant."""
        parameters = {"tenant": required_tenant("readings"), "before": before, "most": None}
        rows = fetched(_STRADDLING, parameters)
        past = sum(int((unpack_chunk(row[-1], row[0]).at < micros(before)).sum()) for row in rows)
        whole = Chunk.objects.filter(start__lt=before, last_at__lt=before).aggregate(readings=Sum("count"))
        return past + int(whole["readings"] or 0)

    def drop(self, tenant: UUID, before: datetime) -> int:
        """Delete the readings of a tenant from before an instant; how many. What they came to by the hour stays.

        Raises:
            psycopg.Error: What was not deleted is deleted the next time.
        """
        compact(tenant, wait=True)
        total = 0
        with open_ingest(statement_seconds=_STATEMENT_SECONDS) as connection:
            for step in (_drop, _trim):
                chunks = _AT_ONCE
                while chunks == _AT_ONCE:
                    with connection.transaction():
                        hold(connection, tenant)
                        chunks, readings = step(connection, tenant, before)
                    total += readings
        return total


PAST = _Past()


def _drop(connection: Connection[Any], tenant: UUID, before: datetime) -> tuple[int, int]:
    row = connection.execute(_PAST, {"tenant": tenant, "before": before, "most": _AT_ONCE}).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _trim(connection: Connection[Any], tenant: UUID, before: datetime) -> tuple[int, int]:
    rows = connection.execute(
        _STRADDLING, {"tenant": tenant, "before": before, "most": _AT_ONCE}, binary=True
    ).fetchall()
    left: dict[bool, list[tuple[Place, Kept]]] = {True: [], False: []}
    gone = 0
    for signal, start, span, rolled, payload in rows:
        kept = unpack_chunk(payload, signal)
        later = kept.where(kept.at >= micros(before))
        gone += kept.size - later.size
        left[rolled].append((Place(signal, micros(start), Span(span)), later))
    for rolled, chunks in left.items():
        write_chunks(connection, tenant, chunks, rolled=rolled)
    return len(rows), gone
