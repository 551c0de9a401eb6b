"""Evidence as it came, flights and shop events of many assets in columns, and what each of it follows on.

Instants and durations are whole milliseconds, instants since 1970-01-01T00:00:00Z. Assets are numbers from 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tenants.kernel.calendars import parse_duration
from tenants.kernel.errors import OutturnError

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

HOUR_MS = 3_600_000
BEFORE = -(2**60)
AFTER = 2**60
"""Instants before and after all others, far enough from the ends of 64 bits to be reckoned with."""


class EventKind(StrEnum):
    """What people say of an asset."""

    FAILED = "failed"
    SHOP_IN = "shop_in"
    SHOP_OUT = "shop_out"
    RETURNED = "returned"
    RETIRED = "retired"


class Item(IntEnum):
    """One thing known about an asset, in the order in which things of one instant follow each other.

    What ends an outage comes first and what begins one last, so that a flight may take off at the instant of the
    return, and one that took off at the instant of the failure is the one that failed.
    """

    BEGIN = 0
    SHOP_OUT = 1
    RETURNED = 2
    FLIGHT = 3
    FAILED = 4
    SHOP_IN = 5
    RETIRED = 6


class RuleError(OutturnError):
    """The rule cannot be reckoned with."""

    code = "evidence.rule"


@dataclass(frozen=True)
class Rule:
    """The assumptions by which evidence becomes states; each sealed document names them.

    Attributes:
        flight: How long a flight lasts from its take-off, ISO 8601; readings are stamped at take-off and do not say.
        max_gap: The longest time from a landing to what is known next that still counts as between flights.
        version: Of the rules in ``twins.evidence.domain.states``.

    Raises:
        RuleError: A duration is none, or the hours of a flight have no end as a decimal.
    """

    flight: str = "PT4H"
    max_gap: str = "P2D"
    version: int = 1

    def __post_init__(self) -> None:
        try:
            flight = parse_duration(self.flight)
            parse_duration(self.max_gap)
        except ValueError as error:
            raise RuleError(str(error), place="rule", fix="Write a duration such as PT4H.") from None
        # 3,600,000 ms are 2**7 * 3**2 * 5**5: only nines in the denominator keep a decimal from ending.
        if not flight or flight % 9:
            raise RuleError(
                f"A flight of {self.flight} is not a number of hours that a decimal can hold.",
                place="rule/flight",
                fix="Write more than no time, in multiples of 9 ms, such as PT1H30M.",
            )

    @cached_property
    def flight_ms(self) -> int:
        """How long a flight lasts."""
        return parse_duration(self.flight)

    @cached_property
    def max_gap_ms(self) -> int:
        """The longest time between flights."""
        return parse_duration(self.max_gap)

    def as_json(self) -> dict[str, str | int]:
        """The rule as documents name it."""
        return {"name": "flights", "version": self.version, "flight": self.flight, "max_gap": self.max_gap}


@dataclass(frozen=True, slots=True, eq=False)
class Flights:
    """Flights, or the snapshots they are told from; shape ``(n,)`` each.

    Attributes:
        asset: Whose it is.
        at: Take-off.
        received: When it became known.
    """

    asset: Ints
    at: Ints
    received: Ints

    @classmethod
    def none(cls) -> Flights:
        """No flights."""
        return cls(*np.empty((3, 0), np.int64))

    def where(self, chosen: Bools) -> Flights:
        """Some of them."""
        return Flights(self.asset[chosen], self.at[chosen], self.received[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Events; shape ``(n,)`` each.

    Attributes:
        asset: Whom it is about.
        at: When it happened.
        kind: Values of ``Item``.
        received: When it became known.
    """

    asset: Ints
    at: Ints
    kind: Ints
    received: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """All items asset by asset in the order of time, and what holds from each of them on; shape ``(n,)`` each.

    Every asset begins with an item of its own, ``Item.BEGIN`` at ``BEFORE``.

    Attributes:
        asset: Whose item it is.
        at: When it happened.
        kind: Values of ``Item``.
        event: The number of the event in the columns it came from, -1 for what is no event.
        is_in_shop: A visit has begun and has not ended.
        is_failed: A failure has not been followed by a return.
        is_retired: Service has ended.
        was_retired: Service had ended before the item.
        has_flown: There has been a flight.
        last_flight: Place of the last flight in these columns, of the asset's begin before the first.
        last_release: Place of the last ``shop_out`` or ``returned``, likewise.
        is_repeated: It begins what has begun already.
        is_unexplained: It ends what had not begun, so something before it is missing.
        is_disputed: It is a flight while the asset was said to be down.
    """

    asset: Ints
    at: Ints
    kind: Ints
    event: Ints
    is_in_shop: Bools
    is_failed: Bools
    is_retired: Bools
    was_retired: Bools
    has_flown: Bools
    last_flight: Ints
    last_release: Ints
    is_repeated: Bools
    is_unexplained: Bools
    is_disputed: Bools


def together(asset: Ints, received: Ints, start: int, count: int) -> Ints:
    """When things became known, those up to the start of a span as one for each asset: with the last of them."""
    early = received <= start
    latest = np.full(count, BEFORE)
    np.maximum.at(latest, asset[early], received[early])
    return np.where(early, latest[asset], received)


def walk(flights: Flights, events: Events, count: int) -> Walk:
    """Put flights and events of ``count`` assets in order and see what each follows on; linear but for one sort."""
    asset = np.concatenate([np.arange(count), flights.asset, events.asset])
    at = np.concatenate([np.full(count, BEFORE), flights.at, events.at])
    kind = np.concatenate([np.full(count, Item.BEGIN), np.full(flights.at.size, Item.FLIGHT), events.kind])
    order = np.lexsort((kind, at, asset))
    asset, at, kind = asset[order], at[order], kind[order]
    place = np.arange(order.size)
    begin = np.maximum.accumulate(np.where(kind == Item.BEGIN, place, 0))

    def last(wanted: Item) -> Ints:
        """Place of the last item of a kind up to each item; the asset's begin when there was none."""
        return np.maximum.accumulate(np.where(kind == wanted, place, begin))

    last_flight, last_failed, last_out = last(Item.FLIGHT), last(Item.FAILED), last(Item.SHOP_OUT)
    last_returned = last(Item.RETURNED)
    release = np.maximum(last_out, last_returned)
    is_in_shop, is_failed = last(Item.SHOP_IN) > release, last_failed > last_returned
    is_retired = last(Item.RETIRED) > begin
    was_in_shop, was_failed, was_retired = (_before(flag) for flag in (is_in_shop, is_failed, is_retired))
    just_out = _before((last_out > last_returned) & (last_out > last_flight))
    is_down = was_in_shop | was_failed
    return Walk(
        asset=asset,
        at=at,
        kind=kind,
        event=np.maximum(order - count - flights.at.size, -1),
        is_in_shop=is_in_shop,
        is_failed=is_failed,
        is_retired=is_retired,
        was_retired=was_retired & (kind != Item.BEGIN),
        has_flown=last_flight > begin,
        last_flight=last_flight,
        last_release=release,
        is_repeated=(kind == Item.SHOP_IN) & was_in_shop | (kind == Item.FAILED) & was_failed,
        is_unexplained=(kind == Item.SHOP_OUT) & ~was_in_shop | (kind == Item.RETURNED) & ~is_down & ~just_out,
        is_disputed=(kind == Item.FLIGHT) & is_down,
    )


def _before(flag: Bools) -> Bools:
    """The flag as it stood before each item; of no meaning for the begin of an asset."""
    return np.concatenate([flag[:0], np.zeros(min(1, flag.size), np.bool_), flag[:-1]])
