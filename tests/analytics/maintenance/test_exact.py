"""The exact engine against every schedule there is."""

from __future__ import annotations

from hypothesis import given, settings

from analytics.maintenance.domain.engine import Control, Effort, Incumbent
from analytics.maintenance.domain.evaluator import Evaluator
from analytics.maintenance.domain.exact import Exact
from analytics.maintenance.domain.problem import SchedulingProblem
from tests.analytics.maintenance import brute


@settings(max_examples=60, deadline=None)
@given(brute.tiny())
def test_finds_and_proves_the_best_of_all_schedules(source: SchedulingProblem) -> None:
    incumbent = Incumbent(Evaluator(source))
    engine = Exact()
    engine.improve(incumbent, Control(Effort(seconds=60)))
    assert incumbent.score == brute.best(source)
    assert incumbent.refused == 0
    assert incumbent.least_breach == incumbent.evaluation.breach
    assert incumbent.gap == 0.0
    assert incumbent.bound == incumbent.evaluation.cost
    assert set(engine.statuses) <= {"OPTIMAL"}
