"""The readings of the tenant in scope, as they are told apart when they are read."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from twins.telemetry.instants import moment
from twins.telemetry.models import Chunk, ReadingLog, Signal
from twins.telemetry.stored import FIRST, LAST, stored


class Stored(NamedTuple):
    """One reading."""

    at: datetime
    signal: int
    value: float


def stored_readings(signals: list[int] | None = None) -> list[Stored]:
    """All readings, or those of some signals, by instant and signal."""
    asked = list(Signal.objects.values_list("id", flat=True)) if signals is None else signals
    return sorted(
        Stored(moment(at), signal, value)
        for signal, kept in stored(asked, FIRST, LAST).items()
        for at, value in zip(kept.at.tolist(), kept.value.tolist(), strict=True)
    )


def rows_of_readings() -> int:
    """How many rows hold readings, in the log and in chunks."""
    return Chunk.objects.count() + ReadingLog.objects.count()
