"""Flights from snapshots, and what the counters stood at whenever somebody asks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.twins.evidence.brute import Known, columns, flown_by
from tests.twins.evidence.test_states import SPAN, TINY, F, apart
from twins.evidence.domain.flights import BASE, counter_readings, flights_of
from twins.evidence.domain.items import HOUR_MS, Flights, Rule

RULE = Rule()
Row = tuple[int, ...]


def snapshots(*rows: tuple[int, int, int]) -> Flights:
    """Asset, hour and hour of receipt of snapshots."""
    asset, at, received = np.array(rows, np.int64).reshape(-1, 3).T
    return Flights(asset, at * HOUR_MS, received * HOUR_MS)


def flown(found: Flights) -> list[Row]:
    return list(
        zip(found.asset.tolist(), (found.at // HOUR_MS).tolist(), (found.received // HOUR_MS).tolist(), strict=True)
    )


def counted(*rows: tuple[int, int, int], span: tuple[int, int]) -> list[Row]:
    """Asset, hour of the reading, flights and hour of receipt."""
    found = counter_readings(flights_of(snapshots(*rows), RULE), RULE, (span[0] * HOUR_MS, span[1] * HOUR_MS))
    table = np.stack([found.asset, found.at // HOUR_MS, found.flown, found.received // HOUR_MS], axis=1)
    return [tuple(row) for row in table.tolist()]


def test_each_snapshot_is_a_flight() -> None:
    assert flown(flights_of(snapshots((0, 14, 15), (1, 6, 9), (0, 6, 7)), RULE)) == [(0, 6, 7), (0, 14, 15), (1, 6, 9)]
    assert flown(flights_of(snapshots(), RULE)) == []


def test_snapshots_within_a_flight_are_of_that_flight() -> None:
    close = snapshots((0, 6, 9), (0, 7, 3), (0, 9, 8), (0, 10, 11), (0, 13, 12), (0, 6, 9))
    assert flown(flights_of(close, RULE)) == [(0, 6, 3), (0, 10, 11)]


def test_of_many_snapshots_within_each_other_only_those_after_a_landing_begin_a_flight() -> None:
    hours = [0, 0, 1, 3, 4, 4, 5, 7, 8, 9, 12, 30, 31, 33, 34]
    found = flights_of(snapshots(*((asset, hour, hour + 50) for asset in (0, 1) for hour in hours)), RULE)
    assert flown(found) == [(asset, hour, hour + 50) for asset in (0, 1) for hour in (0, 4, 8, 12, 30, 34)]


def test_assets_in_order_and_late_ones_are_counted_alike() -> None:
    early = [(0, 6, 6), (0, 14, 14), (0, 30, 30)]
    late = [(1, 6, 6), (1, 14, 90), (1, 30, 30)]
    both = sorted(counted(*early, *late, span=(20, 48)))
    assert both == sorted(counted(*early, span=(20, 48)) + counted(*late, span=(20, 48)))
    assert both == [(0, 20, 2, 14), (0, 34, 3, 30), (1, 20, 1, 6), (1, 20, 2, 90), (1, 34, 2, 30), (1, 34, 3, 90)]


def test_a_counter_stands_at_what_was_flown_when_each_flight_landed() -> None:
    rows = [(0, 6, 6), (0, 14, 14), (0, 30, 30), (0, 40, 40)]
    assert counted(*rows, span=(20, 48)) == [(0, 20, 2, 14), (0, 34, 3, 30), (0, 44, 4, 40)]


def test_a_landing_belongs_to_the_span_it_ends() -> None:
    rows = [(0, 6, 6), (0, 16, 16), (0, 22, 22)]
    assert counted(*rows, span=(0, 20)) == [(0, 0, 0, 6), (0, 10, 1, 6), (0, 20, 2, 16)]
    assert counted(*rows, span=(20, 40)) == [(0, 20, 2, 16), (0, 26, 3, 22)]
    assert counted(*rows, span=(26, 40)) == [(0, 26, 3, 22)]


def test_the_first_flight_counts_from_nought() -> None:
    assert counted((0, 30, 31), span=(20, 48)) == [(0, 20, 0, 31), (0, 34, 1, 31)]
    assert counted(span=(20, 48)) == []


def test_a_flight_that_comes_in_late_moves_the_counter_from_then_on() -> None:
    rows = [(0, 30, 31), (0, 40, 41), (0, 6, 100), (0, 35, 200)]
    assert counted(*rows, span=(20, 48)) == [
        (0, 20, 0, 31), (0, 20, 1, 100),
        (0, 39, 3, 200),
        (0, 34, 1, 31), (0, 34, 2, 100),
        (0, 44, 2, 41), (0, 44, 3, 100), (0, 44, 4, 200),
    ]  # fmt: skip


def test_the_ids_of_flights() -> None:
    found = counter_readings(flights_of(snapshots((0, 6, 6), (0, 30, 30)), RULE), RULE, (20 * HOUR_MS, 48 * HOUR_MS))
    assert found.take_off.tolist() == [BASE, 30 * HOUR_MS]


def histories() -> st.SearchStrategy[list[Known]]:
    flights = st.builds(
        Known, at=st.integers(0, 130), kind=st.just(F), received=st.integers(0, 40).map(lambda r: r * 5)
    )
    some = st.lists(flights, max_size=14).map(apart)
    return st.one_of(some, some.map(known_in_order))


def known_in_order(history: list[Known]) -> list[Known]:
    """The same flights, each known no earlier than the one before it."""
    received = sorted(one.received for one in history)
    return [one._replace(received=when) for one, when in zip(history, received, strict=True)]


@given(st.lists(histories(), min_size=1, max_size=3), st.integers(20, 200))
def test_the_counters_known_at_a_moment(assets: list[list[Known]], cutoff: int) -> None:
    """A volume is what the readings rise by, so they rise by exactly what was known to be flown in the span."""
    found = counter_readings(flights_of(columns(assets)[0], TINY), TINY, SPAN)
    rows = list(zip(*(one.tolist() for one in (found.asset, found.at, found.flown, found.received)), strict=True))
    for number, asset in enumerate(assets):
        known = [one for one in asset if one.received <= cutoff]
        seen: dict[int, tuple[int, int]] = {}
        for owner, at, value, received in rows:
            if owner == number and received <= cutoff:
                seen[at] = max(seen.get(at, (-1, -1)), (received, value))
        values = [value for at, (_, value) in sorted(seen.items())]
        landed = [flown_by(known, at, TINY) for at in range(SPAN[0], SPAN[1] + 1)]
        assert (values[-1] - values[0] if values else 0) == landed[-1] - landed[0]
        assert values == sorted(values)


@given(st.data(), histories())
def test_order_and_repetition_do_not_matter(data: st.DataObject, history: list[Known]) -> None:
    again = data.draw(st.lists(st.sampled_from(history), max_size=4)) if history else []
    mixed = data.draw(st.permutations([*history, *again]))
    one, other = (flights_of(columns([known])[0], TINY) for known in (history, mixed))
    assert [one.at.tolist(), one.received.tolist()] == [other.at.tolist(), other.received.tolist()]


@given(st.lists(st.integers(0, 200), max_size=40))
def test_hours_flown_never_exceed_hours_passed(taken: list[int]) -> None:
    at = np.array(taken, np.int64)
    found = flights_of(Flights(np.zeros_like(at), at, at), TINY)
    assert (np.diff(found.at) >= TINY.flight_ms).all()
    assert set(found.at.tolist()) <= set(taken)
