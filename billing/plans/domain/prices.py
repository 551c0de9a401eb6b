"""The prices of a plan, and what a period comes to by them: exact rationals, one rounding for each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal

from tenants.kernel.money import Rounding, exponent, round_minor

Aggregate = Literal["sum", "max", "last", "unique"]

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Tier:
    """A price per unit, in major units, from an amount on up to another (None: without end)."""

    low: Fraction
    high: Fraction | None
    price: Fraction


@dataclass(frozen=True, slots=True)
class Metered:
    """What is charged for one meter.

    Attributes:
        type: The type of the events it counts.
        name: What people call it.
        unit: What one unit is called.
        aggregate: How events of a period become one number.
        per: How much of what events count makes one unit.
        included: Units that the monthly fee covers.
        mode: Each unit by the tier it lies in, or all by the tier that the amount reaches.
        tiers: Prices of what is above `included`, from nought on without a hole.
    """

    type: str
    name: str
    unit: str
    aggregate: Aggregate
    per: Fraction
    included: Fraction
    mode: Literal["graduated", "volume"]
    tiers: Sequence[Tier]

    def units(self, counted: Fraction) -> Fraction:
        """What was counted, in units; corrections below nought are nought."""
        return max(Fraction(0), counted) / self.per

    def charge(self, used: Fraction) -> Fraction:
        """What so many units cost beyond those included, in major units, exact."""
        return price_of(max(Fraction(0), used - self.included), self.tiers, self.mode)


@dataclass(frozen=True, slots=True)
class Prices:
    """What a version of a plan costs.

    Attributes:
        currency: ISO 4217.
        monthly_minor: The fee of a whole month.
        rounding: How a line becomes whole minor units.
        meters: What is charged beside the fee.
    """

    currency: str
    monthly_minor: int
    rounding: Rounding
    meters: Sequence[Metered]


@dataclass(frozen=True, slots=True)
class Held:
    """A plan that an organisation was on for a part of a period; `prices` is None for one that costs nothing."""

    plan: str
    name: str
    start: datetime
    end: datetime
    prices: Prices | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bill; `key` is what it is called in every rating of the period."""

    key: str
    text: str
    minor: int
    used: Fraction | None = None


def price_of(amount: Fraction, tiers: Sequence[Tier], mode: Literal["graduated", "volume"]) -> Fraction:
    """What an amount costs, in major units; a tier includes its end, so an amount of exactly `high` is still in it."""
    if mode == "volume":
        reached = next(tier for tier in tiers if tier.high is None or amount <= tier.high)
        return amount * reached.price
    return sum(
        (
            ((amount if tier.high is None else min(amount, tier.high)) - tier.low) * tier.price
            for tier in tiers
            if amount > tier.low
        ),
        Fraction(0),
    )


def rate_period(start: datetime, end: datetime, held: Sequence[Held], counted: Mapping[str, Fraction]) -> list[Line]:
    """The lines of a period.

    The fee of each plan is shared by the time it was held, to the microsecond; the meters of the whole period are
    charged by the last plan in it that has prices, so that changing plans never charges a unit twice.

    Args:
        start: The first moment of the period.
        end: The first moment after it.
        held: The plans in it, in order.
        counted: What each type of event came to; one that is missing is nought.
    """
    lines = list(_fees(start, end, held))
    last = priced(held)
    if last is not None and last.prices is not None:
        lines += [meter_line(meter, last.prices, counted) for meter in last.prices.meters]
    return lines


def priced(held: Sequence[Held]) -> Held | None:
    """The last plan of a period that has prices: it charges what was metered."""
    return next((each for each in reversed(held) if each.prices is not None), None)


def meter_line(meter: Metered, prices: Prices, counted: Mapping[str, Fraction]) -> Line:
    """What a meter comes to."""
    used = meter.units(counted.get(meter.type, Fraction(0)))
    minor = round_minor(meter.charge(used) * 10 ** exponent(prices.currency), prices.rounding)
    text = f"{meter.name}: {number_text(used)} {meter.unit}, {number_text(meter.included)} included"
    return Line(f"meter/{meter.type}", text, minor, used)


def _fees(start: datetime, end: datetime, held: Sequence[Held]) -> Iterator[Line]:
    for number, each in enumerate(held, 1):
        if each.prices is None or not each.prices.monthly_minor:
            continue
        share = Fraction((each.end - each.start) // _TICK, (end - start) // _TICK)
        is_whole = (each.start, each.end) == (start, end)
        text = f"{each.name}, monthly fee" if is_whole else f"{each.name}, share of the monthly fee"
        yield Line(
            f"fee/{number}/{each.plan}", text, round_minor(share * each.prices.monthly_minor, each.prices.rounding)
        )


def number_text(number: Fraction) -> str:
    """A number for people: thousands apart, at most three digits behind the point, rounded up so as never to hide."""
    thousandths = -(-number * 1000 // 1)
    whole, rest = divmod(thousandths, 1000)
    return f"{whole:,}" + (f".{rest:03d}".rstrip("0") if rest else "")


def differences(now: Sequence[Line], before: Mapping[str, int]) -> dict[str, int]:
    """What each line comes to more than was charged for it; nothing of what has not changed.

    Args:
        now: The lines as they are rated with all that is known.
        before: What was charged so far under each key.
    """
    amounts = {line.key: line.minor for line in now}
    keys = [*amounts, *(key for key in before if key not in amounts)]
    found = {key: amounts.get(key, 0) - before.get(key, 0) for key in keys}
    return {key: minor for key, minor in found.items() if minor}
