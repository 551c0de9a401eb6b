"""Flights told from snapshots, and the hours that were flown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tenants.kernel.calendars import Span
from twins.evidence.domain.items import AFTER, Bools, Flights, Ints, Rule, together

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
    first = np.flatnonzero(_begins(asset, at, rule.flight_ms))
    if not first.size:
        return Flights(asset, at, received)
    return Flights(asset[first], at[first], np.minimum.reduceat(received, first))


def _begins(asset: Ints, at: Ints, flight_ms: int) -> Bools:
    """Which snapshots, in order, begin a flight.

    One that follows no other within the length of a flight does for sure. Only between those it depends on where the
    flight before began, one after the other; and none at the very instant of another begins a second.
    """
    length = np.diff(at)
    is_other = asset[1:] != asset[:-1]
    begins = np.append(True, is_other | (length >= flight_ms))[: at.size]
    sure = np.maximum.accumulate(np.where(begins, np.arange(at.size), 0))
    open_ = np.flatnonzero(~begins & np.append(True, is_other | (length > 0))[: at.size])
    last, landing = -1, 0
    columns = (column.tolist() for column in (open_, at[open_], sure[open_], at[sure[open_]]))
    for place, when, begun, took_off in zip(*columns, strict=True):
        if begun > last:
            last, landing = begun, took_off + flight_ms
        if when >= landing:
            begins[place] = True
            last, landing = place, when + flight_ms
    return begins


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
    flown = np.stack([flights.asset, flights.at, known])[:, flights.at + rule.flight_ms <= span[1]]
    follows = flown[0, 1:] == flown[0, :-1]
    late = np.unique(flown[0, 1:][follows & (flown[2, 1:] < flown[2, :-1])])
    is_late = np.isin(flown[0], late)
    parts = np.split(flown[:, is_late], np.flatnonzero(np.diff(flown[0, is_late])) + 1, axis=1)
    found = [_of_one(part, rule, span) for part in parts if part.size]
    return CounterReadings(*np.concatenate([_in_order(flown[:, ~is_late], rule, span), *found], axis=1))


def _in_order(flights: Ints, rule: Rule, span: Span) -> Ints:
    """The readings of assets of which no flight became known after a later one, as is usual."""
    asset, take_off, known = flights
    landing = take_off + rule.flight_ms
    is_other = asset[1:] != asset[:-1]
    first = np.append(True, is_other)[: asset.size]
    place = np.arange(asset.size)
    count = place - np.maximum.accumulate(np.where(first, place, 0)) + 1
    is_early = landing <= span[0]
    # At the start each count that was known for some time stands once, with the last flight that led to it.
    is_last = np.append(is_other | (known[1:] != known[:-1]) | ~is_early[1:], True)[: asset.size]
    at_start, none_yet, later = (np.flatnonzero(which) for which in (is_early & is_last, first & ~is_early, ~is_early))
    order = np.concatenate([at_start, none_yet, later])
    is_base = np.arange(order.size) < at_start.size + none_yet.size
    counted = np.concatenate([count[at_start], np.zeros_like(none_yet), count[later]])
    return np.stack(
        [asset[order], np.where(is_base, BASE, take_off[order]), np.where(is_base, span[0], landing[order]), counted,
         known[order]]
    )  # fmt: skip


def _of_one(flights: Ints, rule: Rule, span: Span) -> Ints:
    """The readings of one asset, whatever came late."""
    _, take_off, known = flights
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
