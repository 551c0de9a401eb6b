"""The readings of a twin that is erased."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tenants.custody.eraser import BATCH, erasing

# The index begins with the instant: each step goes on where the one before ended, so the tenant's readings are walked
# through once, however few of them are of this twin. `+ 0` keeps each signal from being looked up by itself.
_STEP = """
WITH batch AS (
    SELECT at, signal FROM twins_reading
    WHERE tenant_id = %(tenant)s AND at >= %(since)s AND signal + 0 = ANY(%(signals)s)
    ORDER BY at, signal LIMIT %(most)s
), gone AS (
    DELETE FROM twins_reading AS reading USING batch
    WHERE reading.tenant_id = %(tenant)s AND reading.at = batch.at AND reading.signal = batch.signal
    RETURNING reading.at
) SELECT count(*), max(at) FROM gone"""
_LATEST = "DELETE FROM twins_latestreading WHERE tenant_id = %s AND signal = ANY(%s)"
_LATE = "DELETE FROM twins_latereadings WHERE tenant_id = %s AND signal = ANY(%s)"
_SIGNALS = "SELECT id FROM twins_signal WHERE tenant_id = %s AND twin = %s"


def erase_readings(tenant: UUID, twin: UUID) -> int:
    """Erase the readings of a twin's signals, `BATCH` at a time; how many rows. The signals themselves stay."""
    with erasing(tenant) as eraser:
        eraser.cursor.execute(_SIGNALS, [tenant, twin])
        signals = [row[0] for row in eraser.cursor.fetchall()]
        eraser.cursor.execute(_LATE, [tenant, signals])
        eraser.cursor.execute(_LATEST, [tenant, signals])
        total = int(eraser.cursor.rowcount)
    since: Any = datetime(1, 1, 1, tzinfo=UTC)
    gone = BATCH
    while gone == BATCH:
        with erasing(tenant) as eraser:
            wanted = {"tenant": tenant, "since": since, "signals": signals, "most": BATCH}
            eraser.cursor.execute(_STEP, wanted)
            gone, since = eraser.cursor.fetchone()
        total += gone
    return total
