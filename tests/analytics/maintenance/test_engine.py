"""Limits, progress and the incumbent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from analytics.maintenance.domain.engine import Control, Effort, Incumbent, describe
from analytics.maintenance.domain.evaluator import Evaluator
from analytics.maintenance.domain.occupancy import Choice
from analytics.maintenance.domain.problem import Deadline, SchedulingProblem
from tests.analytics.maintenance.builders import COSTS, asset, curve, problem, task


def two() -> SchedulingProblem:
    """Two engines, one bay; by itself each is best at slot 3, at 1680."""
    dear = COSTS.model_copy(update={"downtime_minor_per_h": 800})
    risk = curve(0, 0, 0, 0, 8, 8, 8, 8)
    return problem(4, [asset("a", risk, dear), asset("b", risk, dear)], [task("a"), task("b")])


def gap_of(incumbent: Incumbent) -> float | None:
    return incumbent.gap


def ticks(*seconds: float) -> Iterator[float]:
    yield from seconds


def test_time_runs_out() -> None:
    clock = ticks(100.0, 104.0, 104.0, 110.0, 111.0)
    control = Control(Effort(seconds=10), clock=lambda: next(clock))
    assert control.elapsed == 4.0
    assert not control.stop()
    assert control.stop()
    assert control.timed_out
    assert control.left == 0.0


def test_a_cancel_is_remembered_and_silences_progress() -> None:
    flag = ticks(0, 1, 0)
    told: list[float] = []
    control = Control(cancelled=lambda: bool(next(flag)), progress=lambda share, _: told.append(share))
    control.report(0.5, "half")
    assert [control.stop(), control.stop(), control.stop()] == [False, True, True]
    control.report(0.9, "late")
    assert told == [0.5]


def test_progress_never_falls() -> None:
    told: list[float] = []
    control = Control(progress=lambda share, _: told.append(share))
    for share in (0.4, 0.2, 0.7, 2.0):
        control.report(share, "")
    assert told == [0.4, 0.4, 0.7, 1.0]


def test_progress_follows_the_time_where_nothing_is_found() -> None:
    clock = ticks(0.0, 1.0, 5.0, 50.0)
    told: list[tuple[float, str]] = []
    control = Control(Effort(seconds=10), lambda *what: told.append(what), clock=lambda: next(clock))
    control.report(0.3, "searching")
    control.tick()
    control.tick()
    assert told == [(0.3, "searching"), (0.475, "searching"), (0.95, "searching")]


def test_the_incumbent_keeps_the_better_and_refuses_what_cannot_be_done() -> None:
    incumbent = Incumbent(Evaluator(two()))
    assert (incumbent.schedule, incumbent.score) == ((), (0, 2 * 2480))
    assert incumbent.offer([Choice(3, 0), None], "hand")
    assert not incumbent.offer([Choice(0, 0), None], "worse")
    assert not incumbent.offer([Choice(3, 0), Choice(3, 0)], "both at once")
    assert (incumbent.found_by, incumbent.score, incumbent.refused) == ("hand", (0, 1680 + 2480), 1)


def test_bounds_only_rise_and_never_above_the_cost() -> None:
    incumbent = Incumbent(Evaluator(two()))
    assert gap_of(incumbent) is None
    incumbent.offer([Choice(3, 0), Choice(2, 0)], "hand")
    incumbent.raise_bound(3168)
    incumbent.raise_bound(3000)
    assert (incumbent.bound, gap_of(incumbent)) == (3168, 0.1)
    assert describe(incumbent) == "Cost 35 EUR, no plan below 32 EUR (gap 10.00 %)"
    incumbent.raise_bound(9999)
    assert (incumbent.bound, gap_of(incumbent)) == (3520, 0.0)


def test_without_cost_there_is_no_gap() -> None:
    incumbent = Incumbent(Evaluator(problem(4, [], [])))
    incumbent.raise_bound(0)
    assert incumbent.gap == 0.0
    assert describe(incumbent) == "Cost 0 EUR, no plan below 0 EUR (gap 0.00 %)"


@pytest.mark.parametrize("breach", [0, 3])
def test_a_bound_says_nothing_while_wishes_may_still_be_kept(breach: int) -> None:
    source = two()
    late = source.tasks[0].model_copy(update={"deadline": Deadline(slot=4 - breach)})
    incumbent = Incumbent(Evaluator(source.model_copy(update={"tasks": (late, source.tasks[1])})))
    incumbent.offer([Choice(3, 0), Choice(2, 0)], "hand")
    incumbent.raise_bound(3000)
    assert (incumbent.gap is None) == bool(breach)
