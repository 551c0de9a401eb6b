"""Conditions told from readings, against a plain evaluator that asks for each second what was known by then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from twins.evidence.domain.conditions import Machine, Report, Sampled, reports
from twins.evidence.domain.items import Events, Item
from twins.evidence.domain.states import Cause, State
from twins.language.checking import check
from twins.language.typed import Known, Role, Sort

SECOND, PATIENCE = 1000, 30
VOCABULARY = {name: Known(Role.SIGNAL, Sort.NUMBER, "1") for name in ("fault", "speed")}
VOCABULARY["limit"] = Known(Role.PROPERTY, Sort.NUMBER, "1")
NOT_DOWN = check("not (fault > 0.5)", VOCABULARY, sort=Sort.TRUTH)
BOTH = check("fault < 0.5 and speed > limit", VOCABULARY, sort=Sort.TRUTH)
SPAN = (100 * SECOND, 200 * SECOND)
NONE = np.empty(0, np.int64)
Reading = tuple[int, float, int]
Event = tuple[int, Item, int]


def sampled(readings: Sequence[Reading], rank: Sequence[int] | None = None) -> Sampled:
    """Readings as (second, value, second received)."""
    ordered = sorted(readings)
    at, value, received = (np.array(column) for column in zip(*ordered, strict=True)) if ordered else (NONE,) * 3
    ranks = np.zeros(len(ordered), np.int16) if rank is None else np.array(rank, np.int16)
    return Sampled(
        at.astype(np.int64) * 1_000_000, value.astype(np.float64), ranks, received.astype(np.int64) * SECOND,
        PATIENCE * 1_000_000,
    )  # fmt: skip


def machine(events: Sequence[Event] = (), **signals: Sequence[Reading]) -> Machine:
    columns = np.array([(0, at * SECOND, kind, received * SECOND) for at, kind, received in events], np.int64)
    return Machine(
        {key: sampled(readings) for key, readings in signals.items()},
        {"limit": 5.0},
        Events(*columns.reshape(-1, 4).T),
    )


def told(found: Sequence[Report], by: int) -> list[State]:
    """What the reports received by a second say of each second of the span."""
    states = [State.UNKNOWN] * 100
    for one in sorted(found, key=lambda one: one.received):
        if one.received <= by * SECOND:
            for second in range(one.start // SECOND, -(-one.end // SECOND)):
                states[second - 100] = one.cause.state
    return states


def test_a_reading_holds_until_the_next_or_until_its_patience_ends() -> None:
    found, known = reports(
        machine(fault=[(90, 0, 90), (110, 1, 111), (120, 0, 121)]), NOT_DOWN, SPAN, NONE, with_events=True
    )
    assert found == [
        Report(100_000, 110_000, Cause.HOLDS, 121_000),
        Report(110_000, 120_000, Cause.HOLDS_NOT, 121_000),
        Report(120_000, 150_000, Cause.HOLDS, 121_000),
    ]
    assert known.start.tolist() == [100_000, 110_000, 120_000, 150_000]
    assert known.value.tolist() == [Cause.HOLDS, Cause.HOLDS_NOT, Cause.HOLDS, Cause.NO_READING]


def test_what_comes_after_a_cut_is_a_report_of_its_own_of_what_it_changes() -> None:
    late = machine(fault=[(90, 0, 90), (110, 0, 111), (115, 1, 400), (120, 0, 121)])
    found, _ = reports(late, NOT_DOWN, SPAN, np.array([300 * SECOND]), with_events=True)
    assert found == [
        Report(100_000, 150_000, Cause.HOLDS, 121_000),
        Report(115_000, 120_000, Cause.HOLDS_NOT, 400_000),
    ]


def test_what_people_say_goes_before_what_signals_say() -> None:
    said = [(120, Item.FAILED, 125), (140, Item.RETURNED, 145)]
    steady = [(second, 0.0, second) for second in range(90, 200, 10)]
    found, known = reports(machine(said, fault=steady), NOT_DOWN, SPAN, NONE, with_events=True)
    assert [(one.start, one.end, one.cause) for one in found] == [
        (100_000, 120_000, Cause.HOLDS), (120_000, 140_000, Cause.FAILED), (140_000, 200_000, Cause.HOLDS),
    ]  # fmt: skip
    silent, _ = reports(machine(said), NOT_DOWN, SPAN, NONE, with_events=True)
    assert [(one.start, one.end, one.cause) for one in silent] == [(120_000, 140_000, Cause.FAILED)]
    apart, _ = reports(machine(said, fault=steady), NOT_DOWN, SPAN, NONE, with_events=False)
    assert [(one.start, one.end, one.cause) for one in apart] == [(100_000, 200_000, Cause.HOLDS)]
    assert known.end[-1] == SPAN[1]


def test_a_reading_that_is_no_value_is_unknown_and_so_is_an_unusable_one() -> None:
    some = sampled([(95, 0, 95), (110, np.nan, 110), (120, 0, 120), (130, 0, 130)], rank=[0, 0, 0, 12])
    found, _ = reports(
        Machine({"fault": some}, {}, Events(*NONE.reshape(4, 0))), NOT_DOWN, SPAN, NONE, with_events=True
    )
    assert [(one.start, one.end) for one in found] == [(100_000, 110_000), (120_000, 130_000)]


def test_a_window_forgets_once_nothing_is_in_it() -> None:
    mean = check("avg(fault, 1min) < 0.5", VOCABULARY, sort=Sort.TRUTH)
    span = (0, 400 * SECOND)
    found, known = reports(machine(fault=[(0, 0, 1), (10, 0, 11)]), mean, span, NONE, with_events=True)
    assert [(one.start, one.cause) for one in found] == [(0, Cause.HOLDS)]
    assert known.value.tolist() == [Cause.HOLDS, Cause.NO_READING]
    assert known.start[1] <= 101 * SECOND


readings = st.lists(
    st.tuples(st.integers(60, 210), st.sampled_from([0.0, 1.0, 9.0, np.nan]), st.integers(60, 500)),
    max_size=12,
    unique_by=lambda one: one[0],
)
said = st.lists(
    st.tuples(
        st.integers(0, 260), st.sampled_from([Item.FAILED, Item.RETURNED, Item.SHOP_IN, Item.SHOP_OUT]),
        st.integers(60, 500),
    ),
    max_size=4, unique_by=lambda one: one[0],
)  # fmt: skip


def plainly(fault: list[Reading], speed: list[Reading], events: list[Event], second: int, by: int) -> State:
    """The state of one second by what was received by another."""
    failed = in_shop = False
    for _, kind, _ in sorted(event for event in events if event[0] <= second and event[2] <= by):
        failed = kind == Item.FAILED or (failed and kind != Item.RETURNED)
        in_shop = kind == Item.SHOP_IN or (in_shop and kind not in {Item.RETURNED, Item.SHOP_OUT})
    if failed or in_shop:
        return State.DOWN
    values = []
    for readings_of in (fault, speed):
        read = max((one for one in readings_of if one[0] <= second and one[2] <= by), default=None)
        holds = read is not None and second <= read[0] + PATIENCE
        values.append(read[1] if read is not None and holds else np.nan)
    one, other = np.nan if np.isnan(values[0]) else values[0] < 0.5, np.nan if np.isnan(values[1]) else values[1] > 5
    if one == 0 or other == 0:
        return State.DOWN
    return State.UNKNOWN if np.isnan(one) or np.isnan(other) else State.UP


@settings(max_examples=150, deadline=None)
@given(readings, readings, said, st.lists(st.integers(60, 500), max_size=4, unique=True))
def test_whoever_reads_the_reports_up_to_a_cut_sees_what_was_known_then(
    fault: list[Reading], speed: list[Reading], events: list[Event], cuts: list[int]
) -> None:
    of = machine(events, fault=fault, speed=speed)
    found, known = reports(of, BOTH, SPAN, np.array(sorted(cuts), np.int64) * SECOND, with_events=True)
    for by in [*cuts, 600]:
        seen = told(found, by)
        # A reading holds up to the end of its patience; the microsecond after, the millisecond is told as over.
        wanted = [plainly(fault, speed, events, second, by) for second in range(100, 200)]
        edges = {read[0] + PATIENCE for read in (*fault, *speed)}
        assert [s for s, w in enumerate(zip(seen, wanted, strict=True), 100) if w[0] != w[1] and s not in edges] == []
    assert (known.start[0], known.end[-1]) == SPAN
    assert (known.start[1:] == known.end[:-1]).all()


@settings(max_examples=60, deadline=None)
@given(readings, readings, said, st.permutations(range(12)))
def test_cutting_what_came_together_changes_nothing_at_the_end(
    fault: list[Reading], speed: list[Reading], events: list[Event], order: list[int]
) -> None:
    of = machine(events, fault=fault, speed=speed)
    _, one = reports(of, BOTH, SPAN, NONE, with_events=True)
    cuts = np.array(sorted(80 + 40 * place for place in order[:5]), np.int64) * SECOND
    _, other = reports(of, BOTH, SPAN, cuts, with_events=True)
    assert (one.start.tolist(), one.value.tolist()) == (other.start.tolist(), other.value.tolist())
