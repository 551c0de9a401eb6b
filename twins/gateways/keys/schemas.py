"""Keys that gateways send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from twins.gateways.keys.domain.units import Guess


@dataclass(frozen=True, slots=True)
class SentKey:
    """A key that a gateway has sent.

    Attributes:
        value: The newest; in `unit`, as it is stored, where a published twin reads it, else as it was sent.
        unit: UCUM code, None while no published twin reads it.
        seen: How many readings came while nothing read it, None when it is read.
        recent: The newest readings of one that nothing reads, in the order of time.
        guess: The unit that it seems to be sent in.
        twin: Which reads it, with the asset and the signal.
    """

    gateway: UUID
    gateway_name: str
    key: str
    at: datetime | None
    value: float | None
    unit: str | None = None
    seen: int | None = None
    low: float | None = None
    high: float | None = None
    recent: Sequence[tuple[datetime, float]] = ()
    guess: Guess | None = None
    twin: UUID | None = None
    asset: UUID | None = None
    asset_name: str = ""
    signal: str | None = None
