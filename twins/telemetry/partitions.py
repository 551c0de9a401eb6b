"""The partitions that readings go to: one for each retention class and month, made when the first reading needs it."""

from __future__ import annotations

from typing import Any

import numpy as np
from psycopg import AsyncConnection

from twins.telemetry.rows import Rows
from twins.telemetry.schemas import Ints

_CLASS_BITS = 56
_PROVIDE = "SELECT outturn_reading_partition(%s::smallint, %s::date)"


class Partitions:
    """The partitions that this process knows to be there."""

    def __init__(self) -> None:
        self._known: set[tuple[int, int]] = set()

    async def provide(self, connection: AsyncConnection[Any], rows: Rows) -> None:
        """Make the partitions that the rows need and that are not known to be there, each in its own transaction.

        Raises:
            psycopg.Error: One cannot be made.
        """
        for retention, month in _wanted(rows) - self._known:
            await connection.execute(_PROVIDE, [retention, np.datetime64(month, "M").astype("datetime64[D]").item()])
            self._known.add((retention, month))

    def forget(self) -> None:
        """Know of none, so that all are asked for again."""
        self._known.clear()


def _wanted(rows: Rows) -> set[tuple[int, int]]:
    """Retention class and month, counted from January 1970, of every row."""
    if not rows.at.size:
        return set()
    months, classes = (
        _months(np.array([rows.at.min(), rows.at.max()])),
        _classes(np.array([rows.signal.min(), rows.signal.max()])),
    )
    if months[0] == months[1] and classes[0] == classes[1]:
        return {(int(classes[0]), int(months[0]))}
    pairs = np.unique(np.stack([_classes(rows.signal), _months(rows.at)]), axis=1)
    return {(int(retention), int(month)) for retention, month in pairs.T}


def _classes(signal: Ints) -> Ints:
    return (signal >> _CLASS_BITS) + 1


def _months(at: Ints) -> Ints:
    return at.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
