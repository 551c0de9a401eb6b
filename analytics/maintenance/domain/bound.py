"""A lower bound on the cost of any schedule, and the options that a better schedule could still use.

Lagrangian relaxation of the time-indexed model (Christofides, Alvarez-Valdes and Tamarit, "Project scheduling with
resource constraints: a branch and bound approach", European Journal of Operational Research 29(3), 1987): bays and
people get a price in each slot, each task then takes its cheapest option by itself, and what the prices collect beyond
the supply is paid back. Any prices >= 0 give a bound. Good ones are looked for by the subgradient method with Polyak's
step (Held, Wolfe and Crowder, "Validation of subgradient optimization", Mathematical Programming 6, 1974), deflected
towards the steps before (Camerini, Fratta and Maffioli, "On improving relaxation methods by modified gradient
techniques", Mathematical Programming Study 3, 1975). An option whose price above its task's cheapest exceeds what is
left between bound and incumbent is in no better schedule.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analytics.maintenance.domain.crew import Bools, Ints
from analytics.maintenance.domain.engine import Control, Incumbent, describe
from analytics.maintenance.domain.occupancy import Occupancy, Workshop
from analytics.maintenance.domain.tables import Floats, Kind

_SCALE = 0.2
_LEAST_SCALE = 1e-4
_PATIENCE = 40
_MOMENTUM = 0.9


@dataclass(frozen=True, slots=True)
class Prices:
    """What a slot of each scarce thing costs, in minor units; or a direction in which to change that.

    Attributes:
        bays: Shape (classes, slots).
        people: Shape (K, slots).
    """

    bays: Floats
    people: Floats

    @property
    def square(self) -> float:
        """The squared length."""
        return float((self.bays**2).sum() + (self.people**2).sum())

    def moved(self, heading: Prices, length: float) -> Prices:
        """The prices some way further in a direction, none below 0."""
        return Prices(
            np.maximum(self.bays + length * heading.bays, 0), np.maximum(self.people + length * heading.people, 0)
        )


def _heading(prices: Prices, excess: Prices, last: Prices | None) -> Prices:
    """The subgradient without what would push prices below 0, plus most of the last direction."""
    bays = np.where((prices.bays <= 0) & (excess.bays < 0), 0.0, excess.bays)
    people = np.where((prices.people <= 0) & (excess.people < 0), 0.0, excess.people)
    if last is not None:
        bays, people = bays + _MOMENTUM * last.bays, people + _MOMENTUM * last.people
    return Prices(bays, people)


@dataclass(frozen=True, slots=True)
class _Team:
    """The tasks of one kind.

    Attributes:
        kind: Their options.
        tasks: Their places in the problem's list.
        fits: Which options fit an empty workshop, shape (classes, n).
        cost: Cost of each option, infinite where it is not open to the task, shape (tasks, n).
        later: Cost of leaving each out, infinite where that breaks too many hard wishes, shape (tasks,).
    """

    kind: Kind
    tasks: Ints
    fits: Bools
    cost: Floats
    later: Floats


@dataclass(frozen=True, slots=True)
class Kept:
    """The options that may still be in a better schedule.

    Attributes:
        options: For each task, pairs (class of bays, option), shape (m, 2).
        later: Whether the task may still be left out, for each task.
    """

    options: list[Ints]
    later: list[bool]


class LagrangianBound:
    """Bounds the cost of all schedules whose breach is no more than the incumbent's."""

    name = "bound"

    def __init__(self, workshop: Workshop, breach: int) -> None:
        self._workshop, self._breach = workshop, breach
        self._teams = _teams(workshop, breach)
        crew, slots = workshop.crew, workshop.problem.grid.slots
        self._capacity = np.array([one.capacity for one in workshop.bays], dtype=float).reshape(-1, slots)
        self._group = [one.group for one in crew.sets]
        self.value = -math.inf
        self.prices = Prices(np.zeros_like(self._capacity), np.zeros(crew.regular.shape))

    def improve(self, incumbent: Incumbent, control: Control) -> None:
        """Look for prices with a high bound, and tell the incumbent."""
        prices, scale, stale = self.prices, _SCALE, 0
        heading: Prices | None = None
        cost = incumbent.evaluation.cost
        for _ in range(control.effort.bound_steps):
            value, excess = self._relax(prices)
            stale = 0 if value > self.value else stale + 1
            if value > self.value:
                self.value, self.prices = value, prices
            if self.bound >= cost or scale < _LEAST_SCALE or control.stop():
                break
            if stale >= _PATIENCE:
                scale, stale, heading, prices = scale / 2, 0, None, self.prices
                continue
            heading = _heading(prices, excess, heading)
            norm = heading.square
            if norm == 0:
                break
            prices = prices.moved(heading, scale * (cost - value) / norm)
        incumbent.raise_bound(self.bound)
        control.report(0.4, describe(incumbent))

    @property
    def bound(self) -> int:
        """The bound as whole minor units, with room for rounding in the sums behind it."""
        return math.ceil(self.value - self._safety) if math.isfinite(self.value) else 0

    @property
    def _safety(self) -> float:
        return 0.5 + 1e-12 * abs(self.value)

    def kept(self, incumbent: Incumbent, most: int) -> tuple[Kept, bool]:
        """The options that a cheaper schedule could use, at most so many, with those of the incumbent.

        Returns:
            The options, and whether they are all: False when ``most`` left out some that might be needed.
        """
        room = incumbent.evaluation.cost - self.value + self._safety
        offers = {task: offer for team in self._teams for task, offer in self._offers(team)}
        extra = np.concatenate([excess[excess <= room] for excess, _ in offers.values()]) if offers else np.zeros(0)
        limit, complete = room, len(extra) <= most
        if not complete:
            limit = float(np.partition(extra, most)[most])
        options, later = [], []
        for task, choice in enumerate(incumbent.choices):
            excess, late = offers[task]
            keep = excess <= limit
            if choice is not None:
                keep[choice.bay_class, choice.option] = True
            options.append(np.argwhere(keep).astype(np.int64))
            later.append(bool(late <= limit) or choice is None)
        return Kept(options, later), complete

    def _offers(self, team: _Team) -> list[tuple[int, tuple[Floats, float]]]:
        """For each task of a team: what each (class, option), and leaving out, costs above the task's cheapest."""
        priced = team.cost[:, None, :] + self._option_prices(team, self.prices)[None, :, :]
        lowest = np.minimum(priced.min(axis=(1, 2), initial=math.inf), team.later)
        result = []
        for row, task in enumerate(team.tasks.tolist()):
            table = self._workshop.tables[task]
            breach = table.breach[None, :] + self._workshop.bay_breach[task][:, None]
            excess = np.where(breach <= self._breach, priced[row] - lowest[row], math.inf)
            result.append((task, (excess, float(team.later[row] - lowest[row]))))
        return result

    def _option_prices(self, team: _Team, prices: Prices) -> Floats:
        """What bays and people add to each option of a team, shape (classes, n); infinite where it never fits."""
        kind = team.kind
        bays = _running(prices.bays)
        people = _running((kind.demand @ prices.people)[None, :] * kind.workable)
        crew = people[kind.overtime, kind.end] - people[kind.overtime, kind.start]
        both = bays[:, kind.end] - bays[:, kind.start] + crew[None, :]
        return np.where(team.fits, both, math.inf)

    def _relax(self, prices: Prices) -> tuple[float, Prices]:
        """The bound at some prices, and by how much the tasks' own choices exceed the supply (a subgradient)."""
        used = np.zeros_like(prices.bays)
        demand = np.zeros_like(prices.people)
        value = 0.0
        for team in self._teams:
            value += self._choose(team, prices, used, demand)
        crew = self._workshop.crew
        over_people = demand - crew.regular
        if crew.has_overtime:
            spent, help_in_overtime = self._overtime(prices)
            value += spent
            over_people -= help_in_overtime[self._group]
        value -= float((prices.bays * self._capacity).sum() + (prices.people * crew.regular).sum())
        return value, Prices(used - self._capacity, over_people)

    def _choose(self, team: _Team, prices: Prices, used: Floats, demand: Floats) -> float:
        """Let each task of a team take its cheapest option; adds what they use, returns what they cost."""
        kind = team.kind
        by_class = self._option_prices(team, prices)
        if not by_class.size:
            return float(team.later.sum())
        bay_class = by_class.argmin(axis=0)
        priced = team.cost + by_class.min(axis=0)[None, :]
        option = priced.argmin(axis=1)
        lowest = priced[np.arange(len(option)), option]
        taken = option[lowest < team.later]
        start, end, mode = kind.start[taken], kind.end[taken], kind.overtime[taken]
        edges = np.zeros((len(used), used.shape[1] + 1))
        np.add.at(edges, (bay_class[taken], start), 1.0)
        np.add.at(edges, (bay_class[taken], end), -1.0)
        used += np.cumsum(edges, axis=1)[:, :-1]
        working = np.zeros((2, used.shape[1] + 1))
        np.add.at(working, (mode, start), 1.0)
        np.add.at(working, (mode, end), -1.0)
        busy = (np.cumsum(working, axis=1)[:, :-1] * kind.workable).sum(axis=0)
        demand += kind.demand[:, None] * busy[None, :]
        return float(np.minimum(lowest, team.later).sum())

    def _overtime(self, prices: Prices) -> tuple[float, Floats]:
        """Cost of calling in people in overtime wherever prices exceed theirs, and how many by group of skills."""
        crew, slots = self._workshop.crew, self._workshop.problem.grid.slots
        saved = np.array([prices.people[group].sum(axis=0) for group in crew.groups]).reshape(-1, slots)
        called = np.where(saved > self._workshop.overtime_minor, crew.overtime, 0).astype(float)
        return float(((self._workshop.overtime_minor - saved) * called).sum()), called


def _teams(workshop: Workshop, breach: int) -> list[_Team]:
    empty = Occupancy(workshop)
    teams = []
    for kind in workshop.kinds:
        tasks = [task for task, table in enumerate(workshop.tables) if table.kind is kind]
        tables = [workshop.tables[task] for task in tasks]
        cost = [np.where(one.allowed & (one.breach <= breach), one.cost, math.inf) for one in tables]
        later = [one.later.cost if one.later.breach <= breach else math.inf for one in tables]
        teams.append(
            _Team(
                kind,
                np.array(tasks, dtype=np.int64),
                empty.fits(kind),
                np.array(cost, dtype=float),
                np.array(later, dtype=float),
            )
        )
    return teams


def _running(values: Floats) -> Floats:
    sums = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums
