"""The partitions that readings go to: one for each retention class and month, made when the first reading needs it."""

from __future__ import annotations

from typing import Any

import numpy as np
from psycopg import AsyncConnection

from twins.telemetry.rows import Rows
from twins.telemetry.schemas import Ints

_CLASS_BITS = 56
_DAY_US = 86_400_000_000
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
    months, classes = _months(rows.at), (rows.signal >> _CLASS_BITS) + 1
    # Rows of one batch mostly go to one partition: look only at where it changes.
    begins = np.flatnonzero((months[1:] != months[:-1]) | (classes[1:] != classes[:-1])) + 1
    places = [0, *begins.tolist()]
    return set(zip(classes[places].tolist(), months[places].tolist(), strict=True))


def _months(at: Ints) -> Ints:
    """Months since January 1970, exact and quick: whole days are looked up."""
    days = at // _DAY_US
    first = int(days.min())
    calendar = np.arange(first, int(days.max()) + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.asarray(calendar[days - first])
