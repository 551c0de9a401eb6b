"""The single truth about a schedule: whether it can be done, what it breaks, what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.maintenance.domain.crew import Bools, Ints
from analytics.maintenance.domain.occupancy import Choice, Workshop
from analytics.maintenance.domain.problem import SchedulingProblem, Task
from analytics.maintenance.domain.tables import CostTable
from tenants.kernel.errors import Finding


@dataclass(frozen=True, slots=True)
class Placement:
    """A visit as an engine proposes it: a task's id, its first slot, a bay's id, and whether it works in overtime."""

    task: str
    start: int
    bay: str
    overtime: bool = False


Schedule = tuple[Placement, ...]
"""The visits of a plan; tasks that are not named are left out of the horizon."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A hard wish that a schedule does not keep.

    Attributes:
        kind: ``deadline``, ``start`` or ``bay`` (of a frozen visit), or ``left_out``.
        task: The task's id.
        slots: By how much, in slots; 1 for a bay.
    """

    kind: str
    task: str
    slots: int


@dataclass(frozen=True, slots=True)
class Line:
    """One task's share of the cost.

    Attributes:
        task: The task's place in the problem's list.
        placement: Its visit, or None when it is left out.
        removal: The slot at which the asset is taken out of service.
        start: The visit's first slot; for a task left out, that of its cheapest visit after the horizon.
        end: The slot after its last; for a task left out, its start again.
        terms: Cost by term in minor units, overtime included.
    """

    task: int
    placement: Placement | None
    removal: int
    start: int
    end: int
    terms: dict[str, int]

    @property
    def cost(self) -> int:
        """The sum of the terms, in minor units."""
        return sum(self.terms.values())


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a schedule comes to.

    Attributes:
        violations: What cannot be done; a schedule with any is no plan, and its figures mean nothing.
        breaches: The hard wishes that it does not keep.
        lines: One for each task that can be placed so, in the problem's order.
    """

    violations: tuple[Finding, ...]
    breaches: tuple[Breach, ...]
    lines: tuple[Line, ...]

    @property
    def cost(self) -> int:
        """Cost of the whole schedule, in minor units."""
        return sum(line.cost for line in self.lines)

    @property
    def breach(self) -> int:
        """Sum of the breaches, in slots."""
        return sum(breach.slots for breach in self.breaches)


