"""What the rules remember of the past, tenant by tenant, and where it comes from after a restart."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from twins.telemetry.instants import micros
from twins.telemetry.models import LatestReading
from twins.telemetry.normalise import CLOCK_TOLERANCE_US
from twins.telemetry.quality_rules import Past
from twins.telemetry.schemas import NEVER, Ints, RuleTable
from twins.telemetry.selectors import readings
from twins.telemetry.series import Series

MOST_SIGNALS = 200_000
"""Signals with rules that a process remembers, some 150 bytes each; the tenants seen longest ago are forgotten."""
MOST_READ = 100_000
"""Readings that are looked at to take up signals."""
_AHEAD = timedelta(microseconds=CLOCK_TOLERANCE_US)
_SHORTEST, _LONGEST = timedelta(minutes=10), timedelta(hours=6)


class Pasts:
    """The pasts of the tenants whose gateways send here."""

    def __init__(self) -> None:
        self._pasts: OrderedDict[UUID, Past] = OrderedDict()

    def of(self, tenant: UUID) -> Past:
        """The past of a tenant's signals, empty at first."""
        past = self._pasts.setdefault(tenant, Past())
        self._pasts.move_to_end(tenant)
        return past

    def trim(self) -> None:
        """Keep within the bound."""
        while len(self._pasts) > 1 and sum(one.signal.size for one in self._pasts.values()) > MOST_SIGNALS:
            self._pasts.popitem(last=False)

    def forget(self, tenant: UUID, signal: Ints) -> None:
        """Forget what some signals were seen to do: it was not stored, and will come again."""
        if tenant in self._pasts:
            self._pasts[tenant].forget(signal)


def last_readings(signals: Collection[int], table: RuleTable, *, now: datetime) -> dict[int, Series]:
    """The last stored readings of some signals, by signal: as far back as their rules look, at least the newest.

    Of signals that have long been silent, or that all together have very many, only the newest is taken.
    """
    history = readings(signals, now - _horizon(table), now + _AHEAD, MOST_READ)
    if sum(series.at.size for series in history.values()) >= MOST_READ:
        history = {}
    found = {signal: series for signal, series in history.items() if series.at.size}
    for row in LatestReading.objects.filter(signal__in=[signal for signal in signals if signal not in found]):
        at, value = np.array([micros(row.at)], np.int64), np.array([row.value], np.float64)
        found[row.signal] = Series(at, value, np.array([row.quality], np.int16))
    none = Series(np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.int16))
    return {signal: found.get(signal, none) for signal in signals}


def _horizon(table: RuleTable) -> timedelta:
    """How far the rules look back, within bounds."""
    stuck = table.stuck[table.stuck != NEVER]
    longest = timedelta(microseconds=int(stuck.max())) if stuck.size else _SHORTEST
    return min(max(longest, _SHORTEST), _LONGEST)
