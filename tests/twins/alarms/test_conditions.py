from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twins.alarms.reference import Slow
from twins.alarms.domain.conditions import (
    MEMORY,
    Batch,
    Kind,
    Points,
    due,
    evaluate,
    fresh_memory,
    nothing_read,
)

S = 1_000_000


@dataclass
class Condition:
    kind: Kind = Kind.ABOVE
    limit: float = 10.0
    deadband: float = 0.0
    on_delay: int = 0
    off_delay: int = 0
    window: int = 1


def points(*conditions: Condition) -> Points:
    def column(name: str, kind: type) -> np.ndarray:
        return np.array([getattr(one, name) for one in conditions], kind)

    return Points(
        column("kind", np.int64), column("limit", np.float64), column("deadband", np.float64),
        column("on_delay", np.int64), column("off_delay", np.int64), column("window", np.int64),
    )  # fmt: skip


def batch(*rows: tuple[int, int, float]) -> Batch:
    ordered = sorted(rows)
    return Batch(
        np.array([row[0] for row in ordered], np.int64), np.array([row[1] for row in ordered], np.int64),
        np.array([row[2] for row in ordered], np.float64),
    )  # fmt: skip


def told(condition: Condition, *steps: list[tuple[int, float]] | int) -> list[tuple[int, bool]]:
    """What changes over batches of readings and ticks of the clock."""
    held, memory, found = points(condition), fresh_memory(1, 0), []
    for step in steps:
        read, horizon = (nothing_read(), step) if isinstance(step, int) else (batch(*((0, *one) for one in step)), 0)
        changes, memory = evaluate(held, memory, read, horizon)
        found += list(zip(changes.at.tolist(), changes.active.tolist(), strict=True))
    return found


def test_a_limit_that_is_passed_and_left_tells_both_at_the_readings() -> None:
    assert told(Condition(), [(1 * S, 9.0), (2 * S, 11.0), (3 * S, 11.5), (4 * S, 10.0)]) == [
        (2 * S, True), (4 * S, False),
    ]  # fmt: skip


def test_a_value_on_the_limit_has_not_passed_it() -> None:
    assert told(Condition(), [(S, 10.0)]) == []
    assert told(Condition(kind=Kind.BELOW), [(S, 10.0)]) == []


def test_nothing_chatters_within_the_deadband() -> None:
    values = [(n * S, 10.5 if n % 2 else 8.5) for n in range(1, 40)]
    assert told(Condition(deadband=2.0), values) == [(S, True)]
    assert told(Condition(deadband=2.0), [*values, (40 * S, 8.0)]) == [(S, True), (40 * S, False)]


def test_a_low_limit_is_the_mirror_of_a_high_one() -> None:
    low = Condition(kind=Kind.BELOW, deadband=1.0)
    assert told(low, [(1 * S, 9.0), (2 * S, 10.5), (3 * S, 11.0)]) == [(S, True), (3 * S, False)]


def test_an_on_delay_is_over_at_its_instant_though_the_next_reading_is_later() -> None:
    slow = Condition(on_delay=30 * S)
    assert told(slow, [(1 * S, 11.0), (100 * S, 12.0)]) == [(31 * S, True)]
    assert told(slow, [(1 * S, 11.0), (31 * S, 9.0)]) == []
    assert told(slow, [(1 * S, 11.0), (31 * S, 12.0)]) == [(31 * S, True)]


def test_an_on_delay_is_over_without_any_reading() -> None:
    slow = Condition(on_delay=30 * S)
    assert told(slow, [(1 * S, 11.0)], 30 * S) == []
    assert told(slow, [(1 * S, 11.0)], 31 * S) == [(31 * S, True)]
    assert told(slow, [(1 * S, 11.0)], 500 * S) == [(31 * S, True)]


def test_an_off_delay_bridges_short_returns() -> None:
    held = Condition(off_delay=10 * S)
    read = [(1 * S, 11.0), (5 * S, 9.0), (9 * S, 11.0), (20 * S, 9.0)]
    assert told(held, read) == [(S, True)]
    assert told(held, read, 30 * S) == [(S, True), (30 * S, False)]


def test_a_signal_is_stale_when_no_reading_came_for_its_patience() -> None:
    stale = Condition(kind=Kind.STALE, on_delay=60 * S)
    assert told(stale, 59 * S) == []
    assert told(stale, 60 * S) == [(60 * S, True)]
    assert told(stale, [(10 * S, 1.0), (80 * S, 2.0)]) == [(70 * S, True), (80 * S, False)]
    assert told(stale, [(10 * S, 1.0), (70 * S, 2.0)], 130 * S) == [(130 * S, True)]


def test_a_rate_is_measured_between_the_first_readings_of_spans() -> None:
    rate = Condition(kind=Kind.RISING, limit=1.0, window=10 * S)
    noisy = [(0, 0.0), (1 * S, 9.0), (10 * S, 5.0), (11 * S, 90.0), (20 * S, 25.0)]
    assert told(rate, noisy) == [(20 * S, True)]
    falling = Condition(kind=Kind.FALLING, limit=-1.0, window=10 * S)
    assert told(falling, [(at, -value) for at, value in noisy]) == [(20 * S, True)]


def test_a_value_that_is_no_number_says_nothing() -> None:
    assert told(Condition(), [(1 * S, 11.0), (2 * S, np.nan), (3 * S, 9.0)]) == [(S, True), (3 * S, False)]


