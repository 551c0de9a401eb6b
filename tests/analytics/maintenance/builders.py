"""Problems for the tests: small ones written out, and a fleet of any size."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from analytics.maintenance.domain.problem import (
    Asset,
    Bay,
    Costs,
    CrewCalendar,
    Grid,
    Need,
    RiskCurve,
    SchedulingProblem,
    Span,
    Task,
    Technician,
    Weights,
)
from analytics.maintenance.domain.risk import RemainingLife, failure_curve
from analytics.maintenance.domain.shifts import crew_calendar, planning_grid
from tenants.kernel.calendars import WeeklyWindow

ORIGIN = datetime(2026, 9, 1, 4, tzinfo=UTC)
COSTS = Costs(visit_minor=800, downtime_minor_per_h=80, life_minor_per_h=160, repair_minor=8000)
WORKDAYS = frozenset(range(5))


def spans(*pairs: tuple[int, int]) -> tuple[Span, ...]:
    return tuple(Span(start=start, end=end) for start, end in pairs)


def curve(*eighths: int, beyond: float = 0.0) -> RiskCurve:
    """A risk that is known at each slot, in eighths, so that sums are exact."""
    return RiskCurve(step_slots=1, failed_before=tuple(one / 8 for one in eighths), life_beyond_slots=beyond)


def asset(name: str, risk: RiskCurve, costs: Costs = COSTS) -> Asset:
    return Asset(id=name, name=name.upper(), risk=risk, costs=costs)


def task(name: str, **fields: Any) -> Task:
    """A task ``v-NAME`` of the asset ``NAME``, an hour's work without people unless told otherwise."""
    return Task(**{"id": f"v-{name}", "asset": name, "work_slots": 1, **fields})


def problem(slots: int, assets: Sequence[Asset], tasks: Sequence[Task], **fields: Any) -> SchedulingProblem:
    """A problem on hourly slots with one bay and no people unless told otherwise."""
    return SchedulingProblem(
        grid=Grid(origin=ORIGIN, slot_s=3600, slots=slots),
        assets=tuple(assets),
        tasks=tuple(tasks),
        **{"currency": "EUR", "bays": bays(1), **fields},
    )


def bays(count: int) -> tuple[Bay, ...]:
    return tuple(Bay(id=f"b{n}", name=f"Bay {n}") for n in range(1, count + 1))


def people(*skills: str, regular: tuple[Span, ...] = (), overtime: tuple[Span, ...] = ()) -> dict[str, Any]:
    """One technician for each string of skills (``"a b"``), all on one calendar."""
    return {
        "calendars": (CrewCalendar(id="day", regular=regular, overtime=overtime),),
        "technicians": tuple(
            Technician(id=f"t{n}", name=f"T{n}", skills=tuple(own.split()), calendar="day")
            for n, own in enumerate(skills)
        ),
    }


def needs(**counts: int) -> tuple[Need, ...]:
    return tuple(Need(skill=skill, count=count) for skill, count in counts.items())


def fleet(
    engines: int = 20,
    *,
    days: int = 60,
    count: int = 2,
    seed: int = 1,
    cycles: float = 2.0,
    works: Sequence[int] = (36,),
) -> SchedulingProblem:
    """Turbofans on a lease: remaining lives of 7 to 125 flights, two shifts on workdays, overtime on Saturdays."""
    chance = random.Random(seed)
    grid = planning_grid(day=date(2026, 9, 1), days=days, zone="Europe/Berlin")
    costs = Costs(
        visit_minor=42_000_000,
        downtime_minor_per_h=40_000,
        life_minor_per_h=30_000,
        repair_minor=90_000_000,
        secondary_damage_minor=30_000_000,
        credit_minor=20_000_000,
        unscheduled_downtime_h=240,
        unscheduled_downtime_minor_per_h=60_000,
    )
    assets, tasks = [], []
    for number in range(1, engines + 1):
        value = chance.uniform(7, 125)
        life = RemainingLife(value, max(0.0, value - chance.uniform(10, 22)), value + chance.uniform(10, 22))
        risk = failure_curve(life, cycles_per_day=cycles, grid=grid, look_ahead_slots=grid.slots, step_slots=6)
        assets.append(Asset(id=f"e{number}", name=f"Engine {number}", risk=risk, costs=costs))
        tasks.append(task(f"e{number}", work_slots=chance.choice(works), needs=needs(mechanic=2, borescope=1)))
    return SchedulingProblem(
        grid=grid,
        currency="EUR",
        time_zone="Europe/Berlin",
        assets=tuple(assets),
        tasks=tuple(tasks),
        bays=bays(count),
        weights=Weights(overtime_minor_per_h=4000),
        **_shop(grid, max(1, count // 2)),
    )


def _shop(grid: Grid, size: int) -> dict[str, Any]:
    early, late = WeeklyWindow(WORKDAYS, 6 * 3600, 14 * 3600), WeeklyWindow(WORKDAYS, 14 * 3600, 22 * 3600)
    saturday = WeeklyWindow(frozenset({5}), 6 * 3600, 14 * 3600)
    calendars = (
        crew_calendar("early", grid=grid, zone="Europe/Berlin", regular=[early], overtime=[saturday]),
        crew_calendar("late", grid=grid, zone="Europe/Berlin", regular=[late]),
    )
    teams = ["mechanic"] * 4 * size + ["borescope"] * (2 * size - 1) + ["borescope mechanic"]
    technicians = tuple(
        Technician(id=f"{calendar.id}-{n}", name=f"{calendar.id} {n}", skills=tuple(own.split()), calendar=calendar.id)
        for calendar in calendars
        for n, own in enumerate(teams)
    )
    return {"calendars": calendars, "technicians": technicians}
