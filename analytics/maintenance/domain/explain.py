"""Why each visit is where it is, and why each asset left out has none: counterfactuals from the same cost tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analytics.maintenance.domain.crew import Ints
from analytics.maintenance.domain.evaluator import Evaluation, Evaluator, Line, Schedule
from analytics.maintenance.domain.obstacles import Neighbourhood, Standing
from analytics.maintenance.domain.occupancy import FAR, Choice, Occupancy
from analytics.maintenance.domain.plan import (
    Alternative,
    BestStart,
    DeferralReason,
    Terms,
    VisitCode,
    VisitReason,
)

_ALTERNATIVES = 3


class Explainer:
    """Explains a schedule; the schedule must be settled, so that no single visit can be bettered by itself."""

    def __init__(self, evaluator: Evaluator, schedule: Schedule, evaluation: Evaluation) -> None:
        self._evaluator = evaluator
        self._standing = Standing(evaluator, evaluation)
        self._choices = evaluator.choices_of(schedule)
        self._occupancy = Occupancy(evaluator.workshop, self._choices)
        self._empty = Occupancy(evaluator.workshop)

    def visit(self, line: Line) -> VisitReason:
        """Why a task is visited when it is."""
        choice = self._choices[line.task]
        if choice is None:
            raise ValueError("the task is left out")
        self._occupancy.place(line.task, None)
        try:
            around = Neighbourhood(self._evaluator, self._standing, self._occupancy, line.task)
            return _VisitExplanation(around, self._empty, line, choice).reason()
        finally:
            self._occupancy.place(line.task, choice)

    def deferral(self, line: Line) -> DeferralReason:
        """Why a task gets no visit."""
        around = Neighbourhood(self._evaluator, self._standing, self._occupancy, line.task)
        table = self._evaluator.workshop.tables[line.task]
        found = _best_start(self._empty, line.task)
        if found is None:
            return self._no_start(line.task)
        option, best, breach = found
        beside, price = self._occupancy.prices(line.task)
        free = price[beside <= table.later.breach]
        extra = int(free.min()) - table.later.cost if free.size else None
        if (breach, best.cost_minor) >= (table.later.breach, table.later.cost):
            return DeferralReason(code="later_is_cheaper", best=best, extra_minor=extra)
        return DeferralReason(code="no_room", best=best, extra_minor=extra, obstacles=around.obstacles(option))

    def _no_start(self, task: int) -> DeferralReason:
        workshop = self._evaluator.workshop
        table, crew = workshop.tables[task], workshop.crew
        most = crew.supply.max(axis=1, initial=0)
        short = [row for row in range(len(crew.sets)) if table.kind.demand[row] > most[row]]
        roster = int(table.kind.workable[1, table.task.release :].sum())
        reason = DeferralReason(code="no_start", work_slots=table.task.work_slots, roster_slots=roster)
        if not short:
            return reason
        row = short[0]
        return reason.model_copy(
            update={
                "short_skill": " or ".join(crew.sets[row].skills),
                "short_people": int(table.kind.demand[row]),
                "most_people": int(most[row]),
            }
        )


def _best_start(occupancy: Occupancy, task: int) -> tuple[int, BestStart, int] | None:
    """A task's best start beside what is placed: its option, its figures and its breach; None when it has none."""
    kind = occupancy.workshop.tables[task].kind
    breach, cost = occupancy.prices(task)
    if not breach.size or breach.min() >= FAR:
        return None
    place = int(np.where(breach == breach.min(), cost, FAR).argmin())
    option = place % breach.shape[1]
    best = BestStart(
        start_slot=int(kind.start[option]),
        end_slot=int(kind.end[option]),
        overtime=bool(kind.overtime[option]),
        cost_minor=int(cost.flat[place]),
    )
    return option, best, int(breach.min())


