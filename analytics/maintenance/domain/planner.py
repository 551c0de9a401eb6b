"""From a problem to a plan: greedy, search, bound and solver in turn, then the reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analytics.maintenance.domain.engine import Control, Effort, Engine, Incumbent, describe
from analytics.maintenance.domain.evaluator import Evaluator, Line
from analytics.maintenance.domain.exact import Exact
from analytics.maintenance.domain.explain import Explainer
from analytics.maintenance.domain.occupancy import Occupancy
from analytics.maintenance.domain.plan import CrewSpan, Deferral, Plan, PlanFinding, Status, Terms, Visit
from analytics.maintenance.domain.problem import SchedulingProblem
from analytics.maintenance.domain.roster import roster
from analytics.maintenance.domain.search import Greedy, LocalSearch, settle
from analytics.maintenance.domain.shortfalls import Shortfalls
from analytics.maintenance.domain.tables import TERMS
from tenants.kernel.canonical import digest

_QUICK_ROUNDS = 150


@dataclass(frozen=True, slots=True)
class Solution:
    """A plan and how it came about.

    Attributes:
        plan: The plan.
        first_feasible_s: Seconds until the first schedule that keeps every rule.
        seconds: Seconds in all.
        solver: How each run of the solver ended, in its words.
        refused: Schedules that engines offered and the evaluator refused; anything but 0 is a fault of an engine.
    """

    plan: Plan
    first_feasible_s: float
    seconds: float
    solver: tuple[str, ...]
    refused: int


def solve_plan(problem: SchedulingProblem, control: Control | None = None) -> Solution:
    """The best plan that the effort allows, with its reasons; there is always one.

    The first schedule comes from a greedy engine within a moment; each engine after it can only better it. A cancel or
    the time limit ends the search and keeps what was found.

    Args:
        problem: What is to be planned.
        control: Effort, progress and cancel; ten seconds and silence by default.

    Raises:
        ProblemError: The problem contradicts itself.
        UnknownZoneError: Its time zone is none.
        UnknownCurrencyError: Its currency is none.
    """
    control = control or Control()
    evaluator = Evaluator(problem)
    incumbent = Incumbent(evaluator)
    Greedy().improve(incumbent, control)
    first = control.elapsed
    exact = Exact()
    engines: tuple[Engine, ...] = (LocalSearch(_QUICK_ROUNDS), exact)
    for engine in engines:
        if not control.stop():
            engine.improve(incumbent, control)
    _settle(incumbent)
    plan = _plan(incumbent, control)
    control.report(1.0, describe(incumbent))
    return Solution(plan, first, control.elapsed, tuple(exact.statuses), incumbent.refused)


def _settle(incumbent: Incumbent) -> None:
    """Leave no visit that could be bettered by itself, also after a cancel: the reasons rely on it."""
    occupancy = Occupancy(incumbent.evaluator.workshop, incumbent.choices)
    settle(occupancy, Control(Effort(seconds=float("inf"))))
    incumbent.offer(occupancy.choices, incumbent.found_by)


def _plan(incumbent: Incumbent, control: Control) -> Plan:
    evaluator, evaluation = incumbent.evaluator, incumbent.evaluation
    problem = evaluator.problem
    explainer = Explainer(evaluator, incumbent.schedule, evaluation)
    crews = roster(evaluator, incumbent.schedule)
    crew_of = {placement.task: crew for placement, crew in zip(incumbent.schedule, crews, strict=True)}
    visits = [
        _visit(evaluator, line, crew_of[line.placement.task], explainer) for line in evaluation.lines if line.placement
    ]
    deferrals = [_deferral(evaluator, line, explainer) for line in evaluation.lines if not line.placement]
    shortfalls = Shortfalls(evaluator, incumbent.schedule, evaluation).findings()
    gap = incumbent.gap
    return Plan(
        problem=digest(problem.model_dump(mode="json")),
        grid=problem.grid,
        currency=problem.currency,
        time_zone=problem.time_zone,
        status=_status(evaluation.breach, gap),
        cost_minor=evaluation.cost,
        bound_minor=incumbent.bound if gap is not None else None,
        gap=gap,
        breach_slots=evaluation.breach,
        least_breach_slots=incumbent.least_breach,
        engine=incumbent.found_by,
        repeatable=not (control.timed_out or control.was_cancelled),
        cancelled=control.was_cancelled,
        terms=_totals(line.terms for line in evaluation.lines),
        visits=tuple(sorted(visits, key=lambda visit: (visit.start_slot, visit.task))),
        deferrals=tuple(deferrals),
        findings=tuple(PlanFinding.of(finding) for finding in shortfalls),
    )


def _status(breach: int, gap: float | None) -> Status:
    if breach:
        return "wishes_broken"
    return "optimal" if gap == 0.0 else "feasible"


def _totals(parts: Iterable[Terms]) -> Terms:
    totals = dict.fromkeys((*TERMS, "overtime"), 0)
    for terms in parts:
        for term, value in terms.items():
            totals[term] += value
    return totals


def _visit(evaluator: Evaluator, line: Line, crew: tuple[CrewSpan, ...], explainer: Explainer) -> Visit:
    problem, placement = evaluator.problem, line.placement
    if placement is None:
        raise ValueError("the task is left out")
    grid, table = problem.grid, evaluator.workshop.tables[line.task]
    return Visit(
        task=placement.task,
        asset=table.task.asset,
        bay=placement.bay,
        start_slot=line.start,
        end_slot=line.end,
        removal_slot=line.removal,
        start=grid.at(line.start),
        end=grid.at(line.end),
        removal=grid.at(line.removal),
        overtime=placement.overtime,
        failure_probability=table.risk_at(line.removal),
        cost_minor=line.cost,
        terms=line.terms,
        crew=crew,
        reason=explainer.visit(line),
    )


def _deferral(evaluator: Evaluator, line: Line, explainer: Explainer) -> Deferral:
    table, grid = evaluator.workshop.tables[line.task], evaluator.problem.grid
    return Deferral(
        task=table.task.id,
        asset=table.task.asset,
        later_slot=line.start,
        later=grid.at(line.start),
        removal_slot=line.removal,
        failure_probability=table.risk_at(min(line.removal, grid.slots)),
        cost_minor=line.cost,
        terms=line.terms,
        reason=explainer.deferral(line),
    )
