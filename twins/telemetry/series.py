"""Types in which readings are read: of one signal or of many, newest ones, and what they come to.

Instants are whole microseconds since 1970-01-01T00:00:00Z, values 64-bit floats in the unit of their signal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from twins.telemetry.schemas import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Stored readings of one signal in the order of time, shape ``(n,)`` each."""

    at: Ints
    value: Floats
    quality: NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Usable readings of one asset side by side, aligned by time.

    Attributes:
        at: The instants at which any of the signals was read, ascending, shape ``(n,)``.
        keys: The signals' keys.
        value: Values, NaN where a signal was not read at that instant, shape ``(n, len(keys))``.
    """

    at: Ints
    keys: tuple[str, ...]
    value: Floats


class LatestValue(NamedTuple):
    """The newest reading of a signal, in its unit."""

    asset: UUID
    key: str
    unit: str
    at: datetime
    value: float
    quality: int


@dataclass(frozen=True, slots=True)
class RecentKey:
    """A key that a gateway has sent, with its newest value; in the signal's unit when a published twin reads it."""

    key: str
    at: datetime
    value: float
    unit: str | None = None
    twin: UUID | None = None
    asset: UUID | None = None
    asset_name: str = ""
    signal: str | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A batch that was committed: whose it is, and the first and last instant of its readings, both inclusive."""

    gateway: UUID
    first_at: datetime
    last_at: datetime
    commit: int


class Grain(IntEnum):
    """The length of a rollup in microseconds."""

    MINUTE = 60_000_000
    HOUR = 3_600_000_000
    DAY = 86_400_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Rollups:
    """What the readings of one signal come to in each whole minute, hour or day (of UTC) that has any; shape ``(n,)``.

    Attributes:
        start: The first instant of each, ascending.
        count: How many readings.
        used: How many of them are usable; the figures that follow are of these.
        low: The smallest value, NaN where none is usable.
        high: The largest value, or NaN.
        sum: Of the values.
        last: The value of the newest, or NaN.
        doubtful: How many readings are not good, usable or not.
    """

    start: Ints
    count: Ints
    used: Ints
    low: Floats
    high: Floats
    sum: Floats
    last: Floats
    doubtful: Ints
