"""Readings and rollups as rows, for the archive that a tenant takes along: by signal in the order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models.functions import TruncMonth

from tenants.custody.schemas import ExportedColumn
from tenants.kernel.clock import isoformat
from tenants.scope.context import scope
from twins.telemetry.compaction import compact
from twins.telemetry.instants import moment
from twins.telemetry.models import Chunk, Rollup, Signal
from twins.telemetry.packing import unpack_rollups
from twins.telemetry.series import Grain
from twins.telemetry.stored import stored

_SIGNALS_AT_ONCE = 50
_SIGNAL, _AT = ExportedColumn(name="signal", type="integer"), ExportedColumn(name="at", type="moment")
Rows = list[Sequence[Any]]


class _Readings:
    """One row a reading; `commit` is the one with which it became known, `quality` its number in `Quality`."""

    name = "twins_reading"
    columns = (
        *(_SIGNAL, _AT, ExportedColumn(name="value", type="number")),
        *(ExportedColumn(name="quality", type="integer"), ExportedColumn(name="commit", type="integer")),
    )

    def months(self, tenant: UUID) -> list[datetime]:
        """The first instants of the calendar months in UTC that have any, ascending; all that came is in chunks."""
        compact(tenant, wait=True)
        with scope(tenant):
            found = Chunk.objects.annotate(month=TruncMonth("start", tzinfo=UTC)).values_list("month", flat=True)
            return list(found.distinct().order_by("month"))

    def pages(self, tenant: UUID, start: datetime, end: datetime) -> Iterator[Rows]:
        """The rows of a span of time, each page read in a scope of its own."""
        for signals in _groups(tenant):
            with scope(tenant):
                found = stored(signals, start, end)
            for signal, kept in found.items():
                columns = (kept.at.tolist(), kept.value.tolist(), kept.quality.tolist(), kept.commit.tolist())
                yield [(signal, isoformat(moment(at)), *rest) for at, *rest in zip(*columns, strict=True)]


class _Rollups:
    """One row an hour of a signal: how many readings, how many usable, and what these come to."""

    name = "twins_rollup"
    columns = (
        *(_SIGNAL, _AT, ExportedColumn(name="count", type="integer"), ExportedColumn(name="used", type="integer")),
        *(ExportedColumn(name=name, type="number") for name in ("low", "high", "sum", "last")),
        ExportedColumn(name="doubtful", type="integer"),
    )

    def months(self, tenant: UUID) -> list[datetime]:
        """The first instants of the calendar months in UTC that have any, ascending."""
        with scope(tenant):
            found = Rollup.objects.filter(grain=Grain.HOUR).values_list("start", flat=True)
            return list(found.distinct().order_by("start"))

    def pages(self, tenant: UUID, start: datetime, end: datetime) -> Iterator[Rows]:
        """The rows of months, each page read in a scope of its own."""
        for signals in _groups(tenant):
            with scope(tenant):
                found = Rollup.objects.filter(grain=Grain.HOUR, signal__in=signals, start__gte=start, start__lt=end)
                rows = list(found.order_by("signal", "start").values_list("signal", "payload"))
            for signal, payload in rows:
                rolled = unpack_rollups(bytes(payload))
                columns = (
                    rolled.start,
                    rolled.count,
                    rolled.low,
                    rolled.high,
                    rolled.sum,
                    rolled.last,
                    rolled.doubtful,
                )
                hours = zip(*(column.tolist() for column in columns), strict=True)
                yield [(signal, isoformat(moment(at)), *rest) for at, *rest in hours]


READINGS, ROLLUPS = _Readings(), _Rollups()


def _groups(tenant: UUID) -> Iterator[list[int]]:
    with scope(tenant):
        signals = list(Signal.objects.order_by("id").values_list("id", flat=True))
    for place in range(0, len(signals), _SIGNALS_AT_ONCE):
        yield signals[place : place + _SIGNALS_AT_ONCE]
