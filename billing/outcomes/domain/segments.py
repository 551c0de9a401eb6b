"""From reports to states over time, and from states to the outages and the gaps a contract speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from billing.contracts.domain import GapRule, OutageRule, State
from billing.outcomes.domain.document import AssetEvidence, StateReport
from billing.outcomes.domain.spans import overlay
from tenants.kernel.calendars import Span

Stretch = tuple[int, int, State, int | None]
"""Start, end, the state between, and when the report that says so was received (None: it is the initial state).

A plain tuple: there are a hundred for every asset and month, and these are four times as quick to make.
"""

Run = tuple[int, int, State]
"""Start, end, and the one state between, which is another before and after."""

_SEVERITY = {"up": 0, "unknown": 1, "down": 2}


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
    reports = sorted(evidence.states, key=_precedence)
    seen = overlay([(report.start, report.end, report) for report in reports])
    start = min(period[0], seen[0][0]) if seen else period[0]
    end = max(period[1], seen[-1][1]) if seen else period[1]
    stretches: list[Stretch] = []
    for left, right, report in seen:
        if start < left:
            stretches.append((start, left, evidence.initial, None))
        stretches.append((left, right, report.state, report.received))
        start = right
    if start < end:
        stretches.append((start, end, evidence.initial, None))
    return tuple(stretches)


def _precedence(report: StateReport) -> tuple[int, int, int, int]:
    return (report.received, report.start, -report.end, _SEVERITY[report.state])


def stitch(stretches: Iterable[Stretch]) -> list[Run]:
    """Neighbours in the same state become one; who reported them does not matter any more."""
    runs: list[Run] = []
    for start, end, state, _ in stretches:
        if runs and runs[-1][2] == state:
            runs[-1] = (runs[-1][0], end, state)
        else:
            runs.append((start, end, state))
    return runs


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
