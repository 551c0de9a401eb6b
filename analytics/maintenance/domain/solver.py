"""What OR-Tools does for us: exact plans (CP-SAT) and cheapest exchanges (minimum cost flow). Nobody else imports it.

The model of a plan is time-indexed: one literal for each option (class of bays, start) of each task and one for
leaving it out, exactly one of them true; in each slot the visits in a class of bays are at most its bays, and the
people of each skill set at most its supply, with people in overtime as priced slack. Costs come from the cost tables.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from ortools.graph.python import min_cost_flow
from ortools.sat.python import cp_model

from analytics.maintenance.domain.bound import Kept
from analytics.maintenance.domain.crew import Bools, Ints
from analytics.maintenance.domain.engine import Control
from analytics.maintenance.domain.occupancy import Choice, Workshop

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Answer:
    """How a run of the solver ended.

    Attributes:
        status: ``OPTIMAL``, ``FEASIBLE``, ``INFEASIBLE`` or ``UNKNOWN``, in the solver's words.
        bound: No choice among the options given has a smaller objective; None when nothing was learnt.
        choices: The best choices found, if any.
    """

    status: str
    bound: int | None
    choices: list[Choice | None] | None


@dataclass(frozen=True, slots=True)
class _Columns:
    """The options of a model, one column each.

    Attributes:
        task: Task of each column, shape (n,).
        bay_class: Its class of bays, shape (n,).
        option: Its place in the task's table, shape (n,).
        start: First slot, shape (n,).
        end: Slot after the last, shape (n,).
        demand: People of each skill set while it works, shape (n, K).
        working: The slots in which it works, shape (n, slots).
    """

    task: Ints
    bay_class: Ints
    option: Ints
    start: Ints
    end: Ints
    demand: Ints
    working: Bools


@dataclass(frozen=True, slots=True)
class _Overtime:
    """People in overtime over slots that are alike.

    Attributes:
        variable: How many, in each of the slots.
        price: Price of one of them over all the slots, in minor units.
    """

    variable: cp_model.IntVar
    price: int


class Model:
    """A model over some options of each task.

    Args:
        workshop: The problem.
        kept: The options.
        breach: Hard wishes may be broken by so many slots in all; None makes that sum the objective in place of cost.
    """

    def __init__(self, workshop: Workshop, kept: Kept, breach: int | None) -> None:
        self._workshop, self._breach = workshop, breach
        self._cp = cp_model.CpModel()
        self._columns = _columns(workshop, kept)
        self._literals = [self._cp.new_bool_var("") for _ in self._columns.task]
        self._later = [self._cp.new_bool_var("") if late else None for late in kept.later]
        self._overtime: list[_Overtime] = []
        self._add_tasks()
        self._add_bays()
        for group in range(len(workshop.crew.groups)):
            self._add_people(group)
        self._add_objective()

    def _add_tasks(self) -> None:
        for task, later in enumerate(self._later):
            chosen = [self._literals[column] for column in np.flatnonzero(self._columns.task == task)]
            self._cp.add_exactly_one(chosen + ([later] if later is not None else []))

    def _add_bays(self) -> None:
        columns = self._columns
        slots = np.arange(self._workshop.problem.grid.slots)
        for number, bays in enumerate(self._workshop.bays):
            inside = np.flatnonzero(columns.bay_class == number)
            covers = (columns.start[inside, None] <= slots) & (slots < columns.end[inside, None])
            for cover, _slots in _distinct(covers[:, ~_dominated(covers, np.zeros((1, len(slots)), dtype=np.int64))]):
                self._at_most(inside[cover], np.ones(cover.sum(), dtype=np.int64), len(bays.bays))

    def _add_people(self, group: int) -> None:
        """In each slot (those alike taken together) people of each skill set suffice, in overtime at its price."""
        crew, columns = self._workshop.crew, self._columns
        rows = crew.groups[group]
        inside = np.flatnonzero(columns.demand[:, rows].any(axis=1))
        extra = np.vstack([crew.regular[rows], crew.supply[rows], crew.overtime[group][None, :]])
        covers = columns.working[inside]
        told = np.flatnonzero(~_dominated(covers, extra) | (crew.overtime[group] > 0))
        for cover, alike in _distinct(covers[:, told], extra[:, told]):
            using, slots = inside[cover], told[alike]
            slot = int(slots[0])
            relief = self._relief(group, slot, len(slots)) if len(using) else None
            for row in range(rows.start, rows.stop):
                self._at_most(using, columns.demand[using, row], int(crew.supply[row, slot]))
                if relief is not None:
                    self._at_most(using, columns.demand[using, row], int(crew.regular[row, slot]), relief)

    def _relief(self, group: int, slot: int, slots: int) -> cp_model.IntVar | None:
        """People of a group called in overtime over so many slots like one, as a variable with its price."""
        people, price = int(self._workshop.crew.overtime[group, slot]), self._workshop.overtime_minor
        if not people or not price or self._breach is None:
            return None
        variable = self._cp.new_int_var(0, people, "")
        self._overtime.append(_Overtime(variable, slots * price))
        return variable

    def _at_most(self, columns: Ints, weights: Ints, most: int, relief: cp_model.IntVar | None = None) -> None:
        heaviest: dict[int, int] = {}
        for task, weight in zip(self._columns.task[columns].tolist(), weights.tolist(), strict=True):
            heaviest[task] = max(heaviest.get(task, 0), weight)
        if sum(heaviest.values()) > most:
            total = cp_model.LinearExpr.weighted_sum([self._literals[column] for column in columns], weights.tolist())
            self._cp.add(total - relief <= most if relief is not None else total <= most)

    def _add_objective(self) -> None:
        pairs = [*self._scored()]
        breach = cp_model.LinearExpr.weighted_sum([one for one, _, _ in pairs], [score[0] for _, score, _ in pairs])
        if self._breach is None:
            self._cp.minimize(breach)
            return
        self._cp.add(breach <= self._breach)
        variables = [one for one, _, _ in pairs] + [one.variable for one in self._overtime]
        costs = [score[1] for _, score, _ in pairs] + [one.price for one in self._overtime]
        self._cp.minimize(cp_model.LinearExpr.weighted_sum(variables, costs))

    def _scored(self) -> Iterator[tuple[cp_model.IntVar, tuple[int, int], Choice | None]]:
        columns = self._columns
        for literal, task, bay_class, option in zip(
            self._literals, columns.task.tolist(), columns.bay_class.tolist(), columns.option.tolist(), strict=True
        ):
            choice = Choice(option, bay_class)
            yield literal, self._workshop.score_of(task, choice), choice
        for task, later in enumerate(self._later):
            if later is not None:
                yield later, self._workshop.score_of(task, None), None

    def hint(self, choices: Sequence[Choice | None]) -> None:
        """Start from a schedule whose options are all in the model.

        The hint stays incomplete, without the task that has the most options: the solver (9.15) aborts the process
        when a stop reaches it while it loads a complete one. Completing it again costs it nothing to speak of.
        """
        columns = self._columns
        open_task = int(np.bincount(columns.task, minlength=1).argmax())
        for column, literal in enumerate(self._literals):
            task, choice = int(columns.task[column]), choices[columns.task[column]]
            pair = (int(columns.option[column]), int(columns.bay_class[column]))
            if task != open_task and choice is not None and (choice.option, choice.bay_class) == pair:
                self._cp.add_hint(literal, 1)
        for task, later in enumerate(self._later):
            if later is not None and task != open_task and choices[task] is None:
                self._cp.add_hint(later, 1)

    def choices_in(self, holds: Callable[[cp_model.IntVar], bool]) -> list[Choice | None]:
        """The choices of a solution, read with the solver's own function."""
        columns = self._columns
        choices: list[Choice | None] = [None] * len(self._later)
        for column, literal in enumerate(self._literals):
            if holds(literal):
                choices[columns.task[column]] = Choice(int(columns.option[column]), int(columns.bay_class[column]))
        return choices

    def solve(self, control: Control, found: Callable[[list[Choice | None], int], None]) -> Answer:
        """Run the solver until it is done, out of time or cancelled.

        The solver runs in a thread of its own while this one polls the cancel flag and hands on what was found: a
        signal handler or a flag that only the calling thread may read works in time, and callers' callables are never
        called from a foreign thread. Stopping is repeated, as a call before the search starts is lost
        (google/or-tools#3621).

        Args:
            control: Limits and callables.
            found: Told each better schedule with the best bound at that time, on the calling thread.
        """
        solver = _solver(control)
        news: queue.SimpleQueue[tuple[list[Choice | None], int]] = queue.SimpleQueue()
        listener = _Listener(self, news)
        result: list[object] = []

        def run() -> None:
            try:
                result.append(solver.solve(self._cp, listener))
            except BaseException as failure:  # noqa: BLE001 - handed to the calling thread, which raises it
                result.append(failure)

        thread = threading.Thread(target=run, name="cp-sat", daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                thread.join(_POLL_S)
                _drain(news, found)
                if control.stop():
                    solver.stop_search()
                else:
                    control.tick()
        finally:
            while thread.is_alive():
                solver.stop_search()
                thread.join(_POLL_S)
        _drain(news, found)
        return self._answer(solver, result[0])

    def _answer(self, solver: cp_model.CpSolver, status: object) -> Answer:
        if isinstance(status, BaseException):
            raise status
        name = solver.status_name(status)
        if name == "MODEL_INVALID":
            raise RuntimeError(f"the solver refuses the model: {self._cp.validate()}")
        known = name in {"OPTIMAL", "FEASIBLE"}
        bound = round(solver.best_objective_bound) if known else None
        return Answer(name, bound, self.choices_in(solver.boolean_value) if known else None)


def _solver(control: Control) -> cp_model.CpSolver:
    """A solver that gives the same answer to the same model and effort, as long as time does not run out."""
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(0.01, control.left)
    solver.parameters.max_deterministic_time = control.effort.solver_effort
    solver.parameters.num_workers = control.effort.workers
    solver.parameters.random_seed = control.effort.seed
    solver.parameters.interleave_search = True  # repeatable with more than one worker
    solver.parameters.subsolvers.extend(["max_lp", "reduced_costs"])  # the relaxation is tight: let it lead
    solver.parameters.linearization_level = 2
    solver.parameters.symmetry_level = 0
    solver.parameters.cp_model_probing_level = 0  # costs more than it finds on models already pruned
    return solver


class _Listener(cp_model.CpSolverSolutionCallback):
    """Passes solutions from the solver's threads on through a queue."""

    def __init__(self, model: Model, news: queue.SimpleQueue[tuple[list[Choice | None], int]]) -> None:
        super().__init__()
        self._model, self._news = model, news

    def on_solution_callback(self) -> None:
        """Called by the solver, in a thread of its own."""
        self._news.put((self._model.choices_in(self.boolean_value), round(self.best_objective_bound)))


def _drain(
    news: queue.SimpleQueue[tuple[list[Choice | None], int]], found: Callable[[list[Choice | None], int], None]
) -> None:
    while not news.empty():
        found(*news.get())


def _columns(workshop: Workshop, kept: Kept) -> _Columns:
    counts = [len(pairs) for pairs in kept.options]
    task = np.repeat(np.arange(len(counts)), counts)
    pairs = np.concatenate([*kept.options, np.zeros((0, 2), dtype=np.int64)])
    start, end, demand, working = [], [], [], []
    slots = np.arange(workshop.problem.grid.slots)
    for table, chosen in zip(workshop.tables, kept.options, strict=True):
        kind, option = table.kind, chosen[:, 1]
        start.append(kind.start[option])
        end.append(kind.end[option])
        demand.append(np.broadcast_to(kind.demand, (len(option), len(kind.demand))))
        inside = (start[-1][:, None] <= slots) & (slots < end[-1][:, None])
        working.append(inside & kind.workable[kind.overtime[option]])
    return _Columns(
        task,
        pairs[:, 0],
        pairs[:, 1],
        np.concatenate(start),
        np.concatenate(end),
        np.concatenate(demand),
        np.concatenate(working),
    )


def _dominated(covers: Bools, extra: Ints) -> Bools:
    """Slots in which no more is going on than in a neighbour with the same supply: their rows would say nothing new."""
    alike = (extra[:, 1:] == extra[:, :-1]).all(axis=0)
    within_next = alike & ~(covers[:, :-1] & ~covers[:, 1:]).any(axis=0)
    within_last = alike & ~(covers[:, 1:] & ~covers[:, :-1]).any(axis=0)
    drop = np.zeros(covers.shape[1], dtype=np.bool_)
    drop[:-1] |= within_next
    drop[1:] |= within_last & ~within_next
    return drop


def _distinct(covers: Bools, extra: Ints | None = None) -> Iterator[tuple[Bools, Ints]]:
    """The different columns of a matrix (rows, slots), with the slots that have each; ``extra`` tells more apart."""
    signature = np.packbits(covers, axis=0).T
    if extra is not None:
        signature = np.hstack([signature, np.ascontiguousarray(extra.T).view(np.uint8).reshape(extra.shape[1], -1)])
    if not signature.shape[1]:
        return
    _, first, inverse = np.unique(signature, axis=0, return_index=True, return_inverse=True)
    slots_by_group = np.argsort(inverse.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(inverse.ravel()))
    for group, slot in enumerate(first):
        yield covers[:, slot], slots_by_group[ends[group - 1] if group else 0 : ends[group]]


def cheapest_exchange(cost: Ints, allowed: Bools, otherwise: Ints) -> list[int | None]:
    """Who takes which place at the least cost in all: each place to at most one taker, each taker at most one place.

    Args:
        cost: Of each taker in each place, shape (takers, places).
        allowed: Whether a taker may have a place, shape (takers, places).
        otherwise: Cost of a taker without a place, shape (takers,).

    Returns:
        The place of each taker, None for those without.
    """
    takers, places = cost.shape
    flow = min_cost_flow.SimpleMinCostFlow()
    sink = takers + places
    who, where = np.nonzero(allowed)
    flow.add_arcs_with_capacity_and_unit_cost(who, takers + where, np.ones_like(who), cost[who, where])
    ends = np.arange(takers), np.full(takers, sink)
    flow.add_arcs_with_capacity_and_unit_cost(*ends, np.ones(takers, dtype=np.int64), otherwise)
    ends = np.arange(takers, sink), np.full(places, sink)
    flow.add_arcs_with_capacity_and_unit_cost(*ends, np.ones(places, dtype=np.int64), np.zeros(places, dtype=np.int64))
    flow.set_nodes_supplies(np.append(np.arange(takers), sink), np.append(np.ones(takers, dtype=np.int64), -takers))
    status = flow.solve()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"the exchange ended with status {status}")
    taken = np.flatnonzero(flow.flows(np.arange(len(who))))
    result: list[int | None] = [None] * takers
    for arc in taken:
        result[who[arc]] = int(where[arc])
    return result
