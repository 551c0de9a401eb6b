"""The rules of signals: exact verdicts, the same however the readings are cut into messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twins.telemetry.sample import NOW_US, bindings, bound, message
from twins.telemetry.normalise import normalise
from twins.telemetry.quality_rules import WINDOW, Past, judged
from twins.telemetry.schemas import USABLE, Normalised, Quality, Readings, Rules, RuleTable, usable
from twins.telemetry.series import Series

SECOND = 1_000_000
MINUTE = timedelta(minutes=1)
GOOD, BAD, OUT, STUCK, SPIKE, STALE = (
    Quality.GOOD, Quality.BAD, Quality.OUT_OF_RANGE, Quality.STUCK, Quality.SPIKE, Quality.STALE,
)  # fmt: skip
Row = tuple[int, int, float, int]


def sent(rows: list[Row]) -> Normalised:
    """Readings: signal, seconds before now, value, quality as the gateway says it."""
    signal, ago, value, quality = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    readings = Readings(
        np.array(signal, np.int64), NOW_US - np.array(ago, np.int64) * SECOND, np.array(value, np.float64),
        np.array(quality, np.int16),
    )  # fmt: skip
    return Normalised(readings, ())


def fresh(table: RuleTable) -> Past:
    past, none = Past(), np.empty(0, np.int64)
    past.learn(table, {one: Series(none, none.astype(float), none.astype(np.int16)) for one in table.signal.tolist()})
    return past


def verdicts(messages: list[list[Row]], table: RuleTable, past: Past | None = None) -> list[int]:
    past = past or fresh(table)
    return [
        quality
        for rows in messages
        for quality in judged(sent(rows), table, past, now_us=NOW_US).readings.quality.tolist()
    ]


def column(values: list[float], *, signal: int = 1, step: int = 1, last: int = 0) -> list[Row]:
    """Good readings of a signal, `step` seconds apart, the last one so many seconds ago."""
    first = last + step * (len(values) - 1)
    return [(signal, first - step * number, value, 0) for number, value in enumerate(values)]


NOISE = [10.0, 10.1, 9.9, 10.2, 9.8, 10.0, 10.1, 9.9, 10.2, 9.8, 10.0, 10.1, 9.9, 10.2, 9.8]
STICKS = RuleTable.of({1: Rules(stuck=MINUTE)})
SPIKES = RuleTable.of({1: Rules(spike=Decimal(6))})
AGES = RuleTable.of({1: Rules(stale=MINUTE), 2: Rules(stale=MINUTE)})


def test_what_counts_as_usable() -> None:
    assert frozenset({Quality.GOOD, Quality.UNCERTAIN, Quality.SUBSTITUTED}) == USABLE
    assert [int(one) for one in Quality] == list(range(8))
    assert usable(np.arange(8, dtype=np.int16)).tolist() == [one in USABLE for one in Quality]


def test_the_same_value_for_the_rules_time_is_stuck() -> None:
    rows = column([5.0, 5.0, 5.0, 5.0, 6.0, 6.0], step=30)
    assert verdicts([rows], STICKS) == [GOOD, GOOD, STUCK, STUCK, GOOD, GOOD]
    assert verdicts([[row] for row in rows], STICKS) == [GOOD, GOOD, STUCK, STUCK, GOOD, GOOD]


def test_a_pause_longer_than_the_rule_begins_anew() -> None:
    rows = [(1, 500, 5.0, 0), (1, 470, 5.0, 0), (1, 400, 5.0, 0), (1, 340, 5.0, 0)]
    assert verdicts([rows], STICKS) == [GOOD, GOOD, GOOD, STUCK]


def test_a_reading_that_comes_after_newer_ones_disturbs_nothing() -> None:
    past = fresh(STICKS)
    assert verdicts([column([5.0, 5.0], step=50, last=30)], STICKS, past) == [GOOD, GOOD]
    assert verdicts([[(1, 60, 9.0, 0)]], STICKS, past) == [GOOD]
    assert verdicts([[(1, 10, 5.0, 0)]], STICKS, past) == [STUCK]
    assert verdicts([[(1, 12, 5.0, 0), (1, 79, 5.0, 0)]], STICKS, past) == [STUCK, GOOD]


def test_a_spike_is_the_value_away_from_those_before_it() -> None:
    assert verdicts([column([*NOISE, 10.1, 25.0, 10.0])], SPIKES) == [GOOD] * 16 + [SPIKE, GOOD]


def test_after_a_jump_the_third_value_is_sound() -> None:
    assert verdicts([column([*NOISE, 50.0, 50.1, 50.0, 49.9])], SPIKES) == [GOOD] * 15 + [SPIKE, SPIKE, GOOD, GOOD]


def test_nothing_is_a_spike_before_there_is_a_past_or_where_nothing_ever_moved() -> None:
    assert verdicts([column([*NOISE[:-1], 1e6])], SPIKES) == [GOOD] * 15
    assert verdicts([column([7.0] * WINDOW + [500.0])], SPIKES) == [GOOD] * 16


def test_the_last_decimal_is_no_spike() -> None:
    assert verdicts([column([7.0] * 12 + [7.1, 7.0, 7.0, 7.1, 7.2])], SPIKES) == [GOOD] * 17


def test_huge_values_are_judged_without_a_warning() -> None:
    assert verdicts([column([*NOISE, 1.7e308, -1.7e308, 10.0])], SPIKES) == [GOOD] * 15 + [SPIKE, SPIKE, GOOD]


def test_what_comes_old_among_fresh_ones_is_stale() -> None:
    rows = [(1, 61, 1.0, 0), (2, 0, 1.0, 0), (3, 0, 1.0, 0)]
    assert verdicts([rows], AGES) == [STALE, GOOD, GOOD]
    assert verdicts([[(1, 60, 1.0, 0), (2, 0, 1.0, 0)]], AGES) == [GOOD, GOOD]


def test_a_backlog_is_not_stale() -> None:
    assert verdicts([[(1, 7200, 1.0, 0), (2, 3600, 1.0, 0)]], AGES) == [GOOD, GOOD]
    assert verdicts([[(1, 120, 1.0, 0), (1, 0, 2.0, 0)]], AGES) == [GOOD, GOOD]


def test_what_is_known_to_be_wrong_stays_what_it_is_and_is_no_past() -> None:
    rows = [(1, 90, 5.0, 0), (1, 60, 999.0, int(OUT)), (1, 45, 5.0, int(BAD)), (1, 30, 5.0, 0), (1, 0, 5.0, 1)]
    assert verdicts([rows], STICKS) == [GOOD, OUT, BAD, STUCK, STUCK]


def test_signals_without_rules_pass() -> None:
    rows = [(9, 90 - number, 5.0, 0) for number in range(90)]
    one = sent(rows)
    assert judged(one, STICKS, fresh(STICKS), now_us=NOW_US) is one
    assert verdicts([[*rows, *column([5.0, 5.0], step=60)]], STICKS)[-2:] == [GOOD, STUCK]


def test_after_a_restart_the_stored_readings_tell() -> None:
    rows = column([*NOISE, 10.0, 10.0, 10.0], step=30, last=60)
    for known in (1, 2, 18):
        past, part = Past(), rows[-known:]
        quality = [int(STUCK) if known == 1 else 0] * known
        quality[-1] = int(STUCK)
        at = NOW_US - np.array([row[1] for row in part], np.int64) * SECOND
        past.learn(STICKS, {1: Series(at, np.array([row[2] for row in part]), np.array(quality, np.int16))})
        assert verdicts([[(1, 30, 10.0, 0), (1, 0, 10.5, 0)]], STICKS, past) == [STUCK, GOOD]
    past = Past()
    at = NOW_US - np.arange(WINDOW, 0, -1) * SECOND
    past.learn(SPIKES, {1: Series(at, np.array(NOISE), np.zeros(WINDOW, np.int16))})
    assert verdicts([[(1, 0, 25.0, 0)]], SPIKES, past) == [SPIKE]


def test_what_is_forgotten_is_unknown() -> None:
    past = fresh(AGES)
    assert past.unknown(np.array([1, 2, 5])).tolist() == [5]
    past.forget(np.array([2, 7]))
    assert past.unknown(np.array([1, 2])).tolist() == [2]


VALUES = st.lists(st.sampled_from([1.0, 1.0, 1.0, 1.1, 1.2, 0.9, 40.0]), min_size=1, max_size=45)


@given(VALUES, VALUES, st.lists(st.integers(1, 20), max_size=8), st.sampled_from([1, 7, 45]))
def test_verdicts_do_not_depend_on_how_readings_are_cut(
    ones: list[float], twos: list[float], cuts: list[int], step: int
) -> None:
    table = RuleTable.of({1: Rules(stuck=MINUTE, spike=Decimal(4)), 2: Rules(spike=Decimal(3)), 3: Rules(stuck=MINUTE)})
    rows = [*column(ones, step=step), *column(twos, signal=2, step=step)]
    rows.sort(key=lambda row: -row[1])
    parts, rest = [], rows
    for cut in cuts:
        parts.append(rest[:cut])
        rest = rest[cut:]
    parts.append(rest)
    assert verdicts([part for part in parts if part], table) == verdicts([rows], table)


@given(VALUES, st.integers(0, 44))
def test_verdicts_go_on_after_a_restart(values: list[float], cut: int) -> None:
    rows = column(values, step=20)
    table = RuleTable.of({1: Rules(stuck=MINUTE, spike=Decimal(4))})
    whole = verdicts([rows], table)
    cut = min(cut, len(rows))
    at = NOW_US - np.array([row[1] for row in rows[:cut]], np.int64) * SECOND
    past = Past()
    stored = Series(at, np.array([row[2] for row in rows[:cut]]), np.array(whole[:cut], np.int16))
    past.learn(table, {1: stored})
    assert whole[:cut] + (verdicts([rows[cut:]], table, past) if rows[cut:] else []) == whole


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]])
def test_the_order_within_a_message_is_of_no_account(order: list[int]) -> None:
    rows = column([5.0, 5.0, 5.0, 6.0], step=30)
    expected = [GOOD, GOOD, STUCK, GOOD]
    assert verdicts([[rows[place] for place in order]], STICKS) == [expected[place] for place in order]


def test_from_the_type_to_the_verdict() -> None:
    pump = bindings(replace(bound("F1"), rules=Rules(stuck=MINUTE)), bound("P1", key="pressure"))
    assert pump.rules.signal.tolist() == [1]
    found = normalise(message(("F1", 65, 4.0), ("P1", 65, 4.0), ("F1", 5, 4.0), ("P1", 5, 4.0)), pump, now_us=NOW_US)
    done = judged(found, pump.rules, fresh(pump.rules), now_us=NOW_US)
    assert done.readings.quality.tolist() == [GOOD, GOOD, STUCK, GOOD]
    assert found.readings.quality.tolist() == [GOOD] * 4
