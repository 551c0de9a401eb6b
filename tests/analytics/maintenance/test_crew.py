"""Hall's condition and its deficiency against trying everybody in every post."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.maintenance.domain.crew import Crew
from analytics.maintenance.domain.problem import SchedulingProblem
from tests.analytics.maintenance import brute
from tests.analytics.maintenance.builders import asset, curve, needs, people, problem, spans, task


def crew_of(source: SchedulingProblem) -> Crew:
    return Crew(source)


def shop(*skills: str, wanted: str = "ab", **fields: object) -> SchedulingProblem:
    return problem(
        2,
        [asset("a", curve(0, 0, 0))],
        [task("a", needs=needs(**dict.fromkeys(wanted, 1)))],
        **{**people(*skills, regular=spans((0, 1)), overtime=spans((1, 2))), **fields},
    )


def test_sets_are_looked_at_within_groups_of_linked_skills_only() -> None:
    assert [one.skills for one in crew_of(shop("a", "b")).sets] == [("a",), ("b",)]
    assert [one.skills for one in crew_of(shop("a b", "b c", wanted="ab")).sets] == [("a",), ("b",), ("a", "b")]


def test_supply_by_slot() -> None:
    crew = crew_of(shop("a", "b", "a b"))
    assert crew.regular.tolist() == [[2, 0], [2, 0], [3, 0]]
    assert crew.supply.tolist() == [[2, 2], [2, 2], [3, 3]]
    assert crew.overtime.tolist() == [[0, 3]]
    assert crew.has_overtime


def test_a_person_stands_in_for_one_need_at_a_time() -> None:
    crew = crew_of(shop("a b"))
    assert crew.workable(crew.demand_of(needs(a=1)), overtime=False).tolist() == [True, False]
    assert crew.workable(crew.demand_of(needs(a=1, b=1)), overtime=True).tolist() == [False, False]


def test_absent_people_and_regular_hours_within_overtime() -> None:
    own = people("a", "a", regular=spans((0, 1)), overtime=spans((0, 2)))
    away = own["technicians"][0].model_copy(update={"absent": spans((1, 2))})
    crew = crew_of(shop(wanted="a", calendars=own["calendars"], technicians=(away, own["technicians"][1])))
    assert crew.regular.tolist() == [[2, 0]]
    assert crew.supply.tolist() == [[2, 1]]


def test_without_needs_work_goes_on_always() -> None:
    crew = crew_of(problem(3, [asset("a", curve(0, 0, 0, 0))], [task("a")]))
    assert crew.workable(crew.demand_of(()), overtime=False).tolist() == [True, True, True]
    assert not crew.has_overtime


SKILLS = st.lists(st.sets(st.sampled_from("abc"), min_size=1).map(sorted).map(" ".join), max_size=4)


@settings(max_examples=150, deadline=None)
@given(SKILLS, SKILLS, st.lists(st.sampled_from("abc"), max_size=4))
def test_agrees_with_trying_everybody_in_every_post(regular: list[str], overtime: list[str], posts: list[str]) -> None:
    wanted = [{"skill": skill, "count": posts.count(skill)} for skill in sorted(set(posts))]
    source = problem(
        1,
        [asset("a", curve(0, 0))],
        [task("a", needs=wanted)],
        calendars=[{"id": "day", "regular": spans((0, 1))}, {"id": "over", "overtime": spans((0, 1))}],
        technicians=[
            {"id": f"t{n}", "name": "T", "skills": own.split(), "calendar": calendar}
            for n, (own, calendar) in enumerate(
                [*((one, "day") for one in regular), *((one, "over") for one in overtime)]
            )
        ],
    )
    crew = Crew(source)
    demand = crew.demand_of(source.tasks[0].needs)
    by_day, by_night = brute.on_duty(source, 0)
    assert crew.workable(demand, overtime=False)[0] == (brute.unmet(posts, by_day) == 0)
    assert crew.workable(demand, overtime=True)[0] == (brute.unmet(posts, by_day + by_night) == 0)
    assert crew.overtime_people(np.asarray(demand)[:, None])[0] == brute.unmet(posts, by_day)
