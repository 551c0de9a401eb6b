"""Schedules being built: what fits, what it costs beside the rest, and that taking back leaves no trace."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.maintenance.domain.evaluator import Evaluator
from analytics.maintenance.domain.occupancy import FAR, Choice, Occupancy, Workshop
from analytics.maintenance.domain.problem import Costs, SchedulingProblem
from tests.analytics.maintenance import brute
from tests.analytics.maintenance.builders import asset, curve, problem, task


@settings(max_examples=100, deadline=None)
@given(brute.tiny(most_tasks=3), st.data())
def test_prices_are_what_the_evaluator_finds(source: SchedulingProblem, data: st.DataObject) -> None:
    """Every option of a task beside a random schedule: FAR exactly where it violates, else the score it leads to."""
    evaluator = Evaluator(source)
    occupancy = Occupancy(evaluator.workshop)
    for task_at in data.draw(st.permutations(range(len(source.tasks)))):
        breach, cost = occupancy.prices(task_at)
        before = occupancy.score(other for other in range(len(source.tasks)) if other != task_at)
        for bay_class, row in enumerate(cost.tolist()):
            for option, price in enumerate(row):
                if not evaluator.workshop.tables[task_at].allowed[option]:
                    assert price == FAR
                    continue
                choices = list(occupancy.choices)
                choices[task_at] = Choice(option, bay_class)
                found = evaluator.evaluate(evaluator.schedule_of(choices))
                assert (price == FAR) == bool(found.violations)
                if not found.violations:
                    assert (found.breach, found.cost) == (before[0] + breach[bay_class, option], before[1] + price)
        occupancy.place(task_at, occupancy.best(task_at)[1])


def test_taking_back_leaves_no_trace() -> None:
    source = problem(
        6,
        [asset("a", curve(*[0] * 7)), asset("b", curve(*[0] * 7))],
        [task("a", work_slots=3), task("b")],
    )
    workshop = Workshop(source)
    occupancy, empty = Occupancy(workshop), Occupancy(workshop)
    occupancy.place(0, Choice(1, 0))
    assert occupancy.free(1).tolist() == [[True, False, False, False, True, True]]
    occupancy.place(0, Choice(3, 0))
    assert occupancy.free(1).tolist() == [[True, True, True, False, False, False]]
    occupancy.place(0, None)
    assert occupancy.choices == empty.choices
    assert occupancy.free(1).tolist() == empty.free(1).tolist()
    assert occupancy.score() == empty.score()


def test_leaving_out_wins_ties() -> None:
    workshop = Workshop(problem(2, [asset("a", curve(0, 0, 0), Costs())], [task("a")]))
    assert Occupancy(workshop).best(0) == ((0, 0), None)


def test_without_bays_nothing_fits() -> None:
    workshop = Workshop(problem(2, [asset("a", curve(0, 8, 8))], [task("a")], bays=()))
    later = workshop.tables[0].later
    assert Occupancy(workshop).best(0) == ((0, later.cost), None)
