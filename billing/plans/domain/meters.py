"""What is told to Stripe's meters, and how what stands there is judged: pure, without a row and without a call.

A meter that sums is told differences, any other the level it has reached. Sources: docs.stripe.com,
billing/subscriptions/usage-based/recording-usage-api and api/billing/meter-event (as of API version 2026-10-28).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from billing.plans.domain.prices import Aggregate
from tenants.kernel.canonical import canonical_json

REMEMBERED = timedelta(hours=23)
"""How long after its first try a telling may be repeated: Stripe knows an identifier for at least 24 hours."""
SETTLED = timedelta(hours=24)
"""After how long what was told stands in Stripe's summaries, or never will: those come to be a while after the call."""
OLDEST = timedelta(days=33)
"""How old a told moment may be: Stripe takes 35 days, and a telling may be repeated for one of them."""
EVERY = timedelta(minutes=5)
"""How long the next telling of a meter waits after one."""
MOST = 10**15 - 1
"""The largest number Stripe keeps exactly: fifteen digits."""
MORE_THERE = "meter.more_there"
"""The finding of a meter at which more stands than was told."""
FORMULAS: dict[Aggregate, str] = {"sum": "sum", "max": "last", "last": "last", "unique": "last"}
"""By which formula of Stripe's a meter of ours is told."""

_RESERVE = timedelta(hours=1)
"""The last hour of a month is kept for levels that change after it: each needs a moment later than all before it."""
_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)
_LONGEST_NAME = 60
_ODD = re.compile(r"[^a-z0-9]+")


class Told(StrEnum):
    """Where a telling is."""

    SENDING = "sending"
    """It is being tried, or will be again under the same identifier."""
    TOLD = "told"
    """Stripe took it. That is no acceptance yet: it checks later."""
    LOST = "lost"
    """It does not stand at Stripe, and is never tried again."""
    DOUBT = "doubt"
    """Nobody knows whether it arrived, and Stripe no longer knows its identifier."""


@dataclass(frozen=True, slots=True)
class Said:
    """A telling.

    Attributes:
        position: Its place among those of its meter and month.
        value: The difference, or the level.
        at: The moment it is told for.
        state: Where it is.
        tried_at: When it was tried last.
    """

    position: int
    value: int
    at: datetime
    state: str
    tried_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What stood at Stripe when a look proved it: `value`, of all tellings up to and including `position`."""

    position: int = 0
    value: int = 0


class Verdict(StrEnum):
    """What a look has shown."""

    OPEN = "open"
    """Nothing yet: something was told too short a time ago."""
    PROVEN = "proven"
    """What stands there can be what we told: all that is in doubt is decided by it."""
    LESS = "less"
    """Less stands there than Stripe took: it has thrown some away, and that is told anew."""
    MORE = "more"
    """More stands there than we ever told: somebody else tells this meter, too."""


def whole(counted: Fraction) -> int:
    """What was counted, in whole numbers as Stripe takes them: rounded down, and never less than nought, as on a bill.

    No fraction is lost: the next difference is reckoned from the exact sum.
    """
    return max(0, counted.numerator // counted.denominator)


def event_name(tenant: UUID, kind: str) -> str:
    """What a meter's events are called at Stripe: readable, and no other's of any tenant, in at most 100 characters."""
    readable = _ODD.sub("_", kind.lower()).strip("_")[:_LONGEST_NAME]
    return f"{readable}_{_digest([str(tenant), kind])[:10]}"


def identifier(account: UUID, kind: str, month: str, position: int) -> str:
    """What a telling is called at Stripe: always the same, and like no other's, in at most 100 characters."""
    return f"{month}-{position}-{_digest([str(account), kind, month, position])[:40]}"


def _digest(parts: Sequence[object]) -> str:
    return hashlib.sha256(canonical_json(list(parts))).hexdigest()


