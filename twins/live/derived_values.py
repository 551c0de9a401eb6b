"""The derived signals of many assets of one type in some spans, worked out together.

The spans are laid end to end on one line of time, with so much room between them that nothing reaches from one into
another: so each formula is evaluated once for all assets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twins.language.evaluation import Ranks, Result, Samples, evaluate, instants_of
from twins.live.derived_plan import Channel, TypePlan
from twins.live.derived_spans import Span
from twins.telemetry.schemas import Floats, Ints, Quality, Readings
from twins.telemetry.series import Series

RANK = {
    Quality.GOOD: 0, Quality.SUBSTITUTED: 1, Quality.UNCERTAIN: 2, Quality.SPIKE: 10, Quality.STUCK: 11,
    Quality.STALE: 12, Quality.OUT_OF_RANGE: 13,
}  # fmt: skip
"""How doubtful each quality is, for formulas; the values of a reading that is ``BAD`` are no values at all."""
_RANKS = np.array([RANK.get(quality, 0) for quality in Quality], np.int16)
_QUALITIES = np.zeros(max(RANK.values()) + 1, np.int16)
for _quality, _rank in RANK.items():
    _QUALITIES[_rank] = _quality


class _Line(NamedTuple):
    """Spans on one line of time.

    Attributes:
        shift: What is added to the instants of each span.
        stride: How much room each of them has; the first begins at 0.
    """

    spans: Sequence[Span]
    shift: Ints
    stride: int

    def numbers(self, at: Ints) -> Ints:
        """The number of the span that each instant belongs to."""
        return at // self.stride


class _Stored(NamedTuple):
    """Readings of one key on the line, in the unit of the type."""

    at: Ints
    value: Floats
    quality: NDArray[np.int16]


def derived_readings(
    plan: TypePlan, spans: Sequence[Span], stored: Mapping[int, Series], keys: Collection[str]
) -> Readings:
    """What is to be written so that derived signals are right in some spans: new values, changed ones, withdrawn ones.

    A value that can no longer be worked out keeps its number and becomes ``BAD``.

    Args:
        plan: The type.
        spans: No two of one asset overlap.
        stored: The readings of their signals, from so far before each span as matters, to its end.
        keys: The derived signals that may have changed.
    """
    line = _line(plan, spans)
    properties = _properties(plan, line)
    derived: dict[str, Samples] = {}
    written = []
    for key, formula in plan.formulas.items():
        if key not in keys:
            continue
        samples = dict(properties)
        for name in formula.signals:
            if name not in derived:
                derived[name] = _samples(_on_line(plan, line, stored, name), 0)
            samples[name] = _patient(derived[name], plan.patience[key][name])
        at = _within(line, instants_of(formula.signals, samples))
        found = evaluate(formula, samples, at=at)
        known = ~np.isnan(found.value)
        result = Result(found.at[known], found.value[known], found.rank[known])
        before = _on_line(plan, line, stored, key)
        written.append(_difference(plan, line, key, before, result))
        derived[key] = _renewed(line, before, result)
    return _together(written)


def _line(plan: TypePlan, spans: Sequence[Span]) -> _Line:
    room = max(plan.reach.values())
    stride = 2 * room + max(span.end - span.start for span in spans) + 2
    number = np.arange(len(spans), dtype=np.int64)
    start = np.array([span.start for span in spans], np.int64)
    # Behind the span there is room for what is loaded before it, and one instant for the properties.
    return _Line(spans, number * stride + room + 1 - start, stride)


def _on_line(plan: TypePlan, line: _Line, stored: Mapping[int, Series], key: str) -> _Stored:
    at, value, quality = [_NO_INTS], [_NO_FLOATS], [_NO_QUALITY]
    room = max(plan.reach.values())
    for span, shift in zip(line.spans, line.shift.tolist(), strict=True):
        channel = plan.assets[span.asset].channels.get(key)
        series = stored.get(channel.signal) if channel is not None else None
        if channel is None or series is None:
            continue
        low, high = np.searchsorted(series.at, (span.start - room, span.end + 1))
        at.append(series.at[low:high] + shift)
        value.append(_read(series.value[low:high], channel))
        quality.append(series.quality[low:high])
    return _Stored(np.concatenate(at), np.concatenate(value), np.concatenate(quality))


def _read(value: Floats, channel: Channel) -> Floats:
    return value if channel.factor == 1.0 and channel.offset == 0.0 else value * channel.factor + channel.offset


def _samples(stored: _Stored, patience_us: int) -> Samples:
    value = np.where(stored.quality == Quality.BAD, np.nan, stored.value)
    return Samples(stored.at, value, patience_us, _RANKS[stored.quality])


def _patient(samples: Samples, patience_us: int) -> Samples:
    return Samples(samples.at, samples.value, patience_us, samples.rank)


def _renewed(line: _Line, before: _Stored, result: Result) -> Samples:
    """A derived signal as others need it: as it is stored before the spans, as it was worked out in them."""
    kept = ~_is_within(line, before.at) & (before.quality != Quality.BAD)
    at = np.concatenate([before.at[kept], result.at])
    order = np.argsort(at, kind="stable")
    value = np.concatenate([before.value[kept], result.value])
    rank: Ranks = np.concatenate([_RANKS[before.quality[kept]], result.rank])
    return Samples(at[order], value[order], 0, rank[order])


def _properties(plan: TypePlan, line: _Line) -> dict[str, Samples]:
    """What does not change: a reading at the beginning of each span, which holds until the next span."""
    names = sorted(frozenset().union(*(formula.properties for formula in plan.formulas.values())))
    at = np.arange(len(line.spans), dtype=np.int64) * line.stride
    return {
        name: Samples(
            at, _values([plan.assets[span.asset].properties.get(name) for span in line.spans]), line.stride - 1
        )
        for name in names
    }


def _values(values: Sequence[float | str | bool | None]) -> NDArray[Any]:
    if any(isinstance(value, str) for value in values):
        return np.array(values, object)
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _is_within(line: _Line, at: Ints) -> NDArray[np.bool_]:
    number = line.numbers(at)
    start = np.array([span.start for span in line.spans], np.int64) + line.shift
    end = np.array([span.end for span in line.spans], np.int64) + line.shift
    within: NDArray[np.bool_] = (at >= start[number]) & (at <= end[number])
    return within


def _within(line: _Line, at: Ints) -> Ints:
    return at[_is_within(line, at)]


def _difference(plan: TypePlan, line: _Line, key: str, before: _Stored, result: Result) -> Readings:
    """What has to be written so that what was stored becomes what was worked out."""
    channels = [plan.assets[span.asset].channels.get(key) for span in line.spans]
    signal = np.array([0 if one is None else one.signal for one in channels], np.int64)
    factor = np.array([1.0 if one is None else one.factor for one in channels])
    offset = np.array([0.0 if one is None else one.offset for one in channels])
    within = _is_within(line, before.at)
    old_at, old_value, old_quality = before.at[within], before.value[within], before.quality[within]
    place = np.searchsorted(old_at, result.at)
    is_there = np.append(old_at, -1)[place] == result.at
    quality = _QUALITIES[result.rank]
    same = np.append(old_value, np.nan)[place] == result.value
    changed = ~(is_there & same & (np.append(old_quality, -1)[place] == quality))
    gone = ~np.isin(old_at, result.at, assume_unique=True) & (old_quality != Quality.BAD)
    at = np.concatenate([result.at[changed], old_at[gone]])
    value = np.concatenate([result.value[changed], old_value[gone]])
    bad = np.full(int(gone.sum()), Quality.BAD, np.int16)
    number = line.numbers(at)
    is_stored = signal[number] > 0
    number, at, value = number[is_stored], at[is_stored], value[is_stored]
    kept = np.concatenate([quality[changed], bad])[is_stored]
    return Readings(signal[number], at - line.shift[number], (value - offset[number]) / factor[number], kept)


def _together(parts: Sequence[Readings]) -> Readings:
    def columns() -> Iterator[NDArray[Any]]:
        for name, kind in (("signal", np.int64), ("at", np.int64), ("value", np.float64), ("quality", np.int16)):
            yield np.concatenate([np.empty(0, kind), *(getattr(part, name) for part in parts)])

    return Readings(*columns())


_NO_INTS = np.empty(0, np.int64)
_NO_FLOATS = np.empty(0, np.float64)
_NO_QUALITY = np.empty(0, np.int16)