class Evaluator:
    """Judges schedules of one problem; every engine's result passes through it.

    Raises:
        ProblemError: The problem contradicts itself.
    """

    def __init__(self, problem: SchedulingProblem) -> None:
        self.workshop = Workshop(problem)
        self.problem = problem
        self._bays = {bay.id: place for place, bay in enumerate(problem.bays)}
        self._class = {place: number for number, one in enumerate(self.workshop.bays) for place in one.bays}
        self.task_index = {task.id: place for place, task in enumerate(problem.tasks)}

    def option_of(self, placement: Placement) -> int | None:
        """The place of a placement in its task's cost table; None when it is none of the options."""
        table = self.workshop.tables[self.task_index[placement.task]]
        found = np.flatnonzero(
            (table.kind.start == placement.start) & (table.kind.overtime == placement.overtime) & table.allowed
        )
        return int(found[0]) if len(found) else None

    def span_of(self, placement: Placement) -> tuple[int, int]:
        """First slot of a visit and the slot after its last.

        Raises:
            ValueError: The placement is none of its task's options.
        """
        option = self.option_of(placement)
        if option is None:
            raise ValueError(f"{placement} is none of the options of its task")
        return placement.start, int(self.workshop.tables[self.task_index[placement.task]].kind.end[option])

    def evaluate(self, schedule: Iterable[Placement]) -> Evaluation:
        """Feasibility, breaches and cost of a schedule."""
        placements = tuple(schedule)
        strangers = tuple(self._strangers(placements))
        if strangers:
            return Evaluation(strangers, (), ())
        placed = {self.task_index[placement.task]: placement for placement in placements}
        violations = (*self._bay_violations(placements), *self._crew_violations(placements))
        overtime = self._overtime_shares(placements)
        lines = tuple(
            self._line(task, placed.get(task), overtime.get(task, 0)) for task in range(len(self.problem.tasks))
        )
        breaches = tuple(breach for line in lines for breach in self._breaches(line))
        return Evaluation(violations, breaches, lines)

    def _strangers(self, placements: Sequence[Placement]) -> Iterator[Finding]:
        """Placements that cannot even be read: unknown or repeated tasks, unknown bays, starts that are no option."""
        seen: set[str] = set()
        for placement in placements:
            place = f"visits/{placement.task}"
            if placement.task not in self.task_index or placement.task in seen:
                yield Finding(
                    "maintenance.stray_visit", place, f"'{placement.task}' is no task, or is visited twice.",
                    "Visit each task of the problem at most once.",
                )  # fmt: skip
            elif placement.bay not in self._bays:
                yield Finding(
                    "maintenance.unknown_bay",
                    place,
                    f"There is no bay '{placement.bay}'.",
                    "Name a bay of the problem.",
                )
            elif self.option_of(placement) is None:
                yield Finding(
                    "maintenance.no_such_start",
                    place,
                    f"The visit cannot start at slot {placement.start}: nobody could begin, it could not end within "
                    "the horizon, or it is before the task's release.",
                    "Choose a start from the task's cost table.",
                )
            seen.add(placement.task)

    def _bay_violations(self, placements: Sequence[Placement]) -> Iterator[Finding]:
        for bay in self.problem.bays:
            spans = [(one.start, one.end, "closed") for one in bay.closed]
            spans += [(*self.span_of(one), one.task) for one in placements if one.bay == bay.id]
            reach, holder = -1, ""
            for start, end, who in sorted(spans):
                if start < reach and {who, holder} != {"closed"}:
                    yield Finding(
                        "maintenance.bay_overlap",
                        f"bays/{bay.id}",
                        f"{bay.name} is taken twice ({holder} and {who}) for {min(end, reach) - start} slots.",
                        "Move one of them by at least as much, or to another bay.",
                    )
                if end > reach:
                    reach, holder = end, who

    def _crew_violations(self, placements: Sequence[Placement]) -> Iterator[Finding]:
        crew = self.workshop.crew
        demand = np.zeros_like(crew.supply)
        for placement in placements:
            span, working, needed = self._work(placement)
            demand[:, span] += needed[:, None] * working
        for row, one in enumerate(crew.sets):
            short = np.flatnonzero(demand[row] > crew.supply[row])
            if len(short):
                slot = int(short[0])
                skills = " or ".join(one.skills)
                yield Finding(
                    "maintenance.crew_short",
                    f"technicians/{skills}",
                    f"{len(short)} slots need more people with {skills} than there are; in the first, slot {slot}, "
                    f"{int(demand[row, slot])} of {int(crew.supply[row, slot])}.",
                    "Move a visit that needs them, or roster more of them then.",
                )

    def _work(self, placement: Placement) -> tuple[slice, Bools, Ints]:
        """The span of a visit, in which of its slots work goes on, and the people it takes of each skill set."""
        kind = self.workshop.tables[self.task_index[placement.task]].kind
        span = slice(*self.span_of(placement))
        return span, kind.workable[int(placement.overtime), span], kind.demand

    def _overtime_shares(self, placements: Sequence[Placement]) -> dict[int, int]:
        """Each task's share of the overtime, in minor units.

        Those who start first keep the regular people: a visit pays for the people in overtime that it adds to the
        visits before it (by start, then by place in the problem), so that the shares add up to the whole.
        """
        crew, price = self.workshop.crew, self.workshop.overtime_minor
        shares: dict[int, int] = {}
        if not (crew.has_overtime and price):
            return shares
        demand = np.zeros_like(crew.supply)
        for placement in sorted(placements, key=lambda one: (one.start, self.task_index[one.task])):
            span, working, needed = self._work(placement)
            before = crew.overtime_people(demand[:, span], span)
            demand[:, span] += needed[:, None] * working
            added = crew.overtime_people(demand[:, span], span) - before
            shares[self.task_index[placement.task]] = int(added.sum()) * price
        return shares

    def _line(self, task: int, placement: Placement | None, overtime: int) -> Line:
        table = self.workshop.tables[task]
        if placement is None:
            later = table.later
            return Line(task, None, later.removal, later.slot, later.slot, {**later.terms, "overtime": 0})
        option = self.option_of(placement) or 0
        start, end = self.span_of(placement)
        terms = {**table.option_terms(option), "overtime": overtime}
        return Line(task, placement, int(table.removal[option]), start, end, terms)

    def _breaches(self, line: Line) -> Iterator[Breach]:
        table = self.workshop.tables[line.task]
        task = table.task
        if line.placement is None:
            if table.later.breach:
                yield Breach("left_out", task.id, table.later.breach)
            return
        yield from _deadline_breaches(table, line)
        yield from _frozen_breaches(task, line.placement)

    def schedule_of(self, choices: Sequence[Choice | None]) -> Schedule:
        """A schedule with bays by name, out of choices.

        Within a class each visit, in order of its start, takes the bay it had in the plan before when that is free,
        else the first free one; choices that keep the number of bays in each class never run out of them that way.
        """
        free_at = [0] * len(self.problem.bays)
        before = {visit.task: self._bays.get(visit.bay) for visit in self.problem.previous}
        tables = self.workshop.tables
        chosen = [(task, choice) for task, choice in enumerate(choices) if choice is not None]
        placements: list[Placement] = []
        for task, choice in sorted(chosen, key=lambda pair: (tables[pair[0]].kind.start[pair[1].option], pair[0])):
            kind = tables[task].kind
            start, end = int(kind.start[choice.option]), int(kind.end[choice.option])
            bays = self.workshop.bays[choice.bay_class].bays
            open_bays = [bay for bay in bays if free_at[bay] <= start]
            wanted = before.get(tables[task].task.id)
            bay = wanted if wanted in open_bays and wanted is not None else (open_bays or bays)[0]
            free_at[bay] = end
            name = self.problem.bays[bay].id
            placements.append(Placement(tables[task].task.id, start, name, bool(kind.overtime[choice.option])))
        return tuple(placements)

    def choices_of(self, schedule: Iterable[Placement]) -> list[Choice | None]:
        """The choices that a schedule makes, one for each task; None for those left out.

        Raises:
            ValueError: A placement is none of its task's options.
        """
        choices: list[Choice | None] = [None] * len(self.problem.tasks)
        for placement in schedule:
            option = self.option_of(placement)
            if option is None:
                raise ValueError(f"{placement} is none of the options of its task")
            choices[self.task_index[placement.task]] = Choice(option, self._class[self._bays[placement.bay]])
        return choices


def _deadline_breaches(table: CostTable, line: Line) -> Iterator[Breach]:
    deadline = table.task.deadline
    if deadline is not None and deadline.late_minor_per_h is None and line.end > deadline.slot:
        yield Breach("deadline", table.task.id, line.end - deadline.slot)


def _frozen_breaches(task: Task, placement: Placement) -> Iterator[Breach]:
    if task.frozen is None:
        return
    if placement.start != task.frozen.start:
        yield Breach("start", task.id, abs(placement.start - task.frozen.start))
    if placement.bay != task.frozen.bay:
        yield Breach("bay", task.id, 1)
