"""From reports to states over time, and from states to the outages and the gaps a contract speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter, le, lt
from typing import NamedTuple

from billing.contracts.domain import GapRule, OutageRule, State
from billing.outcomes.domain.document import AssetEvidence, StateReport
from billing.outcomes.domain.spans import overlay
from tenants.kernel.calendars import Span

Stretch = tuple[int, int, State, int | None]
"""Start, end, the state between, and when the report that says so was received (None: it is the initial state).

A report that nothing lies over is one as it stands.
"""

Run = tuple[int, int, State]
"""Start, end, and the one state between, which is another before and after."""

_SEVERITY = {"up": 0, "unknown": 1, "down": 2}
_START, _END = itemgetter(0), itemgetter(1)


class Outage(NamedTuple):
    """Unbroken down time; it counts until ``counted_end``, which is its start when it is dropped."""

    start: int
    end: int
    counted_end: int


class Gap(NamedTuple):
    """Unbroken unknown time; it counts as ``before`` until ``turn`` and as ``then`` after.

    ``before`` and ``then`` are ``unknown`` where the time is excluded.
    """

    start: int
    end: int
    before: State
    turn: int
    then: State


def observe(evidence: AssetEvidence, period: Span) -> tuple[Stretch, ...]:
    """The states of an asset over the period and as far beyond it as reports reach, without a hole.

    Where reports overlap the one received last is seen. Of reports received at the same moment it is the one that
    starts later, then the one that ends earlier, then the graver state: the order of a list never matters.
    """
    seen, starts, ends = _seen(evidence.states)
    start = min([period[0], *starts[:1]])
    end = max([period[1], *ends[-1:]])
    reached, begun = [start, *ends], [*starts, end]
    if reached == begun:  # no hole, as is usual
        return tuple(seen)
    holes: list[Stretch] = [
        (left, right, evidence.initial, None) for left, right in zip(reached, begun, strict=True) if left < right
    ]
    return tuple(sorted(seen + holes, key=itemgetter(0)))


def _seen(reports: Sequence[StateReport]) -> tuple[list[Stretch], list[int], list[int]]:
    """What is seen of reports, in the order of time, with its starts and its ends.

    Which report lies over which is asked only where they do not follow each other already, as most do.
    """
    starts, ends = list(map(_START, reports)), list(map(_END, reports))
    if all(map(lt, starts, ends)) and all(map(le, ends, starts[1:])):
        return list(reports), starts, ends
    layers = [(one.start, one.end, one) for one in sorted(reports, key=_precedence)]
    seen: list[Stretch] = [(start, end, one.state, one.received) for start, end, one in overlay(layers)]
    return seen, [one[0] for one in seen], [one[1] for one in seen]


def _precedence(report: StateReport) -> tuple[int, int, int, int]:
    return (report.received, report.start, -report.end, _SEVERITY[report.state])


def stitch(stretches: Iterable[Stretch]) -> list[Run]:
    """Neighbours in the same state become one; who reported them does not matter any more."""
    alike = ((state, list(group)) for state, group in groupby(stretches, itemgetter(2)))
    return [(group[0][0], group[-1][1], state) for state, group in alike]


def outages(runs: Sequence[Run], rule: OutageRule) -> tuple[Outage, ...]:
    """Every outage whole, also beyond the period, calendar and exclusions, and how much of it counts."""
    return tuple(Outage(start, end, _counted_end(start, end, rule)) for start, end, state in runs if state == "down")


def _counted_end(start: int, end: int, rule: OutageRule) -> int:
    if end - start < rule.minimum:
        return start
    return end - (end - start) % rule.quantum if rule.quantum else end


def gaps(runs: Sequence[Run], rule: GapRule) -> tuple[Gap, ...]:
    """Every gap whole, and what it counts as; a state is carried from its start for as long as the rule says.

    The state carried is the last one known, also when its outage is dropped or cut. Where none is known yet there is
    nothing to carry.
    """
    found: list[Gap] = []
    before: State = "unknown"
    for start, end, state in runs:
        if state == "unknown":
            found.append(_gap(start, end, before, rule))
        before = state
    return tuple(found)


def _gap(start: int, end: int, before: State, rule: GapRule) -> Gap:
    if rule.policy == "exclude":
        return Gap(start, end, "unknown", end, "unknown")
    if rule.policy == "carry_forward":
        turn = start if before == "unknown" else min(end, start + rule.carry)
        return Gap(start, end, before, turn, rule.then)
    state: State = "up" if rule.policy == "as_up" else "down"
    return Gap(start, end, state, end, state)
