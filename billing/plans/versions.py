"""The versions of a plan's prices as pages tell them: which holds from when to when, and what a new one would do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Literal

from billing.contracts.periods import month as month_bounds
from billing.plans.domain.months import following, month_of
from billing.plans.domain.prices import Metered, Prices, meter_line
from billing.plans.models import PlanPrice
from billing.plans.schemas import PlanPricesDocument
from tenants.kernel.calendars import time_zone

State = Literal["in_force", "planned", "expired", "replaced"]


@dataclass(frozen=True, slots=True)
class Version:
    """A version with the time it holds for.

    Attributes:
        row: It.
        document: Its prices.
        state: It holds now, will, did, or never: another was published for the same moment.
        until: The first moment of the one after it; None for the last.
    """

    row: PlanPrice
    document: PlanPricesDocument
    state: State
    until: datetime | None


def versions(rows: Iterable[PlanPrice], now: datetime) -> list[Version]:
    """The versions of one plan, the one that begins last first."""
    ordered = sorted(rows, key=lambda row: (row.valid_from, row.version))
    ends: list[datetime | None] = [*(row.valid_from for row in ordered[1:]), None]
    made = [
        Version(row, PlanPricesDocument.read(row.document), _state(row.valid_from, until, now), until)
        for row, until in zip(ordered, ends[: len(ordered)], strict=True)
    ]
    return made[::-1]


def _state(start: datetime, until: datetime | None, now: datetime) -> State:
    if start == until:
        return "replaced"
    if start > now:
        return "planned"
    return "expired" if until is not None and until <= now else "in_force"


def in_force(found: Iterable[Version]) -> Version | None:
    """The version that holds now."""
    return next((each for each in found if each.state == "in_force"), None)


def to_come(found: Iterable[Version]) -> list[Version]:
    """The versions that will hold, the next first."""
    return [each for each in found if each.state == "planned"][::-1]


def first_months(zones: Mapping[str, int], valid_from: datetime) -> list[tuple[str, int, Sequence[str]]]:
    """The first whole month that has prices which begin at a moment, for how many accounts, and in which zones.

    A month has the prices that are in force when it begins, on the clocks of the account.

    Args:
        zones: How many accounts have their months in each zone.
        valid_from: When the prices begin.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for name in sorted(zones):
        zone = time_zone(name)
        month = month_of(valid_from, zone)
        start, _end = month_bounds(month, zone)
        found[month if start >= valid_from else following(month)].append(name)
    return [(month, sum(zones[name] for name in names), names) for month, names in sorted(found.items())]


@dataclass(frozen=True, slots=True)
class Tried:
    """What a line of a month would come to; `before` by the prices in force, None where they do not charge it."""

    text: str
    minor: int
    before: int | None


def tried(wanted: Prices, used: Sequence[str], before: Prices | None) -> list[Tried]:
    """What each meter would come to with some units, by prices that are wanted and by those before.

    Args:
        wanted: The prices.
        used: Units of each of its meters; an empty text is none.
        before: The prices in force; None where there are none.
    """
    known = {meter.type: meter for meter in before.meters} if before is not None else {}
    found = []
    for meter, units in zip(wanted.meters, used, strict=True):
        counted = {meter.type: Fraction(units or "0") * meter.per}
        line = meter_line(meter, wanted, counted)
        found.append(Tried(line.text, line.minor, _before(known.get(meter.type), before, counted)))
    return found


def _before(meter: Metered | None, prices: Prices | None, counted: Mapping[str, Fraction]) -> int | None:
    return None if meter is None or prices is None else meter_line(meter, prices, counted).minor
