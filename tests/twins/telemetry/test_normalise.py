"""From keys to signals: exact values, each reason to set a reading aside, and nothing lost in between."""

from __future__ import annotations

import math
from uuid import UUID

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.twins.telemetry.sample import NOW_US, bindings, bound, codes, listed, message
from twins.telemetry.glimpses import GLIMPSED, Glimpse
from twins.telemetry.lateness import by_signal
from twins.telemetry.normalise import CLOCK_TOLERANCE_US, LATE_US, LONGEST_HISTORY_US, MOST_AHEAD_US, normalise
from twins.telemetry.schemas import NO_TIME, Message, Quality

PUMP = bindings(bound("F1"), bound("P1", key="pressure", unit="bar", span=("-1", "16")))
YEAR = 366 * 86_400


def test_keys_become_signals() -> None:
    found = normalise(message(("F1", 10, 42.0), ("P1", 5, 3.5), ("F1", 0, 43.0)), PUMP, now_us=NOW_US)
    assert listed(found.readings) == [(1, 10.0, 42.0), (2, 5.0, 3.5), (1, 0.0, 43.0)]
    assert found.aside == ()
    assert found.set_aside == 0
    assert found.unbound == {}


def test_scale_offset_and_units_are_applied_once() -> None:
    exact = bindings(
        bound("raw", scale="0.1", offset="-5", span=None),
        bound("t", key="temperature", unit="Cel", sent_unit="[degF]", span=None),
        bound("mv", key="level", unit="m", sent_unit="cm", scale="2", offset="50", span=None),
    )
    found = normalise(
        message(("raw", 1, 250.0), ("t", 1, 212.0), ("t", 1, -40.0), ("mv", 1, 100.0)), exact, now_us=NOW_US
    )
    assert [value for _, _, value in listed(found.readings)] == [20.0, 100.0, -40.0, 2.5]


def test_a_signal_keeps_the_unit_that_it_was_stored_in() -> None:
    later = bindings(bound("P1", key="pressure", unit="kPa", span=("0", "1600")), units={"pressure": "bar"})
    found = normalise(message(("P1", 1, 250.0), ("P1", 2, 1601.0)), later, now_us=NOW_US)
    assert [value for _, _, value in listed(found.readings)] == [2.5, 16.01]
    assert found.readings.quality.tolist() == [Quality.GOOD, Quality.OUT_OF_RANGE]
    assert normalise(message(("x", 1, 1.0)), bindings(bound("x", unit="s"), units={"flow": "m"}), now_us=NOW_US).unbound


def test_one_key_may_lead_to_several_signals() -> None:
    twice = bindings(bound("F1"), bound("F1", asset=11, span=("0", "50")), bound("F2", asset=12))
    found = normalise(message(("F1", 2, 60.0), ("F2", 1, 7.0), ("F1", 0, 40.0)), twice, now_us=NOW_US)
    assert listed(found.readings) == [(1, 2.0, 60.0), (2, 2.0, 60.0), (3, 1.0, 7.0), (1, 0.0, 40.0), (2, 0.0, 40.0)]
    assert found.readings.quality.tolist() == [0, Quality.OUT_OF_RANGE, 0, 0, 0]


def test_a_key_of_another_gateway_is_none_of_ours() -> None:
    theirs = bindings(bound("F1", gateway=UUID(int=99)))
    found = normalise(message(("F1", 3, 1.0), ("F1", 1, 2.0)), theirs, now_us=NOW_US)
    assert found.readings.size == 0
    assert codes(found.aside) == [("F1", "key.unbound", 2)]
    sent = ((NOW_US - 3_000_000, 1.0), (NOW_US - 1_000_000, 2.0))
    assert found.unbound == {"F1": Glimpse(sent, 2, 1.0, 2.0)}


def test_the_range_is_inclusive() -> None:
    values = [-0.0000001, 0.0, 100.0, 100.0000001]
    found = normalise(message(*(("F1", 1, value) for value in values)), PUMP, now_us=NOW_US)
    assert [value for _, _, value in listed(found.readings)] == values
    assert found.readings.quality.tolist() == [Quality.OUT_OF_RANGE, 0, 0, Quality.OUT_OF_RANGE]
    assert found.aside == ()


def test_what_the_gateway_calls_bad_stays_bad_also_outside_the_range() -> None:
    sent = message(("F1", 1, 200.0), ("F1", 1, 200.0), ("F1", 1, 50.0))
    sent.quality[:] = [Quality.BAD, Quality.UNCERTAIN, Quality.BAD]
    found = normalise(sent, PUMP, now_us=NOW_US)
    assert found.readings.quality.tolist() == [Quality.BAD, Quality.OUT_OF_RANGE, Quality.BAD]
    assert sent.quality.tolist() == [Quality.BAD, Quality.UNCERTAIN, Quality.BAD]


