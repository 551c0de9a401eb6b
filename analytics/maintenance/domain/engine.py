"""What engines share: what they may spend, whom they tell, and the best schedule known, which outlives them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from analytics.maintenance.domain.evaluator import Evaluation, Evaluator, Schedule
from analytics.maintenance.domain.occupancy import Choice, Score
from analytics.maintenance.domain.wording import amount

_TIME_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Effort:
    """What a solve may spend.

    As long as ``seconds`` is not reached, the same problem and the same effort give the same plan on any machine of
    one kind: every other limit counts steps, not time.

    Attributes:
        seconds: Wall time in all; always a limit.
        workers: Threads of the solver.
        seed: Of the local search and of the solver.
        rounds: Ruin-and-recreate steps of a thorough local search.
        bound_steps: Subgradient steps of each search for a bound.
        solver_effort: Deterministic time of each run of the solver (its own unit, about a second of one core); 0 for
            no run of it.
    """

    seconds: float = 10.0
    workers: int = 2
    seed: int = 1
    rounds: int = 3000
    bound_steps: int = 3000
    solver_effort: float = 20.0


def _silent(_share: float, _message: str) -> None:
    """Tell nobody."""


def _never() -> bool:
    """Nobody cancels."""
    return False


@dataclass(slots=True)
class Control:
    """How a solve talks to whoever started it; both callables are only ever called on the thread that solves.

    Attributes:
        effort: What may be spent.
        progress: Told a share of the work (0 to 1, never falling) and a message; what it raises ends the solve.
        cancelled: Asked whether to stop; what has been found until then is kept.
        clock: Seconds that only go forward.
    """

    effort: Effort = Effort()
    progress: Callable[[float, str], None] = _silent
    cancelled: Callable[[], bool] = _never
    clock: Callable[[], float] = time.monotonic
    timed_out: bool = field(default=False, init=False)
    was_cancelled: bool = field(default=False, init=False)
    _started: float = field(default=0.0, init=False)
    _share: float = field(default=0.0, init=False)
    _message: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self._started = self.clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the solve began."""
        return self.clock() - self._started

    @property
    def left(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self.effort.seconds - self.elapsed)

    def stop(self) -> bool:
        """Whether to wind down, because of a cancel or of the time limit."""
        self.was_cancelled = self.was_cancelled or self.cancelled()
        self.timed_out = self.timed_out or self.left <= 0
        return self.was_cancelled or self.timed_out

    def report(self, share: float, message: str) -> None:
        """Tell how far the solve is, in work done or in time spent, unless it is being cancelled."""
        if not self.was_cancelled:
            spent = self.elapsed / self.effort.seconds if self.effort.seconds else 0.0
            self._share = min(1.0, max(self._share, share, _TIME_SHARE * min(1.0, spent)))
            self._message = message
            self.progress(self._share, message)

    def tick(self) -> None:
        """Tell that the solve is still alive, where nothing new has been found."""
        self.report(self._share, self._message)


class Incumbent:
    """The best schedule known and the best bound known; no engine owns it, so no engine's end loses it.

    Attributes:
        schedule: The best schedule; at first, nothing is visited.
        evaluation: What it comes to.
        choices: The choices it makes.
        bound: No schedule with as little breach costs less, in minor units; None while nothing is known.
        least_breach: No schedule breaks hard wishes by fewer slots.
        found_by: The engine it came from.
        refused: Schedules offered that could not be done.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.schedule: Schedule = ()
        self.evaluation: Evaluation = evaluator.evaluate(())
        self.choices: list[Choice | None] = [None] * len(evaluator.problem.tasks)
        self.bound: int | None = None
        self.least_breach = 0
        self.found_by = "nothing"
        self.refused = 0

    @property
    def score(self) -> Score:
        """Breach and cost of the best schedule."""
        return self.evaluation.breach, self.evaluation.cost

    def offer(self, choices: Sequence[Choice | None], found_by: str) -> bool:
        """Keep a schedule if the evaluator finds it feasible and better; returns whether it was kept."""
        schedule = self.evaluator.schedule_of(choices)
        evaluation = self.evaluator.evaluate(schedule)
        if evaluation.violations:
            self.refused += 1
            return False
        if (evaluation.breach, evaluation.cost) >= self.score:
            return False
        self.schedule, self.evaluation, self.choices = schedule, evaluation, list(choices)
        self.found_by = found_by
        return True

    def raise_bound(self, bound: int) -> None:
        """Take over a lower bound if it says more than the one known; it is valid up to the incumbent's cost."""
        bound = min(bound, self.evaluation.cost)
        self.bound = bound if self.bound is None else max(self.bound, bound)

    @property
    def gap(self) -> float | None:
        """(cost - bound) / cost, 0 when proved optimal; None without a bound or where breach may still shrink."""
        if self.bound is None or self.evaluation.breach > self.least_breach:
            return None
        cost = self.evaluation.cost
        return (cost - self.bound) / cost if cost else 0.0


class Engine(Protocol):
    """Something that improves schedules."""

    name: str

    def improve(self, incumbent: Incumbent, control: Control) -> None:
        """Offer better schedules to the incumbent, and bounds where the engine knows any, until done or stopped."""


def describe(incumbent: Incumbent) -> str:
    """Where a solve stands, for a progress bar: cost, bound and gap."""
    currency = incumbent.evaluator.problem.currency
    text = f"Cost {amount(incumbent.evaluation.cost, currency)}"
    if incumbent.gap is not None and incumbent.bound is not None:
        text += f", no plan below {amount(incumbent.bound, currency)} (gap {100 * incumbent.gap:.2f} %)"
    return text