def reckoned(formula: str, checked: Checked, said: Iterable[Said]) -> int | None:
    """What stands at Stripe as far as we know; None for a level that nobody knows.

    Args:
        formula: Stripe's.
        checked: What the last look has proven.
        said: The tellings since then, or all.
    """
    later = sorted((each for each in said if each.position > checked.position), key=lambda each: each.position)
    if formula == "sum":
        return checked.value + sum(each.value for each in later if each.state == Told.TOLD)
    known: int | None = checked.value
    for each in later:
        if each.state == Told.TOLD:
            known = each.value
        elif each.state == Told.DOUBT:
            known = None
    return known


def to_tell(formula: str, counted: int, told: int | None) -> int | None:
    """What the next telling says, or None when there is nothing to tell."""
    if formula == "sum":
        return counted - (told or 0) or None
    return None if told == counted else counted


def moment(formula: str, start: datetime, end: datetime, last: datetime | None, now: datetime) -> datetime | None:
    """The moment that the next telling is for: in the month, and no earlier than the one before it.

    None when a level has no moment left that would be later than all others of its month.

    Args:
        formula: Stripe's.
        start: The first moment of the month.
        end: The first moment after it.
        last: The moment of the telling before; None for the first.
        now: The moment.
    """
    is_level = formula != "sum"
    wanted = max(start, min(now.replace(microsecond=0), end - (_RESERVE if is_level else _SECOND)))
    if last is not None:
        wanted = max(wanted, last + (_SECOND if is_level else timedelta(0)))
    return wanted if wanted < end else None


def is_too_old(at: datetime, now: datetime) -> bool:
    """Whether Stripe would refuse a moment, now or when the telling is repeated."""
    return at < now - OLDEST


def cut(start: datetime, end: datetime, now: datetime) -> datetime:
    """Until when a look can prove something: a whole minute, up to which all that was told has settled."""
    latest = min(end, now - SETTLED)
    return max(floor_minute(start), floor_minute(latest))


def floor_minute(at: datetime) -> datetime:
    """The whole minute that a moment is in: summaries begin and end at whole minutes only."""
    return at.replace(second=0, microsecond=0)


def following_minute(at: datetime) -> datetime:
    """The first whole minute that is not before a moment."""
    floor = floor_minute(at)
    return floor if floor == at else floor + _MINUTE


def judged(
    formula: str, checked: Checked, said: Iterable[Said], *, until: datetime, seen: int, asked_at: datetime
) -> Verdict:  # fmt: skip
    """What a look has shown, by the tellings for moments before `until`.

    Args:
        formula: Stripe's.
        checked: What the last look has proven.
        said: The tellings since then, or all.
        until: Up to which moment Stripe was asked.
        seen: What stands there.
        asked_at: When Stripe was asked.
    """
    said = list(said)
    within = [each for each in said if each.at < until]
    fresh = asked_at - SETTLED
    if any(each.state == Told.SENDING or (each.tried_at or asked_at) > fresh for each in within):
        return Verdict.OPEN
    later = [each for each in within if each.position > checked.position]
    if formula != "sum":
        # A later level makes those before it nothing: only the last one of all counts.
        known = reckoned(formula, checked, within)
        if len(within) < len(said):
            return Verdict.OPEN
        return Verdict.PROVEN if known is None or seen == known else Verdict.LESS
    base = checked.value + sum(each.value for each in later if each.state == Told.TOLD)
    doubtful = [each.value for each in later if each.state == Told.DOUBT]
    lowest = base + sum(value for value in doubtful if value < 0)
    highest = base + sum(value for value in doubtful if value > 0)
    if seen < lowest:
        return Verdict.LESS
    return Verdict.MORE if seen > highest else Verdict.PROVEN


def settles_at(said: Iterable[Said], until: datetime) -> datetime | None:
    """When the last telling before a moment will have settled; None when none was tried."""
    tried = [each.tried_at for each in said if each.at < until and each.tried_at is not None]
    return max(tried) + SETTLED if tried else None