def test_what_is_not_finite_is_set_aside() -> None:
    found = normalise(message(("F1", 1, math.nan), ("F1", 1, math.inf), ("F1", 1, 5.0)), PUMP, now_us=NOW_US)
    assert listed(found.readings) == [(1, 1.0, 5.0)]
    assert codes(found.aside) == [("F1", "reading.not_finite", 2)]
    assert found.aside[0].excerpt == "nan"
    overflow = bindings(bound("x", scale="1e300", span=("0", "100")))
    (aside,) = normalise(message(("x", 1, 1e300)), overflow, now_us=NOW_US).aside
    assert (aside.key, aside.code, aside.value.tolist()) == ("x", "reading.not_finite", [1e300])
    assert aside.message == "in the unit of its signal its value is beyond all numbers"


def test_the_clock_may_be_a_little_ahead_and_history_is_long_but_not_endless() -> None:
    ahead, old = CLOCK_TOLERANCE_US // 1_000_000, LONGEST_HISTORY_US // 1_000_000
    sent = message(("F1", -ahead, 1.0), ("F1", -ahead - 1, 2.0), ("F1", old, 3.0), ("F1", old + 1, 4.0))
    found = normalise(sent, PUMP, now_us=NOW_US)
    assert [value for _, _, value in listed(found.readings)] == [1.0, 3.0]
    assert codes(found.aside) == [("F1", "reading.in_future", 1), ("F1", "reading.too_old", 1)]
    assert found.aside[1].message == "its time is before 2005-12-31"


def test_the_first_reason_is_the_one_that_counts() -> None:
    sent = message(("nobody's", -10_000, math.nan), ("F1", -10_000, math.nan), ("F1", -10_000, 1e9))
    found = normalise(sent, PUMP, now_us=NOW_US)
    assert codes(found.aside) == [
        ("nobody's", "key.unbound", 1),
        ("F1", "reading.not_finite", 1),
        ("F1", "reading.in_future", 1),
    ]
    assert found.unbound == {}


def test_what_comes_late_is_counted_by_signal() -> None:
    late = LATE_US // 1_000_000
    sent = message(("F1", late + 5, 1.0), ("F1", late, 1.0), ("P1", late + 1, 1.0), ("F1", late + 1, 500.0))
    found = normalise(sent, PUMP, now_us=NOW_US)
    came = found.readings.signal[found.late], NOW_US - found.readings.at[found.late]
    signals, _, count, worst = by_signal(*came)
    oldest = zip(count.tolist(), (NOW_US - worst).tolist(), strict=True)
    assert dict(zip(signals.tolist(), oldest, strict=True)) == {
        1: (2, NOW_US - LATE_US - 5_000_000),
        2: (1, NOW_US - LATE_US - 1_000_000),
    }
    assert normalise(message(("F1", late, 1.0)), PUMP, now_us=NOW_US).late.size == 0


def test_the_newest_instant_tells_how_a_clock_stands_also_when_it_is_set_aside() -> None:
    hour = 3600
    found = normalise(message(("F1", -hour, 1.0), ("F1", -50 * hour, 1.0), ("F1", 10, 1.0)), PUMP, now_us=NOW_US)
    assert found.newest == NOW_US + hour * 1_000_000
    assert codes(found.aside) == [("F1", "reading.in_future", 2)]
    beyond = MOST_AHEAD_US // 1_000_000 + 1
    assert normalise(message(("F1", -beyond, 1.0)), PUMP, now_us=NOW_US).newest == NO_TIME
    assert normalise(message(), PUMP, now_us=NOW_US).newest == NO_TIME


def test_an_empty_message() -> None:
    found = normalise(message(), PUMP, now_us=NOW_US)
    assert found.readings.size == 0
    assert found.aside == ()


def test_twenty_thousand_unknown_keys_take_no_time_to_speak_of() -> None:
    count = 20_000
    keys, at = [f"k{number}" for number in range(count)], np.full(count, NOW_US)
    found = normalise(
        Message("b", keys, np.arange(count), at, np.ones(count), np.zeros(count, np.int16)), PUMP, now_us=NOW_US
    )
    assert len(found.aside) == len(found.unbound) == count


def test_of_a_key_that_nothing_reads_the_newest_are_kept_and_all_counted() -> None:
    sent = [("T", second, float(second)) for second in (*range(40, 0, -1), 41)]
    (glimpse,) = normalise(message(*sent), PUMP, now_us=NOW_US).unbound.values()
    assert (glimpse.count, glimpse.low, glimpse.high) == (41, 1.0, 41.0)
    assert [value for _, value in glimpse.newest] == [float(second) for second in range(GLIMPSED, 0, -1)]
    both = glimpse.and_then(Glimpse(((NOW_US, -7.0),), 1, -7.0, -7.0))
    assert (both.count, both.low, both.high, len(both.newest)) == (42, -7.0, 41.0, GLIMPSED)
    assert both.newest[-1] == (NOW_US, -7.0)


