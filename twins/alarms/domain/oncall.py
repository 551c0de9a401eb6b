"""Who is on call: people who take turns in a time zone, exceptions, and the levels of an escalation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from tenants.kernel.calendars import from_epoch_ms, local_ms, time_zone


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody who is on call in ``[start, end)`` in place of whose turn it is."""

    start: datetime
    end: datetime
    person: str


@dataclass(frozen=True, slots=True)
class Rotation:
    """People who take turns.

    Attributes:
        zone: IANA name of the zone in which hands change.
        first: The day on which the first of them begins.
        handover: The time of that zone at which hands change. Where a clock is put back, the first of two such times;
            where it is put forward over it, the moment that it is.
        days: How long a turn is.
        people: Who takes turns, in this order.
    """

    zone: str
    first: date
    handover: time
    days: int
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """Somebody's time on call, ``[start, end)``."""

    start: datetime
    end: datetime
    person: str


def on_call(rotation: Rotation, overrides: Sequence[Override], at: datetime) -> str | None:
    """Who is on call: nobody before the first turn, or when there are no people. Of overrides the last counts."""
    for each in reversed(overrides):
        if each.start <= at < each.end:
            return each.person
    turn = _turn(rotation, at)
    return rotation.people[turn % len(rotation.people)] if turn >= 0 and rotation.people else None


def shifts(rotation: Rotation, overrides: Sequence[Override], start: datetime, end: datetime) -> list[Shift]:
    """Who is on call in ``[start, end)``, one after another; a time in which nobody is has no shift."""
    marks = sorted({start, end, *_handovers(rotation, start, end), *_edges(overrides, start, end)})
    found: list[Shift] = []
    for low, high in pairwise(marks):
        person = on_call(rotation, overrides, low)
        if person is None:
            continue
        if found and found[-1].person == person and found[-1].end == low:
            found[-1] = Shift(found[-1].start, high, person)
        else:
            found.append(Shift(low, high, person))
    return found


def _begins(rotation: Rotation, turn: int) -> datetime:
    """The moment at which a turn begins."""
    wall = datetime.combine(rotation.first + timedelta(days=turn * rotation.days), rotation.handover)
    return from_epoch_ms(local_ms(wall, time_zone(rotation.zone)))


def _turn(rotation: Rotation, at: datetime) -> int:
    """The number of the turn, negative before the first."""
    day = at.astimezone(time_zone(rotation.zone)).date()
    turn = (day - rotation.first).days // rotation.days
    return turn if _begins(rotation, turn) <= at else turn - 1


def _handovers(rotation: Rotation, start: datetime, end: datetime) -> Iterator[datetime]:
    turn = max(0, _turn(rotation, start))
    while (at := _begins(rotation, turn)) < end:
        if at > start:
            yield at
        turn += 1


def _edges(overrides: Sequence[Override], start: datetime, end: datetime) -> Iterator[datetime]:
    for each in overrides:
        yield from (at for at in (each.start, each.end) if start < at < end)


def level_times(waits: Sequence[timedelta], since: datetime) -> list[datetime]:
    """When each level of an escalation is told, if nobody acknowledges till then; each waits after the one before."""
    found, at = [], since
    for wait in waits:
        at += wait
        found.append(at)
    return found