class _VisitExplanation:
    """One visit among others that stay: its price, and that of each other option in the cheapest bay for it.

    An option that fits nowhere, or that breaks hard wishes by more than the visit does, is priced FAR.
    """

    def __init__(self, around: Neighbourhood, empty: Occupancy, line: Line, choice: Choice) -> None:
        self._around, self._empty, self._line, self._choice = around, empty, line, choice
        self._table = around.evaluator.workshop.tables[line.task]
        self._overtime = around.occupancy.overtime(line.task)
        breach, cost = around.occupancy.prices(line.task)
        self._breach = int(breach[choice.bay_class, choice.option])
        self._price = int(cost[choice.bay_class, choice.option])
        self._prices: Ints = np.where(breach <= self._breach, cost, FAR).min(axis=0)

    def reason(self) -> VisitReason:
        """The decision and what else was possible."""
        found = None if self._table.task.frozen else _best_start(self._empty, self._line.task)
        best = found[1] if found else None
        obstacles = self._around.obstacles(found[0]) if found else ()
        saved = dict(self._savings())
        left_out = self._table.later.cost - self._price if self._table.later.breach <= self._breach else None
        return VisitReason(
            codes=(self._place_code(best, found[2] if found else 0, taken=bool(obstacles)), *saved),
            best=best,
            waiting_minor=self._line.cost - best.cost_minor if best else 0,
            obstacles=obstacles,
            saved_minor=saved,
            alternatives=tuple(self._alternatives()),
            left_out_extra_minor=left_out,
        )

    def _place_code(self, best: BestStart | None, breach: int, *, taken: bool) -> VisitCode:
        if best is None:
            return "frozen"
        alone = self._table.cost[self._choice.option] + self._empty.overtime(self._line.task)[self._choice.option]
        if (self._breach, int(alone)) <= (breach, best.cost_minor):
            return "at_its_best"
        return "best_start_taken" if taken else "best_start_dearer"

    def _savings(self) -> Iterator[tuple[VisitCode, int]]:
        """What further decisions about the visit are worth, where there are any."""
        option, table = self._choice.option, self._table
        pull = self._deadline_pull()
        if pull > 0:
            yield "pulled_by_deadline", pull
        moved = table.term("moved")
        unmoved = int(np.where(self._prices < FAR, self._prices - moved, FAR).min())
        if not table.task.frozen and unmoved < self._price - moved[option]:
            yield "kept_in_place", int(self._price - moved[option]) - unmoved
        regular = self._prices[table.kind.overtime == 0]
        if table.kind.overtime[option] and regular.min(initial=FAR) < FAR:
            yield "works_in_overtime", int(regular.min()) - self._price
        if table.removal[option] < table.kind.start[option]:
            flying = sum(table.option_terms(option, standing=False).values())
            yield "stands_still", flying - int(table.cost[option])

    def _deadline_pull(self) -> int:
        """What the best start costs more than the best one without a deadline, every bay and everybody free."""
        table = self._table
        if table.task.deadline is None or table.task.frozen:
            return 0
        breach, cost = self._empty.prices(self._line.task)
        late = table.term("lateness")
        kept = np.where(breach == breach.min(), cost, FAR)
        place = int(kept.argmin())
        free = np.where(cost < FAR, cost - late, FAR)
        return int(kept.flat[place] - late[place % len(late)] - free.min())

    def _alternatives(self) -> Iterator[Alternative]:
        kind = self._table.kind
        apart = -(-86_400 // self._around.evaluator.problem.grid.slot_s)
        taken = [int(kind.start[self._choice.option])]
        for option in np.lexsort((kind.start, self._prices)).tolist():
            if self._prices[option] >= FAR or len(taken) > _ALTERNATIVES:
                return
            start = int(kind.start[option])
            if all(abs(start - other) >= apart for other in taken):
                taken.append(start)
                yield Alternative(
                    start_slot=start,
                    end_slot=int(kind.end[option]),
                    overtime=bool(kind.overtime[option]),
                    extra_minor=int(self._prices[option]) - self._price,
                    terms=self._difference(option),
                )

    def _difference(self, option: int) -> Terms:
        here, there = self._table.option_terms(self._choice.option), self._table.option_terms(option)
        overtime = int(self._overtime[option] - self._overtime[self._choice.option])
        return {**{term: there[term] - here[term] for term in here}, "overtime": overtime}
