from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.gateways.flights import Flight, FlightSchedule, FlightScheduleError, flight

MARCH = FlightSchedule(date(2026, 3, 1))
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("cycle", "start", "end"),
    [
        (1, datetime(2026, 3, 1, 6, tzinfo=UTC), datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (2, datetime(2026, 3, 1, 14, tzinfo=UTC), datetime(2026, 3, 1, 18, tzinfo=UTC)),
        (3, datetime(2026, 3, 2, 6, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC)),
        (192, datetime(2026, 6, 4, 14, tzinfo=UTC), datetime(2026, 6, 4, 18, tzinfo=UTC)),
    ],
)
def test_two_flights_a_day(cycle: int, start: datetime, end: datetime) -> None:
    assert flight(cycle, MARCH) == Flight(start, end)


def test_a_flight_may_end_on_the_next_day() -> None:
    night = FlightSchedule(date(2026, 3, 1), departures=(20 * HOUR,), duration=9 * HOUR)
    assert flight(2, night).end == datetime(2026, 3, 3, 5, tzinfo=UTC)


@given(st.integers(1, 2000))
def test_flights_follow_one_another(cycle: int) -> None:
    tight = FlightSchedule(date(2026, 3, 1), departures=(0 * HOUR, 7 * HOUR, 16 * HOUR), duration=7 * HOUR)
    for schedule in (MARCH, tight):
        this, following = flight(cycle, schedule), flight(cycle + 1, schedule)
        assert this.end - this.start == schedule.duration
        assert this.end <= following.start


@pytest.mark.parametrize(
    ("departures", "duration", "place"),
    [
        ((), HOUR, "departures"),
        ((24 * HOUR,), HOUR, "departures"),
        ((-HOUR,), HOUR, "departures"),
        ((8 * HOUR, 6 * HOUR), HOUR, "duration"),
        ((6 * HOUR, 6 * HOUR), HOUR, "duration"),
        ((6 * HOUR, 8 * HOUR), 3 * HOUR, "duration"),
        ((1 * HOUR, 20 * HOUR), 6 * HOUR, "duration"),
        ((6 * HOUR,), 0 * HOUR, "duration"),
        ((6 * HOUR,), 25 * HOUR, "duration"),
    ],
)
def test_a_day_that_cannot_be_flown_is_refused(
    departures: tuple[timedelta, ...], duration: timedelta, place: str
) -> None:
    with pytest.raises(FlightScheduleError) as caught:
        FlightSchedule(date(2026, 3, 1), departures, duration)
    assert (caught.value.code, caught.value.place) == ("flights.schedule", place)


@pytest.mark.parametrize("cycle", [0, -1])
def test_flights_are_counted_from_one(cycle: int) -> None:
    with pytest.raises(FlightScheduleError, match=f"There is no flight {cycle}"):
        flight(cycle, MARCH)
