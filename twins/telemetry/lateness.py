"""How many readings come late, counted by signal and day as they are written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from psycopg import AsyncConnection

from tenants.kernel.ids import new_id
from twins.telemetry import binary
from twins.telemetry.binary import Array
from twins.telemetry.instants import micros
from twins.telemetry.schemas import Delivery, Ints, Outcome

_ADD = """
INSERT INTO twins_latereadings AS l (tenant_id, id, signal, day, count, worst_us)
SELECT tenant_id, id, signal, %s, count, worst_us
FROM unnest(%s, %s, %s, %s, %s) AS late (tenant_id, id, signal, count, worst_us)
ON CONFLICT (tenant_id, signal, day) DO UPDATE SET
    count = l.count + excluded.count, worst_us = greatest(l.worst_us, excluded.worst_us)"""


def by_signal(signal: Ints, late_us: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Late readings by signal.

    Args:
        signal: Whose, shape ``(n,)``.
        late_us: By how much each was late, in microseconds.

    Returns:
        The signals, ascending; the place of the first reading of each; how many there are; by how much the latest was
        late.
    """
    signals, first, place, count = np.unique(signal, return_index=True, return_inverse=True, return_counts=True)
    worst = np.zeros(signals.size, np.int64)
    np.maximum.at(worst, place, late_us)
    return signals, first, count, worst


class LateCount:
    """What has come late since the last flush, by the day on which it came."""

    def __init__(self) -> None:
        self._late: dict[date, list[tuple[UUID, Ints, Ints]]] = {}

    def note(self, delivery: Delivery, outcome: Outcome, *, now: datetime) -> None:
        """Take note of a delivery that was committed."""
        late, readings = delivery.normalised.late, delivery.normalised.readings
        if late.size and outcome.accepted:
            part = (delivery.source.tenant, readings.signal[late], micros(now) - readings.at[late])
            self._late.setdefault(now.astimezone(UTC).date(), []).append(part)

    async def flush(self, connection: AsyncConnection[Any]) -> None:
        """Add it to what is stored; what cannot be written is lost, for it is a figure to look at and nothing more."""
        taken, self._late = self._late, {}
        for day, parts in taken.items():
            tenants = np.repeat(binary.uuids([tenant for tenant, _, _ in parts]), [one.size for _, one, _ in parts])
            signals, first, count, worst = by_signal(
                np.concatenate([signal for _, signal, _ in parts]), np.concatenate([late for _, _, late in parts])
            )
            columns = [
                *((binary.UUID, tenants[first]), (binary.UUID, binary.uuids([new_id() for _ in range(signals.size)]))),
                *((binary.INT8, signals), (binary.INT8, count), (binary.INT8, worst)),
            ]
            await connection.execute(_ADD, [day, *(Array(kind, values) for kind, values in columns)])
