"""Documents that are refused, each for its own reason, and the grid's arithmetic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from analytics.maintenance.domain.evaluator import Evaluator
from analytics.maintenance.domain.problem import (
    Costs,
    Deadline,
    Frozen,
    Grid,
    ProblemError,
    RiskCurve,
    SchedulingProblem,
    Span,
    Technician,
    problem_findings,
    shared_skills,
)
from tests.analytics.maintenance.builders import ORIGIN, asset, bays, curve, needs, people, problem, spans, task

RISK = curve(0, 1, 2, 3, 4)


def sound(**fields: Any) -> SchedulingProblem:
    return problem(4, [asset("a", RISK)], [task("a", **fields.pop("task", {}))], **fields)


def codes(source: SchedulingProblem) -> list[tuple[str, str]]:
    return [(finding.code, finding.place) for finding in problem_findings(source)]


def test_a_sound_problem_has_no_findings_and_survives_a_round_trip() -> None:
    source = sound(task={"needs": needs(mechanic=1)}, **people("mechanic", regular=spans((0, 4))))
    assert problem_findings(source) == ()
    assert SchedulingProblem.model_validate_json(source.model_dump_json()) == source


def test_a_grid_counts_in_utc() -> None:
    grid = Grid(origin=datetime(2026, 9, 1, 6, tzinfo=timezone(timedelta(hours=2))), slot_s=3600, slots=10)
    assert grid.origin == ORIGIN
    assert grid.origin.tzinfo is UTC
    assert grid.at(-3) == datetime(2026, 9, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first_min", "last_min", "expected"),
    [
        (0, 120, Span(start=0, end=2)),
        (1, 119, None),
        (59, 181, Span(start=1, end=3)),
        (-90, 61, Span(start=0, end=1)),
        (480, 6000, Span(start=8, end=10)),
        (600, 700, None),
        (-100, -10, None),
    ],
)
def test_whole_slots(first_min: int, last_min: int, expected: Span | None) -> None:
    grid = Grid(origin=ORIGIN, slot_s=3600, slots=10)
    assert grid.whole_slots(ORIGIN + timedelta(minutes=first_min), ORIGIN + timedelta(minutes=last_min)) == expected


@pytest.mark.parametrize(
    "broken",
    [
        lambda: Span(start=3, end=3),
        lambda: Grid(origin=datetime(2026, 9, 1), slot_s=3600, slots=10),  # noqa: DTZ001 - a time without a zone
        lambda: Grid(origin=ORIGIN, slot_s=30, slots=10),
        lambda: Grid(origin=ORIGIN, slot_s=3600, slots=0),
        lambda: RiskCurve(step_slots=1, failed_before=(0.2, 0.1), life_beyond_slots=0),
        lambda: RiskCurve(step_slots=1, failed_before=(0.0, 1.1), life_beyond_slots=0),
        lambda: RiskCurve(step_slots=1, failed_before=(0.0, float("nan")), life_beyond_slots=0),
        lambda: RiskCurve(step_slots=1, failed_before=(0.0,), life_beyond_slots=0),
        lambda: RiskCurve(step_slots=1, failed_before=(0.0, 0.5), life_beyond_slots=-1),
        lambda: RiskCurve(step_slots=1, failed_before=(0.0, 0.5), life_beyond_slots=float("inf")),
        lambda: Costs(visit_minor=-1),
        lambda: task("a", work_slots=0),
        lambda: task("a", needs=needs(mechanic=0)),
        lambda: task("a", colour="red"),
        lambda: sound(currency="Euro"),
    ],
)
def test_refuses_fields_that_mean_nothing(broken: Any) -> None:
    with pytest.raises(ValidationError):
        broken()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (sound(bays=(*bays(1), *bays(1))), ("maintenance.duplicate_id", "bays/b1")),
        (
            problem(4, [asset("a", RISK)], [task("a"), task("a", id="again")]),
            ("maintenance.duplicate_id", "visits of an asset/a"),
        ),
        (problem(4, [], [task("a")]), ("maintenance.unknown_asset", "tasks/v-a/asset")),
        (sound(task={"frozen": Frozen(start=0, bay="b9")}), ("maintenance.unknown_bay", "tasks/v-a/frozen/bay")),
        (
            sound(technicians=(Technician(id="t", name="T", skills=(), calendar="night"),)),
            ("maintenance.unknown_calendar", "technicians/t/calendar"),
        ),
        (
            sound(previous=({"task": "v-b", "start": 0, "bay": "b1"},)),
            ("maintenance.unknown_task", "previous/v-b/task"),
        ),
        (
            sound(task={"frozen": Frozen(start=4, bay="b1")}),
            ("maintenance.frozen_outside_horizon", "tasks/v-a/frozen/start"),
        ),
        (problem(5, [asset("a", RISK)], [task("a")]), ("maintenance.short_risk_curve", "assets/a/risk")),
        (
            sound(task={"needs": (*needs(mechanic=1), *needs(mechanic=2))}),
            ("maintenance.duplicate_need", "tasks/v-a/needs/mechanic"),
        ),
        (
            sound(task={"needs": needs(**dict.fromkeys("abcdefghi", 1))}, **people("a b c d e f g h i")),
            ("maintenance.too_many_shared_skills", "technicians"),
        ),
    ],
)
def test_names_each_contradiction(source: SchedulingProblem, expected: tuple[str, str]) -> None:
    assert codes(source) == [expected]
    with pytest.raises(ProblemError) as caught:
        Evaluator(source)
    assert caught.value.findings == problem_findings(source)
    assert caught.value.place == expected[1]
    assert caught.value.kept
    assert caught.value.fix


def test_refuses_prices_too_large_to_add_up_exactly() -> None:
    dear = Costs(repair_minor=10**12, unscheduled_downtime_h=100_000, unscheduled_downtime_minor_per_h=10**12)
    with pytest.raises(ProblemError) as caught:
        Evaluator(problem(4, [asset("a", RISK, dear)], [task("a", deadline=Deadline(slot=2, late_minor_per_h=5))]))
    assert caught.value.place == "assets/a/costs"


def test_skills_are_grouped_by_the_people_who_link_them() -> None:
    own = people("a b", "b c", "d", "e f")["technicians"]
    assert shared_skills(own, "abcdex") == [("a", "b", "c"), ("d",), ("e",), ("x",)]
