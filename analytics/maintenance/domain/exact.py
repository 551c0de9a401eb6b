"""Bound, prune, solve: the exact engine on top of the solver, sized so that it always ends in time."""

from __future__ import annotations

import numpy as np

from analytics.maintenance.domain.bound import Kept, LagrangianBound
from analytics.maintenance.domain.crew import Ints
from analytics.maintenance.domain.engine import Control, Incumbent, describe
from analytics.maintenance.domain.occupancy import Choice, Occupancy
from analytics.maintenance.domain.search import LocalSearch
from analytics.maintenance.domain.solver import Model

_MOST_OPTIONS = 8_000
_MOST_RUNS = 4
_REPAIR_ROUNDS = 200


class Exact:
    """Improves the incumbent to the optimum where size and time allow, and always leaves a bound.

    First the hard wishes: when the incumbent breaks any, the least breach in slots is looked for. Then the cost at that
    breach: a Lagrangian bound, then CP-SAT over the options that could still be in a cheaper schedule. Where they are
    too many, a thorough local search comes first, as a better incumbent shrinks the set, and then the most promising
    options are taken, again and again while that helps.

    Attributes:
        statuses: How each run of the solver ended, in order.
    """

    name = "cp-sat"

    def __init__(self) -> None:
        self.statuses: list[str] = []

    def improve(self, incumbent: Incumbent, control: Control) -> None:
        """Offer schedules and bounds until the optimum is proved or the effort is spent."""
        if incumbent.evaluation.breach and not control.stop():
            self._keep_wishes(incumbent, control)
        bound = LagrangianBound(incumbent.evaluator.workshop, incumbent.evaluation.breach)
        bound.improve(incumbent, control)
        if incumbent.gap != 0.0 and not bound.kept(incumbent, _MOST_OPTIONS)[1]:
            LocalSearch().improve(incumbent, control)
            bound.improve(incumbent, control)
        for run in range(_MOST_RUNS):
            if control.stop() or not control.effort.solver_effort or incumbent.gap == 0.0:
                break
            cost = incumbent.evaluation.cost
            complete = self._solve(bound, incumbent, control, run)
            if complete or incumbent.evaluation.cost == cost:
                break
            bound.improve(incumbent, control)

    def _solve(self, bound: LagrangianBound, incumbent: Incumbent, control: Control, run: int) -> bool:
        """One run of the solver; whether its options were all that a cheaper schedule could use."""
        kept, complete = bound.kept(incumbent, _MOST_OPTIONS)
        model = Model(incumbent.evaluator.workshop, kept, incumbent.evaluation.breach)
        model.hint(incumbent.choices)
        share = 0.4 + 0.5 * run / _MOST_RUNS

        def found(choices: list[Choice | None], lowest: int) -> None:
            incumbent.offer(choices, self.name)
            if complete:
                incumbent.raise_bound(lowest)
            control.report(share, describe(incumbent))

        answer = model.solve(control, found)
        self.statuses.append(answer.status)
        if answer.choices is not None:
            incumbent.offer(answer.choices, self.name)
        if complete and answer.bound is not None:
            incumbent.raise_bound(answer.bound)
        return complete

    def _keep_wishes(self, incumbent: Incumbent, control: Control) -> None:
        """Break hard wishes by as few slots as can be, then place the other tasks around that."""
        workshop = incumbent.evaluator.workshop
        kept, complete = _hard_options(incumbent)
        model = Model(workshop, kept, None)
        model.hint(
            [choice if workshop.tables[task].later.breach else None for task, choice in enumerate(incumbent.choices)]
        )
        answer = model.solve(control, lambda _choices, _bound: None)
        self.statuses.append(answer.status)
        if complete and answer.bound is not None:
            incumbent.least_breach = answer.bound
        if answer.choices is not None:
            occupancy = Occupancy(workshop, answer.choices)
            for task, table in enumerate(workshop.tables):
                if not table.later.breach:
                    occupancy.place(task, occupancy.best(task)[1])
            if incumbent.offer(occupancy.choices, self.name):
                LocalSearch(_REPAIR_ROUNDS).improve(incumbent, control)


def _hard_options(incumbent: Incumbent) -> tuple[Kept, bool]:
    """The options of tasks that carry a hard wish, and whether they are all.

    Where they are too many, each task keeps every so-manieth of its own, from the one that breaks its wish least on.
    """
    workshop = incumbent.evaluator.workshop
    empty = Occupancy(workshop)
    found: list[tuple[Ints, Ints]] = []
    for task, table in enumerate(workshop.tables):
        breach = table.breach[None, :] + workshop.bay_breach[task][:, None]
        open_to = empty.free(task) & (breach <= incumbent.evaluation.breach) & (table.later.breach > 0)
        found.append((np.argwhere(open_to).astype(np.int64), breach[open_to]))
    every = max(1, -(-sum(len(pairs) for pairs, _ in found) // _MOST_OPTIONS))
    options = []
    for (pairs, breach), choice in zip(found, incumbent.choices, strict=True):
        kept = pairs[np.argsort(breach, kind="stable")[::every]]
        if choice is not None and len(pairs):
            kept = np.unique(np.vstack([kept, [[choice.bay_class, choice.option]]]), axis=0)
        options.append(kept)
    return Kept(options, [True] * len(options)), every == 1
