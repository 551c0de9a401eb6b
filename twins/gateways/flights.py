"""When the flights of a history took place, for published and simulated histories alike: both only count them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from tenants.kernel.errors import OutturnError

_DAY = timedelta(days=1)


class FlightScheduleError(OutturnError):
    """The day cannot be flown as it is planned."""

    code = "flights.schedule"


@dataclass(frozen=True, slots=True)
class FlightSchedule:
    """The assumption that turns the number of a flight into its time: every day is flown like the first.

    Attributes:
        first_day: The day of flight 1, in UTC.
        departures: Take-offs of a day, as times after midnight UTC, in order.
        duration: How long each flight lasts.

    Raises:
        FlightScheduleError: There is no departure, one lies outside the day, or a flight starts before the one before
            it has ended.
    """

    first_day: date
    departures: tuple[timedelta, ...] = (timedelta(hours=6), timedelta(hours=14))
    duration: timedelta = timedelta(hours=4)

    def __post_init__(self) -> None:
        if not self.departures or not all(timedelta(0) <= moment < _DAY for moment in self.departures):
            fix = "Give at least one departure, from 0 h to less than 24 h after midnight UTC."
            raise FlightScheduleError("A departure is missing or outside the day.", place="departures", fix=fix)
        following = (*self.departures[1:], self.departures[0] + _DAY)
        rests = (later - earlier for earlier, later in zip(self.departures, following, strict=True))
        if not timedelta(0) < self.duration <= min(rests):
            fix = "Put the departures in order, and let each flight end before the next."
            raise FlightScheduleError("A flight has not ended when the next takes off.", place="duration", fix=fix)


@dataclass(frozen=True, slots=True)
class Flight:
    """One flight, ``[start, end)`` in UTC; its snapshot is stamped with the take-off."""

    start: datetime
    end: datetime


def flight(cycle: int, schedule: FlightSchedule) -> Flight:
    """When a flight took place.

    Args:
        cycle: The number of the flight, counted from 1.
        schedule: How a day is flown.

    Raises:
        FlightScheduleError: The number is less than 1.
    """
    if cycle < 1:
        raise FlightScheduleError(f"There is no flight {cycle}.", place="cycle", fix="Flights are counted from 1.")
    day, slot = divmod(cycle - 1, len(schedule.departures))
    midnight = datetime.combine(schedule.first_day, time(), tzinfo=UTC)
    start = midnight + day * _DAY + schedule.departures[slot]
    return Flight(start, start + schedule.duration)
