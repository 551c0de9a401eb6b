"""A schedule being built: what is taken, and what each further placement would cost beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.maintenance.domain.crew import Bools, Crew, Ints
from analytics.maintenance.domain.problem import SchedulingProblem, require_sound
from analytics.maintenance.domain.tables import BayClass, CostTable, Kind, bay_classes, kind_of

FAR = np.iinfo(np.int64).max // 4
"""Dearer than any cost, and still safe to add to."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a task in a class of bays."""

    option: int
    bay_class: int


Score = tuple[int, int]
"""Breach in slots, then cost in minor units: the smaller the better, in this order."""


class Workshop:
    """A sound problem with everything that is computed once: supply of people, classes of bays, cost tables.

    Attributes:
        problem: The problem.
        crew: The supply of people.
        bays: The classes of bays.
        tables: One cost table for each task, in their order.
        overtime_minor: Price of one person's slot in overtime, in minor units.

    Raises:
        ProblemError: The problem contradicts itself.
    """

    def __init__(self, problem: SchedulingProblem) -> None:
        require_sound(problem)
        self.problem = problem
        self.crew = Crew(problem)
        self.bays: list[BayClass] = bay_classes(problem)
        self.overtime_minor = round(problem.weights.overtime_minor_per_h * problem.grid.slot_h)
        assets = {asset.id: asset for asset in problem.assets}
        kinds: dict[object, Kind] = {}
        self.tables: list[CostTable] = []
        for task in problem.tasks:
            key = (task.work_slots, frozenset((need.skill, need.count) for need in task.needs))
            if key not in kinds:
                kinds[key] = kind_of(problem, self.crew, task.work_slots, task.needs)
            self.tables.append(CostTable(problem, task, assets[task.asset], kinds[key]))
        self.kinds = list(kinds.values())
        self.bay_breach = [self._bay_breach(table) for table in self.tables]

    def _bay_breach(self, table: CostTable) -> Ints:
        """1 for each class of bays that a frozen visit is not in, shape (classes,)."""
        frozen = table.task.frozen
        if frozen is None:
            return np.zeros(len(self.bays), dtype=np.int64)
        place = next(place for place, bay in enumerate(self.problem.bays) if bay.id == frozen.bay)
        return np.array([place not in one.bays for one in self.bays], dtype=np.int64)

    def score_of(self, task: int, choice: Choice | None) -> Score:
        """Breach and cost of a choice (None: left out) by itself, without its share of overtime."""
        table = self.tables[task]
        if choice is None:
            return table.later.breach, table.later.cost
        breach = table.breach[choice.option] + self.bay_breach[task][choice.bay_class]
        return int(breach), int(table.cost[choice.option])


