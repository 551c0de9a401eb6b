"""The readings of several deliveries as the rows of one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from twins.telemetry import binary
from twins.telemetry.schemas import Delivery, Floats, Ints, Readings

KINDS = (binary.UUID, binary.INT8, binary.INSTANT, binary.FLOAT8, binary.INT8, binary.INT2)
"""The types of the columns of the table, in its order: tenant, signal, instant, value, commit, quality."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of readings.

    Attributes:
        tenants: The tenants they belong to, ascending.
        tenant: The number of each row's tenant among them, shape ``(n,)`` as all columns.
        duplicate: For each delivery, how many of its readings a later one of its own replaced.
    """

    tenants: Sequence[UUID]
    tenant: Ints
    signal: Ints
    at: Ints
    value: Floats
    quality: NDArray[np.int16]
    duplicate: Ints

    def columns(self, commits: Mapping[UUID, int]) -> tuple[NDArray[Any], ...]:
        """The columns of the table, with the tenants' counts of commits."""
        commit = np.array([commits[tenant] for tenant in self.tenants], np.int64)
        return (self.tenant_ids(), self.signal, self.at, self.value, commit[self.tenant], self.quality)

    def tenant_ids(self) -> NDArray[Any]:
        """The tenant of each row."""
        return binary.uuids(self.tenants)[self.tenant]


def rows_of(deliveries: Sequence[Delivery]) -> Rows:
    """Their readings as they come: a reading may be there several times, the last revision last."""
    tenants = sorted({delivery.source.tenant for delivery in deliveries})
    number = {tenant: place for place, tenant in enumerate(tenants)}
    readings = [_NONE, *(delivery.normalised.readings for delivery in deliveries)]
    sizes = [one.size for one in readings[1:]]
    return Rows(
        tenants=tenants,
        tenant=np.repeat(np.array([number[one.source.tenant] for one in deliveries], np.int64), sizes),
        signal=np.concatenate([one.signal for one in readings]),
        at=np.concatenate([one.at for one in readings]),
        value=np.concatenate([one.value for one in readings]),
        quality=np.concatenate([one.quality for one in readings]),
        duplicate=np.zeros(len(deliveries), np.int64),
    )


def distinct_rows_of(deliveries: Sequence[Delivery]) -> Rows:
    """Their readings, each once: of several revisions the last. In the order of the index: tenant, instant, signal."""
    rows = rows_of(deliveries)
    delivery = np.repeat(np.arange(len(deliveries)), [one.normalised.readings.size for one in deliveries])
    order = np.lexsort((rows.signal, rows.at, rows.tenant))  # stable: a later revision stays later
    signal, at, delivery = rows.signal[order], rows.at[order], delivery[order]
    replaced = np.zeros(order.size, np.bool_)
    replaced[:-1] = (signal[1:] == signal[:-1]) & (at[1:] == at[:-1])  # a signal has one tenant
    by_its_own = replaced[:-1] & (delivery[1:] == delivery[:-1])
    kept = order[~replaced]
    return Rows(
        tenants=rows.tenants,
        tenant=rows.tenant[kept],
        signal=rows.signal[kept],
        at=rows.at[kept],
        value=rows.value[kept],
        quality=rows.quality[kept],
        duplicate=np.bincount(delivery[:-1][by_its_own], minlength=len(deliveries)),
    )


_NONE = Readings(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.int16))
