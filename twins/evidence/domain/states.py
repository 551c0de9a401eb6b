"""The states of assets over time, from their flights and from what people say of them.

The rules, version 1. Time before, between and after everything that is known is parted without a hole:

- **Never up before the first flight**: nothing shows that the asset was in use. It is unknown until then.
- **A flight is up** from take-off to landing, a landing being the take-off and the duration that the rule assumes.
- **Between flights is up** when the next thing known, a take-off or an event, comes within ``max_gap`` of the landing.
  A longer gap is unknown from the landing to the next thing known. So is the time after the last landing: whether the
  flights go on shows when the next comes. The state of a moment depends on evidence alone, never on the clock or on
  where a span is cut.
- **Down from** ``failed`` **until** ``returned``; **down from** ``shop_in`` **until** ``shop_out`` or ``returned``. A
  visit does not end a failure: after ``shop_out`` the asset is down until it is ``returned``. A flight that is in the
  air at the failure ends with it.
- **After** ``shop_out`` **and** ``returned`` **up, on the word of that event**, until the next flight or event, however
  long: readings may be withheld after a visit, as those of the published histories are. From the next flight on the
  flights speak again.
- **Contradictions are unknown.** A flight that takes off while the asset is said to be down: from take-off to landing.
  An event that ends what had not begun (``shop_out`` outside the shop, ``returned`` without failure or visit): from the
  last landing or event to that event, for an outage began somewhere in between. ``returned`` that follows ``shop_out``
  without a flight between is the end of the same visit.
- ``retired`` **ends service**; what is said to come after it changes no state.

Events that repeat what is known (a second ``failed``) change nothing. Every breach is a finding
(``twins.evidence.domain.findings``), and no record is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple

import numpy as np

from tenants.kernel.calendars import Span
from twins.evidence.domain.items import AFTER, Bools, Events, Flights, Ints, Item, Rule, Walk, walk


class State(StrEnum):
    """What an asset was; unknown is a state of our knowledge."""

    UNKNOWN = "unknown"
    UP = "up"
    DOWN = "down"


class Cause(IntEnum):
    """Why an asset is said to be in a state."""

    BEFORE_FIRST_FLIGHT = 0
    SILENCE = 1
    CONTRADICTION = 2
    UNEXPLAINED = 3
    RETIRED = 4
    FLIGHTS = 5
    SHOP_OUT = 6
    RETURNED = 7
    FAILED = 8
    SHOP = 9
    REPAIR = 10
    HOLDS = 11
    HOLDS_NOT = 12
    NO_READING = 13

    @property
    def state(self) -> State:
        """The state it is a cause of."""
        return STATES[int(STATE_OF[self])]

    @property
    def word(self) -> str:
        """Its name outside."""
        return self.name.lower()


STATES = tuple(State)
STATE_OF = np.array([0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 1, 2, 0])
"""The number in ``STATES`` of the state that each cause stands for."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Spans of assets, asset by asset in the order of time, without a hole; shape ``(n,)`` each.

    Neighbours of one asset differ in their value.

    Attributes:
        value: Causes, or numbers in ``STATES``.
    """

    asset: Ints
    start: Ints
    end: Ints
    value: Ints

    def states(self) -> Stretches:
        """The same by state, whatever the cause."""
        return stitched(self.asset, self.start, self.end, STATE_OF[self.value])


def stretches(flights: Flights, events: Events, rule: Rule, span: Span, count: int) -> Stretches:
    """The causes of the states of ``count`` assets; every millisecond of the span is covered once for each.

    Args:
        flights: Of any order.
        events: Of any order; the same twice is harmless.
        rule: The assumptions.
        span: ``[start, end)``, not empty.
        count: How many assets, numbered from 0, each of which is covered.
    """
    items = walk(flights, events, count)
    pieces = _pieces(items, rule)
    start = np.stack([items.at, pieces.turn], 1).ravel().clip(*span)
    end = np.stack([pieces.turn, pieces.next], 1).ravel().clip(*span)
    cause = np.stack([pieces.first, pieces.then], 1).ravel()
    lasting = start < end
    return stitched(np.repeat(items.asset, 2)[lasting], start[lasting], end[lasting], cause[lasting])


def stitched(asset: Ints, start: Ints, end: Ints, value: Ints) -> Stretches:
    """Neighbours of one asset that touch and have one value become one stretch."""
    if not asset.size:
        return Stretches(asset, start, end, value)
    differs = (asset[1:] != asset[:-1]) | (value[1:] != value[:-1]) | (start[1:] != end[:-1])
    first = np.concatenate([[0], np.flatnonzero(differs) + 1])
    last = np.append(first[1:] - 1, asset.size - 1)
    return Stretches(asset[first], start[first], end[last], value[first])


class _Pieces(NamedTuple):
    """From each item to the next: ``first`` until ``turn``, ``then`` until ``next``."""

    turn: Ints
    next: Ints
    first: Ints
    then: Ints


def _pieces(items: Walk, rule: Rule) -> _Pieces:
    is_last = np.append(items.asset[1:] != items.asset[:-1], True)
    following = np.where(is_last, AFTER, np.append(items.at[1:], AFTER))
    breaks = ~is_last & np.append(items.is_unexplained[1:], False)
    landing = items.at[items.last_flight] + rule.flight_ms
    in_air = np.clip(landing, items.at, following)
    disputed = _clipped(items, rule, following)
    is_down = items.is_in_shop | items.is_failed
    on_word = items.last_release > items.last_flight
    cases = [items.is_retired, is_down, ~items.has_flown, on_word]
    long_gap = is_last | (following - landing > rule.max_gap_ms)
    between = np.where(breaks, Cause.UNEXPLAINED, np.where(long_gap, Cause.SILENCE, Cause.FLIGHTS))
    then = [np.full(breaks.size, Cause.RETIRED), _down(items), np.full(breaks.size, Cause.BEFORE_FIRST_FLIGHT)]
    return _Pieces(
        turn=np.select(cases, [items.at, disputed, items.at, items.at], in_air),
        next=following,
        first=np.where(is_down, Cause.CONTRADICTION, Cause.FLIGHTS),
        then=np.select(cases, [*then, _word(items, breaks)], between),
    )


def _clipped(items: Walk, rule: Rule, following: Ints) -> Ints:
    """Until when a flight that took off while the asset was down keeps the matter open after each item."""
    place = np.arange(items.at.size)
    last = np.maximum.accumulate(np.where(items.is_disputed | (items.kind == Item.BEGIN), place, 0))
    return np.clip(items.at[last] + rule.flight_ms, items.at, following)


def _down(items: Walk) -> Ints:
    in_shop = np.where(items.is_failed, Cause.REPAIR, Cause.SHOP)
    return np.where(items.is_in_shop, in_shop, Cause.FAILED)


def _word(items: Walk, breaks: Bools) -> Ints:
    said = np.where(items.kind[items.last_release] == Item.SHOP_OUT, Cause.SHOP_OUT, Cause.RETURNED)
    return np.where(breaks, Cause.UNEXPLAINED, said)