def test_a_late_reading_changes_nothing() -> None:
    assert told(Condition(), [(10 * S, 9.0)], [(5 * S, 50.0)], [(20 * S, 9.0)]) == []
    assert told(Condition(), [(10 * S, 11.0)], [(5 * S, 1.0)]) == [(10 * S, True)]


def test_the_same_batch_again_changes_nothing() -> None:
    read = [(1 * S, 11.0), (2 * S, 9.0), (3 * S, 12.0)]
    once = told(Condition(), read)
    assert told(Condition(), read, read) == once


def test_what_came_to_light_after_a_delay_ran_out_counts_from_there() -> None:
    slow = Condition(on_delay=30 * S)
    # The clock told of it at 31 s; that the value was back at 20 s arrived later: told once, ended at once.
    assert told(slow, [(1 * S, 11.0)], 40 * S, [(20 * S, 9.0)]) == [(31 * S, True), (31 * S, False)]


def test_a_limit_that_was_passed_for_a_moment_before_the_last_change_is_told() -> None:
    held = Condition(off_delay=2 * S)
    # The clock ended it at 3 s; that the value was back beyond the limit at 2 s, until 3 s, arrived later.
    assert told(held, [(0, 11.0), (1 * S, 9.0)], 3 * S, [(2 * S, 11.0), (3 * S, 9.0)], 9 * S) == [
        (0, True), (3 * S, False), (3 * S, True), (5 * S, False),
    ]  # fmt: skip


def test_when_the_next_delay_runs_out() -> None:
    held = points(Condition(on_delay=30 * S), Condition(kind=Kind.STALE, on_delay=60 * S), Condition())
    memory = fresh_memory(3, 0)
    never = np.iinfo(np.int64).max
    assert due(held, memory).tolist() == [never, 60 * S, never]
    _, memory = evaluate(held, memory, batch((0, 5 * S, 11.0), (1, 7 * S, 1.0), (2, 5 * S, 11.0)), 0)
    assert due(held, memory).tolist() == [35 * S, 67 * S, never]
    _, memory = evaluate(held, memory, nothing_read(), 100 * S)
    assert due(held, memory).tolist() == [never, never, never]


def test_memory_is_what_survives() -> None:
    held, memory = points(Condition(on_delay=30 * S)), fresh_memory(1, 0)
    _, memory = evaluate(held, memory, batch((0, S, 11.0)), 0)
    again = np.frombuffer(memory.tobytes(), MEMORY)
    changes, _ = evaluate(held, again, nothing_read(), 31 * S)
    assert (changes.at.tolist(), changes.value.tolist()) == ([31 * S], [11.0])


CONDITIONS = st.sampled_from(Kind).flatmap(
    lambda kind: st.builds(
        Condition,
        kind=st.just(kind),
        limit=st.sampled_from([-1.0, 0.0, 1.0]),
        deadband=st.sampled_from([0.0, 1.0, 2.5]),
        on_delay=st.integers(1 if kind == Kind.STALE else 0, 12),
        off_delay=st.integers(0, 12),
        window=st.integers(1, 9),
    )
)
VALUES = st.sampled_from([-3.0, -2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0, float("nan")])
READ = st.dictionaries(st.integers(0, 60), VALUES, max_size=12)
STEPS = st.lists(st.one_of(st.dictionaries(st.integers(0, 3), READ, max_size=4), st.integers(0, 80)), max_size=6)


@settings(max_examples=400, deadline=None)
@given(conditions=st.lists(CONDITIONS, min_size=4, max_size=4), steps=STEPS)
def test_as_reading_by_reading(conditions: list[Condition], steps: list[dict[int, dict[int, float]] | int]) -> None:
    held, memory = points(*conditions), fresh_memory(4, 0)
    slow = [Slow(one.kind, one.limit, one.deadband, one.on_delay, one.off_delay, one.window) for one in conditions]
    found: list[list[tuple[int, bool]]] = [[], [], [], []]
    for step in steps:
        horizon = step if isinstance(step, int) else 0
        read = nothing_read()
        if not isinstance(step, int):
            rows = [(point, at, value) for point, one in step.items() for at, value in one.items()]
            read = batch(*rows) if rows else read
            for point, at, value in sorted(rows, key=lambda row: row[:2]):
                slow[point].feed(at, value)
        for one in slow:
            one.tick(horizon)
        changes, memory = evaluate(held, memory, read, horizon)
        for point, at, active in zip(changes.point, changes.at, changes.active, strict=True):
            found[int(point)].append((int(at), bool(active)))
    assert found == [one.told for one in slow]


@settings(max_examples=200, deadline=None)
@given(condition=CONDITIONS, read=READ, cut=st.integers(0, 60))
def test_batches_may_be_cut_anywhere(condition: Condition, read: dict[int, float], cut: int) -> None:
    rows = sorted(read.items())
    whole = told(condition, rows) if rows else []
    parts = [part for part in ([row for row in rows if row[0] < cut], [row for row in rows if row[0] >= cut]) if part]
    assert told(condition, *parts) == whole


@pytest.mark.parametrize("deadband", [0.5, 1.0])
@given(values=st.lists(st.floats(9.5, 10.4), max_size=30))
def test_values_within_the_deadband_never_change_anything(deadband: float, values: list[float]) -> None:
    held = Condition(limit=10.4, deadband=0.9 if deadband < 1 else deadband)
    assert told(held, [(n * S, value) for n, value in enumerate(values, 1)]) == []
