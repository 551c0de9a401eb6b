"""Whether conditions held, told from readings: which stretch of time, and since when that has been known.

A condition is judged whenever one of its signals is read and whenever a reading ceases to hold; in between it stays
what it was. What readings do not show is unknown. What people say of an asset goes before what its signals say: from a
failure to the return, and from a visit's begin to its end, it is down. The state of a moment depends on evidence alone,
never on the clock or on where a span is cut.

What came in is taken together by cuts (the midnights, and the moments at which the evidence was sealed): each group of
readings and events, with all that came before it, makes a version, and every report of a version was received when the
last of its group was. Whoever reads the reports received up to a cut, later ones over earlier ones, sees exactly what
was known then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tenants.kernel.calendars import Span
from twins.evidence.domain.items import AFTER, Bools, Events, Flights, Ints, walk
from twins.evidence.domain.states import STATE_OF, Cause, Stretches, stitched
from twins.language.evaluation import UNUSABLE, Property, Ranks, Samples, evaluate, instants_of
from twins.language.typed import Formula, OverTime
from twins.language.typed import walk as parts_of
from twins.telemetry.schemas import Floats

_MS = 1000
"""Microseconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """Readings of one signal of one asset; shape ``(n,)`` each.

    Attributes:
        at: Instants in microseconds, ascending, each once.
        value: In the unit of the type, NaN where a reading says that it is none.
        rank: How doubtful each is (``twins.language.evaluation``).
        received: When each became known, in milliseconds.
        patience_us: How long a reading holds when no other follows.
    """

    at: Ints
    value: Floats
    rank: Ranks
    received: Ints
    patience_us: int


NOTHING_READ = Sampled(np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.int16), np.empty(0, np.int64), 0)
"""Of a signal that was never bound."""


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """What is known of one asset that its signals speak of.

    Attributes:
        signals: Its readings by key, from so far before the span as they matter.
        properties: What its properties are, numbers in the unit of the type.
        events: What people said of it, whenever it was; the number of the asset is 0.
    """

    signals: Mapping[str, Sampled]
    properties: Mapping[str, Property]
    events: Events


class Report(NamedTuple):
    """Somebody knew since ``received`` that this held from ``start`` to ``end``; all in milliseconds."""

    start: int
    end: int
    cause: Cause
    received: int


def reports(
    machine: Machine, formula: Formula | None, span: Span, cuts: Ints, *, with_events: bool
) -> tuple[list[Report], Stretches]:
    """Every report of a condition within a span, and what all of them together say.

    Args:
        machine: What is known.
        formula: The condition; None when signals say nothing of it.
        span: ``[start, end)`` in milliseconds, not empty.
        cuts: What is taken together: everything received up to the first of these moments, and so on; ascending.
        with_events: Whether what people say goes before what signals say.

    Returns:
        The reports by version, and the causes at the end of all, which cover the span.
    """
    question = _Question(machine, formula, span, cuts, with_events=with_events)
    known = Stretches(*(np.array([each], np.int64) for each in (0, span[0], span[1], int(Cause.NO_READING))))
    found: list[Report] = []
    for group in question.groups:
        region = question.region(group)
        if region[0] >= region[1]:
            continue
        now = _spliced(known, question.causes(group, region), region)
        received = question.received(group)
        found += [Report(*each, received) for each in _differences(known, now)]
        known = now
    return found, known


