"""What readings come to by the minute, hour and day.

Hours and days are kept (see ``rolling``) and outlive the readings; minutes are worked out from the chunks, which takes
some 20 ms for a month of a signal that is read every five seconds. What came since a chunk was rolled up is worked out
from the readings, so that the figures are always those of the readings that are there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenants.scope.context import required_tenant
from twins.telemetry import stored
from twins.telemetry.chunks import Span, start_of
from twins.telemetry.instants import micros, moment
from twins.telemetry.packing import Kept, unpack_rollups
from twins.telemetry.schemas import Ints, Quality, usable
from twins.telemetry.series import Grain, Rollups, Series

_ROLLUPS = """
SELECT signal, payload FROM twins_rollup
WHERE tenant_id = %(tenant)s AND signal = ANY(%(signals)s::bigint[]) AND grain = %(grain)s
  AND start >= %(first)s AND start < %(end)s"""
_UNROLLED = """
SELECT signal, first_at, last_at FROM twins_chunk
WHERE tenant_id = %(tenant)s AND signal = ANY(%(signals)s::bigint[]) AND NOT rolled
  AND start >= %(month)s AND start < %(end)s AND last_at >= %(start)s"""


class Stretch(NamedTuple):
    """A half-open span of time in microseconds since 1970."""

    low: int
    high: int


def roll_up(series: Series | Kept, grain: Grain) -> Rollups:
    """The readings of a signal by whole minutes, hours or days."""
    return gathered_readings(series, series.at // grain * grain)


def gathered_readings(series: Series | Kept, place: Ints) -> Rollups:
    """The readings of a signal that belong to the same place as one rollup, whose start is that place.

    Args:
        series: Ascending in time.
        place: To which each belongs, ascending, shape ``(n,)``.
    """
    if not place.size or series.quality.any():
        return gathered(one_by_one(series), place)
    first = np.append(0, np.flatnonzero(place[1:] != place[:-1]) + 1)
    last = np.append(first[1:], place.size)
    count = last - first
    return Rollups(
        start=place[first],
        count=count,
        used=count,
        low=np.minimum.reduceat(series.value, first),
        high=np.maximum.reduceat(series.value, first),
        sum=np.add.reduceat(series.value, first),
        last=series.value[last - 1],
        doubtful=np.zeros(first.size, np.int64),
    )


def one_by_one(series: Series | Kept) -> Rollups:
    """Each reading of a signal as a rollup of its own, which starts at its instant."""
    good = usable(series.quality)
    value = np.where(good, series.value, np.nan)
    return Rollups(
        start=series.at,
        count=np.ones(good.size, np.int64),
        used=good.astype(np.int64),
        low=value,
        high=value,
        sum=np.where(good, series.value, 0.0),
        last=value,
        doubtful=(series.quality != Quality.GOOD).astype(np.int64),
    )


def gathered(parts: Rollups, place: Ints) -> Rollups:
    """Rollups that belong to the same place as one, whose start is that place.

    Args:
        parts: Ascending in time.
        place: To which each belongs, ascending, shape ``(n,)``.
    """
    if not place.size:
        return no_rollups()
    first = np.append(0, np.flatnonzero(place[1:] != place[:-1]) + 1)
    # The place of the newest one so far that has a usable reading; before the first of all, any will do.
    newest = np.maximum.accumulate(np.where(parts.used > 0, np.arange(place.size), 0))
    last = newest[np.append(first[1:], place.size) - 1]
    return Rollups(
        start=place[first],
        count=np.add.reduceat(parts.count, first),
        used=np.add.reduceat(parts.used, first),
        low=np.fmin.reduceat(parts.low, first),
        high=np.fmax.reduceat(parts.high, first),
        sum=np.add.reduceat(parts.sum, first),
        last=np.where(last >= first, parts.last[last], np.nan),
        doubtful=np.add.reduceat(parts.doubtful, first),
    )


def by_day(hours: Rollups) -> Rollups:
    """Hours as days."""
    return gathered(hours, hours.start // Grain.DAY * Grain.DAY)


def replaced(rolled: Rollups, newer: Rollups, stretches: Iterable[Stretch]) -> Rollups:
    """Rollups in which those of some stretches of time are replaced by newer ones; ascending in time."""
    kept = np.ones(rolled.start.size, np.bool_)
    for low, high in stretches:
        kept &= (rolled.start < low) | (rolled.start >= high)
    found = all_rollups([_where(rolled, kept), newer])
    return _where(found, np.argsort(found.start, kind="stable"))


def no_rollups() -> Rollups:
    """None at all."""
    none, whole = np.empty(0, np.float64), np.empty(0, np.int64)
    return Rollups(whole, whole, whole, none, none, none, none, whole)


def rollups(signal_ids: Collection[int], grain: Grain, start: datetime, end: datetime) -> dict[int, Rollups]:
    """The rollups of signals of the tenant in scope whose first instant lies in ``[start, end)``, by signal."""
    low, high = -(-micros(start) // grain) * grain, -(-micros(end) // grain) * grain
    if grain is Grain.MINUTE:
        return _from_readings(signal_ids, grain, Stretch(low, high))
    unrolled = _unrolled(signal_ids, Stretch(low, high), grain)
    found = _kept(signal_ids, grain, Stretch(low, high))
    for stretch, signals in _together(unrolled).items():
        if grain is Grain.HOUR:
            newer = _from_readings(signals, grain, stretch)
        else:
            hours = rollups(signals, Grain.HOUR, moment(stretch.low), moment(stretch.high))
            newer = {signal: by_day(of_signal) for signal, of_signal in hours.items()}
        for signal in signals:
            found[signal] = replaced(found[signal], newer[signal], [stretch])
    return found


def _kept(signals: Collection[int], grain: Grain, within: Stretch) -> dict[int, Rollups]:
    first = start_of(within.low, Span.MONTH)
    if grain is Grain.DAY:
        first = start_of_year(first)
    parameters = {
        "tenant": required_tenant("rollups"), "signals": sorted(signals), "grain": int(grain),
        "first": moment(first), "end": moment(within.high),
    }  # fmt: skip
    parts: dict[int, list[Rollups]] = {}
    for signal, payload in stored.fetched(_ROLLUPS, parameters):
        parts.setdefault(signal, []).append(unpack_rollups(payload))
    return {signal: _within(parts.get(signal, []), within) for signal in signals}


def _from_readings(signals: Collection[int], grain: Grain, stretch: Stretch) -> dict[int, Rollups]:
    found = stored.stored(signals, moment(stretch.low), moment(stretch.high))
    return {signal: roll_up(kept, grain) for signal, kept in found.items()}


def _unrolled(signals: Collection[int], within: Stretch, grain: Grain) -> Mapping[int, list[Stretch]]:
    """The stretches, in whole hours or days, in which readings of each signal came that its rollups do not know."""
    parameters = {
        "tenant": required_tenant("rollups"), "signals": sorted(signals), "start": moment(within.low),
        "end": moment(within.high), "month": moment(start_of(within.low, Span.MONTH)),
    }  # fmt: skip
    spans: dict[int, list[Stretch]] = {}
    for signal, first, last in stored.fetched(_UNROLLED, parameters):
        spans.setdefault(signal, []).append(Stretch(micros(first), micros(last)))
    for signal, at in stored.logged(signals, within.low, within.high).items():
        spans.setdefault(signal, []).extend(Stretch(one, one) for one in np.unique(at // grain * grain).tolist())
    return {
        signal: _joined(
            Stretch(max(low // grain * grain, within.low), min(high // grain * grain + grain, within.high))
            for low, high in of_signal
        )
        for signal, of_signal in spans.items()
    }


def _joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Stretches that touch as one."""
    found: list[Stretch] = []
    for one in sorted(stretches):
        if found and one.low <= found[-1].high:
            found[-1] = Stretch(found[-1].low, max(found[-1].high, one.high))
        else:
            found.append(one)
    return found


def _together(unrolled: Mapping[int, list[Stretch]]) -> dict[Stretch, list[int]]:
    """The signals of each stretch: most have the same, the hour that goes on."""
    found: dict[Stretch, list[int]] = {}
    for signal, stretches in unrolled.items():
        for stretch in stretches:
            found.setdefault(stretch, []).append(signal)
    return found


def start_of_year(at: int) -> int:
    """The first instant of the year, in UTC, that an instant lies in."""
    return micros(moment(at).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0))


def _within(parts: list[Rollups], within: Stretch) -> Rollups:
    found = all_rollups(parts)
    found = _where(found, np.argsort(found.start, kind="stable"))
    first, last = np.searchsorted(found.start, within)
    return _where(found, slice(first, last))


def all_rollups(parts: list[Rollups]) -> Rollups:
    """Several one after the other, as they are given."""
    parts = [no_rollups(), *parts]
    return Rollups(*(np.concatenate([getattr(part, name) for part in parts]) for name in _NAMES))


def _where(rolled: Rollups, chosen: NDArray[Any] | slice) -> Rollups:
    return Rollups(*(getattr(rolled, name)[chosen] for name in _NAMES))


_NAMES = tuple(field.name for field in fields(Rollups))
