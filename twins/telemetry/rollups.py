"""What readings come to by the minute, hour and day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import numpy as np

from twins.telemetry.schemas import Grain, Quality, Rollups, Series
from twins.telemetry.selectors import readings


def roll_up(series: Series, grain: Grain) -> Rollups:
    """The readings of a signal by whole minutes, hours or days."""
    period = series.at // grain
    first = np.flatnonzero(np.diff(period, prepend=period[:1] - 1))
    if not first.size:
        none = np.empty(0, np.float64)
        whole = none.astype(np.int64)
        return Rollups(whole, whole, none, none, none, none, whole)
    last = np.append(first[1:], period.size)
    return Rollups(
        start=period[first] * grain,
        count=last - first,
        low=np.minimum.reduceat(series.value, first),
        high=np.maximum.reduceat(series.value, first),
        sum=np.add.reduceat(series.value, first),
        last=series.value[last - 1],
        doubtful=np.add.reduceat((series.quality != Quality.GOOD).astype(np.int64), first),
    )


def rollups(signal_ids: Collection[int], grain: Grain, start: datetime, end: datetime) -> dict[int, Rollups]:
    """The rollups of signals whose first instant lies in ``[start, end)``, by signal."""
    return {signal: roll_up(series, grain) for signal, series in readings(signal_ids, start, end).items()}
