"""Flights told from snapshots, and the hours that were flown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tenants.kernel.calendars import Span
from twins.evidence.domain.items import AFTER, Flights, Ints, Rule, together

BASE = -1
"""Stands for the take-off of no flight: the count at the start of a span."""


def flights_of(snapshots: Flights, rule: Rule) -> Flights:
    """The flights that snapshots tell of, asset by asset in the order of time.

    A snapshot is stamped at take-off. One that comes before the flight of an earlier one has ended is of that flight: a
    gateway may stamp each signal a moment apart, and nobody takes off in the air. So the flown hours of an asset never
    exceed the hours that passed. A flight is known from when the first of its snapshots was received.

    Args:
        snapshots: Of any order; the same twice is harmless.
        rule: Says how long a flight lasts.
    """
    order = np.lexsort((snapshots.at, snapshots.asset))
    asset, at, received = snapshots.asset[order], snapshots.at[order], snapshots.received[order]
    first: list[int] = []
    owner, landing = -1, 0
    for place, (whose, when) in enumerate(zip(asset.tolist(), at.tolist(), strict=True)):
        if whose != owner or when >= landing:
            first.append(place)
            owner, landing = whose, when + rule.flight_ms
    if not first:
        return Flights(asset, at, received)
    return Flights(asset[first], at[first], np.minimum.reduceat(received, first))


@dataclass(frozen=True, slots=True, eq=False)
class CounterReadings:
    """Readings of the counters of flights; shape ``(n,)`` each.

    A reading that is there again, received later, is what the counter has been known to stand at since.

    Attributes:
        asset: Whose counter it is.
        take_off: The flight's, ``BASE`` for the reading at the start of the span.
        at: The landing, or the start of the span.
        flown: How many flights the asset has flown up to and with this one.
        received: When that became known.
    """

    asset: Ints
    take_off: Ints
    at: Ints
    flown: Ints
    received: Ints


def counter_readings(flights: Flights, rule: Rule, span: Span) -> CounterReadings:
    """The counters of flights over ``(start, end]``: at the start, and at each landing.

    What was received up to the start is taken together, as received with the last of it: nobody rates a span before it
    begins. From there on each reading is given as it became known, and again whenever an earlier flight that came in
    late moved it. An asset that landed neither before nor in the span has none.

    Args:
        flights: As ``flights_of`` gives them.
        rule: Says how long a flight lasts.
        span: ``[start, end)``; a landing belongs to the span that it ends.
    """
    known = together(flights.asset, flights.received, span[0], int(flights.asset.max(initial=-1)) + 1)
    edges = np.flatnonzero(np.diff(flights.asset)) + 1
    parts = np.split(np.stack([flights.asset, flights.at, known]), edges, axis=1)
    found = [_of_one(part, rule, span) for part in parts if part.size]
    columns = np.concatenate([np.empty((5, 0), np.int64), *found], axis=1)
    return CounterReadings(*columns)


def _of_one(flights: Ints, rule: Rule, span: Span) -> Ints:
    _, take_off, known = flights[:, flights[1] + rule.flight_ms <= span[1]]
    landing = take_off + rule.flight_ms
    earlier = int(np.searchsorted(landing, span[0], "right"))
    place, flown, when = _landings(known, earlier)
    at_start, since = _at_start(known, earlier)
    readings = [
        np.full(at_start.size + place.size, flights[0, 0]),
        np.concatenate([np.full(at_start.size, BASE), take_off[place]]),
        np.concatenate([np.full(at_start.size, span[0]), landing[place]]),
        np.concatenate([at_start, flown]),
        np.concatenate([since, when]),
    ]
    return np.stack(readings)


def _at_start(known: Ints, earlier: int) -> tuple[Ints, Ints]:
    """How many flights had landed by the start of the span, and since when that was known."""
    since = np.unique(np.concatenate([known[:earlier], known[earlier:].min(keepdims=True, initial=AFTER)]))
    since = since[since < AFTER]
    flown = np.searchsorted(np.sort(known[:earlier]), since, "right")
    changed = np.append(True, flown[1:] != flown[:-1])[: flown.size]
    return flown[changed], since[changed]


def _landings(known: Ints, earlier: int) -> tuple[Ints, Ints, Ints]:
    """For each flight from ``earlier`` on: its place, how many were flown with it, and since when that was known."""
    place = np.arange(earlier, known.size)
    flown, since = place + 1, known[place]
    moved = np.flatnonzero(np.maximum.accumulate(known)[place] > since)
    if not moved.size:  # none came late, as is usual
        return place, flown, since
    columns = [np.delete(np.stack([place, flown, since]), moved, axis=1)]
    for one in place[moved].tolist():
        before = np.sort(known[: one + 1])
        versions = np.unique(before[before >= known[one]])
        columns.append(np.stack([np.full_like(versions, one), np.searchsorted(before, versions, "right"), versions]))
    place, flown, since = np.concatenate(columns, axis=1)
    return place, flown, since
