"""From predictions, the types' maintenance tasks and stated assumptions to a planning problem."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from analytics.health.histories import last_renewals
from analytics.health.models import Prediction
from analytics.health.selectors import is_outdated, latest_predictions
from analytics.maintenance.assumptions import PlanAssumptions
from analytics.maintenance.domain.problem import (
    Asset,
    Bay,
    CrewCalendar,
    Grid,
    Need,
    SchedulingProblem,
    Task,
    Technician,
)
from analytics.maintenance.domain.risk import Beyond, RemainingLife, failure_curve
from analytics.maintenance.domain.shifts import crew_calendar, planning_grid
from analytics.maintenance.models import WorkOrder
from analytics.maintenance.selectors import orders_within
from tenants.kernel.calendars import WeeklyWindow, time_zone
from tenants.kernel.clock import isoformat
from tenants.kernel.errors import OutturnError
from twins.catalog.domain.inheritance import ResolvedType
from twins.catalog.schemas import Maintenance
from twins.catalog.selectors import resolved_types
from twins.composer.schemas import Asset as TwinAsset
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import published_twin, twin

Json = dict[str, Any]
_DAY = timedelta(days=1)
_CURVE_STEP = 6
_ROUND_THE_CLOCK = WeeklyWindow(frozenset(range(7)), 0, 86_400)


class PlanningError(OutturnError):
    """There is nothing to make a plan of."""

    code = "plan.nothing_to_plan"
    status = 422


@dataclass(frozen=True, slots=True)
class Gathered:
    """A planning problem and what does not stand in it.

    Attributes:
        problem: What is to be solved; the id of each task is that of its asset.
        maintenance: The key of each asset's maintenance task in its type, by asset.
        left_out: Assets that are not planned, each with its name and why.
        standing: Visits within the horizon that an earlier plan ordered.
    """

    problem: SchedulingProblem
    maintenance: dict[str, str]
    left_out: list[Json]
    standing: list[WorkOrder]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An asset that may get a visit."""

    id: str
    name: str
    task: str
    work: Maintenance
    prediction: Prediction


def gather(assumptions: PlanAssumptions) -> Gathered:
    """The planning problem of a twin as it stands.

    Raises:
        TwinNotFoundError: The tenant has no such twin.
        PlanningError: The twin is not published, or nothing is known of any of its assets. That each of them has had
            its visit, or has one ordered, makes a plan without visits.
    """
    twin(assumptions.twin)
    document = published_twin(assumptions.twin)
    if document is None:
        raise PlanningError("The twin has not been published.", place="twin", fix="Publish it, then plan.")
    grid = _grid(assumptions)
    standing = orders_within(assumptions.twin, grid.at(0), grid.at(grid.slots))
    renewed = last_renewals([document], assumptions.as_of)
    candidates, left_out = _candidates(document, assumptions, standing, renewed)
    if not (candidates or standing or renewed):
        raise PlanningError(
            "None of the twin's assets can be planned: "
            + ("; ".join(sorted({each["why"] for each in left_out})) or "it has none."),
            place="twin", fix="Predict the remaining life of its assets first.",
        )  # fmt: skip
    calendars, technicians = _crew(assumptions, grid, candidates)
    problem = SchedulingProblem(
        grid=grid,
        currency=assumptions.currency,
        time_zone=assumptions.zone,
        assets=tuple(_asset(each, assumptions, grid) for each in candidates),
        tasks=tuple(_task(each, grid) for each in candidates),
        bays=_bays(assumptions, grid, standing),
        calendars=calendars,
        technicians=technicians,
        weights=assumptions.weights,
    )
    return Gathered(problem, {each.id: each.task for each in candidates}, left_out, standing)


def _grid(assumptions: PlanAssumptions) -> Grid:
    """Hours from the first local midnight at or after the moment of the plan."""
    local = assumptions.as_of.astimezone(time_zone(assumptions.zone))
    grid = planning_grid(day=local.date(), days=assumptions.days, zone=assumptions.zone)
    if grid.at(0) < assumptions.as_of:
        return planning_grid(day=(local + _DAY).date(), days=assumptions.days, zone=assumptions.zone)
    return grid


def _candidates(
    document: TwinDocument, assumptions: PlanAssumptions, standing: list[WorkOrder], renewed: Mapping[UUID, datetime]
) -> tuple[list[_Candidate], list[Json]]:
    types = resolved_types()
    newest = latest_predictions(assumptions.twin, until=assumptions.as_of)
    predictions = {str(each.asset): each for each in newest}
    ordered = {str(order.asset): order for order in standing}
    candidates: list[_Candidate] = []
    left_out: list[Json] = []
    for asset_id, asset in sorted(document.assets.items(), key=lambda item: item[1].name):
        task, prediction = _visit_of(types[asset.type]), predictions.get(asset_id)
        why = _why_left_out(asset, ordered.get(asset_id), task, prediction, renewed.get(UUID(asset_id)))
        if why or task is None or prediction is None:
            left_out.append({"asset": asset_id, "name": asset.name, "why": why})
        else:
            candidates.append(_Candidate(asset_id, asset.name, *task, prediction))
    return candidates, left_out


