"""Whole plans: the story's fleet, its exact figures, what survives a cancel, a time limit and an UNKNOWN."""

from __future__ import annotations

import itertools
import threading
import time

import pytest
from hypothesis import given, settings

from analytics.maintenance.domain.engine import Control, Effort
from analytics.maintenance.domain.evaluator import Evaluator, Placement
from analytics.maintenance.domain.plan import Plan
from analytics.maintenance.domain.planner import solve_plan
from analytics.maintenance.domain.problem import ProblemError, SchedulingProblem
from tests.analytics.maintenance import brute
from tests.analytics.maintenance.builders import COSTS, asset, curve, fleet, problem, task


def checked(source: SchedulingProblem, plan: Plan) -> None:
    """A plan passes the evaluator and costs what it says."""
    visits = [Placement(one.task, one.start_slot, one.bay, one.overtime) for one in plan.visits]
    found = Evaluator(source).evaluate(visits)
    assert found.violations == ()
    assert (found.breach, found.cost) == (plan.breach_slots, plan.cost_minor)
    assert len(plan.visits) + len(plan.deferrals) == len(source.tasks)


@settings(max_examples=40, deadline=None)
@given(brute.tiny())
def test_plans_are_the_best_of_all_schedules(source: SchedulingProblem) -> None:
    solution = solve_plan(source, Control(Effort(seconds=60)))
    plan = solution.plan
    checked(source, plan)
    assert solution.refused == 0
    assert (plan.breach_slots, plan.cost_minor) == brute.best(source)
    assert plan.status == ("wishes_broken" if plan.breach_slots else "optimal")
    assert (plan.gap, plan.bound_minor) == (0.0, plan.cost_minor)


def test_two_engines_by_hand() -> None:
    """One bay, four hours; each is best at 3 (800 visit + 800 down + 80 life), an hour earlier 160 more of life."""
    dear = COSTS.model_copy(update={"downtime_minor_per_h": 800})
    risk = curve(0, 0, 0, 0, 8, 8, 8, 8)
    plan = solve_plan(problem(4, [asset("a", risk, dear), asset("b", risk, dear)], [task("a"), task("b")])).plan
    assert (plan.status, plan.cost_minor, plan.bound_minor, plan.gap) == ("optimal", 3520, 3520, 0.0)
    assert [(one.start_slot, one.bay, one.cost_minor) for one in plan.visits] == [(2, "b1", 1840), (3, "b1", 1680)]
    assert plan.terms == {
        "failure": 0, "visit": 1600, "downtime": 1600, "life": 320, "lateness": 0, "moved": 0, "overtime": 0,
    }  # fmt: skip


def test_the_story_is_solved_to_the_optimum_in_ten_seconds_and_again_the_same() -> None:
    source = fleet()
    first, second = solve_plan(source), solve_plan(source)
    assert first.plan == second.plan
    assert first.plan.repeatable
    assert (first.plan.status, first.plan.gap, first.refused) == ("optimal", 0.0, 0)
    assert first.first_feasible_s < 1.0
    assert first.seconds < 10.0
    checked(source, first.plan)
    assert len(first.plan.visits) == 20
    assert Plan.model_validate_json(first.plan.model_dump_json()) == first.plan


def test_engines_of_different_work_are_solved_too() -> None:
    source = fleet(10, days=30, works=(20, 36, 50), cycles=4.0, seed=3)
    solution = solve_plan(source, Control(Effort(seconds=60)))
    assert solution.solver == ("OPTIMAL",)
    assert (solution.plan.status, solution.plan.gap) == ("optimal", 0.0)
    checked(source, solution.plan)


def test_two_hundred_random_tasks_get_a_plan_and_a_gap() -> None:
    source = fleet(200, days=30, count=16, cycles=4.0, works=(16, 24, 36, 50))
    effort = Effort(seconds=60, rounds=50, bound_steps=400, solver_effort=0.0)
    solution = solve_plan(source, Control(effort))
    checked(source, solution.plan)
    assert solution.refused == 0
    assert solution.plan.gap is not None
    assert 0.0 <= solution.plan.gap < 0.05


def test_a_cancel_from_the_start_still_gives_the_greedy_plan() -> None:
    source = fleet(12, days=20)
    solution = solve_plan(source, Control(cancelled=lambda: True))
    assert solution.plan.cancelled
    assert not solution.plan.repeatable
    assert solution.plan.engine == "greedy"
    assert solution.solver == ()
    assert len(solution.plan.visits) > 4
    checked(source, solution.plan)


def test_a_cancel_in_the_middle_comes_back_within_three_seconds_with_the_best_until_then() -> None:
    source = fleet(40, works=(20, 36, 50), cycles=4.0)
    shares: list[float] = []
    flagged: list[float] = []

    def cancelled() -> bool:
        if shares and shares[-1] >= 0.4 and not flagged:  # the thorough search is under way
            flagged.append(time.monotonic())
        return bool(flagged)

    effort = Effort(seconds=100, bound_steps=100)
    solution = solve_plan(source, Control(effort, lambda share, _: shares.append(share), cancelled))
    assert time.monotonic() - flagged[0] < 3.0
    assert solution.plan.cancelled
    assert solution.plan.gap is not None
    checked(source, solution.plan)


def test_a_time_limit_of_nothing_still_gives_a_plan() -> None:
    source = fleet(12, days=20)
    solution = solve_plan(source, Control(Effort(seconds=0.0)))
    assert not solution.plan.repeatable
    assert not solution.plan.cancelled
    checked(source, solution.plan)


def test_the_plan_survives_the_answer_unknown() -> None:
    source = fleet(10, days=30, works=(20, 36, 50), cycles=4.0, seed=3)
    solution = solve_plan(source, Control(Effort(seconds=60, solver_effort=1e-9)))
    assert solution.solver == ("UNKNOWN",)
    assert solution.plan.status == "feasible"
    assert solution.plan.gap is not None
    assert 0 < solution.plan.gap < 0.01
    checked(source, solution.plan)


def test_progress_rises_to_one_with_cost_and_bound() -> None:
    told: list[tuple[float, str]] = []
    solve_plan(fleet(), Control(progress=lambda share, message: told.append((share, message))))
    shares = [share for share, _ in told]
    assert all(sooner <= later for sooner, later in itertools.pairwise(shares))
    assert shares[-1] == 1.0
    assert told[0][1].startswith("Cost 10,")
    assert told[-1][1].endswith("EUR (gap 0.00 %)")


def test_what_progress_raises_ends_the_solve() -> None:
    class EnoughError(Exception):
        pass

    def no_more(share: float, _message: str) -> None:
        if share >= 0.4:
            raise EnoughError

    with pytest.raises(EnoughError):
        solve_plan(fleet(10, days=30, works=(20, 36, 50), cycles=4.0, seed=3), Control(progress=no_more))
    assert not any(thread.name == "cp-sat" for thread in threading.enumerate())


def test_nothing_to_plan() -> None:
    plan = solve_plan(problem(4, [], [])).plan
    assert (plan.status, plan.cost_minor, plan.gap, plan.visits, plan.deferrals) == ("optimal", 0, 0.0, (), ())


def test_refuses_a_problem_that_contradicts_itself() -> None:
    with pytest.raises(ProblemError):
        solve_plan(problem(4, [], [task("a")]))
