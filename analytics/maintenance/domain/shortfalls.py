"""Hard wishes that a plan breaks: which, by how much, because of what, and what would mend it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analytics.maintenance.domain.evaluator import Breach, Evaluation, Evaluator, Schedule
from analytics.maintenance.domain.obstacles import Neighbourhood, Standing
from analytics.maintenance.domain.occupancy import Occupancy
from analytics.maintenance.domain.plan import Obstacle
from analytics.maintenance.domain.problem import Frozen
from analytics.maintenance.domain.wording import Speaker, listed
from tenants.kernel.errors import Finding

_NEVER = "There is no start at which it could begin and end within the horizon."


class Shortfalls:
    """Turns the breaches of a schedule into findings."""

    def __init__(self, evaluator: Evaluator, schedule: Schedule, evaluation: Evaluation) -> None:
        self._evaluator, self._evaluation = evaluator, evaluation
        self._standing = Standing(evaluator, evaluation)
        self._speaker = Speaker(evaluator.problem)
        self._choices = evaluator.choices_of(schedule)
        self._empty = Occupancy(evaluator.workshop)

    def findings(self) -> Iterator[Finding]:
        """One finding for each breach, in the problem's order."""
        for breach in self._evaluation.breaches:
            task = self._evaluator.task_index[breach.task]
            if breach.kind == "bay":
                yield self._other_bay(breach, task)
            elif breach.kind == "start":
                yield self._other_start(breach, task)
            elif breach.kind == "deadline":
                yield self._late(breach, task)
            else:
                yield self._left_out(breach, task)

    def _around(self, task: int) -> Neighbourhood:
        """The schedule without a task, as it stands around it."""
        occupancy = Occupancy(self._evaluator.workshop, self._choices)
        occupancy.place(task, None)
        return Neighbourhood(self._evaluator, self._standing, occupancy, task)

    def _other_bay(self, breach: Breach, task: int) -> Finding:
        frozen = self._frozen(task)
        name, bay = self._speaker.name(breach.task), self._speaker.bay(frozen.bay)
        why = (
            self._speaker.obstacles(self._frozen_obstacles(task, frozen))
            or "the visits that are to start then do not fit"
        )
        return Finding(
            "maintenance.frozen_bay_taken",
            f"tasks/{breach.task}/frozen/bay",
            f"{name} is fixed in {bay} at {self._speaker.moment(frozen.start)} but cannot have it: {why}.",
            f"Fix {name} in another bay, as this plan has it, or move what holds {bay}.",
        )

    def _other_start(self, breach: Breach, task: int) -> Finding:
        frozen, line = self._frozen(task), self._evaluation.lines[task]
        name, by = self._speaker.name(breach.task), self._speaker.length(breach.slots)
        wanted, given = self._speaker.moment(frozen.start), self._speaker.moment(line.start)
        why = self._speaker.obstacles(self._frozen_obstacles(task, frozen))
        if not self._frozen_options(task, frozen):
            why = "nobody who could begin is rostered then, or the visit would not end within the horizon"
        return Finding(
            "maintenance.frozen_start_impossible",
            f"tasks/{breach.task}/frozen/start",
            f"{name} is fixed at {wanted}, but it has to move by {by}: {why or 'other fixed visits need the room'}.",
            f"Fix {name} at {given}, as this plan has it, or free by {wanted} what stands in its way.",
        )

    def _late(self, breach: Breach, task: int) -> Finding:
        line = self._evaluation.lines[task]
        by, end = self._speaker.length(breach.slots), self._speaker.moment(line.end)
        deadline = self._deadline(task)
        name = self._speaker.name(breach.task)
        return Finding(
            "maintenance.deadline_missed",
            f"tasks/{breach.task}/deadline",
            f"The visit of {name} ends {by} after its deadline, {self._speaker.moment(deadline)}: "
            f"{self._why_late(task)}.",
            f"Move the deadline by {by} to {end}, or {self._relief(task)}.",
        )

    def _left_out(self, breach: Breach, task: int) -> Finding:
        name = self._speaker.name(breach.task)
        fits = self._empty.free(task).any()
        why = f"{self._why_late(task)}." if fits else _NEVER
        return Finding(
            "maintenance.no_room",
            f"tasks/{breach.task}",
            f"{name} has to be visited within the horizon but gets no visit: {why}",
            f"Lengthen the horizon, or {self._relief(task)}.",
        )

    def _why_late(self, task: int) -> str:
        """What keeps a task from its deadline: the calendar when even alone it would miss it, else the other visits."""
        table = self._evaluator.workshop.tables[task]
        deadline = self._deadline(task)
        fits = self._empty.free(task).any(axis=0) & (table.kind.end <= deadline)
        if not fits.any():
            rostered = int(table.kind.workable[1, table.task.release : deadline].sum())
            return (
                f"its work takes {self._speaker.length(table.task.work_slots)}, and from its release until then its "
                f"people are rostered together, with a bay open, for {self._speaker.length(rostered)} at the most"
            )
        options = np.flatnonzero(fits)
        cheapest = int(options[table.cost[options].argmin()])
        return (
            self._speaker.obstacles(self._around(task).obstacles(cheapest))
            or "other visits with hard wishes come first"
        )

    def _relief(self, task: int) -> str:
        """What people could change besides the wish itself."""
        table = self._evaluator.workshop.tables[task]
        skills = listed(need.skill for need in table.task.needs) or "people"
        rostered = int(table.kind.workable[1, table.task.release : self._deadline(task)].sum())
        missing = table.task.work_slots - rostered
        if missing > 0:
            return f"roster {skills} for at least {self._speaker.length(missing)} more before it"
        return "free a bay or people before it"

    def _frozen_options(self, task: int, frozen: Frozen) -> list[int]:
        table = self._evaluator.workshop.tables[task]
        return [int(one) for one in np.flatnonzero((table.kind.start == frozen.start) & table.allowed)]

    def _frozen_obstacles(self, task: int, frozen: Frozen) -> tuple[Obstacle, ...]:
        """What stands in the way of a frozen visit in its own bay."""
        options = self._frozen_options(task, frozen)
        bays = self._evaluator.workshop.bay_breach[task]
        return self._around(task).obstacles(options[0], int(bays.argmin())) if options else ()

    def _frozen(self, task: int) -> Frozen:
        frozen = self._evaluator.problem.tasks[task].frozen
        if frozen is None:
            raise ValueError("only a frozen visit can be moved from its place")
        return frozen

    def _deadline(self, task: int) -> int:
        """The hard deadline of a task in slots; that of a visit with none is the end of the horizon."""
        slots = self._evaluator.problem.grid.slots
        deadline = self._evaluator.problem.tasks[task].deadline
        return slots if deadline is None else min(deadline.slot, slots)