class _Question:
    """One condition of one machine over one span, version by version."""

    def __init__(self, machine: Machine, formula: Formula | None, span: Span, cuts: Ints, *, with_events: bool) -> None:
        self._machine, self._formula, self._span = machine, formula, span
        wanted = () if formula is None else [key for key in sorted(formula.signals) if key in machine.signals]
        self._signals = {key: machine.signals[key] for key in wanted}
        patience = {} if formula is None else dict.fromkeys(formula.signals, 0)
        patience |= {key: one.patience_us for key, one in self._signals.items()}
        self._reach = 0 if formula is None else formula.reach_us(patience)
        low, high = span[0] * _MS - self._reach, span[1] * _MS
        self._signals = {key: _cut(one, low, high) for key, one in self._signals.items()}
        self._group = {key: np.searchsorted(cuts, one.received) for key, one in self._signals.items()}
        events = machine.events
        self._events = events if with_events else Events(*np.empty((4, 0), np.int64))
        self._told = np.searchsorted(cuts, self._events.received)
        self.groups: list[int] = np.unique(np.concatenate([*self._group.values(), self._told])).tolist()

    def received(self, group: int) -> int:
        """When the last of a group came."""
        found = [one.received[self._group[key] == group] for key, one in self._signals.items()]
        return int(np.concatenate([*found, self._events.received[self._told == group]]).max())

    def region(self, group: int) -> Span:
        """The part of the span in which a group can change what is known, in milliseconds."""
        low, high = AFTER, -AFTER
        for key, one in self._signals.items():
            at = one.at[self._group[key] == group]
            if at.size:
                low = min(low, int(at[0]) // _MS)
                high = max(high, (int(at[-1]) + self._reach) // _MS + 1)
        told = self._events.at[self._told == group]
        if told.size:
            low, high = min(low, int(told.min())), self._span[1]
        return max(low, self._span[0]), min(high, self._span[1])

    def causes(self, group: int, region: Span) -> Stretches:
        """What the readings and events up to a group say of a region."""
        at, cause = self._read(group, region)
        is_told = self._told <= group
        if is_told.any():
            at, cause = _overlaid(at, cause, _told(self._events, is_told), region)
        end = np.append(at[1:], region[1])
        lasting = at < end
        return stitched(np.zeros(int(lasting.sum()), np.int64), at[lasting], end[lasting], cause[lasting])

    def _read(self, group: int, region: Span) -> tuple[Ints, Ints]:
        """From when on signals say what, within a region; the first begins with it."""
        if self._formula is None or not self._signals:
            return np.array([region[0]], np.int64), np.array([Cause.NO_READING], np.int64)
        samples = {key: self._samples(key, group, region) for key in self._signals}
        low, high = region[0] * _MS, region[1] * _MS
        at = _turns(self._formula, samples)
        at = np.unique(np.append(at[(at > low) & (at < high)], low))
        found = evaluate(self._formula, samples, self._machine.properties, at=at)
        known = ~np.isnan(found.value) & (found.rank < UNUSABLE)
        cause = np.where(known, np.where(found.value > 0, Cause.HOLDS, Cause.HOLDS_NOT), Cause.NO_READING)
        # Of what happens within one millisecond, the last counts.
        since = at // _MS
        last = np.append(since[1:] != since[:-1], True)
        return np.maximum(since[last], region[0]), cause[last].astype(np.int64)

    def _samples(self, key: str, group: int, region: Span) -> Samples:
        one = self._signals[key]
        low, high = np.searchsorted(one.at, [region[0] * _MS - self._reach, region[1] * _MS])
        near = slice(int(low), int(high))
        known = self._group[key][near] <= group
        return Samples(one.at[near][known], one.value[near][known], one.patience_us, one.rank[near][known])


def _cut(one: Sampled, low: int, high: int) -> Sampled:
    first, last = np.searchsorted(one.at, [low, high])
    near = slice(int(first), int(last))
    return Sampled(one.at[near], one.value[near], one.rank[near], one.received[near], one.patience_us)


def _turns(formula: Formula, samples: Mapping[str, Samples]) -> Ints:
    """When a condition is judged: as one of its signals is read, and as a reading or what looks back at it ends."""
    looks = [part.window_us for part in parts_of(formula.root) if isinstance(part, OverTime)]
    found = [instants_of(formula.signals, samples)]
    for one in samples.values():
        following = np.append(one.at[1:], np.iinfo(np.int64).max)[: one.at.size]
        last = one.at[following > one.at + one.patience_us]
        found += [last + one.patience_us + 1]
        found += [last + more + 1 for window in looks for more in (window, window + one.patience_us)]
    return np.unique(np.concatenate(found))


def _told(events: Events, known: Bools) -> Stretches:
    """From when to when people say that the asset was down, and why."""
    some = Events(*(column[known] for column in (events.asset, events.at, events.kind, events.received)))
    items = walk(Flights.none(), some, 1)
    end = np.append(items.at[1:], AFTER)
    in_shop = np.where(items.is_failed, Cause.REPAIR, Cause.SHOP)
    cause = np.where(items.is_retired, Cause.RETIRED, np.where(items.is_in_shop, in_shop, Cause.FAILED))
    down = (items.is_in_shop | items.is_failed | items.is_retired) & (items.at < end)
    return stitched(items.asset[down], items.at[down], end[down], cause[down])


def _overlaid(at: Ints, cause: Ints, told: Stretches, region: Span) -> tuple[Ints, Ints]:
    """The same with what people say over it."""
    start, end = told.start.clip(*region), told.end.clip(*region)
    lasting = start < end
    start, end, said = start[lasting], end[lasting], told.value[lasting]
    edges = np.unique(np.concatenate([at, start, end[end < region[1]]]))
    below = cause[np.searchsorted(at, edges, "right") - 1]
    if not start.size:
        return edges, below
    place = np.searchsorted(start, edges, "right") - 1
    is_said = (place >= 0) & (edges < end[place])
    return edges, np.where(is_said, said[place], below)


def _spliced(known: Stretches, new: Stretches, region: Span) -> Stretches:
    """What was known, with what is known now of a region in its place."""
    before = known.start < region[0]
    after = known.end > region[1]
    start = np.concatenate([known.start[before], new.start, np.maximum(known.start[after], region[1])])
    end = np.concatenate([np.minimum(known.end[before], region[0]), new.end, known.end[after]])
    value = np.concatenate([known.value[before], new.value, known.value[after]])
    return stitched(np.zeros(start.size, np.int64), start, end, value)


def _differences(old: Stretches, new: Stretches) -> list[tuple[int, int, Cause]]:
    """Where the state is another than it was, with the cause that holds now."""
    edge = np.unique(np.concatenate([old.start, new.start]))
    end = np.append(edge[1:], new.end[-1])
    was = old.value[np.searchsorted(old.start, edge, "right") - 1]
    now = new.value[np.searchsorted(new.start, edge, "right") - 1]
    other = STATE_OF[was] != STATE_OF[now]
    found = stitched(np.zeros(int(other.sum()), np.int64), edge[other], end[other], STATE_OF[now[other]])
    first = np.searchsorted(new.start, found.start, "right") - 1
    columns = (found.start.tolist(), found.end.tolist(), new.value[first].tolist())
    return [(start, end, Cause(cause)) for start, end, cause in zip(*columns, strict=True)]
