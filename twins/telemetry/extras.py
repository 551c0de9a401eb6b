"""What another room may have written in the commit of a delivery."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from twins.telemetry.schemas import Delivery, Outcome


class Extra(Protocol):
    """What another room writes with a delivery: it is committed with its readings, or neither is."""

    async def write(
        self, connection: Any, delivery: Delivery, outcome: Outcome, *, is_fresh: bool, now: datetime
    ) -> None:
        """Write it.

        Args:
            connection: Of the ingest role, in the transaction; the tenant's count of commits is locked.
            delivery: With what.
            outcome: What became of that.
            is_fresh: Whether the delivery is stored now; False when it was before.
            now: When this happens.
        """
