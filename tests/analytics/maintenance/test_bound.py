"""The Lagrangian bound: never above the best there is, tight on a fleet, and it keeps what it must."""

from __future__ import annotations

from hypothesis import given, settings

from analytics.maintenance.domain.bound import LagrangianBound
from analytics.maintenance.domain.engine import Control, Effort, Incumbent
from analytics.maintenance.domain.evaluator import Evaluator
from analytics.maintenance.domain.problem import SchedulingProblem
from analytics.maintenance.domain.search import Greedy, LocalSearch
from tests.analytics.maintenance import brute
from tests.analytics.maintenance.builders import COSTS, asset, curve, fleet, problem, task


@settings(max_examples=60, deadline=None)
@given(brute.tiny())
def test_no_schedule_is_below_the_bound(source: SchedulingProblem) -> None:
    incumbent = Incumbent(Evaluator(source))
    Greedy().improve(incumbent, Control())
    breach, cost = brute.best(source)
    if incumbent.evaluation.breach == breach:
        LagrangianBound(incumbent.evaluator.workshop, breach).improve(incumbent, Control())
        assert incumbent.bound is not None
        assert incumbent.bound <= cost


def test_the_price_of_the_one_bay_closes_the_gap() -> None:
    """Two engines want the one bay at slot 3; the second-best start costs 160 more, which the bay's price finds."""
    dear = COSTS.model_copy(update={"downtime_minor_per_h": 800})
    risk = curve(0, 0, 0, 0, 8, 8, 8, 8)
    source = problem(4, [asset("a", risk, dear), asset("b", risk, dear)], [task("a"), task("b")])
    incumbent = Incumbent(Evaluator(source))
    Greedy().improve(incumbent, Control())
    assert incumbent.evaluation.cost == 1680 + 1840
    LagrangianBound(incumbent.evaluator.workshop, 0).improve(incumbent, Control())
    assert (incumbent.bound, incumbent.gap) == (3520, 0.0)


def test_a_fleet_is_bounded_within_a_part_of_a_thousand_and_pruned_hard() -> None:
    incumbent = Incumbent(Evaluator(fleet()))
    control = Control(Effort(seconds=60))
    Greedy().improve(incumbent, control)
    LocalSearch(150).improve(incumbent, control)
    bound = LagrangianBound(incumbent.evaluator.workshop, 0)
    bound.improve(incumbent, control)
    assert incumbent.gap is not None
    assert incumbent.gap < 0.001
    kept, complete = bound.kept(incumbent, 8000)
    assert complete
    count = sum(len(options) for options in kept.options)
    assert count < 2000 < sum(len(table.cost) for table in incumbent.evaluator.workshop.tables)
    assert not any(kept.later)


def test_keeps_the_incumbent_and_the_most_promising_when_it_may_not_keep_all() -> None:
    incumbent = Incumbent(Evaluator(fleet(12, days=20)))
    Greedy().improve(incumbent, Control())
    bound = LagrangianBound(incumbent.evaluator.workshop, 0)
    bound.improve(incumbent, Control(Effort(bound_steps=3)))
    kept, complete = bound.kept(incumbent, 40)
    assert not complete
    assert sum(len(options) for options in kept.options) <= 41 + 12
    for options, later, choice in zip(kept.options, kept.later, incumbent.choices, strict=True):
        if choice is None:
            assert later
        else:
            assert [choice.bay_class, choice.option] in options.tolist()