class Occupancy:
    """Which bays and people a schedule takes, kept up to date as visits come and go.

    Attributes:
        choices: The choice of each task; None is left out.
    """

    def __init__(self, workshop: Workshop, choices: Sequence[Choice | None] | None = None) -> None:
        self.workshop = workshop
        slots = workshop.problem.grid.slots
        self._used = np.zeros((len(workshop.bays), slots), dtype=np.int64)
        self._demand = np.zeros((len(workshop.crew.sets), slots), dtype=np.int64)
        self._capacity = np.array([one.capacity for one in workshop.bays], dtype=np.int64).reshape(-1, slots)
        self.choices: list[Choice | None] = [None] * len(workshop.tables)
        for task, choice in enumerate(choices or ()):
            self.place(task, choice)

    @property
    def full(self) -> Bools:
        """Whether every bay of a class is taken or closed, shape (classes, slots)."""
        return np.asarray(self._used >= self._capacity)

    @property
    def demand(self) -> Ints:
        """People demanded of each skill set, shape (K, slots)."""
        return self._demand

    def place(self, task: int, choice: Choice | None) -> None:
        """Put a task somewhere else, or leave it out."""
        self._take(task, -1)
        self.choices[task] = choice
        self._take(task, 1)

    def _take(self, task: int, sign: int) -> None:
        choice = self.choices[task]
        if choice is None:
            return
        kind = self.workshop.tables[task].kind
        span = slice(int(kind.start[choice.option]), int(kind.end[choice.option]))
        self._used[choice.bay_class, span] += sign
        working = kind.workable[kind.overtime[choice.option], span]
        self._demand[:, span] += sign * kind.demand[:, None] * working

    def free(self, task: int) -> Bools:
        """Which options of a task fit beside what is placed, by class of bays, shape (classes, n).

        The task itself must not be placed.
        """
        table = self.workshop.tables[task]
        return np.asarray(self.fits(table.kind) & table.allowed[None, :])

    def fits(self, kind: Kind) -> Bools:
        """Which options of a kind fit beside what is placed, releases aside, shape (classes, n)."""
        full = _running(self.full)
        bay = full[:, kind.end] == full[:, kind.start]
        short = self._short(kind)
        crew = short[kind.overtime, kind.end] == short[kind.overtime, kind.start]
        return np.asarray(bay & crew[None, :])

    def _short(self, kind: Kind) -> Ints:
        """Slots up to each slot in which a kind could work but its people are taken, shape (2, slots + 1)."""
        lacking = np.any(self._demand + kind.demand[:, None] > self.workshop.crew.supply, axis=0, keepdims=True)
        return _running(lacking & kind.workable)

    def overtime(self, task: int) -> Ints:
        """What each option of a task adds to the price of overtime, in minor units, shape (n,)."""
        workshop, kind = self.workshop, self.workshop.tables[task].kind
        if not (workshop.crew.has_overtime and workshop.overtime_minor):
            return np.zeros(len(kind.start), dtype=np.int64)
        people = workshop.crew.overtime_people
        more = people(self._demand + kind.demand[:, None]) - people(self._demand)
        spent = _running(more[None, :] * kind.workable * workshop.overtime_minor)
        return np.asarray(spent[kind.overtime, kind.end] - spent[kind.overtime, kind.start])

    def prices(self, task: int) -> tuple[Ints, Ints]:
        """Breach and cost of each option of a task beside what is placed; FAR where it does not fit.

        Returns:
            Two arrays of shape (classes, n): breach in slots, cost in minor units with the overtime it adds.
        """
        table = self.workshop.tables[task]
        free = self.free(task)
        breach = table.breach[None, :] + self.workshop.bay_breach[task][:, None]
        cost = np.broadcast_to(table.cost + self.overtime(task), free.shape)
        return np.where(free, breach, FAR), np.where(free, cost, FAR)

    def best(
        self, task: int, chance: np.random.Generator | None = None, blink: float = 0.0
    ) -> tuple[Score, Choice | None]:
        """The best thing to do with a task that is not placed, and its score; leaving it out wins ties.

        With ``chance`` each option is overlooked with the probability ``blink``.
        """
        later = self.workshop.tables[task].later
        breach, cost = self.prices(task)
        if breach.size:
            if chance is not None:
                overlooked = chance.random(cost.shape) < blink
                breach, cost = np.where(overlooked, FAR, breach), np.where(overlooked, FAR, cost)
            lowest = breach.min()
            place = int(np.where(breach == lowest, cost, FAR).argmin())
            found = int(lowest), int(cost.flat[place])
            if found < (later.breach, later.cost):
                return found, Choice(place % breach.shape[1], place // breach.shape[1])
        return (later.breach, later.cost), None

    def score(self, tasks: Iterable[int] | None = None) -> Score:
        """Breach and cost of some tasks, or of all, with the overtime of the whole schedule."""
        chosen = range(len(self.choices)) if tasks is None else tasks
        scores = [self.workshop.score_of(task, self.choices[task]) for task in chosen]
        crew, overtime = self.workshop.crew, 0
        if crew.has_overtime and self.workshop.overtime_minor:
            overtime = int(crew.overtime_people(self._demand).sum()) * self.workshop.overtime_minor
        return sum(breach for breach, _ in scores), sum(cost for _, cost in scores) + overtime


def _running(values: Ints | Bools) -> Ints:
    """Sums of rows up to each place, shape (rows, columns + 1)."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1), dtype=np.int64)
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums
