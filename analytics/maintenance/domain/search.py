"""Greedy insertion, then exchanges and ruin and recreate: a good schedule in a moment, at any size.

Ruin and recreate after Schrimpf, Schneider, Stamm-Wilbrandt and Dueck, "Record breaking optimization results using the
ruin and recreate principle", Journal of Computational Physics 159(2), 2000; overlooking good places now and then after
the "blinks" of Christiaens and Vanden Berghe, "Slack induction by string removals", Transportation Science 54(2), 2020.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from analytics.maintenance.domain.engine import Control, Incumbent, describe
from analytics.maintenance.domain.occupancy import FAR, Choice, Occupancy, Score, Workshop
from analytics.maintenance.domain.solver import cheapest_exchange
from analytics.maintenance.domain.tables import Kind

_RUINED = (2, 9)
_BLINK = 0.05
_ROUNDS_BETWEEN = 50
_MOST_EXCHANGED = 300


class Greedy:
    """Places one task after the other at its best free option, the ones with most to lose first.

    Takes no time to speak of, asks nobody whether to go on, and keeps every rule; what does not fit is left out.
    """

    name = "greedy"

    def improve(self, incumbent: Incumbent, control: Control) -> None:
        """Keep the plan before as far as it can be kept, then try three orders afresh; offer each result."""
        workshop = incumbent.evaluator.workshop
        orders = _orders(workshop)
        starts = [(Occupancy(workshop), order) for order in orders]
        if workshop.problem.previous:
            starts.insert(0, (_kept(workshop), orders[0]))
        for occupancy, order in starts:
            for task in order:
                if occupancy.choices[task] is None:
                    occupancy.place(task, occupancy.best(task)[1])
            incumbent.offer(occupancy.choices, self.name)
        control.report(0.05, describe(incumbent))


def _kept(workshop: Workshop) -> Occupancy:
    """The visits of the plan before, where they still fit, those with hard wishes first."""
    occupancy = Occupancy(workshop)
    places = {table.task.id: task for task, table in enumerate(workshop.tables)}
    before = [(places[visit.task], visit.start) for visit in workshop.problem.previous]
    for task, start in sorted(before, key=lambda visit: (workshop.tables[visit[0]].later.breach == 0, visit)):
        breach, cost = occupancy.prices(task)
        there = (workshop.tables[task].kind.start == start)[None, :] & (breach < FAR)
        if there.any():
            lowest = breach[there].min()
            place = int(np.where(there & (breach == lowest), cost, FAR).argmin())
            occupancy.place(task, Choice(place % breach.shape[1], place // breach.shape[1]))
    return occupancy


def _orders(workshop: Workshop) -> list[list[int]]:
    """Orders of insertion, hard wishes first: by what is lost when left out, by the best end, by both in turn."""
    empty = Occupancy(workshop)
    losses: list[Score] = []
    ends: list[int] = []
    for task, table in enumerate(workshop.tables):
        score, choice = empty.best(task)
        losses.append((score[0] - table.later.breach, score[1] - table.later.cost))
        ends.append(workshop.problem.grid.slots if choice is None else int(table.kind.end[choice.option]))
    tasks = range(len(losses))
    soft = [table.later.breach == 0 for table in workshop.tables]
    by_loss = sorted(tasks, key=lambda task: (soft[task], losses[task], task))
    by_end = sorted(tasks, key=lambda task: (soft[task], ends[task], losses[task], task))
    rank = {task: place for place, task in enumerate(by_loss)}
    for place, task in enumerate(by_end):
        rank[task] += place
    return [by_loss, by_end, sorted(tasks, key=lambda task: (soft[task], rank[task], task))]


class LocalSearch:
    """Exchanges visits of a kind, settles single ones, ruins a few and recreates them; keeps what is no worse.

    Args:
        rounds: Steps of ruin and recreate; None takes as many as the effort allows.
    """

    name = "local search"

    def __init__(self, rounds: int | None = None) -> None:
        self._rounds = rounds

    def improve(self, incumbent: Incumbent, control: Control) -> None:
        """Search until the rounds are over, or until stopped."""
        if not incumbent.choices:
            return
        chance = np.random.default_rng(control.effort.seed)
        occupancy = Occupancy(incumbent.evaluator.workshop, incumbent.choices)
        settle(occupancy, control)
        rounds = control.effort.rounds if self._rounds is None else self._rounds
        for number in range(rounds + 1):
            if number % _ROUNDS_BETWEEN == 0 or number == rounds:
                for kind in occupancy.workshop.kinds:
                    _exchange(occupancy, kind, chance)
                incumbent.offer(occupancy.choices, self.name)
                control.report(0.05 + 0.25 * number / max(1, rounds), describe(incumbent))
            if control.stop() or number == rounds:
                break
            _ruin_and_recreate(occupancy, chance)
        settle(occupancy, control)
        incumbent.offer(occupancy.choices, self.name)


def settle(occupancy: Occupancy, control: Control) -> None:
    """Move single visits to where they are better until none can be bettered by itself, or until stopped."""
    moved = True
    while moved and not control.stop():
        moved = False
        for task in range(len(occupancy.choices)):
            before, old = occupancy.choices[task], occupancy.score([task])
            _recreate(occupancy, [task])
            if occupancy.score([task]) < old:
                moved = True
            else:
                occupancy.place(task, before)


def _exchange(occupancy: Occupancy, kind: Kind, chance: np.random.Generator) -> None:
    """Share the places of the visits of a kind anew among all tasks of that kind, at the least cost.

    Visits of a kind take the same bays and people in the same place, so that any exchange can be done. Tasks with hard
    wishes stay out of it.
    """
    tables = occupancy.workshop.tables
    takers = [task for task, table in enumerate(tables) if table.kind is kind and not table.later.breach]
    if len(takers) > _MOST_EXCHANGED:
        takers = sorted(chance.choice(takers, _MOST_EXCHANGED, replace=False).tolist())
    places = [choice for task in takers if (choice := occupancy.choices[task]) is not None]
    if not places:
        return
    option = [choice.option for choice in places]
    cost = np.array([tables[task].cost[option] for task in takers])
    allowed = np.array([tables[task].allowed[option] for task in takers])
    chosen = cheapest_exchange(cost, allowed, np.array([tables[task].later.cost for task in takers]))
    _put_back(occupancy, [(task, None if at is None else places[at]) for task, at in zip(takers, chosen, strict=True)])


def _ruin_and_recreate(occupancy: Occupancy, chance: np.random.Generator) -> None:
    tasks = _ruined(occupancy, chance)
    before = [(task, occupancy.choices[task]) for task in tasks]
    old = occupancy.score(tasks)
    _recreate(occupancy, tasks, chance)
    if occupancy.score(tasks) > old:
        _put_back(occupancy, before)


def _recreate(occupancy: Occupancy, tasks: Sequence[int], chance: np.random.Generator | None = None) -> None:
    """Take tasks out and put each back, in this order, at its best option; with chance, some options are overlooked."""
    for task in tasks:
        occupancy.place(task, None)
    for task in tasks:
        occupancy.place(task, occupancy.best(task, chance, _BLINK)[1])


def _put_back(occupancy: Occupancy, choices: Iterable[tuple[int, Choice | None]]) -> None:
    choices = list(choices)
    for task, _ in choices:
        occupancy.place(task, None)
    for task, choice in choices:
        occupancy.place(task, choice)


def _ruined(occupancy: Occupancy, chance: np.random.Generator) -> list[int]:
    """A few tasks in random order: in one round of two any, in the other those that lie close to each other in time.

    A task that is left out lies where it would be cheapest.
    """
    count = min(int(chance.integers(*_RUINED)), len(occupancy.choices))
    if chance.random() < 0.5:
        return [int(task) for task in chance.choice(len(occupancy.choices), count, replace=False)]
    middle = np.zeros(len(occupancy.choices), dtype=np.int64)
    for task, (table, choice) in enumerate(zip(occupancy.workshop.tables, occupancy.choices, strict=True)):
        if len(table.cost):
            option = table.cheapest if choice is None else choice.option
            middle[task] = table.kind.start[option] + table.kind.end[option]
    distance = np.abs(middle - middle[chance.integers(len(middle))])
    nearest = np.argsort(distance, kind="stable")[:count]
    return [int(task) for task in chance.permutation(nearest)]
