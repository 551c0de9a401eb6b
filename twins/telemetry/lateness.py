"""How many readings come late, counted by signal and day as they are written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from tenants.kernel.ids import new_id
from twins.telemetry.instants import micros
from twins.telemetry.schemas import Delivery, Outcome

_ADD = """
INSERT INTO twins_latereadings AS l (tenant_id, id, signal, day, count, worst_us) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, signal, day) DO UPDATE SET
    count = l.count + excluded.count, worst_us = greatest(l.worst_us, excluded.worst_us)"""


class LateCount:
    """What has come late since the last flush."""

    def __init__(self) -> None:
        self._late: dict[tuple[UUID, int, date], tuple[int, int]] = {}

    def note(self, delivery: Delivery, outcome: Outcome, *, now: datetime) -> None:
        """Take note of a delivery that was committed."""
        if not delivery.normalised.late or not outcome.accepted:
            return
        day, now_us = now.astimezone(UTC).date(), micros(now)
        for signal, (count, oldest) in delivery.normalised.late.items():
            name = (delivery.source.tenant, signal, day)
            known, worst = self._late.get(name, (0, 0))
            self._late[name] = (known + count, max(worst, now_us - oldest))

    async def flush(self, connection: AsyncConnection[Any]) -> None:
        """Add it to what is stored; what cannot be written is lost, for it is a figure to look at and nothing more."""
        taken, self._late = self._late, {}
        if taken:
            rows = [
                (tenant, new_id(), signal, day, count, worst)
                for (tenant, signal, day), (count, worst) in sorted(taken.items())
            ]
            async with connection.cursor() as cursor:
                await cursor.executemany(_ADD, rows)
