"""A new plan that starts from the one before: what stays where it is, and what it costs to move it."""

from __future__ import annotations

from datetime import datetime

from analytics.maintenance.domain.plan import Plan
from analytics.maintenance.domain.problem import Frozen, PreviousVisit, SchedulingProblem


def carry_over(problem: SchedulingProblem, plan: Plan, *, frozen_until: datetime) -> SchedulingProblem:
    """A problem that knows the plan before: moving its visits costs ``weights.move_minor``, the nearest are frozen.

    Visits are matched by task. Those that start at or after the new grid's origin and on one of its slots are carried
    over; a visit that is already under way belongs into its bay's ``closed`` spans. A task that people have frozen
    keeps that.

    Args:
        problem: The new problem.
        plan: The plan before, on any grid.
        frozen_until: Visits that start before this moment are frozen where they are.
    """
    grid = problem.grid
    bays = {bay.id for bay in problem.bays}
    places: dict[str, tuple[int, str]] = {}
    for visit in plan.visits:
        slot, rest = divmod((visit.start - grid.origin).total_seconds(), grid.slot_s)
        if rest == 0 and 0 <= slot < grid.slots and visit.bay in bays:
            places[visit.task] = int(slot), visit.bay
    kept = {task.id: places[task.id] for task in problem.tasks if task.id in places}
    frozen = {task for task, (slot, _) in kept.items() if grid.at(slot) < frozen_until}
    tasks = tuple(
        task.model_copy(update={"frozen": Frozen(start=kept[task.id][0], bay=kept[task.id][1])})
        if task.id in frozen and task.frozen is None
        else task
        for task in problem.tasks
    )
    previous = tuple(PreviousVisit(task=task, start=slot, bay=bay) for task, (slot, bay) in kept.items())
    return problem.model_copy(update={"tasks": tasks, "previous": previous})
