"""The partitions that chunks go to: one for each retention class and month, made when the first chunk needs it."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from psycopg import Connection

from twins.telemetry.packing import Kept
from twins.telemetry.schemas import Ints

_CLASS_BITS = 56
_DAY_US = 86_400_000_000
_PROVIDE = "SELECT outturn_chunk_partition(%s::smallint, %s::date)"


class Retention(IntEnum):
    """How long the readings of a signal are kept; each class has partitions of its own.

    The numbers of signals say their class: those of class ``c`` are from ``(c - 1) * 2**56`` to ``c * 2**56``.
    """

    STANDARD = 1


class Partitions:
    """The partitions that this process knows to be there."""

    def __init__(self) -> None:
        self._known: set[tuple[int, int]] = set()

    def provide(self, connection: Connection[Any], kept: Kept) -> None:
        """Make the partitions that readings need and that are not known to be there.

        Raises:
            psycopg.Error: One cannot be made.
        """
        for retention, month in _wanted(kept) - self._known:
            connection.execute(_PROVIDE, [retention, np.datetime64(month, "M").astype("datetime64[D]").item()])
            self._known.add((retention, month))


def _wanted(kept: Kept) -> set[tuple[int, int]]:
    """Retention class and month, counted from January 1970, of every reading."""
    if not kept.size:
        return set()
    months, classes = _months(kept.at), (kept.signal >> _CLASS_BITS) + 1
    # Neighbours mostly go to one partition: look only at where it changes.
    begins = np.flatnonzero((months[1:] != months[:-1]) | (classes[1:] != classes[:-1])) + 1
    places = [0, *begins.tolist()]
    return set(zip(classes[places].tolist(), months[places].tolist(), strict=True))


def _months(at: Ints) -> Ints:
    """Months since January 1970, exact and quick: whole days are looked up."""
    days = at // _DAY_US
    first = int(days.min())
    calendar = np.arange(first, int(days.max()) + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.asarray(calendar[days - first])
