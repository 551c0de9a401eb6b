"""The rules once more, slot by slot and without any of the code under test, and every schedule tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from hypothesis import strategies as st

from analytics.maintenance.domain.problem import SchedulingProblem, Task
from tests.analytics.maintenance.builders import asset, curve, needs, problem, spans, task

Place = tuple[int, str, bool] | None
"""Start, bay and overtime of a visit; None for none."""


@dataclass(frozen=True)
class Visit:
    start: int
    end: int
    bay: str
    working: frozenset[int]


def on_duty(source: SchedulingProblem, slot: int) -> tuple[list[set[str]], list[set[str]]]:
    """The skills of each person in regular hours, and of each in overtime."""
    calendars = {one.id: one for one in source.calendars}
    regular, overtime = [], []
    for person in source.technicians:
        own = calendars[person.calendar]
        if any(span.start <= slot < span.end for span in person.absent):
            continue
        if any(span.start <= slot < span.end for span in own.regular):
            regular.append(set(person.skills))
        elif any(span.start <= slot < span.end for span in own.overtime):
            overtime.append(set(person.skills))
    return regular, overtime


def unmet(posts: Sequence[str], persons: Sequence[set[str]]) -> int:
    """The fewest posts that stay empty, by trying everybody in every post."""
    if not posts:
        return 0
    rest = posts[1:]
    options = [1 + unmet(rest, persons)]
    for at, skills in enumerate(persons):
        if posts[0] in skills:
            options.append(unmet(rest, [*persons[:at], *persons[at + 1 :]]))
    return min(options)


def posts_of(one: Task) -> list[str]:
    return [need.skill for need in one.needs for _ in range(need.count)]


def visit_at(source: SchedulingProblem, one: Task, place: tuple[int, str, bool]) -> Visit | None:
    """The visit that starts there, or None when nobody could begin or it would not end."""
    start, bay, with_overtime = place
    working: set[int] = set()
    for slot in range(start, source.grid.slots):
        regular, overtime = on_duty(source, slot)
        if not unmet(posts_of(one), regular + (overtime if with_overtime else [])):
            working.add(slot)
        elif slot == start:
            return None
        if len(working) == one.work_slots:
            return Visit(start, slot + 1, bay, frozenset(working)) if start >= one.release else None
    return None


def feasible(source: SchedulingProblem, visits: Sequence[tuple[Task, Visit]]) -> bool:
    for bay in source.bays:
        for slot in range(source.grid.slots):
            holders = sum(visit.bay == bay.id and visit.start <= slot < visit.end for _, visit in visits)
            if holders + any(span.start <= slot < span.end for span in bay.closed) > 1 and holders:
                return False
    return not any(
        unmet(posts_at(visits, slot), [*regular, *overtime])
        for slot in range(source.grid.slots)
        for regular, overtime in [on_duty(source, slot)]
    )


def posts_at(visits: Sequence[tuple[Task, Visit]], slot: int) -> list[str]:
    return [post for one, visit in visits if slot in visit.working for post in posts_of(one)]


def overtime_cost(source: SchedulingProblem, visits: Sequence[tuple[Task, Visit]]) -> int:
    called = sum(unmet(posts_at(visits, slot), on_duty(source, slot)[0]) for slot in range(source.grid.slots))
    return called * source.weights.overtime_minor_per_h


def price(source: SchedulingProblem, one: Task, start: int, end: int) -> int:
    """Cost of a visit over [start, end) by itself, standing still before it where that is cheaper."""
    owner = next(each for each in source.assets if each.id == one.asset)
    failed, costs = owner.risk.failed_before, owner.costs

    def at(removal: int) -> float:
        survived = 1 - failed[removal]
        life = sum(1 - (a + b) / 2 for a, b in zip(failed[removal:], failed[removal + 1 :], strict=False))
        return (
            failed[removal] * costs.failure_minor
            + survived * (costs.visit_minor + (end - removal) * costs.downtime_minor_per_h)
            + (life + owner.risk.life_beyond_slots) * costs.life_minor_per_h
        )

    late = moved = 0
    if one.deadline is not None and one.deadline.late_minor_per_h is not None:
        late = max(0, end - one.deadline.slot) * one.deadline.late_minor_per_h
    for before in source.previous:
        if before.task == one.id and before.start != start:
            moved = source.weights.move_minor
    total = min(at(removal) for removal in range(min(start, len(failed) - 1) + 1)) + late + moved
    assert total == int(total), "the tests keep to figures that need no rounding"
    return int(total)


def breach(source: SchedulingProblem, one: Task, place: Place, end: int) -> int:
    broken = 0
    if one.deadline is not None and one.deadline.late_minor_per_h is None:
        broken += max(0, end - one.deadline.slot)
    if one.frozen is not None:
        if place is None:
            return broken + source.grid.slots + 1
        broken += abs(place[0] - one.frozen.start) + (place[1] != one.frozen.bay)
    return broken


def left_out(source: SchedulingProblem, one: Task) -> tuple[int, int]:
    """Breach and cost of no visit: the best visit after the horizon, as long as the shortest within it."""
    slots = source.grid.slots
    lengths = [
        visit.end - visit.start
        for start, overtime in product(range(slots), (False, True))
        if (visit := visit_at(source, one, (start, "", overtime)))
    ]
    length = min(lengths, default=one.work_slots)
    owner = next(each for each in source.assets if each.id == one.asset)
    starts = range(slots, max(slots, owner.risk.last_slot) + 1)
    return min(
        (breach(source, one, None, start + length), price(source, one, start, start + length)) for start in starts
    )


def score(source: SchedulingProblem, places: Sequence[Place]) -> tuple[int, int] | None:
    """Breach and cost of a schedule; None when it cannot be done."""
    visits: list[tuple[Task, Visit]] = []
    total = broken = 0
    for one, place in zip(source.tasks, places, strict=True):
        if place is None:
            more, cost = left_out(source, one)
        else:
            visit = visit_at(source, one, place)
            if visit is None:
                return None
            visits.append((one, visit))
            more, cost = breach(source, one, place, visit.end), price(source, one, visit.start, visit.end)
        broken, total = broken + more, total + cost
    return (broken, total + overtime_cost(source, visits)) if feasible(source, visits) else None


def places_of(source: SchedulingProblem, one: Task) -> list[Place]:
    every = product(range(source.grid.slots), [bay.id for bay in source.bays], (False, True))
    return [None, *(place for place in every if visit_at(source, one, place))]


def best(source: SchedulingProblem) -> tuple[int, int]:
    """The least breach and, at that, the least cost of any schedule."""
    return min(found for places in schedules(source) if (found := score(source, places)))


def schedules(source: SchedulingProblem) -> Iterator[tuple[Place, ...]]:
    yield from product(*(places_of(source, one) for one in source.tasks))


@st.composite
def tiny(draw: st.DrawFn, most_tasks: int = 2) -> SchedulingProblem:
    """Problems of a few slots with everything in them, in figures that need no rounding."""
    slots = draw(st.integers(3, 5))
    count = draw(st.integers(1, most_tasks))
    marks = st.lists(st.integers(0, slots), min_size=2, max_size=2, unique=True).map(sorted)
    span = marks.map(lambda pair: spans((pair[0], pair[1])))
    numbers = range(count)
    eighths = st.lists(st.integers(0, 8), min_size=slots + 3, max_size=slots + 3).map(sorted)
    deadline = st.none() | st.fixed_dictionaries(
        {"slot": st.integers(1, slots + 2), "late_minor_per_h": st.none() | st.sampled_from([0, 80, 800])}
    )
    frozen = st.none() | st.none() | st.fixed_dictionaries({"start": st.integers(0, slots - 1), "bay": st.just("b1")})
    skills = st.lists(st.sampled_from(["a", "b", "a b"]), min_size=2, max_size=3)
    technicians = draw(skills)
    bay_count = draw(st.integers(1, 2))
    return problem(
        slots,
        [asset(f"e{n}", curve(*draw(eighths), beyond=draw(st.sampled_from([0.0, 2.0, 6.0])))) for n in numbers],
        [
            task(
                f"e{n}",
                work_slots=draw(st.integers(1, 2)),
                needs=draw(st.sampled_from([needs(), needs(a=1), needs(a=2), needs(a=1, b=1)])),
                release=draw(st.sampled_from([0, 0, 1, 2])),
                deadline=draw(deadline),
                frozen=draw(frozen),
            )
            for n in numbers
        ],
        bays=[
            {"id": f"b{n}", "name": f"Bay {n}", "closed": draw(st.just(()) | st.just(()) | span)}
            for n in range(1, bay_count + 1)
        ],
        calendars=[{"id": "day", "regular": draw(span), "overtime": draw(st.just(spans((0, slots))) | span)}],
        technicians=[
            {
                "id": f"t{n}",
                "name": f"T{n}",
                "skills": own.split(),
                "calendar": "day",
                "absent": draw(st.just(()) | st.just(()) | span),
            }
            for n, own in enumerate(technicians)
        ],
        weights={
            "overtime_minor_per_h": draw(st.sampled_from([0, 40, 400])),
            "move_minor": draw(st.sampled_from([0, 200])),
        },
        previous=[
            {"task": f"v-e{n}", "start": draw(st.integers(0, slots - 1)), "bay": "b1"}
            for n in numbers
            if draw(st.booleans())
        ],
    )
