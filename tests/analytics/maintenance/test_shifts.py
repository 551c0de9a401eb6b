"""Shifts on local clocks as slots in UTC, over both changes of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from analytics.maintenance.domain.problem import Grid, Span
from analytics.maintenance.domain.shifts import crew_calendar, planning_grid
from tenants.kernel.calendars import UnknownZoneError, WeeklyWindow

DAILY = frozenset(range(7))
EARLY = WeeklyWindow(DAILY, 6 * 3600, 14 * 3600)
NIGHT = WeeklyWindow(DAILY, 22 * 3600, 6 * 3600)


def moments(grid: Grid, span: Span) -> tuple[datetime, datetime]:
    return grid.at(span.start), grid.at(span.end)


def test_the_grid_starts_at_local_midnight() -> None:
    grid = planning_grid(day=date(2026, 9, 1), days=60, zone="Europe/Berlin")
    assert grid.origin == datetime(2026, 8, 31, 22, tzinfo=UTC)
    assert grid.slots == 60 * 24 + 1  # the clocks go back on 25 October


def test_the_grid_is_an_hour_short_in_spring() -> None:
    assert planning_grid(day=date(2026, 3, 28), days=2, zone="Europe/Berlin").slots == 47


def test_early_shift_follows_the_clocks() -> None:
    grid = planning_grid(day=date(2026, 10, 24), days=2, zone="Europe/Berlin")
    calendar = crew_calendar("day", grid=grid, zone="Europe/Berlin", regular=[EARLY])
    assert [moments(grid, span) for span in calendar.regular] == [
        (datetime(2026, 10, 24, 4, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)),
        (datetime(2026, 10, 25, 5, tzinfo=UTC), datetime(2026, 10, 25, 13, tzinfo=UTC)),
    ]


def test_night_shift_of_the_change_is_an_hour_longer_and_reaches_in_from_the_day_before() -> None:
    grid = planning_grid(day=date(2026, 10, 24), days=2, zone="Europe/Berlin")
    calendar = crew_calendar("night", grid=grid, zone="Europe/Berlin", regular=[NIGHT])
    assert [span.end - span.start for span in calendar.regular] == [6, 9, 2]


def test_holidays_and_weekdays_count_in_local_days() -> None:
    grid = planning_grid(day=date(2026, 9, 7), days=7, zone="Asia/Kolkata")
    workdays = WeeklyWindow(frozenset({0, 1, 2, 3, 4}), 9 * 3600, 17 * 3600)
    saturday = WeeklyWindow(frozenset({5}), 9 * 3600, 13 * 3600)
    calendar = crew_calendar(
        "day",
        grid=grid,
        zone="Asia/Kolkata",
        regular=[workdays],
        overtime=[saturday],
        holidays=frozenset({date(2026, 9, 8)}),
    )
    assert calendar.regular == tuple(Span(start=24 * day + 9, end=24 * day + 17) for day in (0, 2, 3, 4))
    assert calendar.overtime == (Span(start=129, end=133),)


def test_slots_that_lie_only_partly_in_a_shift_do_not_count() -> None:
    grid = planning_grid(day=date(2026, 9, 7), days=1, zone="UTC", slot_s=7200)
    odd = WeeklyWindow(DAILY, 5 * 3600, 13 * 3600)
    assert crew_calendar("odd", grid=grid, zone="UTC", regular=[odd]).regular == (Span(start=3, end=6),)


def test_shifts_that_follow_on_are_one() -> None:
    grid = planning_grid(day=date(2026, 9, 7), days=1, zone="UTC", slot_s=7200)
    first, second = WeeklyWindow(DAILY, 4 * 3600, 9 * 3600), WeeklyWindow(DAILY, 9 * 3600, 14 * 3600)
    assert crew_calendar("two", grid=grid, zone="UTC", regular=[first, second]).regular == (Span(start=2, end=7),)


def test_refuses_unknown_zones_and_empty_horizons() -> None:
    with pytest.raises(UnknownZoneError):
        planning_grid(day=date(2026, 9, 7), days=1, zone="Berlin")
    with pytest.raises(ValidationError):
        planning_grid(day=date(2026, 9, 7), days=0, zone="UTC")
