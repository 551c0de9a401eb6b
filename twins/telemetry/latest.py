"""The newest reading of each signal, gathered in memory between flushes.

Writing it in every commit would cost a third of the throughput, so it is written some times a second, one row a signal.
What a process that is killed has not yet flushed is found again from the readings (see ``sessions``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection, Connection

from twins.telemetry import binary
from twins.telemetry.binary import Array
from twins.telemetry.packing import Kept
from twins.telemetry.rows import Rows
from twins.telemetry.schemas import NO_TIME, Floats, Ints

_FLUSH = """
INSERT INTO twins_latestreading AS l (tenant_id, signal, at, value, commit, quality)
SELECT * FROM unnest(%s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, signal) DO UPDATE
SET at = excluded.at, value = excluded.value, commit = excluded.commit, quality = excluded.quality
WHERE excluded.at > l.at OR (excluded.at = l.at AND excluded.commit > l.commit)"""
_KNOWN = """
SELECT l.signal, (extract(epoch FROM l.at) * 1000000)::bigint FROM unnest(%s, %s) AS k (tenant_id, signal)
JOIN twins_latestreading l USING (tenant_id, signal)"""


@dataclass(frozen=True, slots=True, eq=False)
class Changed:
    """Signals with a new newest reading, ascending; shape ``(n,)`` each."""

    tenant: NDArray[Any]
    signal: Ints
    at: Ints
    value: Floats
    commit: Ints
    quality: NDArray[np.int16]


class Latest:
    """The newest reading of each signal that this process has committed."""

    def __init__(self) -> None:
        # Sorted by signal; the fields stand in arrays of their own, so that thousands of rows are noted at once.
        self._signal: Ints = np.empty(0, np.int64)
        self._tenant: NDArray[Any] = np.empty(0, "V16")
        self._at: Ints = np.empty(0, np.int64)
        self._value: Floats = np.empty(0, np.float64)
        self._commit: Ints = np.empty(0, np.int64)
        self._quality: NDArray[np.int16] = np.empty(0, np.int16)
        self._changed: NDArray[np.bool_] = np.empty(0, np.bool_)
        self._untold: NDArray[np.bool_] = np.empty(0, np.bool_)
        self._fresh: NDArray[np.bool_] = np.empty(0, np.bool_)

    def note(self, rows: Rows, commits: Mapping[UUID, int]) -> None:
        """Take note of rows that were committed."""
        if not rows.signal.size:
            return
        place = self._places(rows)
        newer = np.flatnonzero(rows.at >= self._at[place])
        at = rows.at[newer]
        if (at[1:] < at[:-1]).any():
            newer = newer[np.argsort(at, kind="stable")]
            at = rows.at[newer]
        place = place[newer]
        # In the order of time: where a signal stands several times, the last assignment is that of its newest row.
        commit = np.array([commits[tenant] for tenant in rows.tenants], np.int64)
        self._at[place] = at
        self._value[place] = rows.value[newer]
        self._commit[place] = commit[rows.tenant[newer]]
        self._quality[place] = rows.quality[newer]
        self._changed[place] = self._untold[place] = True

    def untold(self, signals: Ints) -> NDArray[np.bool_]:
        """Which of some signals changed since they were told, and were not met for the first time just now."""
        if not self._signal.size:
            return np.zeros(signals.size, np.bool_)
        place = np.minimum(np.searchsorted(self._signal, signals), self._signal.size - 1)
        found: NDArray[np.bool_] = (self._signal[place] == signals) & self._untold[place] & ~self._fresh[place]
        return found

    def told(self, signals: Ints) -> Changed:
        """Some known signals as they are now, which are told to those who watch."""
        places = np.searchsorted(self._signal, signals)
        self._untold[places] = False
        return self._at_places(places)

    def put_back_untold(self, changed: Changed) -> None:
        """They could not be told."""
        self._untold[np.searchsorted(self._signal, changed.signal)] = True

    def take(self) -> Changed | None:
        """What has changed since the last call, or None."""
        places = np.flatnonzero(self._changed)
        if not places.size:
            return None
        self._changed[places] = False
        return self._at_places(places)

    def put_back(self, changed: Changed) -> None:
        """Have it taken again: it could not be flushed."""
        self._changed[np.searchsorted(self._signal, changed.signal)] = True

    async def without_older(self, connection: AsyncConnection[Any], changed: Changed) -> Changed | None:
        """Only what is newer than what the database has, for signals that this process meets for the first time."""
        place = np.searchsorted(self._signal, changed.signal)
        fresh = self._fresh[place]
        if not fresh.any():
            return changed
        parameters = [Array(binary.UUID, changed.tenant[fresh]), Array(binary.INT8, changed.signal[fresh])]
        cursor = await connection.execute(_KNOWN, parameters, binary=True)
        place = np.searchsorted(self._signal, changed.signal)  # others may have come meanwhile
        self._fresh[place[fresh]] = False
        known = dict(await cursor.fetchall())
        stored = np.fromiter((known.get(one, NO_TIME) for one in changed.signal.tolist()), np.int64, place.size)
        self._at[place] = np.maximum(self._at[place], stored)
        keep = changed.at >= stored
        self._untold[place[~keep]] = False
        if keep.all():
            return changed
        return self._at_places(place[keep]) if keep.any() else None

    def _at_places(self, places: Ints) -> Changed:
        return Changed(
            tenant=self._tenant[places],
            signal=self._signal[places],
            at=self._at[places],
            value=self._value[places],
            commit=self._commit[places],
            quality=self._quality[places],
        )

    def _places(self, rows: Rows) -> Ints:
        place = np.searchsorted(self._signal, rows.signal)
        if self._signal.size:
            missing = self._signal[np.minimum(place, self._signal.size - 1)] != rows.signal
        else:
            missing = np.ones(rows.signal.size, np.bool_)
        if not missing.any():
            return place
        signal, first = np.unique(rows.signal[missing], return_index=True)
        tenant = rows.tenant_ids()[missing][first]
        where = np.searchsorted(self._signal, signal)
        self._signal = np.insert(self._signal, where, signal)
        self._tenant = np.insert(self._tenant, where, tenant)
        self._at = np.insert(self._at, where, NO_TIME)
        self._value = np.insert(self._value, where, np.nan)
        self._commit = np.insert(self._commit, where, 0)
        self._quality = np.insert(self._quality, where, 0)
        self._changed = np.insert(self._changed, where, False)
        self._untold = np.insert(self._untold, where, False)
        self._fresh = np.insert(self._fresh, where, True)
        return np.searchsorted(self._signal, rows.signal)


async def flush(connection: AsyncConnection[Any], changed: Changed) -> None:
    """Write newest readings where they are newer than what is there."""
    await connection.execute(_FLUSH, _columns(changed))


def write_latest(connection: Connection[Any], changed: Changed) -> None:
    """The same on a connection whose caller waits."""
    connection.execute(_FLUSH, _columns(changed))


def newest_of(tenant: UUID, kept: Kept) -> Changed:
    """The newest of some readings of a tenant.

    Args:
        tenant: Whose.
        kept: Ordered.
    """
    last = kept.where(np.append(kept.signal[1:] != kept.signal[:-1], np.ones(min(kept.size, 1), np.bool_)))
    tenants = np.repeat(binary.uuids([tenant]), last.size)
    return Changed(tenants, last.signal, last.at, last.value, last.commit, last.quality)


def _columns(changed: Changed) -> list[Array]:
    columns = [
        *((binary.UUID, changed.tenant), (binary.INT8, changed.signal), (binary.INSTANT, changed.at)),
        *((binary.FLOAT8, changed.value), (binary.INT8, changed.commit), (binary.INT2, changed.quality)),
    ]
    return [Array(kind, values) for kind, values in columns]
