"""Reasons: their figures are those of the evaluator, and each code has its case."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings

from analytics.maintenance.domain.engine import Control, Effort
from analytics.maintenance.domain.evaluator import Evaluator, Placement
from analytics.maintenance.domain.plan import Deferral, Holder, Obstacle, Plan, Visit
from analytics.maintenance.domain.planner import solve_plan
from analytics.maintenance.domain.problem import Deadline, Frozen, SchedulingProblem, Weights
from tests.analytics.maintenance import brute
from tests.analytics.maintenance.builders import COSTS, asset, bays, curve, fleet, needs, people, problem, spans, task

WEARS = curve(0, 0, 0, 0, 8, 8, 8, 8)
"""Safe until slot 3, failed by slot 4: at 800 an hour out of service a visit costs 1680 at slot 3, 160 more before."""
DEAR = COSTS.model_copy(update={"downtime_minor_per_h": 800})


def plan_of(source: SchedulingProblem) -> Plan:
    return solve_plan(source, Control(Effort(seconds=60))).plan


def visit_of(source: SchedulingProblem, name: str) -> Visit:
    return next(visit for visit in plan_of(source).visits if visit.task == f"v-{name}")


def placements(plan: Plan) -> dict[str, Placement]:
    return {visit.task: Placement(visit.task, visit.start_slot, visit.bay, visit.overtime) for visit in plan.visits}


def moved(source: SchedulingProblem, plan: Plan, visit: Visit) -> Iterator[tuple[int, int]]:
    """For each alternative, what it is said to cost more, and what the plan with it really costs more."""
    evaluator = Evaluator(source)
    for other in visit.reason.alternatives:
        costs = []
        for bay in source.bays:
            schedule = placements(plan) | {visit.task: Placement(visit.task, other.start_slot, bay.id, other.overtime)}
            choices = evaluator.choices_of(schedule.values())
            found = evaluator.evaluate(evaluator.schedule_of(choices))
            costs += [] if found.violations else [found.cost]
        yield other.extra_minor, min(costs) - plan.cost_minor


@pytest.fixture(scope="module")
def story() -> tuple[SchedulingProblem, Plan]:
    source = fleet()
    return source, plan_of(source)


def test_alternatives_cost_what_they_say(story: tuple[SchedulingProblem, Plan]) -> None:
    source, plan = story
    for visit in plan.visits:
        assert len(visit.reason.alternatives) == 3
        assert all(said == real >= 0 for said, real in moved(source, plan, visit))
        starts = [visit.start_slot, *(other.start_slot for other in visit.reason.alternatives)]
        assert all(abs(one - other) >= 24 for at, one in enumerate(starts) for other in starts[:at])
        assert all(sum(other.terms.values()) == other.extra_minor for other in visit.reason.alternatives)


def test_leaving_out_costs_what_it_says(story: tuple[SchedulingProblem, Plan]) -> None:
    source, plan = story
    evaluator = Evaluator(source)
    for visit in plan.visits:
        rest = [one for task_id, one in placements(plan).items() if task_id != visit.task]
        assert evaluator.evaluate(rest).cost - plan.cost_minor == visit.reason.left_out_extra_minor


def test_figures_add_up(story: tuple[SchedulingProblem, Plan]) -> None:
    _, plan = story
    parts: list[Visit | Deferral] = [*plan.visits, *plan.deferrals]
    assert sum(part.cost_minor for part in parts) == plan.cost_minor == sum(plan.terms.values())
    assert all(sum(part.terms.values()) == part.cost_minor for part in parts)
    for visit in plan.visits:
        assert visit.reason.best is not None
        assert visit.reason.best.cost_minor + visit.reason.waiting_minor == visit.cost_minor
        assert visit.reason.waiting_minor >= 0
        assert bool(visit.reason.obstacles) == ("best_start_taken" in visit.reason.codes)


@settings(max_examples=40, deadline=None)
@given(brute.tiny(most_tasks=3))
def test_every_plan_can_be_explained(source: SchedulingProblem) -> None:
    plan = plan_of(source)
    parts: list[Visit | Deferral] = [*plan.visits, *plan.deferrals]
    assert len(parts) == len(source.tasks)
    assert sum(part.cost_minor for part in parts) == plan.cost_minor == sum(plan.terms.values())
    for visit in plan.visits:
        assert visit.reason.codes
        assert visit.reason.left_out_extra_minor is None or visit.reason.left_out_extra_minor >= 0
        if visit.reason.best:
            assert visit.reason.best.cost_minor + visit.reason.waiting_minor == visit.cost_minor
    assert (plan.status == "wishes_broken") == bool(plan.breach_slots) == bool(plan.findings)


def test_the_other_one_holds_the_bay() -> None:
    source = problem(4, [asset("a", WEARS, DEAR), asset("b", WEARS, DEAR)], [task("a"), task("b")])
    plan = plan_of(source)
    first, second = plan.visits
    assert [first.start_slot, second.start_slot] == [2, 3]
    assert plan.cost_minor == 1840 + 1680
    assert first.reason.codes == ("best_start_taken",)
    assert first.reason.waiting_minor == 160
    assert first.reason.obstacles == (
        Obstacle(
            kind="bay",
            bay="b1",
            slot=3,
            holders=(Holder(task=second.task, start=3, end=4),),
            needed=1,
            available=0,
        ),
    )
    assert second.reason.codes == ("at_its_best",)
    assert second.reason.left_out_extra_minor == 2480 - 1680


def test_the_other_one_holds_the_people() -> None:
    own = {"needs": needs(a=2)}
    source = problem(
        4,
        [asset("a", WEARS, DEAR), asset("b", WEARS, DEAR)],
        [task("a", **own), task("b", **own)],
        bays=bays(2),
        **people("a", "a", "a", regular=spans((0, 4))),
    )
    first, second = plan_of(source).visits
    assert first.reason.obstacles == (
        Obstacle(
            kind="crew",
            skills=("a",),
            slot=3,
            holders=(Holder(task=second.task, start=3, end=4),),
            needed=2,
            available=1,
        ),
    )


def test_people_have_fixed_it() -> None:
    source = problem(4, [asset("a", WEARS, DEAR)], [task("a", frozen=Frozen(start=1, bay="b1"))])
    visit = visit_of(source, "a")
    assert (visit.start_slot, visit.cost_minor) == (1, 2000)
    assert (visit.reason.codes, visit.reason.best, visit.reason.left_out_extra_minor) == (("frozen",), None, None)
    assert visit.reason.alternatives == ()


def test_a_deadline_pulls_it_forward() -> None:
    """Two hours late at 200 an hour cost 400, two hours of life 320."""
    source = problem(4, [asset("a", WEARS, DEAR)], [task("a", deadline=Deadline(slot=2, late_minor_per_h=200))])
    visit = visit_of(source, "a")
    assert (visit.start_slot, visit.cost_minor) == (1, 2000)
    assert visit.reason.codes == ("at_its_best", "pulled_by_deadline")
    assert visit.reason.saved_minor == {"pulled_by_deadline": 320}


def test_a_move_costs_more_than_it_saves() -> None:
    source = problem(
        4,
        [asset("a", WEARS, DEAR)],
        [task("a")],
        weights=Weights(move_minor=500),
        previous=[{"task": "v-a", "start": 1, "bay": "b1"}],
    )
    visit = visit_of(source, "a")
    assert visit.start_slot == 1
    assert visit.reason.codes == ("at_its_best", "kept_in_place")
    assert visit.reason.saved_minor == {"kept_in_place": 320}


def test_overtime_is_worth_its_price() -> None:
    """Regular people are there in slot 0 only: 480 dearer than slot 3, where an hour of overtime costs 100."""
    source = problem(
        4,
        [asset("a", WEARS, DEAR)],
        [task("a", needs=needs(a=1))],
        weights=Weights(overtime_minor_per_h=100),
        **people("a", regular=spans((0, 1)), overtime=spans((1, 4))),
    )
    visit = visit_of(source, "a")
    assert (visit.start_slot, visit.overtime, visit.terms["overtime"]) == (3, True, 100)
    assert visit.reason.codes == ("at_its_best", "works_in_overtime")
    assert visit.reason.saved_minor == {"works_in_overtime": 380}


def test_regular_people_are_taken_so_that_the_best_start_would_need_overtime() -> None:
    """Two visits, one regular person and one in overtime at 200: the second goes an hour earlier for 160."""
    own = people("a", regular=spans((0, 4)))
    source = problem(
        4,
        [asset("a", WEARS, DEAR), asset("b", WEARS, DEAR)],
        [task("a", needs=needs(a=1)), task("b", needs=needs(a=1))],
        bays=bays(2),
        weights=Weights(overtime_minor_per_h=200),
        calendars=[*own["calendars"], {"id": "over", "overtime": spans((0, 4))}],
        technicians=[*own["technicians"], {"id": "t1", "name": "T1", "skills": ["a"], "calendar": "over"}],
    )
    first, second = plan_of(source).visits
    assert [first.start_slot, second.start_slot] == [2, 3]
    assert first.reason.codes == ("best_start_dearer",)
    assert (first.reason.waiting_minor, first.reason.obstacles) == (160, ())


def test_it_waits_on_the_ground() -> None:
    """The risk starts with slot 1 and the bay is closed until slot 2: removal at once, three hours down."""
    source = problem(
        4,
        [asset("a", curve(0, 4, 8, 8, 8, 8, 8, 8))],
        [task("a")],
        bays=[{"id": "b1", "name": "Bay 1", "closed": spans((0, 2))}],
    )
    visit = visit_of(source, "a")
    assert (visit.removal_slot, visit.start_slot, visit.failure_probability) == (0, 2, 0.0)
    assert visit.cost_minor == 800 + 3 * 80 + 160  # one hour of life: 3/4 and 1/4
    assert visit.reason.codes == ("at_its_best", "stands_still")
    assert visit.reason.saved_minor == {"stands_still": 8000 - 1200}


def test_later_is_cheaper() -> None:
    source = problem(4, [asset("a", curve(*[0] * 9))], [task("a")])
    found = plan_of(source).deferrals[0]
    assert (found.later_slot, found.removal_slot, found.failure_probability) == (8, 8, 0.0)
    assert found.cost_minor == 880
    assert found.reason.code == "later_is_cheaper"
    assert found.reason.best is not None
    assert (found.reason.best.start_slot, found.reason.best.cost_minor) == (3, 880 + 5 * 160)
    assert found.reason.extra_minor == 800


def test_no_room() -> None:
    """Two engines, one bay open for one hour."""
    source = problem(
        4,
        [asset("a", WEARS, DEAR), asset("b", WEARS, DEAR)],
        [task("a"), task("b")],
        bays=[{"id": "b1", "name": "Bay 1", "closed": spans((0, 3))}],
    )
    plan = plan_of(source)
    found = plan.deferrals[0].reason
    assert (found.code, found.extra_minor) == ("no_room", None)
    assert found.obstacles[0].holders == (Holder(task=plan.visits[0].task, start=3, end=4),)


@pytest.mark.parametrize(
    ("fields", "short", "slots"),
    [
        ({"needs": needs(a=3)}, ("a", 3, 2), (1, 0)),
        ({"needs": needs(a=2), "work_slots": 3}, (None, 0, 0), (3, 2)),
        ({"needs": needs(a=2), "release": 2}, (None, 0, 0), (1, 0)),
    ],
)
def test_no_start(fields: dict[str, object], short: tuple[str | None, int, int], slots: tuple[int, int]) -> None:
    source = problem(4, [asset("a", WEARS)], [task("a", **fields)], **people("a", "a", regular=spans((0, 2))))
    found = plan_of(source).deferrals[0].reason
    assert found.code == "no_start"
    assert (found.short_skill, found.short_people, found.most_people) == short
    assert (found.work_slots, found.roster_slots) == slots