def _visit_of(resolved: ResolvedType) -> tuple[str, Maintenance] | None:
    """The maintenance task of a type that takes an asset out of service and undoes a failure mode."""
    tasks = resolved.document.maintenance.items()
    return next(((key, task) for key, task in tasks if task.shutdown and task.restores), None)


def _why_left_out(
    asset: TwinAsset, order: WorkOrder | None, task: tuple[str, Maintenance] | None, prediction: Prediction | None,
    renewed: datetime | None,
) -> str:  # fmt: skip
    if order is not None:
        return f"An approved visit stands from {isoformat(order.start)} to {isoformat(order.end)}."
    if task is None:
        return f"The type {asset.type} has no maintenance task that restores it out of service."
    if renewed is not None and (prediction is None or is_outdated(prediction, renewed)):
        return f"Since it was restored, {isoformat(renewed)}, its remaining life has not been predicted."
    if prediction is None:
        return "Its remaining life has not been predicted."
    return ""


def _asset(candidate: _Candidate, assumptions: PlanAssumptions, grid: Grid) -> Asset:
    prediction = candidate.prediction
    flown = assumptions.flights_per_day * ((grid.origin - prediction.as_of) / _DAY)
    life = RemainingLife(
        prediction.value, prediction.low, prediction.high, coverage=prediction.coverage, flown=max(0.0, flown),
        beyond=_beyond(prediction),
    )  # fmt: skip
    risk = failure_curve(
        life, cycles_per_day=assumptions.flights_per_day, grid=grid, look_ahead_slots=grid.slots, step_slots=_CURVE_STEP
    )
    return Asset(id=candidate.id, name=candidate.name, risk=risk, costs=assumptions.costs)


def _beyond(prediction: Prediction) -> Beyond | None:
    if prediction.cap is None or prediction.beyond_share is None or prediction.beyond_mean is None:
        return None
    return Beyond(prediction.cap, prediction.beyond_share, prediction.beyond_mean)


def _task(candidate: _Candidate, grid: Grid) -> Task:
    """The one visit of an asset; the type's duration is that of work which goes on without a break."""
    needs = tuple(Need(skill=skill, count=count) for skill, count in sorted(candidate.work.skills.items()))
    slots = math.ceil(candidate.work.duration.total_seconds() / grid.slot_s)
    return Task(id=candidate.id, asset=candidate.id, work_slots=slots, needs=needs)


def _bays(assumptions: PlanAssumptions, grid: Grid, standing: list[WorkOrder]) -> tuple[Bay, ...]:
    closed: dict[str, list[Any]] = {}
    for order in standing:
        span = grid.whole_slots(order.start, order.end)
        if span is not None:
            closed.setdefault(order.bay, []).append(span)
    names = [f"Bay {number}" for number in range(1, assumptions.bays + 1)]
    return tuple(Bay(id=name, name=name, closed=tuple(closed.get(name, ()))) for name in names)


def _crew(
    assumptions: PlanAssumptions, grid: Grid, candidates: list[_Candidate]
) -> tuple[tuple[CrewCalendar, ...], tuple[Technician, ...]]:
    if not assumptions.crew:
        skills: dict[str, int] = {}
        for each in candidates:
            skills |= {key: max(count, skills.get(key, 0)) for key, count in each.work.skills.items()}
        people = {skill: count * assumptions.bays for skill, count in skills.items()}
        calendar = crew_calendar("round the clock", grid=grid, zone=assumptions.zone, regular=[_ROUND_THE_CLOCK])
        return (calendar,), tuple(_team(calendar.id, people))
    calendars, technicians = [], []
    for shift in assumptions.crew:
        window = [WeeklyWindow(frozenset(shift.days), shift.start_s, shift.end_s)]
        regular, overtime = ([], window) if shift.overtime else (window, [])
        calendars.append(
            crew_calendar(shift.name, grid=grid, zone=assumptions.zone, regular=regular, overtime=overtime)
        )
        technicians += _team(shift.name, shift.people)
    return tuple(calendars), tuple(technicians)


def _team(calendar: str, people: dict[str, int]) -> list[Technician]:
    return [
        Technician(id=name, name=name, skills=(skill,), calendar=calendar)
        for skill, count in sorted(people.items())
        for number in range(1, count + 1)
        if (name := f"{calendar}, {skill} {number}")
    ]
