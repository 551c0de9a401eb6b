"""What was known of the states of assets, and since when: reports of which the one received last holds.

Whoever reads the reports that were received up to some moment, and lets later ones override earlier ones, sees exactly
the states that the evidence received up to that moment gives. So evidence that comes in after a statement was made is
recorded, and takes nothing from what the statement was made of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tenants.kernel.calendars import Span
from twins.evidence.domain.items import AFTER, BEFORE, Bools, Events, Flights, Ints, Rule, together
from twins.evidence.domain.states import STATES, State, Stretches, stitched, stretches

UNKNOWN = STATES.index(State.UNKNOWN)
_FAR = 2**44
"""More milliseconds than lie between 1970 and any flight or event, so that a number and an instant make one key."""


@dataclass(frozen=True, slots=True, eq=False)
class Reports:
    """Reports of states, asset by asset as they were received; shape ``(n,)`` each.

    Attributes:
        state: Numbers in ``STATES``.
        received: When that became known.
    """

    asset: Ints
    start: Ints
    end: Ints
    state: Ints
    received: Ints


def reports(flights: Flights, events: Events, rule: Rule, span: Span, count: int) -> Reports:
    """Every report of states within a span; what no report speaks of is unknown.

    What was received up to the start of the span is taken together: nobody rates a span before it begins.

    Args:
        flights: As ``flights_of`` gives them.
        events: Of any order.
        rule: The assumptions.
        span: ``[start, end)``, not empty.
        count: How many assets.
    """
    versions = _Versions(flights.where(_matters(flights, events, rule, span)), events, span, count)
    if not versions.owner.size:
        return Reports(*np.empty((5, 0), np.int64))
    states = stretches(versions.flights, versions.events, rule, span, versions.owner.size).states()
    return _changes(states, versions, span)


class _Versions:
    """Each asset again for each moment at which something about it became known, with what was known then.

    Attributes:
        owner: Which asset each version is of, shape ``(versions,)``, ascending.
        received: When it became known, ascending for each asset.
        since: From when on a version can differ from the one before it.
        flights: Those of each version, which stands in the place of the asset; not those before ``since`` of it and of
            the next version, which nobody compares.
        events: All of each version.
    """

    def __init__(self, flights: Flights, events: Events, span: Span, count: int) -> None:
        asset = np.concatenate([flights.asset, events.asset])
        received = together(asset, np.concatenate([flights.received, events.received]), span[0], count)
        key, version = np.unique(asset * _FAR + received, return_inverse=True)
        self.owner, self.received = key // _FAR, key % _FAR
        self._end = np.searchsorted(self.owner, self.owner, "right")
        self.since = self._appended(flights.at, version[: flights.at.size], np.isin(self.owner, events.asset))
        is_last = np.append(self.owner[1:] != self.owner[:-1], True)[: self.owner.size]
        needed = np.where(is_last, self.since, np.minimum(self.since, np.append(self.since[1:], AFTER)))
        place, numbered = self._repeated(version[: flights.at.size])
        chosen = flights.at[place] >= needed[numbered]
        place, numbered = place[chosen], numbered[chosen]
        self.flights = Flights(numbered, flights.at[place], flights.received[place])
        place, numbered = self._repeated(version[flights.at.size :])
        self.events = Events(numbered, events.at[place], events.kind[place], events.received[place])

    def _appended(self, at: Ints, version: Ints, is_told: Bools) -> Ints:
        """From when on each version can differ from the one before it; ``is_told`` are those of assets with events.

        What lies between two flights depends on these two alone. So one that only appends flights, as most do, can
        differ from the last flight before them on; others anywhere.
        """
        if not self.owner.size:
            return self.owner
        first, last = np.full(self.owner.size, AFTER), np.zeros(self.owner.size, np.int64)
        np.minimum.at(first, version, at)
        np.maximum.at(last, version, at)
        base = self.owner * _FAR
        newest = np.append(BEFORE, np.maximum.accumulate(base + last)[:-1]) - base  # below 0 where another asset's
        return np.where(is_told | (newest < 0) | (first <= newest), BEFORE, newest)

    def _repeated(self, version: Ints) -> tuple[Ints, Ints]:
        """For every version that knows an item: the item's place and the version, from the first that knew it on."""
        times = self._end[version] - version
        place = np.repeat(np.arange(version.size), times)
        since = np.arange(place.size) - np.repeat(np.cumsum(times) - times, times)
        return place, version[place] + since


def _changes(states: Stretches, versions: _Versions, span: Span) -> Reports:
    """Where the states of a version differ from those of the one before it, which is unknown for the first."""
    length = span[1] - span[0] + 1
    key = states.asset * length + states.start - span[0]
    is_first = np.append(True, versions.owner[1:] != versions.owner[:-1])[: versions.owner.size]
    later = np.flatnonzero(~is_first)
    # A version can differ from the one before only between the moments at which either changes.
    inherited = key[np.isin(states.asset, later - 1)] + length
    edge = np.unique(np.concatenate([key, inherited]))
    version, at = edge // length, edge % length + span[0]
    state = states.value[np.searchsorted(key, edge, "right") - 1]
    before = states.value[np.searchsorted(key, edge - length, "right") - 1]
    before = np.where(is_first[version], UNKNOWN, before)
    end = np.append(np.where(version[1:] == version[:-1], at[1:], span[1]), span[1])[: at.size]
    new = (state != before) & (at >= versions.since[version])
    version, at, end, state = version[new], at[new], end[new], state[new]
    joined = stitched(version, at, end, state)
    return Reports(
        versions.owner[joined.asset], joined.start, joined.end, joined.value, versions.received[joined.asset]
    )


def _matters(flights: Flights, events: Events, rule: Rule, span: Span) -> Bools:
    """Which flights can have a part in a state within the span, so that years of history cost little.

    Of those between two events that landed too long before the span, it matters only that there was one: the one known
    first. Of those that take off after the span, only the next one to be known of does.
    """
    bounds = np.sort(events.asset * _FAR + events.at)
    key = flights.asset * _FAR + flights.at
    between = np.searchsorted(bounds, key) + np.searchsorted(bounds, key, "right")
    is_early = flights.at + rule.flight_ms + rule.max_gap_ms < span[0]
    is_late = flights.at >= span[1]
    order = np.lexsort((np.where(is_late, flights.at, 0), flights.received, is_late, is_early, between, flights.asset))
    labels = np.stack([flights.asset, between, is_early, is_late])[:, order]
    is_first = np.append(True, (labels[:, 1:] != labels[:, :-1]).any(axis=0))[: order.size]
    # Each group lies below all before it, so that the least instant so far is that of the group.
    at = flights.at[order] - np.cumsum(is_first) * _FAR
    least = np.minimum.accumulate(at)
    is_next = is_first | (at < np.append(0, least[:-1])[: order.size])
    matters = np.empty(order.size, np.bool_)
    matters[order] = np.where(labels[3], is_next, is_first | ~labels[2].astype(np.bool_))
    return matters
