"""Sealed batches of a twin that is erased: their bodies hold its readings as they were sent."""

from __future__ import annotations

from uuid import UUID

from tenants.custody.eraser import erasing
from twins.telemetry.erasing import erase_readings

_SEALS = """
DELETE FROM twins_sealedbatch WHERE tenant_id = %(tenant)s AND signals && ARRAY(
    SELECT id FROM twins_signal WHERE tenant_id = %(tenant)s AND twin = %(twin)s
)"""


def erase_twin(tenant: UUID, twin: UUID) -> int:
    """Erase the readings of a twin's signals, and the sealed batches that gave any; how many of both."""
    with erasing(tenant) as eraser:
        eraser.cursor.execute(_SEALS, {"tenant": tenant, "twin": twin})
        total = int(eraser.cursor.rowcount)
    return total + erase_readings(tenant, twin)
