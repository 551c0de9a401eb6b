"""The readings of several deliveries as the rows of one commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from twins.telemetry import binary
from twins.telemetry.schemas import Delivery, Floats, Ints, Readings

_SPREAD = np.int64(-7_046_029_254_386_353_131)
"""An odd number of 64 bits (the golden ratio's) that spreads instants over all of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Readings in the order of their tenants, those of one as they came: a revision stands after what it revises.

    Attributes:
        tenants: The tenants they belong to, ascending.
        edges: Where the readings of each tenant begin, and the end of all, shape ``(tenants + 1,)``.
        signal: Ids, shape ``(n,)`` as all columns.
    """

    tenants: Sequence[UUID]
    edges: Ints
    signal: Ints
    at: Ints
    value: Floats
    quality: NDArray[np.int16]

    @property
    def tenant(self) -> Ints:
        """The number of each reading's tenant."""
        return np.repeat(np.arange(len(self.tenants)), np.diff(self.edges))

    def tenant_ids(self) -> NDArray[Any]:
        """The tenant of each reading."""
        return binary.uuids(self.tenants)[self.tenant]

    def by_tenant(self) -> Iterator[tuple[UUID, Readings]]:
        """The readings of each tenant that has any."""
        for tenant, low, high in zip(self.tenants, self.edges[:-1].tolist(), self.edges[1:].tolist(), strict=True):
            if low < high:
                own = slice(low, high)
                yield tenant, Readings(self.signal[own], self.at[own], self.value[own], self.quality[own])


def rows_of(deliveries: Sequence[Delivery]) -> Rows:
    """Their readings; a reading may be there several times, the last revision last."""
    ordered = sorted(deliveries, key=lambda delivery: delivery.source.tenant)  # stable: the order of arrival stays
    tenants = sorted({delivery.source.tenant for delivery in deliveries})
    number = {tenant: place for place, tenant in enumerate(tenants)}
    readings = [_NONE, *(delivery.normalised.readings for delivery in ordered)]
    sizes = np.zeros(len(tenants) + 1, np.int64)
    for delivery in ordered:
        sizes[number[delivery.source.tenant] + 1] += delivery.normalised.readings.size
    return Rows(
        tenants=tenants,
        edges=np.cumsum(sizes),
        signal=np.concatenate([one.signal for one in readings]),
        at=np.concatenate([one.at for one in readings]),
        value=np.concatenate([one.value for one in readings]),
        quality=np.concatenate([one.quality for one in readings]),
    )


def replaced(deliveries: Sequence[Delivery]) -> list[int]:
    """How many readings of each delivery a later one of it, of the same signal and instant, replaces."""
    readings = [_NONE, *(delivery.normalised.readings for delivery in deliveries)]
    mixed = np.concatenate([one.at for one in readings]) * _SPREAD ^ np.concatenate([one.signal for one in readings])
    mixed.sort()
    if (mixed[1:] != mixed[:-1]).all():  # nearly always; two that are mixed alike may still differ
        return [0] * len(deliveries)
    return [one.size - len(set(zip(one.signal.tolist(), one.at.tolist(), strict=True))) for one in readings[1:]]


def spans(deliveries: Sequence[Delivery]) -> tuple[Ints, Ints]:
    """The first and the last instant of each delivery, shape ``(len(deliveries),)``; of one without readings, 0."""
    readings = [delivery.normalised.readings for delivery in deliveries]
    sizes = np.array([one.size for one in readings], np.int64)
    first, last = np.zeros(sizes.size, np.int64), np.zeros(sizes.size, np.int64)
    filled = np.flatnonzero(sizes)
    if filled.size:
        at = np.concatenate([one.at for one in readings])
        begins = (np.cumsum(sizes) - sizes)[filled]
        first[filled], last[filled] = np.minimum.reduceat(at, begins), np.maximum.reduceat(at, begins)
    return first, last


_NONE = Readings(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.int16))
