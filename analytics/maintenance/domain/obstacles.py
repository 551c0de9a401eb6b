"""What stands in the way of a start: the bays and people that are taken, and by which visits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analytics.maintenance.domain.crew import Bools, Ints
from analytics.maintenance.domain.evaluator import Evaluation, Evaluator
from analytics.maintenance.domain.occupancy import Occupancy
from analytics.maintenance.domain.plan import Holder, Obstacle


class Standing:
    """The visits of a schedule as arrays, to be looked up by slot; each has shape (visits,).

    Attributes:
        task: Place of the task in the problem's list.
        start: First slot.
        end: Slot after the last.
        bay: Place of the bay in the problem's list.
        overtime: 1 when it works in overtime too, else 0.
    """

    def __init__(self, evaluator: Evaluator, evaluation: Evaluation) -> None:
        bays = {bay.id: place for place, bay in enumerate(evaluator.problem.bays)}
        placed = [(line, line.placement) for line in evaluation.lines if line.placement is not None]
        self.task = np.array([line.task for line, _ in placed], dtype=np.int64)
        self.start = np.array([line.start for line, _ in placed], dtype=np.int64)
        self.end = np.array([line.end for line, _ in placed], dtype=np.int64)
        self.bay = np.array([bays[placement.bay] for _, placement in placed], dtype=np.int64)
        self.overtime = np.array([placement.overtime for _, placement in placed], dtype=np.int64)

    def at(self, slot: int) -> Bools:
        """Which of them are in their bay in a slot."""
        return (self.start <= slot) & (slot < self.end)


class Neighbourhood:
    """A schedule as the surroundings of one of its tasks: everything else stays where it is.

    Attributes:
        task: The task's place in the problem's list.
        occupancy: The schedule without the task.
    """

    def __init__(self, evaluator: Evaluator, standing: Standing, occupancy: Occupancy, task: int) -> None:
        self.evaluator, self.task, self.occupancy = evaluator, task, occupancy
        self._table = evaluator.workshop.tables[task]
        self._standing = standing

    def obstacles(self, option: int, bay_class: int | None = None) -> tuple[Obstacle, ...]:
        """What keeps the task from an option, in any bay or in those of one class; empty when it fits."""
        return (*self._bay_obstacles(option, bay_class), *self._crew_obstacles(option))

    def _bay_obstacles(self, option: int, bay_class: int | None) -> Iterator[Obstacle]:
        """One for each bay when none of the classes has room over the whole span."""
        workshop, kind = self.evaluator.workshop, self._table.kind
        span = slice(int(kind.start[option]), int(kind.end[option]))
        classes = range(len(workshop.bays)) if bay_class is None else [bay_class]
        full = [np.flatnonzero(self.occupancy.full[one, span]) for one in classes]
        if not all(len(slots) for slots in full):
            return
        for one, slots in zip(classes, full, strict=True):
            slot = span.start + int(slots[0])
            others = np.flatnonzero(self._standing.at(slot) & (self._standing.task != self.task))
            for place in workshop.bays[one].bays:
                holders = self._holders(others[self._standing.bay[others] == place])
                bay = self.evaluator.problem.bays[place].id
                yield Obstacle(kind="bay", bay=bay, slot=slot, holders=holders, needed=1, available=0)

    def _crew_obstacles(self, option: int) -> Iterator[Obstacle]:
        """The smallest set of skills that falls short, in the first slot in which any does."""
        workshop, kind = self.evaluator.workshop, self._table.kind
        crew, mode = workshop.crew, int(kind.overtime[option])
        span = np.arange(kind.start[option], kind.end[option])
        span = span[kind.workable[mode, span]]
        free = crew.supply[:, span] - self.occupancy.demand[:, span]
        short = kind.demand[:, None] > free
        if not short.any():
            return
        at = int(np.flatnonzero(short.any(axis=0))[0])
        row = min(np.flatnonzero(short[:, at]).tolist(), key=lambda one: (len(crew.sets[one].skills), one))
        yield Obstacle(
            kind="crew",
            skills=crew.sets[row].skills,
            slot=int(span[at]),
            holders=self._holders(self._using(row, int(span[at]))),
            needed=int(kind.demand[row]),
            available=max(0, int(free[row, at])),
        )

    def _using(self, row: int, slot: int) -> Ints:
        """The other visits that take people of a skill set in a slot, as places among the standing ones."""
        standing, tables = self._standing, self.evaluator.workshop.tables
        others = np.flatnonzero(standing.at(slot) & (standing.task != self.task))
        kinds = [tables[task].kind for task in standing.task[others].tolist()]
        modes = standing.overtime[others].tolist()
        using = [kind.workable[mode, slot] and kind.demand[row] > 0 for kind, mode in zip(kinds, modes, strict=True)]
        return np.asarray(others[np.array(using, dtype=np.bool_)])

    def _holders(self, visits: Ints) -> tuple[Holder, ...]:
        standing, tasks = self._standing, self.evaluator.problem.tasks
        return tuple(
            Holder(task=tasks[standing.task[at]].id, start=int(standing.start[at]), end=int(standing.end[at]))
            for at in visits.tolist()
        )
