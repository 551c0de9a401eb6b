"""What was known at any moment can be read from the reports of later."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.twins.evidence.brute import Known, as_seen, columns, state_at
from tests.twins.evidence.test_states import SPAN, TINY, F, apart
from twins.evidence.domain.items import HOUR_MS, Item, Rule
from twins.evidence.domain.knowledge import reports
from twins.evidence.domain.states import STATES

FAILED, RETURNED, IN, OUT, RETIRED = Item.FAILED, Item.RETURNED, Item.SHOP_IN, Item.SHOP_OUT, Item.RETIRED
Told = list[tuple[float, float, str, float]]


def told(*items: tuple[float, Item, float], span: tuple[int, int] = (0, 240)) -> Told:
    """Hours from, hours to, state and hour of receipt of the reports of one asset."""
    known = [Known(int(at * HOUR_MS), kind, int(received * HOUR_MS)) for at, kind, received in items]
    found = reports(*columns([known]), Rule(), (span[0] * HOUR_MS, span[1] * HOUR_MS), 1)
    columns_ = [found.start / HOUR_MS, found.end / HOUR_MS, found.state, found.received / HOUR_MS]
    rows = zip(*(column.tolist() for column in columns_), strict=True)
    return [(start, end, STATES[state].value, received) for start, end, state, received in rows]


def test_flights_that_come_in_one_by_one_each_report_what_they_add() -> None:
    assert told((6, F, 7), (14, F, 15), (30, F, 31)) == [
        (6, 10, "up", 7),
        (10, 18, "up", 15),
        (18, 34, "up", 31),
    ]


def test_flights_that_come_in_together_are_one_report() -> None:
    assert told((6, F, 100), (14, F, 100), (30, F, 100)) == [(6, 34, "up", 100)]


def test_a_late_failure_overrides_and_leaves_what_was_known_before() -> None:
    assert told((6, F, 7), (30, F, 31), (20, FAILED, 500)) == [
        (6, 10, "up", 7),
        (10, 34, "up", 31),
        (20, 30, "down", 500),
        (30, 34, "unknown", 500),
        (34, 240, "down", 500),
    ]


def test_what_was_known_at_the_start_is_one_report() -> None:
    flights = [(at, F, at + 1) for at in range(0, 96, 8)]
    assert told(*flights, span=(50, 80)) == [(50, 52, "up", 49), (52, 60, "up", 57), (60, 68, "up", 65),
                                              (68, 76, "up", 73), (76, 80, "up", 81)]  # fmt: skip


def test_nothing_known_reports_nothing() -> None:
    assert told() == []
    assert reports(*columns([[], []]), Rule(), (0, 1), 2).asset.tolist() == []


def histories() -> st.SearchStrategy[list[Known]]:
    kinds = st.sampled_from([F, F, F, F, FAILED, RETURNED, IN, OUT, RETIRED])
    items = st.builds(Known, at=st.integers(0, 130), kind=kinds, received=st.integers(0, 9).map(lambda one: one * 15))
    return st.lists(items, max_size=14).map(apart)


@given(st.lists(histories(), min_size=1, max_size=3))
@example(
    [[Known(0, F, 0), Known(12, F, 30), Known(9, OUT, 120), Known(93, F, 60), Known(91, F, 90), Known(100, IN, 0)]]
)
@pytest.mark.parametrize("cutoff", [20, 45, 60, 135])
def test_each_moment_is_seen_as_it_was_known(cutoff: int, assets: list[list[Known]]) -> None:
    found = reports(*columns(assets), TINY, SPAN, len(assets))
    rows = list(
        zip(*(one.tolist() for one in (found.asset, found.start, found.end, found.state, found.received)), strict=True)
    )
    for number, asset in enumerate(assets):
        mine = [
            (start, end, STATES[state].value, received)
            for owner, start, end, state, received in rows
            if owner == number
        ]
        known = [one for one in asset if one.received <= cutoff]
        assert [as_seen(mine, at, cutoff) for at in range(*SPAN)] == [
            state_at(known, at, TINY)[0] for at in range(*SPAN)
        ]


@given(histories())
def test_no_report_says_what_was_known_already(history: list[Known]) -> None:
    found = reports(*columns([history]), TINY, SPAN, 1)
    rows = list(zip(*(one.tolist() for one in (found.start, found.end, found.state, found.received)), strict=True))
    assert len({(start, received) for start, _, _, received in rows}) == len(rows)
    for start, end, state, received in rows:
        mine = [(a, b, STATES[c].value, r) for a, b, c, r in rows]
        assert all(as_seen(mine, at, received - 1) != STATES[state].value for at in range(start, end))
