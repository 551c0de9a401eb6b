"""Who works on which visit: people by name, as steady as can be, with no more overtime than the evaluator counts.

A bipartite matching for each stretch of slots in which nothing changes (augmenting paths; Kuhn, "The Hungarian method
for the assignment problem", Naval Research Logistics 2, 1955). People matched once stay matched while others are added,
so regular people first, then people in overtime, calls in the fewest of the latter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.maintenance.domain.evaluator import Evaluator, Placement
from analytics.maintenance.domain.plan import CrewSpan

_Post = tuple[int, str, int]
"""A visit's place in the list, a skill, and a number from 0 for each person it needs of it."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Slots from ``start`` to ``end`` with the same visits at work and the same people on duty."""

    start: int
    end: int
    working: tuple[int, ...]
    regular: tuple[int, ...]
    overtime: tuple[int, ...]


def roster(evaluator: Evaluator, schedule: Sequence[Placement]) -> list[tuple[CrewSpan, ...]]:
    """The people on each visit of a feasible schedule, in its order; spans sorted by start, then technician."""
    problem = evaluator.problem
    skills = [frozenset(person.skills) for person in problem.technicians]
    needs = [problem.tasks[evaluator.task_index[one.task]].needs for one in schedule]
    last: dict[_Post, int] = {}
    spans: list[dict[tuple[str, str, bool], list[tuple[int, int]]]] = [{} for _ in schedule]
    for stretch in _stretches(evaluator, schedule):
        posts = [(at, need.skill, n) for at in stretch.working for need in needs[at] for n in range(need.count)]
        for post, person in sorted(_match(posts, stretch, last, skills).items()):
            last[post] = person
            key = (problem.technicians[person].id, post[1], person in stretch.overtime)
            _extend(spans[post[0]].setdefault(key, []), stretch)
    return [
        tuple(
            CrewSpan(technician=key[0], skill=key[1], start_slot=start, end_slot=end, overtime=key[2])
            for (start, end), key in sorted((span, key) for key, own in visit.items() for span in own)
        )
        for visit in spans
    ]


def _stretches(evaluator: Evaluator, schedule: Sequence[Placement]) -> Iterator[_Stretch]:
    crew = evaluator.workshop.crew
    working = np.zeros((len(schedule), crew.slots), dtype=np.bool_)
    for row, placement in enumerate(schedule):
        span = slice(*evaluator.span_of(placement))
        kind = evaluator.workshop.tables[evaluator.task_index[placement.task]].kind
        working[row, span] = kind.workable[int(placement.overtime), span]
    state = np.vstack([working, crew.on_regular, crew.on_overtime])
    edges = np.flatnonzero((state[:, 1:] != state[:, :-1]).any(axis=0)) + 1
    starts = [0, *edges.tolist()]
    for start, end in zip(starts, [*starts[1:], crew.slots], strict=True):
        at_work = tuple(np.flatnonzero(working[:, start]).tolist())
        if at_work:
            yield _Stretch(
                start,
                end,
                at_work,
                tuple(np.flatnonzero(crew.on_regular[:, start]).tolist()),
                tuple(np.flatnonzero(crew.on_overtime[:, start]).tolist()),
            )


def _match(
    posts: Sequence[_Post], stretch: _Stretch, last: Mapping[_Post, int], skills: Sequence[frozenset[str]]
) -> dict[_Post, int]:
    """A person for each post: those who were there before if they can stay, regular people before overtime."""
    holder: dict[int, _Post] = {}
    held: set[_Post] = set()
    for duty in (stretch.regular, (*stretch.regular, *stretch.overtime)):
        for post in posts:
            before = last.get(post)
            if before in duty and before not in holder and post not in held:
                holder[before] = post
                held.add(post)
        for post in posts:
            if post not in held and _augment(post, duty, skills, holder, set()):
                held.add(post)
    return {post: person for person, post in holder.items()}


def _augment(
    post: _Post, duty: Sequence[int], skills: Sequence[frozenset[str]], holder: dict[int, _Post], seen: set[int]
) -> bool:
    """Find somebody for a post, moving others on where that frees somebody."""
    able = [person for person in duty if post[1] in skills[person] and person not in seen]
    free = next((person for person in able if person not in holder), None)
    if free is not None:
        holder[free] = post
        return True
    for person in able:
        if person not in seen:
            seen.add(person)
            if _augment(holder[person], duty, skills, holder, seen):
                holder[person] = post
                return True
    return False


def _extend(spans: list[tuple[int, int]], stretch: _Stretch) -> None:
    if spans and spans[-1][1] == stretch.start:
        spans[-1] = (spans[-1][0], stretch.end)
    else:
        spans.append((stretch.start, stretch.end))
