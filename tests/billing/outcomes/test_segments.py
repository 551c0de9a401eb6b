from __future__ import annotations

import pytest

from billing.contracts.domain import GapRule, OutageRule, State
from billing.outcomes.domain.document import AssetEvidence, StateReport
from billing.outcomes.domain.segments import Run, gaps, observe, outages, stitch


def runs(*reports: StateReport, initial: State = "up") -> list[Run]:
    return stitch(observe(AssetEvidence(initial=initial, states=reports), (0, 100)))


def test_the_initial_state_holds_before_between_and_after() -> None:
    found = observe(AssetEvidence(initial="up", states=(StateReport(20, 30, "down", 7),)), (0, 100))
    assert found == ((0, 20, "up", None), (20, 30, "down", 7), (30, 100, "up", None))


def test_without_reports_the_initial_state_is_all() -> None:
    assert observe(AssetEvidence(), (0, 100)) == ((0, 100, "unknown", None),)


def test_reports_reach_beyond_the_period() -> None:
    assert runs(StateReport(-50, 10, "down", 1), StateReport(90, 150, "down", 1)) == [
        (-50, 10, "down"),
        (10, 90, "up"),
        (90, 150, "down"),
    ]


def test_what_was_received_later_overrides() -> None:
    assert runs(StateReport(20, 60, "down", 1), StateReport(30, 40, "up", 2)) == [
        (0, 20, "up"),
        (20, 30, "down"),
        (30, 40, "up"),
        (40, 60, "down"),
        (60, 100, "up"),
    ]
    assert runs(StateReport(20, 60, "down", 3), StateReport(30, 40, "up", 2)) == [
        (0, 20, "up"),
        (20, 60, "down"),
        (60, 100, "up"),
    ]


@pytest.mark.parametrize(
    ("one", "other", "at_25"),
    [
        (StateReport(10, 40, "down", 1), StateReport(20, 30, "up", 1), "up"),
        (StateReport(10, 40, "down", 1), StateReport(20, 60, "up", 1), "up"),
        (StateReport(20, 40, "down", 1), StateReport(20, 30, "up", 1), "up"),
        (StateReport(20, 30, "up", 1), StateReport(20, 30, "down", 1), "down"),
        (StateReport(20, 30, "up", 1), StateReport(20, 30, "unknown", 1), "unknown"),
    ],
    ids=["inside", "starts later", "ends earlier", "graver: down", "graver: unknown"],
)
def test_received_together(one: StateReport, other: StateReport, at_25: State) -> None:
    for order in ((one, other), (other, one)):
        assert [state for start, end, state in runs(*order) if start <= 25 < end] == [at_25]


def test_an_empty_report_says_nothing() -> None:
    assert runs(StateReport(20, 20, "down", 1)) == [(0, 100, "up")]


@pytest.mark.parametrize(
    ("minimum", "quantum", "counted"),
    [(0, 0, 47), (20, 0, 47), (47, 0, 47), (48, 0, 0), (0, 10, 40), (0, 47, 47), (0, 48, 0), (47, 45, 45)],
)
def test_outages_are_dropped_or_cut_at_their_end(minimum: int, quantum: int, counted: int) -> None:
    (outage,) = outages(runs(StateReport(20, 67, "down", 1)), OutageRule(minimum, quantum))
    assert outage == (20, 67, 20 + counted)


def test_an_outage_is_whole_although_reported_in_parts_and_beyond_the_period() -> None:
    found = runs(StateReport(-30, -5, "down", 1), StateReport(-5, 4, "down", 9), StateReport(4, 6, "down", 2))
    assert outages(found, OutageRule(36, 10)) == ((-30, 6, 0),)


def test_an_outage_ends_at_a_gap() -> None:
    found = runs(StateReport(10, 20, "down", 1), StateReport(20, 30, "unknown", 1), StateReport(30, 40, "down", 1))
    assert outages(found, OutageRule(15, 0)) == ((10, 20, 10), (30, 40, 30))


def test_gap_policies() -> None:
    found = runs(StateReport(20, 60, "unknown", 1))
    assert gaps(found, GapRule("as_up")) == ((20, 60, "up", 60, "up"),)
    assert gaps(found, GapRule("as_down")) == ((20, 60, "down", 60, "down"),)
    assert gaps(found, GapRule("exclude")) == ((20, 60, "unknown", 60, "unknown"),)
    assert gaps(found, GapRule("carry_forward", 15, "down")) == ((20, 60, "up", 35, "down"),)
    assert gaps(found, GapRule("carry_forward", 99, "down")) == ((20, 60, "up", 60, "down"),)
    assert gaps(found, GapRule("carry_forward", 0, "down")) == ((20, 60, "up", 20, "down"),)


def test_each_gap_carries_the_state_before_it() -> None:
    found = runs(
        StateReport(10, 20, "unknown", 1),
        StateReport(30, 40, "down", 1),
        StateReport(40, 60, "unknown", 1),
    )
    assert gaps(found, GapRule("carry_forward", 5, "up")) == ((10, 20, "up", 15, "up"), (40, 60, "down", 45, "up"))


def test_nothing_is_carried_where_nothing_was_known() -> None:
    found = runs(StateReport(40, 100, "up", 1), initial="unknown")
    assert gaps(found, GapRule("carry_forward", 10, "down")) == ((0, 40, "unknown", 0, "down"),)


def test_a_gap_is_carried_from_its_start_before_the_period() -> None:
    found = runs(StateReport(-30, -20, "down", 1), StateReport(-20, 20, "unknown", 1))
    assert gaps(found, GapRule("carry_forward", 25, "up")) == ((-20, 20, "down", 5, "up"),)