def test_an_expression_takes_the_place_of_scale_and_offset() -> None:
    exact = bindings(
        bound("ma", key="pressure", unit="bar", expression="(value - 4) / 16 * 10", span=None),
        bound("kpa", key="oil", unit="bar", expression="(value - 4) * 100", sent_unit="kPa", span=None),
        bound("unit", key="temperature", unit="Cel", expression="value * 1 K", span=None),
        bound("root", expression="if value > 0 then sqrt(value) * 10 else 0", span=("0", "50")),
        bound("plain", key="level", span=None, scale="2"),
        bound("too", key="gas", unit="bar", expression="(value - 4) / 16 * 10", span=None),
    )
    assert (len(exact.formulas), exact.is_plain) == (4, False)
    sent = message(
        ("ma", 1, 12.0), ("kpa", 1, 6.0), ("unit", 1, 300.15), ("root", 1, 16.0), ("plain", 1, 3.0), ("root", 1, -1.0),
        ("root", 1, 36.0), ("too", 1, 20.0),
    )  # fmt: skip
    found = normalise(sent, exact, now_us=NOW_US)
    assert [value for _, _, value in listed(found.readings)] == [5.0, 2.0, 27.0, 40.0, 6.0, 0.0, 60.0, 10.0]
    assert found.readings.quality.tolist()[6] == Quality.OUT_OF_RANGE
    assert found.aside == ()


def test_where_an_expression_gives_no_number_the_reading_is_set_aside() -> None:
    exact = bindings(bound("x", expression="100 / value", span=None), bound("y", key="level", span=None))
    found = normalise(message(("x", 1, 0.0), ("x", 2, 4.0), ("y", 1, 0.0)), exact, now_us=NOW_US)
    assert listed(found.readings) == [(1, 2.0, 25.0), (2, 1.0, 0.0)]
    (aside,) = found.aside
    assert (aside.key, aside.code, aside.value.tolist()) == ("x", "reading.not_calculated", [0.0])
    assert aside.message == "the expression of its binding gives no number for it"


def test_a_binding_whose_expression_no_longer_fits_reads_nothing() -> None:
    for expression in ("value * 1 m", "valu / 2", "value +"):
        lost = bindings(bound("x", unit="bar", expression=expression))
        assert codes(normalise(message(("x", 1, 1.0)), lost, now_us=NOW_US).aside) == [("x", "key.unbound", 1)]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.integers(-9, 9), st.integers(-9, 9))
def test_a_straight_line_as_an_expression_is_scale_and_offset(sent: list[float], scale: int, offset: int) -> None:
    line = bindings(bound("x", scale=str(scale), offset=str(offset), span=None))
    written = bindings(bound("x", expression=f"{scale} * value + {offset}", span=None))
    rows = message(*(("x", 1, value) for value in sent))
    found = [normalise(rows, each, now_us=NOW_US).readings.value.tolist() for each in (line, written)]
    assert found[0] == found[1]


def test_keys_are_told_as_they_can_be_kept() -> None:
    sent = message(("", 1, 1.0), ("x" * 300, 1, 1.0), ("a\x00b", 1, 1.0))
    found = normalise(sent, PUMP, now_us=NOW_US)
    assert codes(found.aside) == [
        ("(empty)", "key.unbound", 1), ("x" * 256, "key.unbound", 1), ("a\ufffdb", "key.unbound", 1),
    ]  # fmt: skip


ROWS = st.tuples(
    st.sampled_from(["F1", "P1", "nobody's"]),
    st.integers(-2 * CLOCK_TOLERANCE_US // 1_000_000, 25 * YEAR),
    st.floats(-200, 200) | st.sampled_from([math.nan, math.inf, -math.inf]),
)


@given(st.lists(ROWS, max_size=30))
def test_every_reading_is_stored_or_set_aside_as_one_by_one(sent: list[tuple[str, int, float]]) -> None:
    together = normalise(message(*sent), PUMP, now_us=NOW_US)
    alone = [normalise(message(row), PUMP, now_us=NOW_US) for row in sent]
    assert listed(together.readings) == [row for one in alone for row in listed(one.readings)]
    assert together.readings.size + together.set_aside == len(sent)
    apart = sorted((aside.key, aside.code) for one in alone for aside in one.aside)
    assert sorted((aside.key, aside.code) for aside in together.aside for _ in range(aside.at.size)) == apart


@given(st.floats(0, 100), st.sampled_from(["m3/h", "L/s", "L/min", "[gal_us]/min"]))
def test_a_unit_is_only_another_name_for_the_same_flow(value: float, unit: str) -> None:
    found = normalise(message(("F1", 1, value)), bindings(bound("F1", sent_unit=unit, span=None)), now_us=NOW_US)
    back = {"m3/h": 1, "L/s": 3.6, "L/min": 0.06, "[gal_us]/min": 0.227124707}[unit]
    assert math.isclose(found.readings.value[0], value * back, rel_tol=1e-8, abs_tol=1e-12)
