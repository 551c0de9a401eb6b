"""The evaluator against the rules written down a second time, and each violation by itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.maintenance.domain.evaluator import Breach, Evaluator, Placement
from analytics.maintenance.domain.problem import Deadline, Frozen, SchedulingProblem, Weights
from tests.analytics.maintenance import brute
from tests.analytics.maintenance.builders import asset, bays, curve, needs, people, problem, spans, task

SAFE = curve(*[0] * 9)


def pair(**fields: object) -> SchedulingProblem:
    """Two tasks of two slots each, one technician, eight slots."""
    own = {"work_slots": 2, "needs": needs(a=1)}
    return problem(
        8,
        [asset("a", SAFE), asset("b", SAFE)],
        [task("a", **own), task("b", **own)],
        **{"bays": bays(2), **people("a", regular=spans((0, 4)), overtime=spans((4, 8))), **fields},
    )


def codes(source: SchedulingProblem, *visits: Placement) -> list[str]:
    return [finding.code for finding in Evaluator(source).evaluate(visits).violations]


@settings(max_examples=150, deadline=None)
@given(brute.tiny(), st.data())
def test_agrees_with_the_rules_written_a_second_time(source: SchedulingProblem, data: st.DataObject) -> None:
    places = [data.draw(st.sampled_from(brute.places_of(source, one))) for one in source.tasks]
    evaluator = Evaluator(source)
    visits = [Placement(one.id, *place) for one, place in zip(source.tasks, places, strict=True) if place is not None]
    known = [visit for visit in visits if evaluator.option_of(visit) is not None]
    if len(known) < len(visits):  # an overtime option that changes nothing is told as the regular one
        visits = [
            visit if visit in known else Placement(visit.task, visit.start, visit.bay, overtime=False)
            for visit in visits
        ]
    found = evaluator.evaluate(visits)
    expected = brute.score(source, places)
    assert (not found.violations) == (expected is not None)
    if expected is not None:
        assert (found.breach, found.cost) == expected
        assert sum(line.cost for line in found.lines) == found.cost
        assert all(sum(line.terms.values()) == line.cost for line in found.lines)


def test_two_visits_in_a_bay_at_once() -> None:
    visits = Placement("v-a", 0, "b1"), Placement("v-b", 1, "b1")
    found = Evaluator(pair(**people("a", "a", regular=spans((0, 8))))).evaluate(visits)
    assert [(one.code, one.place, one.message) for one in found.violations] == [
        ("maintenance.bay_overlap", "bays/b1", "Bay 1 is taken twice (v-a and v-b) for 1 slots.")
    ]


def test_a_closed_bay() -> None:
    closed = [{"id": "b1", "name": "Bay 1", "closed": spans((3, 5))}, {"id": "b2", "name": "Bay 2"}]
    assert codes(pair(bays=closed), Placement("v-a", 2, "b1")) == ["maintenance.bay_overlap"]
    assert codes(pair(bays=closed), Placement("v-a", 2, "b2")) == []


def test_one_person_for_two_visits() -> None:
    found = Evaluator(pair()).evaluate([Placement("v-a", 0, "b1"), Placement("v-b", 1, "b2")])
    assert [(one.code, one.place) for one in found.violations] == [("maintenance.crew_short", "technicians/a")]
    assert "1 slots" in found.violations[0].message
    assert "slot 1, 2 of 1" in found.violations[0].message


@pytest.mark.parametrize(
    ("visit", "code"),
    [
        (Placement("v-c", 0, "b1"), "maintenance.stray_visit"),
        (Placement("v-a", 0, "b3"), "maintenance.unknown_bay"),
        (Placement("v-a", 5, "b1"), "maintenance.no_such_start"),
        (Placement("v-a", 7, "b1", overtime=True), "maintenance.no_such_start"),
        (Placement("v-a", -1, "b1"), "maintenance.no_such_start"),
    ],
)
def test_visits_that_cannot_be_read(visit: Placement, code: str) -> None:
    assert codes(pair(), visit) == [code]
    assert Evaluator(pair()).evaluate([visit]).lines == ()


def test_a_task_visited_twice() -> None:
    assert codes(pair(), Placement("v-a", 0, "b1"), Placement("v-a", 2, "b1")) == ["maintenance.stray_visit"]


def test_breaches_are_told_by_kind_and_slots() -> None:
    source = problem(
        8,
        [asset("a", SAFE), asset("b", SAFE)],
        [
            task("a", work_slots=2, deadline=Deadline(slot=3)),
            task("b", work_slots=2, frozen=Frozen(start=1, bay="b1")),
        ],
        bays=bays(2),
    )
    found = Evaluator(source).evaluate([Placement("v-a", 4, "b1"), Placement("v-b", 3, "b2")])
    assert found.violations == ()
    assert found.breaches == (Breach("deadline", "v-a", 3), Breach("start", "v-b", 2), Breach("bay", "v-b", 1))
    assert found.breach == 6
    assert Evaluator(source).evaluate([]).breaches == (Breach("left_out", "v-a", 7), Breach("left_out", "v-b", 9))


def test_overtime_is_paid_by_those_who_come_later() -> None:
    """One in regular hours, one in overtime: the first to start keeps the regular one."""
    own = people("a", regular=spans((0, 8)))
    second = people("a", overtime=spans((0, 8)))
    source = pair(
        calendars=[own["calendars"][0], second["calendars"][0].model_copy(update={"id": "over"})],
        technicians=[
            own["technicians"][0],
            second["technicians"][0].model_copy(update={"id": "t1", "calendar": "over"}),
        ],
        weights=Weights(overtime_minor_per_h=100),
    )
    found = Evaluator(source).evaluate([Placement("v-a", 1, "b1"), Placement("v-b", 0, "b2")])
    assert found.violations == ()
    assert [line.terms["overtime"] for line in found.lines] == [100, 0]


def test_choices_and_schedules_tell_the_same() -> None:
    source = pair(previous=[{"task": "v-b", "start": 2, "bay": "b2"}])
    evaluator = Evaluator(source)
    schedule = (Placement("v-a", 0, "b1"), Placement("v-b", 2, "b2"))
    assert evaluator.schedule_of(evaluator.choices_of(schedule)) == schedule  # v-b keeps the bay it had
    assert evaluator.span_of(schedule[1]) == (2, 4)


def test_unreadable_placements_have_no_span_and_no_choice() -> None:
    evaluator = Evaluator(pair())
    with pytest.raises(ValueError, match="none of the options"):
        evaluator.span_of(Placement("v-a", 7, "b1"))
    with pytest.raises(ValueError, match="none of the options"):
        evaluator.choices_of([Placement("v-a", 7, "b1")])
