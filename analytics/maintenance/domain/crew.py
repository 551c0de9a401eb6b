"""Who is there in each slot, and whether their skills suffice.

People may have several skills and stand in for one need at a time. Whether demands can be met by different people is
Hall's condition (P. Hall, "On representatives of subsets", 1935): for every set S of skills, the people who have any
skill of S are at least as many as S demands. Only sets within a group of skills that people link need to be looked at.
The overtime that a slot needs is Hall's deficiency over the regular people (Ore, 1955): max over S of demand minus
regular supply; the regular people matched first can all stay matched (transversal matroid), so the count is exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from analytics.maintenance.domain.problem import CrewCalendar, Need, SchedulingProblem, Span, shared_skills

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SkillSet:
    """A set of skills whose joint demand has to be met.

    Attributes:
        skills: The skills, sorted.
        group: Number of the group of linked skills it lies in.
    """

    skills: tuple[str, ...]
    group: int


class Crew:
    """The supply of people by skill set and slot.

    Attributes:
        sets: The K skill sets whose demand is checked, grouped.
        groups: For each group, the slice of ``sets`` that belongs to it.
        regular: People in regular hours who have any skill of the set, shape (K, slots).
        supply: The same with those in overtime, shape (K, slots).
        overtime: People in overtime by group, shape (groups, slots).
        on_regular: Whether a technician is there in regular hours, shape (technicians, slots).
        on_overtime: Whether a technician is there in overtime, shape (technicians, slots).
    """

    def __init__(self, problem: SchedulingProblem) -> None:
        slots = problem.grid.slots
        self.slots = slots
        self.technicians = problem.technicians
        self.on_regular, self.on_overtime = _presence(problem)
        wanted = {need.skill for task in problem.tasks for need in task.needs}
        self.sets: list[SkillSet] = []
        self.groups: list[slice] = []
        for number, group in enumerate(shared_skills(problem.technicians, wanted)):
            first = len(self.sets)
            sizes = range(1, len(group) + 1)
            self.sets += [SkillSet(chosen, number) for size in sizes for chosen in combinations(group, size)]
            self.groups.append(slice(first, len(self.sets)))
        anyone = self.on_regular | self.on_overtime
        self.regular = self._supply([one.skills for one in self.sets], self.on_regular)
        self.supply = self._supply([one.skills for one in self.sets], anyone)
        whole = [self.sets[group.stop - 1].skills for group in self.groups]
        self.overtime = self._supply(whole, self.on_overtime)

    def _supply(self, sets: Iterable[tuple[str, ...]], present: Bools) -> Ints:
        rows = [
            present[[bool(set(skills) & set(person.skills)) for person in self.technicians]].sum(axis=0)
            for skills in sets
        ]
        return np.array(rows, dtype=np.int64).reshape(len(rows), self.slots)

    def demand_of(self, needs: Iterable[Need]) -> Ints:
        """What some needs demand of each skill set, shape (K,), in people."""
        counts = {need.skill: need.count for need in needs}
        return np.array([sum(counts.get(skill, 0) for skill in one.skills) for one in self.sets], dtype=np.int64)

    def workable(self, demand: Ints, *, overtime: bool) -> Bools:
        """The slots in which the rostered people could meet a demand (K,) if nobody else had one, shape (slots,)."""
        supply = self.supply if overtime else self.regular
        return np.asarray((supply >= demand[:, None]).all(axis=0))

    def overtime_people(self, demand: Ints, span: slice = slice(None)) -> Ints:
        """People needed in overtime in the slots of a span under a demand (K, span), shape (span,)."""
        people = np.zeros(demand.shape[1], dtype=np.int64)
        for group in self.groups:
            people += np.maximum((demand[group] - self.regular[group, span]).max(axis=0), 0)
        return people

    @property
    def has_overtime(self) -> bool:
        """Whether anybody with a wanted skill is ever in overtime."""
        return bool(self.overtime.any())


def _presence(problem: SchedulingProblem) -> tuple[Bools, Bools]:
    slots = problem.grid.slots
    calendars: dict[str, CrewCalendar] = {calendar.id: calendar for calendar in problem.calendars}
    regular = np.zeros((len(problem.technicians), slots), dtype=np.bool_)
    overtime = np.zeros_like(regular)
    for row, person in enumerate(problem.technicians):
        here = ~covered(person.absent, slots)
        regular[row] = covered(calendars[person.calendar].regular, slots) & here
        overtime[row] = covered(calendars[person.calendar].overtime, slots) & here & ~regular[row]
    return regular, overtime


def covered(spans: Iterable[Span], slots: int) -> Bools:
    """Whether each slot of the horizon lies in any of the spans, shape (slots,)."""
    inside = np.zeros(slots, dtype=np.bool_)
    for span in spans:
        inside[span.start : span.end] = True
    return inside
