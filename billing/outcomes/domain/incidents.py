"""The incidents of one asset under a clause on response or repair time, each with its clock.

Down is what counts as down: what was reported, and unknown time where the gap rule says so. An incident is down time
until the asset is up again; unknown time that does not count neither begins nor ends one. Its clock runs while the
asset is down in committed time, from the start of the period at the earliest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from billing.contracts.domain import Clause, Response
from billing.outcomes.domain.segments import Run, gaps
from billing.outcomes.domain.spans import intersect, total
from tenants.kernel.calendars import Span

Verdict = Literal["met", "missed", "open"]


class Incident(NamedTuple):
    """One incident as far as it lies in the period.

    Attributes:
        start: When it began, or the start of the period if it had begun before.
        end: When its clock stopped; None if it had not by the end of the period.
        clock: What the clock showed then, milliseconds of committed time.
        verdict: ``met`` if that is no more than was agreed; ``open`` is left for the next period and not counted.
    """

    start: int
    end: int | None
    clock: int
    verdict: Verdict


class _Trouble(NamedTuple):
    """Down time that belongs together, whole also beyond the period, and when the asset was up again."""

    down: list[Span]
    end: int


def find_incidents(
    clause: Clause, within: Response, period: Span, committed: Sequence[Span], runs: Sequence[Run], held: Sequence[Span]
) -> tuple[Incident, ...]:
    """The incidents that have down time in committed time, in the order of time.

    Args:
        clause: Its gap rule says what is down, the minimum of its outages what is too short to count.
        within: What the clock may show.
        period: ``[start, end)``, milliseconds since the epoch; what lies beyond it is looked at only for the minimum.
        committed: The committed time of the asset.
        runs: Its states, at least over the whole period.
        held: When the condition held that stops the clock; of a clause without one it is no time.
    """
    found = []
    for trouble in _troubles(runs, clause):
        counted = intersect(trouble.down, committed)
        if counted and total(trouble.down) >= clause.outages.minimum:
            found.append(_judge(trouble, counted, within.within, period, held))
    return tuple(found)


def _troubles(runs: Sequence[Run], clause: Clause) -> Iterator[_Trouble]:
    down: list[Span] = []
    reached = 0
    for start, end, state in _treated(runs, clause):
        if state == "down":
            down.append((start, end))
        elif state == "up" and down:
            yield _Trouble(down, start)
            down = []
        reached = end
    if down:
        yield _Trouble(down, reached)


def _treated(runs: Sequence[Run], clause: Clause) -> Iterator[Run]:
    """The states with unknown time as what it counts as; what is left unknown does not count."""
    missing = iter(gaps(runs, clause.gaps))
    for run in runs:
        if run[2] != "unknown":
            yield run
            continue
        start, end, before, turn, then = next(missing)
        parts: tuple[Run, ...] = ((start, turn, before), (turn, end, then))
        yield from (part for part in parts if part[0] < part[1])


def _judge(trouble: _Trouble, counted: Sequence[Span], within: int, period: Span, held: Sequence[Span]) -> Incident:
    """An incident with the moment at which its clock stops: the first at which the condition holds, or its end."""
    start, end = max(trouble.down[0][0], period[0]), min(trouble.end, period[1])
    answered = intersect(held, [(start, end)])
    stopped = answered[0][0] if answered else end if end < period[1] else None
    clock = total(counted if stopped is None else intersect(counted, [(start, stopped)]))
    verdict: Verdict = "missed" if clock > within else "open" if stopped is None else "met"
    return Incident(start, stopped, clock, verdict)
