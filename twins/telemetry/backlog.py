"""How long the logs of tenants have become, as this process sees it: one that is long is compacted before it is old."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from uuid import UUID

from kombu.exceptions import OperationalError

from twins.telemetry.compaction import MOST_READINGS, MOST_ROWS
from twins.telemetry.rows import Rows
from twins.telemetry.tasks import compact_log

logger = logging.getLogger("outturn.ingest")


class Backlog:
    """What this process has added to logs since it last asked for their compaction."""

    def __init__(self) -> None:
        self._rows: Counter[UUID] = Counter()
        self._readings: Counter[UUID] = Counter()

    def note(self, rows: Rows) -> None:
        """Take note of a commit."""
        for tenant, readings in rows.by_tenant():
            self._rows[tenant] += 1
            self._readings[tenant] += readings.size

    async def ask(self) -> None:
        """Ask for the compaction of long logs; when nobody can be asked, the sweep finds them when they are old."""
        for tenant in [one for one, rows in self._rows.items() if self._is_long(one, rows)]:
            del self._rows[tenant], self._readings[tenant]
            try:
                await asyncio.to_thread(compact_log.apply_async, (str(tenant),))
            except OperationalError as error:
                logger.warning("the compaction of a log could not be asked for: %s", error)

    def _is_long(self, tenant: UUID, rows: int) -> bool:
        return rows >= MOST_ROWS or self._readings[tenant] >= MOST_READINGS
