"""Days and shifts as people write them, on local clocks, as slots of a grid in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from analytics.maintenance.domain.problem import CrewCalendar, Grid, Span
from tenants.kernel.calendars import Calendar, WeeklyWindow, epoch_ms, from_epoch_ms, local_ms, service_spans, time_zone


def planning_grid(*, day: date, days: int, zone: str, slot_s: int = 3600) -> Grid:
    """The grid from the first moment of a local day to that of the day ``days`` later, in slots of ``slot_s`` seconds.

    A last slot that would reach past the end is left off.

    Raises:
        UnknownZoneError: The zone is none of the IANA database.
        ValidationError: There is no slot, or more than a grid may have.
    """
    clocks = time_zone(zone)
    start = local_ms(datetime.combine(day, time()), clocks)
    end = local_ms(datetime.combine(day + timedelta(days=days), time()), clocks)
    return Grid(origin=from_epoch_ms(start), slot_s=slot_s, slots=(end - start) // (1000 * slot_s))


def crew_calendar(
    name: str,
    *,
    grid: Grid,
    zone: str,
    regular: Sequence[WeeklyWindow],
    overtime: Sequence[WeeklyWindow] = (),
    holidays: frozenset[date] = frozenset(),
) -> CrewCalendar:
    """A calendar of shifts that recur every week, resolved to slots; it follows every change of the clocks.

    A slot counts when it lies wholly within a shift, or within shifts that follow on without a break.

    Args:
        name: The calendar's id.
        grid: The time axis.
        zone: The IANA zone whose clocks the shifts follow.
        regular: Shifts in regular hours.
        overtime: Shifts in overtime.
        holidays: Local dates on which no shift starts.

    Raises:
        UnknownZoneError: The zone is none of the IANA database.
    """
    return CrewCalendar(
        id=name,
        regular=_resolved(grid, zone, Calendar(tuple(regular), holidays)),
        overtime=_resolved(grid, zone, Calendar(tuple(overtime), holidays)),
    )


def _resolved(grid: Grid, zone: str, calendar: Calendar) -> tuple[Span, ...]:
    start, end = epoch_ms(grid.at(0)), epoch_ms(grid.at(grid.slots))
    spans = service_spans(calendar, time_zone(zone), start, end)
    slots = (grid.whole_slots(from_epoch_ms(first), from_epoch_ms(last)) for first, last in spans)
    return tuple(span for span in slots if span is not None)
