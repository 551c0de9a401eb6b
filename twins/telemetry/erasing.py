"""The readings of a twin that is erased."""

from __future__ import annotations

from uuid import UUID

from tenants.custody.eraser import BATCH, erasing
from twins.telemetry.compaction import compact

_STEP = """
WITH batch AS (
    SELECT signal, start FROM twins_chunk WHERE tenant_id = %(tenant)s AND signal = ANY(%(signals)s) LIMIT %(most)s
), gone AS (
    DELETE FROM twins_chunk AS chunk USING batch
    WHERE chunk.tenant_id = %(tenant)s AND chunk.signal = batch.signal AND chunk.start = batch.start
    RETURNING chunk.count
) SELECT count(*), coalesce(sum(count), 0) FROM gone"""
_LATEST = "DELETE FROM twins_latestreading WHERE tenant_id = %s AND signal = ANY(%s)"
_LATE = "DELETE FROM twins_latereadings WHERE tenant_id = %s AND signal = ANY(%s)"
_ROLLUPS = "DELETE FROM twins_rollup WHERE tenant_id = %s AND signal = ANY(%s)"
_SIGNALS = "SELECT id FROM twins_signal WHERE tenant_id = %s AND twin = %s"


def erase_readings(tenant: UUID, twin: UUID) -> int:
    """Erase the readings of a twin's signals, some chunks at a time; how many. The signals themselves stay.

    Readings that are still in the log stand there beside those of other twins, so it is compacted first.
    """
    compact(tenant, wait=True)
    with erasing(tenant) as eraser:
        eraser.cursor.execute(_SIGNALS, [tenant, twin])
        signals = [row[0] for row in eraser.cursor.fetchall()]
        eraser.cursor.execute(_LATE, [tenant, signals])
        eraser.cursor.execute(_LATEST, [tenant, signals])
        total = int(eraser.cursor.rowcount)
        eraser.cursor.execute(_ROLLUPS, [tenant, signals])
    gone = BATCH
    while gone == BATCH:
        with erasing(tenant) as eraser:
            eraser.cursor.execute(_STEP, {"tenant": tenant, "signals": signals, "most": BATCH})
            gone, readings = eraser.cursor.fetchone()
        total += int(readings)
    return total
