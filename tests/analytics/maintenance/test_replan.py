"""Plans on top of plans: what is near stays, moves have a price, and keeping is never beaten by less."""

from __future__ import annotations

from datetime import timedelta

from analytics.maintenance.domain.engine import Control, Effort
from analytics.maintenance.domain.plan import Plan
from analytics.maintenance.domain.planner import solve_plan
from analytics.maintenance.domain.problem import Frozen, SchedulingProblem
from analytics.maintenance.domain.replan import carry_over
from tests.analytics.maintenance.builders import COSTS, asset, curve, fleet, problem, task

WEARS = curve(*[0] * 6, *[8] * 10)


def solve(source: SchedulingProblem) -> Plan:
    return solve_plan(source, Control(Effort(seconds=60))).plan


def small() -> SchedulingProblem:
    """Three engines, one bay, visits of two hours: one after the other, the last just before they would fail."""
    names, costs = ["a", "b", "c"], COSTS.model_copy(update={"downtime_minor_per_h": 800})
    return problem(8, [asset(name, WEARS, costs) for name in names], [task(name, work_slots=2) for name in names])


def shifted(source: SchedulingProblem, minutes: int) -> SchedulingProblem:
    grid = source.grid
    return source.model_copy(
        update={"grid": grid.model_copy(update={"origin": grid.origin + timedelta(minutes=minutes)})}
    )


def test_visits_are_carried_over_by_their_times_and_the_near_ones_frozen() -> None:
    plan = solve(small())
    assert [visit.start_slot for visit in plan.visits] == [1, 3, 5]
    later = carry_over(shifted(small(), 120), plan, frozen_until=plan.visits[2].start)
    first, second, third = (visit.task for visit in plan.visits)
    assert {(one.task, one.start) for one in later.previous} == {(second, 1), (third, 3)}  # the first has begun
    frozen = {one.id: one.frozen for one in later.tasks}
    assert frozen == {first: None, second: Frozen(start=1, bay="b1"), third: None}


def test_visits_between_the_slots_of_the_new_grid_are_not_carried_over() -> None:
    plan = solve(small())
    assert carry_over(shifted(small(), 30), plan, frozen_until=plan.grid.origin).previous == ()


def test_what_people_froze_and_what_is_gone_stays_so() -> None:
    plan = solve(small())
    source = small()
    kept = source.tasks[0].model_copy(update={"frozen": Frozen(start=6, bay="b1")})
    smaller = source.model_copy(update={"tasks": (kept, source.tasks[1])})
    later = carry_over(smaller, plan, frozen_until=plan.grid.at(8))
    assert later.tasks[0] == kept
    assert {one.task for one in later.previous} == {"v-a", "v-b"}


def test_a_few_worse_predictions_move_few_visits() -> None:
    """One of twenty engines gets the risk of another; a price on moves keeps nearly all visits where they were."""
    source = fleet()
    plan = solve(source)
    worse = source.assets[0].model_copy(update={"risk": source.assets[3].risk})
    changed = source.model_copy(
        update={
            "assets": (worse, *source.assets[1:]),
            "weights": source.weights.model_copy(update={"move_minor": 500_000}),
        }
    )
    later = carry_over(changed, plan, frozen_until=source.grid.at(48))
    replanned = solve(later)
    before = {visit.task: visit.start_slot for visit in plan.visits}
    after = {visit.task: visit.start_slot for visit in replanned.visits}
    moved = {name for name in before if before[name] != after.get(name)}
    assert replanned.status == "optimal"
    assert len(moved) <= 2
    assert not moved & {one.id for one in later.tasks if one.frozen}
    assert replanned.terms["moved"] == 500_000 * len(moved)


def test_keeping_everything_is_offered() -> None:
    """Moves dearer than anything they could save: the plan before comes back as it was."""
    source = fleet(8, days=20)
    plan = solve(source)
    dear = source.model_copy(update={"weights": source.weights.model_copy(update={"move_minor": 10**9})})
    assert len(plan.visits) > 2
    usable = carry_over(dear, plan, frozen_until=source.grid.origin)
    assert [(one.task, one.start_slot, one.bay) for one in solve(usable).visits] == [
        (one.task, one.start_slot, one.bay) for one in plan.visits
    ]
