"""Figures of data quality: exact on small examples, and as one reading after the other would tell on any."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from twins.telemetry.quality_figures import (
    FEWEST,
    LEVELS,
    MISSED,
    completeness,
    gaps,
    levels,
    runs_of_quality,
    seen_in_rollups,
    seen_in_series,
    usual_interval,
)
from twins.telemetry.quality_gateways import (
    Batches,
    ClockFault,
    clock_fault,
    deliveries,
    frozen_since,
)
from twins.telemetry.quality_units import CHANGES, drift
from twins.telemetry.rollups import roll_up
from twins.telemetry.schemas import Ints, Quality
from twins.telemetry.series import Grain, Series

S = 1_000_000
MINUTE, HOUR, DAY = 60 * S, 3600 * S, 86_400 * S
START = 1_768_435_200 * S  # 2026-01-15T00:00:00Z


def at(*seconds: float) -> Ints:
    return START + (np.array(seconds, np.float64) * S).astype(np.int64)


def series(seconds: list[float], value: list[float] | None = None, quality: list[int] | None = None) -> Series:
    values = [float(number) for number in range(len(seconds))] if value is None else value
    codes = [0] * len(seconds) if quality is None else quality
    return Series(at(*seconds), np.array(values, np.float64), np.array(codes, np.int16))


def test_all_that_was_expected_came() -> None:
    assert completeness(at(*range(0, 100, 10)), START, START + 100 * S, 10 * S) == 1.0
    assert completeness(at(0.4, 10.3, 19.8, 30.1, 39.9), START, START + 50 * S, 10 * S) == 1.0


def test_each_interval_too_long_is_one_missing() -> None:
    assert completeness(at(0, 10, 30, 40), START, START + 50 * S, 10 * S) == pytest.approx(0.8)
    assert completeness(at(40), START, START + 100 * S, 10 * S) == pytest.approx(0.1)
    assert completeness(at(), START, START + 100 * S, 10 * S) == 0.0


def test_a_burst_makes_up_for_nothing() -> None:
    burst = at(*[0.1 * number for number in range(50)], 90)
    assert completeness(burst, START, START + 100 * S, 10 * S) == pytest.approx(0.2)


def test_gaps_are_longer_than_three_intervals() -> None:
    found = gaps(at(0, 10, 40, 71, 80), START, START + 100 * S, 10 * S)
    assert list(zip((found.start - START) // S, (found.end - START) // S, strict=True)) == [(40, 71)]
    assert found.longest_us == 31 * S
    edges = gaps(at(50), START, START + 100 * S, 10 * S)
    assert [(start - START) // S for start, _ in edges.longest_first(5)] == [0, 50]
    assert gaps(at(), START, START + 9 * S, None).longest_us == 9 * S
    assert gaps(at(50), START, START + 100 * S, None).start.size == 0


def test_the_usual_interval_stands_in_for_a_rate() -> None:
    assert usual_interval(at(0, 10, 20, 300, 310)) == 10 * S
    assert usual_interval(at(0, 10)) is None
    assert usual_interval(at(5, 5, 5)) == 1


def test_what_was_seen_of_a_signal() -> None:
    quality = [0, 0, int(Quality.OUT_OF_RANGE), 0, int(Quality.STUCK)]
    found = seen_in_series(series([0, 10, 20, 30, 40], [1, 1, 2, 3, 3], quality), START, START + 50 * S, 10 * S)
    assert (found.came, found.completeness, found.gaps.start.size, found.doubtful) == (5, 1.0, 0, 0.4)
    assert found.by_quality.tolist() == [3, 0, 0, 1, 1, 0, 0, 0]
    assert (found.changed_at, found.newest_at, found.levels) == (START + 30 * S, START + 40 * S, None)
    nothing = seen_in_series(series([]), START, START + 50 * S, None)
    assert (nothing.came, nothing.completeness, nothing.doubtful, nothing.newest_at) == (0, None, 0.0, None)
    assert nothing.gaps.longest_us == 50 * S


def test_from_rollups_the_same_as_coarse_as_these() -> None:
    seconds = [float(second) for second in range(0, 6 * 3600, 10) if not 3600 <= second < 3 * 3600]
    one = series(seconds, quality=[1 if second == 0 else 0 for second in seconds])
    found = seen_in_rollups(roll_up(one, Grain.HOUR), Grain.HOUR, START, START + 6 * HOUR, 10 * S)
    assert found.came == len(seconds)
    assert found.completeness == pytest.approx(4 / 6)
    assert [(start - START, end - START) for start, end in found.gaps.longest_first(9)] == [(HOUR, 3 * HOUR)]
    assert found.by_quality[[Quality.GOOD, Quality.UNCERTAIN]].tolist() == [len(seconds) - 1, 1]
    empty = seen_in_rollups(roll_up(series([]), Grain.HOUR), Grain.HOUR, START, START + 6 * HOUR, 10 * S)
    assert (empty.came, empty.completeness, empty.gaps.longest_us) == (0, 0.0, 6 * HOUR)


def test_stretches_that_were_not_good() -> None:
    one = series([0, 1, 2, 3, 4, 5], quality=[3, 3, 0, 4, 5, 5])
    told = [(quality, (first - START) // S, (last - START) // S, count) for quality, first, last, count in
            runs_of_quality(one, 9)]  # fmt: skip
    assert told == [(5, 4, 5, 2), (4, 3, 3, 1), (3, 0, 1, 2)]
    assert len(runs_of_quality(one, 2)) == 2
    assert runs_of_quality(series([]), 9) == []


SECONDS = st.lists(st.integers(0, 999), max_size=80, unique=True).map(sorted)


@given(SECONDS, st.integers(1, 50))
def test_gaps_are_what_looking_at_one_after_the_other_finds(seconds: list[int], interval: int) -> None:
    found = gaps(at(*seconds), START, START + 1000 * S, interval * S)
    edges = [0, *seconds, 1000]
    expected = [pair for pair in itertools.pairwise(edges) if pair[1] - pair[0] > MISSED * interval]
    expected = expected if seconds else [(0, 1000)]
    assert (
        list(zip(((found.start - START) // S).tolist(), ((found.end - START) // S).tolist(), strict=True)) == expected
    )


@given(SECONDS, st.integers(1, 50))
def test_completeness_is_a_share_that_no_reading_lowers(seconds: list[int], interval: int) -> None:
    known = completeness(at(*seconds), START, START + 1000 * S, interval * S)
    assert 0 <= known <= 1
    more = sorted({*seconds, 500})
    half = 0.5 * interval / 1000  # rounding pauses to whole intervals may count half an interval either way
    assert completeness(at(*more), START, START + 1000 * S, interval * S) >= known - 2 * half - 1e-9


@given(st.lists(st.integers(0, 2000), max_size=60), st.sampled_from([Grain.MINUTE, Grain.HOUR]))
def test_rollups_and_readings_tell_the_same_counts(seconds: list[int], grain: Grain) -> None:
    one = series(sorted(map(float, set(seconds))))
    fine = seen_in_series(one, START, START + HOUR, 10 * S)
    coarse = seen_in_rollups(roll_up(one, grain), grain, START, START + HOUR, 10 * S)
    assert coarse.came == fine.came
    assert coarse.by_quality.sum() == fine.by_quality.sum()
    assert 0 <= (coarse.completeness or 0) <= 1


def spread(middle: float, width: float) -> list[float]:
    return [middle + width * (number - 50) / 100 for number in range(101)]


@pytest.mark.parametrize(
    ("unit", "before", "factor", "offset", "name"),
    [
        ("bar", (5, 2), 1000, 0, "× 1000"),
        ("bar", (5, 2), 0.001, 0, "÷ 1000"),
        ("Cel", (21, 6), 1.8, 32, "°C → °F (1.8 x + 32)"),
        ("[degF]", (70, 12), 1 / 1.8, -32 / 1.8, "°F → °C"),
        ("Cel", (21, 6), 1, 273.15, "°C → K (x + 273.15)"),
        ("kPa", (80, 20), 6.894757, 0, "psi → kPa (× 6.895)"),
        ("bar", (7, 1), 14.5037738, 0, "bar → psi (× 14.504)"),
        ("m3/h", (40, 10), 4.402868, 0, "m³/h → US gal/min (× 4.403)"),
    ],
)
def test_a_change_of_unit_is_named(
    unit: str, before: tuple[float, float], factor: float, offset: float, name: str
) -> None:
    was = np.array(spread(*before))
    found = drift(levels(was), levels(was * factor + offset), unit)
    assert found is not None
    assert found.is_told
    assert found.change is not None
    assert found.change.name == name


def test_what_only_moved_is_no_change_of_unit() -> None:
    was = levels(np.array(spread(100, 10)))
    small, large = (drift(was, levels(np.array(spread(100 + by, 10))), "kPa") for by in (4, 40))
    assert small is not None
    assert not small.is_told
    assert large is not None
    assert large.is_told
    assert large.change is None
    assert large.moved == pytest.approx(40 / 9)
    assert large.wider == pytest.approx(1)


def test_too_few_values_tell_nothing() -> None:
    assert levels(np.arange(FEWEST - 1, dtype=float)) is None
    assert levels(np.array([math.nan] * FEWEST)) is None
    assert drift(None, levels(np.arange(50.0)), "bar") is None


@given(
    st.sampled_from([change for pair in CHANGES for change in pair]),
    st.floats(1, 500),
    st.floats(0.02, 0.3),
    st.integers(0, 2**32 - 1),
)
def test_every_change_explains_itself_as_well_as_any_other(
    change: object, middle: float, width: float, seed: int
) -> None:
    was = np.random.default_rng(seed).normal(middle, middle * width, 400)
    before, recent = levels(was), levels(was * change.factor + change.offset)  # type: ignore[attr-defined]
    assert before is not None
    found = drift(before, recent, change.of or "1")  # type: ignore[attr-defined]
    assert found is not None
    assume(found.is_told)
    assert found.change is not None
    put = found.change.factor * before + found.change.offset
    assert recent is not None
    assert np.abs(put - recent).max() <= 0.5 * max(put[-1] - put[0], 0.02 * abs(put[2]))


def test_levels_are_quantiles() -> None:
    found = levels(np.arange(101, dtype=float))
    assert found is not None
    assert found.tolist() == [100 * level for level in LEVELS]


@pytest.mark.parametrize(
    ("behind", "fault"),
    [
        (None, None), (0, None), (30 * S, None), (-4 * S, None), (-90 * S, ClockFault.AHEAD),
        (-HOUR + 3 * S, ClockFault.ZONE_AHEAD), (-(5 * HOUR + 30 * MINUTE), ClockFault.ZONE_AHEAD),
        (5 * HOUR + 2 * S, ClockFault.ZONE_BEHIND), (200 * S, ClockFault.SLOW), (HOUR + 60 * S, ClockFault.SLOW),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_clock(behind: int | None, fault: ClockFault | None) -> None:
    assert clock_fault(behind) is fault


def test_how_a_gateway_delivers() -> None:
    batches = Batches(at(10, 20, 30, 80), at(9, 5, 29, 20), at(9, 18, 29, 75), np.array([10, 80, 9, 1]))
    found = deliveries(batches, START, START + 100 * S)
    assert (found.batches, found.readings) == (4, 100)
    assert (found.median_us, found.p95_us, found.worst_us) == (2 * S, 2 * S, 60 * S)
    assert found.silence == (START + 30 * S, START + 80 * S)
    none = deliveries(Batches(at(), at(), at(), at()), START, START + DAY)
    assert (none.batches, none.median_us, none.silence) == (0, None, (START, START + DAY))


def test_a_gateway_whose_signals_all_repeat_themselves_is_frozen() -> None:
    seconds = [float(second) for second in range(0, 1200, 10)]
    moving = [float(min(second, 600)) for second in seconds]
    frozen = seen_in_series(series(seconds, moving), START, START + 1200 * S, 10 * S)
    alive = seen_in_series(series(seconds), START, START + 1200 * S, 10 * S)
    constant = seen_in_series(series(seconds, [5.0] * len(seconds)), START, START + 1200 * S, 10 * S)
    assert frozen_since([frozen] * 3 + [constant]) == START + 600 * S
    assert frozen_since([frozen, frozen, alive]) is None
    assert frozen_since([frozen, frozen, constant]) is None
