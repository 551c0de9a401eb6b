"""The solver's own behaviour: stopping, running out of effort, and exchanges."""

from __future__ import annotations

import threading
import time
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.maintenance.domain.bound import Kept, LagrangianBound
from analytics.maintenance.domain.engine import Control, Effort, Incumbent
from analytics.maintenance.domain.evaluator import Evaluator
from analytics.maintenance.domain.occupancy import Choice
from analytics.maintenance.domain.problem import SchedulingProblem
from analytics.maintenance.domain.search import Greedy
from analytics.maintenance.domain.solver import Model, cheapest_exchange
from tests.analytics.maintenance.builders import fleet


def pruned(source: SchedulingProblem, most: int) -> tuple[Incumbent, Kept]:
    """A greedy schedule and the most promising options beside it."""
    incumbent = Incumbent(Evaluator(source))
    Greedy().improve(incumbent, Control())
    bound = LagrangianBound(incumbent.evaluator.workshop, 0)
    bound.improve(incumbent, Control(Effort(bound_steps=200, seconds=60)))
    return incumbent, bound.kept(incumbent, most)[0]


@pytest.fixture(scope="module")
def loaded() -> tuple[Incumbent, Kept]:
    """Forty engines of three kinds in two bays at twice the flights: more than the solver can prove in a while."""
    return pruned(fleet(40, works=(20, 36, 50), cycles=4.0), 4000)


def model_of(loaded: tuple[Incumbent, Kept]) -> Model:
    incumbent, kept = loaded
    model = Model(incumbent.evaluator.workshop, kept, 0)
    model.hint(incumbent.choices)
    return model


def running() -> bool:
    return any(thread.name == "cp-sat" for thread in threading.enumerate())


def test_a_cancel_comes_back_within_three_seconds_with_what_was_found(loaded: tuple[Incumbent, Kept]) -> None:
    seen: list[list[Choice | None]] = []
    flagged: list[float] = []

    def cancelled() -> bool:
        if seen and not flagged:
            flagged.append(time.monotonic())
        return bool(seen)

    control = Control(Effort(seconds=100, solver_effort=1e6), cancelled=cancelled)
    answer = model_of(loaded).solve(control, lambda choices, _bound: seen.append(choices))
    assert time.monotonic() - flagged[0] < 3.0
    assert control.was_cancelled
    assert answer.status == "FEASIBLE"
    assert answer.choices is not None
    evaluator = loaded[0].evaluator
    first = evaluator.evaluate(evaluator.schedule_of(seen[0]))
    assert (first.breach, first.cost) == loaded[0].score  # the hint comes first
    assert not running()


def test_a_cancel_before_the_search_begins_is_not_lost(loaded: tuple[Incumbent, Kept]) -> None:
    control = Control(Effort(seconds=100, solver_effort=1e6), cancelled=lambda: True)
    began = time.monotonic()
    answer = model_of(loaded).solve(control, lambda _choices, _bound: None)
    assert time.monotonic() - began < 3.0
    assert answer.status in {"FEASIBLE", "UNKNOWN"}
    assert not running()


def test_what_the_caller_raises_ends_the_search(loaded: tuple[Incumbent, Kept]) -> None:
    def no_more(_choices: list[Choice | None], _bound: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model_of(loaded).solve(Control(Effort(seconds=100, solver_effort=1e6)), no_more)
    assert not running()


def test_callables_are_called_on_the_calling_thread(loaded: tuple[Incumbent, Kept]) -> None:
    threads: set[str] = set()

    def found(_choices: list[Choice | None], _bound: int) -> None:
        threads.add(threading.current_thread().name)

    def cancelled() -> bool:
        threads.add(threading.current_thread().name)
        return False

    model_of(loaded).solve(Control(Effort(seconds=100, solver_effort=0.2), cancelled=cancelled), found)
    assert threads == {threading.current_thread().name}


def test_without_any_effort_the_answer_is_unknown(loaded: tuple[Incumbent, Kept]) -> None:
    control = Control(Effort(seconds=100, solver_effort=1e-9))
    answer = model_of(loaded).solve(control, lambda _choices, _bound: None)
    assert (answer.status, answer.bound, answer.choices) == ("UNKNOWN", None, None)


def test_the_same_effort_gives_the_same_answer() -> None:
    small = pruned(fleet(10, days=30, works=(20, 36, 50), cycles=4.0), 600)
    effort = Effort(seconds=100, solver_effort=0.5)
    answers = [model_of(small).solve(Control(effort), lambda _choices, _bound: None) for _ in range(2)]
    assert answers[0].choices is not None
    assert answers[0] == answers[1]


COSTS = st.integers(-9, 9)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.data())
def test_exchanges_cost_the_least_there_is(takers: int, places: int, data: st.DataObject) -> None:
    def matrix(values: st.SearchStrategy[int]) -> np.ndarray:
        rows = st.lists(st.lists(values, min_size=places, max_size=places), min_size=takers, max_size=takers)
        return np.array(data.draw(rows), dtype=np.int64)

    cost, allowed = matrix(COSTS), matrix(st.integers(0, 1)).astype(bool)
    otherwise = np.array(data.draw(st.lists(COSTS, min_size=takers, max_size=takers)), dtype=np.int64)
    chosen = cheapest_exchange(cost, allowed, otherwise)
    taken = [place for place in chosen if place is not None]
    assert len(taken) == len(set(taken))
    assert all(place is None or allowed[taker, place] for taker, place in enumerate(chosen))

    def total(share: tuple[int | None, ...]) -> int:
        pairs = list(enumerate(share))
        if any(place is not None and not allowed[taker, place] for taker, place in pairs):
            return 10**6
        return sum(int(otherwise[taker] if place is None else cost[taker, place]) for taker, place in pairs)

    every = set(permutations([*range(places), *[None] * takers], takers))
    assert total(tuple(chosen)) == min(map(total, every))
