"""Greedy and local search: always feasible, never worse, near the best there is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings

from analytics.maintenance.domain.engine import Control, Effort, Incumbent
from analytics.maintenance.domain.evaluator import Evaluator, Placement
from analytics.maintenance.domain.problem import SchedulingProblem, Weights
from analytics.maintenance.domain.search import Greedy, LocalSearch
from tests.analytics.maintenance import brute
from tests.analytics.maintenance.builders import COSTS, asset, curve, fleet, problem, task

WEARS = curve(0, 0, 0, 0, 8, 8, 8, 8)
"""Safe until slot 3, failed by slot 4."""
DEAR = COSTS.model_copy(update={"downtime_minor_per_h": 800})


@settings(max_examples=60, deadline=None)
@given(brute.tiny(most_tasks=3))
def test_every_result_keeps_the_rules(source: SchedulingProblem) -> None:
    incumbent = Incumbent(Evaluator(source))
    Greedy().improve(incumbent, Control())
    greedy = incumbent.score
    LocalSearch(30).improve(incumbent, Control())
    assert incumbent.refused == 0
    assert incumbent.score <= greedy
    assert incumbent.score >= brute.best(source)
    places = {visit.task: (visit.start, visit.bay, visit.overtime) for visit in incumbent.schedule}
    assert brute.score(source, [places.get(one.id) for one in source.tasks]) == incumbent.score


def test_the_one_with_most_to_lose_goes_first() -> None:
    """One bay, and each is best at slot 3; b costs twice as much out of service, so leaving it out costs more."""
    dearer = DEAR.model_copy(update={"downtime_minor_per_h": 1600, "life_minor_per_h": 480})
    source = problem(4, [asset("a", WEARS, DEAR), asset("b", WEARS, dearer)], [task("a"), task("b")])
    incumbent = Incumbent(Evaluator(source))
    Greedy().improve(incumbent, Control())
    assert incumbent.schedule == (Placement("v-a", 2, "b1"), Placement("v-b", 3, "b1"))
    assert [line.cost for line in incumbent.evaluation.lines] == [1840, 2640]  # life 1.5 h * 160, 0.5 h * 480


def test_visits_of_a_kind_are_exchanged_at_the_least_cost() -> None:
    """From the worst order the exchange alone finds the best one, as all visits are of one kind."""
    assets = [asset(f"e{n}", curve(*[0] * (n + 2), *[8] * (10 - n)), DEAR) for n in range(6)]
    source = problem(7, assets, [task(f"e{n}") for n in range(6)])
    evaluator = Evaluator(source)
    incumbent = Incumbent(evaluator)
    worst = tuple(Placement(f"v-e{n}", 5 - n, "b1") for n in range(6))
    incumbent.offer(evaluator.choices_of(worst), "hand")
    LocalSearch(0).improve(incumbent, Control())
    assert incumbent.schedule == tuple(Placement(f"v-e{n}", n + 1, "b1") for n in range(6))
    assert incumbent.found_by == "local search"


def test_greedy_keeps_the_plan_before_where_moving_costs_more_than_it_saves() -> None:
    source = problem(
        4,
        [asset("a", WEARS, DEAR)],
        [task("a")],
        previous=[{"task": "v-a", "start": 1, "bay": "b1"}],
        weights=Weights(move_minor=1000),
    )
    incumbent = Incumbent(Evaluator(source))
    Greedy().improve(incumbent, Control())
    assert incumbent.schedule == (Placement("v-a", 1, "b1"),)


@pytest.mark.parametrize("works", [(36,), (16, 24, 36, 50)])
def test_two_hundred_engines_have_a_plan_within_a_second(works: tuple[int, ...]) -> None:
    source = fleet(200, count=8, works=works)
    control = Control(clock=time.thread_time)
    incumbent = Incumbent(Evaluator(source))
    Greedy().improve(incumbent, control)
    assert control.elapsed < 1.0
    assert incumbent.evaluation.violations == ()
    assert len(incumbent.schedule) > 150


def test_stops_when_told_and_keeps_what_it_has() -> None:
    incumbent = Incumbent(Evaluator(fleet(12, days=20)))
    Greedy().improve(incumbent, Control())
    greedy = incumbent.score
    control = Control(Effort(rounds=10**9), cancelled=lambda: True)
    LocalSearch().improve(incumbent, control)
    assert control.was_cancelled
    assert incumbent.score <= greedy


def test_nothing_to_plan_is_planned_at_once() -> None:
    incumbent = Incumbent(Evaluator(problem(4, [], [])))
    Greedy().improve(incumbent, Control())
    LocalSearch().improve(incumbent, Control())
    assert (incumbent.schedule, incumbent.score) == ((), (0, 0))
