"""Rosters: everybody once, every need met, no more overtime than the evaluator counts."""

from __future__ import annotations

from hypothesis import given, settings

from analytics.maintenance.domain.engine import Control, Incumbent
from analytics.maintenance.domain.evaluator import Evaluator, Placement
from analytics.maintenance.domain.plan import CrewSpan
from analytics.maintenance.domain.problem import SchedulingProblem
from analytics.maintenance.domain.roster import roster
from analytics.maintenance.domain.search import Greedy
from tests.analytics.maintenance import brute
from tests.analytics.maintenance.builders import asset, bays, curve, fleet, needs, people, problem, spans, task


def check(evaluator: Evaluator, schedule: tuple[Placement, ...]) -> int:
    """Check a roster against the problem slot by slot; returns the hours in overtime."""
    source, overtime = evaluator.problem, 0
    skills = {person.id: set(person.skills) for person in source.technicians}
    rosters = roster(evaluator, schedule)
    for slot in range(source.grid.slots):
        here = [(at, span) for at, own in enumerate(rosters) for span in own if span.start_slot <= slot < span.end_slot]
        names = [span.technician for _, span in here]
        assert len(names) == len(set(names))
        for _, span in here:
            row = [person.id for person in source.technicians].index(span.technician)
            crew = evaluator.workshop.crew
            assert (crew.on_overtime if span.overtime else crew.on_regular)[row, slot]
            assert span.skill in skills[span.technician]
        for at, placement in enumerate(schedule):
            one = source.tasks[evaluator.task_index[placement.task]]
            start, end = evaluator.span_of(placement)
            kind = evaluator.workshop.tables[evaluator.task_index[placement.task]].kind
            working = start <= slot < end and kind.workable[int(placement.overtime), slot]
            found = sorted(span.skill for visit, span in here if visit == at)
            assert found == (sorted(brute.posts_of(one)) if working else [])
        overtime += sum(span.overtime for _, span in here)
    return overtime


@settings(max_examples=60, deadline=None)
@given(brute.tiny(most_tasks=3))
def test_every_feasible_schedule_has_a_roster(source: SchedulingProblem) -> None:
    incumbent = Incumbent(Evaluator(source))
    Greedy().improve(incumbent, Control())
    hours = check(incumbent.evaluator, incumbent.schedule)
    total = sum(line.terms["overtime"] for line in incumbent.evaluation.lines)
    assert hours * source.weights.overtime_minor_per_h == total


def test_a_fleet_has_a_roster() -> None:
    incumbent = Incumbent(Evaluator(fleet(12, days=20)))
    Greedy().improve(incumbent, Control())
    assert len(incumbent.schedule) > 4
    check(incumbent.evaluator, incumbent.schedule)


def test_people_stay_with_their_visit_and_those_of_many_skills_are_kept_for_where_they_are_needed() -> None:
    source = problem(
        6,
        [asset("a", curve(*[0] * 7)), asset("b", curve(*[0] * 7))],
        [task("a", work_slots=4, needs=needs(a=1)), task("b", work_slots=2, needs=needs(b=1))],
        bays=bays(2),
        **people("a b", "a", regular=spans((0, 2), (4, 6))),
    )
    evaluator = Evaluator(source)
    found = roster(evaluator, (Placement("v-a", 0, "b1"), Placement("v-b", 4, "b2")))
    assert found == [
        (
            CrewSpan(technician="t0", skill="a", start_slot=0, end_slot=2, overtime=False),
            CrewSpan(technician="t1", skill="a", start_slot=4, end_slot=6, overtime=False),
        ),
        (CrewSpan(technician="t0", skill="b", start_slot=4, end_slot=6, overtime=False),),
    ]
