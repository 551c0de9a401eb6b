"""Features have exact values."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.gateways.edge.configuration import Band, Feature, Statistic, Threshold
from twins.gateways.edge.features import FeatureSet, FeatureWindow, band_energies, crossings, even_rate
from twins.gateways.field.samples import Sample, SampleQuality

S = 1_000_000
ALL = tuple(Statistic)


def told(samples: list[Sample]) -> dict[str, float]:
    return {sample.key: sample.value for sample in samples}


def window(**more: object) -> FeatureWindow:
    return FeatureWindow(Feature.model_validate({"key": "v", "window_s": 10, **more}))


def add(one: FeatureWindow, *pairs: tuple[float, float]) -> list[Sample]:
    at = np.array([round(at * S) for at, _ in pairs], np.int64)
    return one.add(at, np.array([value for _, value in pairs], np.float64))


def test_a_window_is_told_when_the_next_one_begins() -> None:
    one = window(statistics=ALL)
    assert add(one, (100, 3.0), (104, -1.0), (109.999999, 4.0)) == []
    found = add(one, (110, 50.0))
    assert told(found) == pytest.approx(
        {"v.count": 3, "v.min": -1, "v.max": 4, "v.mean": 2, "v.std": (14 / 3) ** 0.5, "v.rms": (26 / 3) ** 0.5},
        rel=1e-15,
    )
    assert {sample.at for sample in found} == {110 * S}
    assert told(add(one, (135, 1.0)))["v.max"] == 50.0


def test_several_windows_at_once_and_what_comes_too_late() -> None:
    one = window(statistics=["count", "max"])
    found = add(one, (0, 1), (5, 2), (12, 3), (29, 4), (31, 5))
    assert [(sample.at // S, sample.key, sample.value) for sample in found] == [
        (10, "v.count", 2), (10, "v.max", 2), (20, "v.count", 1), (20, "v.max", 3),
        (30, "v.count", 1), (30, "v.max", 4),
    ]  # fmt: skip
    assert add(one, (29.5, 99.0)) == []
    assert one.late == 1
    assert told(add(one, (40, 0.0))) == {"v.count": 1, "v.max": 5}


def test_an_instant_far_ahead_stops_nothing() -> None:
    one = window(statistics=["count"])
    assert add(one, (100, 1.0), (4_300_000_000, 1.0)) == []
    assert (told(add(one, (110, 1.0))), one.late) == ({"v.count": 1}, 1)


def test_a_clock_that_was_set_back_is_followed() -> None:
    one = window(statistics=["count"])
    add(one, (7_200, 1.0))
    assert add(one, (1, 1.0)) == []
    one._heard -= 13
    (found,) = add(one, (2, 1.0), (3, 1.0))
    assert (found.at, found.value) == (7_210 * S, 1)
    assert told(add(one, (10, 1.0))) == {"v.count": 2}


def test_instants_before_1970_have_windows_too() -> None:
    one = window(statistics=["count"])
    assert [(sample.at // S, sample.value) for sample in add(one, (-11, 1), (-1, 1), (0, 1))] == [(-10, 1), (0, 1)]


def test_a_window_for_which_nothing_comes_ends_by_itself() -> None:
    one = window(statistics=["count"])
    add(one, (100, 1.0))
    assert one.idle(one._heard + 11.9) == []
    (found,) = one.idle(one._heard + 12.1)
    assert (found.at, found.value) == (110 * S, 1)
    assert one.idle(one._heard + 30) == []


def test_a_window_that_a_stop_cuts_short_bears_the_instant_of_its_last_value() -> None:
    one = window(statistics=["count"])
    add(one, (100, 1.0), (103, 1.0))
    (found,) = one.cut()
    assert (found.at, found.value) == (103 * S, 2)
    assert one.cut() == []


@given(st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=257), st.floats(0.1, 1e4))
def test_all_bands_together_are_the_mean_square(values: list[float], rate: float) -> None:
    x = np.array(values)
    edges = [0.0, rate / 10, rate / 4, rate]
    bands = [Band(low_hz=low, high_hz=high) for low, high in pairwise(edges)]
    assert sum(band_energies(x, rate, bands)) == pytest.approx(float(np.mean(x**2)), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("count", [200, 201])
def test_a_sine_has_its_energy_in_its_band(count: int) -> None:
    rate = float(count)  # whole periods in a second
    t = np.arange(count) / rate
    x = 2.0 + 3.0 * np.sin(2 * np.pi * 25 * t) + 1.0 * np.cos(2 * np.pi * 60 * t)
    bands = [Band(low_hz=low, high_hz=high) for low, high in ((0, 1), (20, 25), (25, 30), (50, 70))]
    assert band_energies(x, rate, bands) == pytest.approx([4.0, 0.0, 4.5, 0.5], abs=1e-12)


def test_the_highest_frequency_counts_once() -> None:
    x = np.array([1.0, -1.0] * 8)
    assert band_energies(x, 16, [Band(low_hz=8, high_hz=9)]) == pytest.approx([1.0])


def test_bands_come_with_the_window() -> None:
    one = window(window_s=1, statistics=["rms"], bands=[{"low_hz": 10, "high_hz": 100}])
    at = np.arange(1000, dtype=np.int64) * 1000
    assert one.add(at, np.sin(2 * np.pi * 50 * at / 1e6)) == []
    assert told(one.add(np.array([S]), np.array([0.0]))) == pytest.approx({"v.rms": 0.5**0.5, "v.band_10_100": 0.5})


def test_uneven_values_have_statistics_and_no_bands() -> None:
    one = window(window_s=1, statistics=["count"], bands=[{"low_hz": 10, "high_hz": 100}])
    at = np.delete(np.arange(100, dtype=np.int64) * 10_000, 50)
    one.add(at, np.ones(99))
    assert told(one.add(np.array([S]), np.array([0.0]))) == {"v.count": 99}
    assert one.uneven == 1


@pytest.mark.parametrize(
    ("at", "rate", "found"),
    [
        ([0, 10, 20, 30], None, 1e5), ([0, 10, 20, 30], 1e5, 1e5), ([0, 11, 19, 30], 1e5, 1e5),
        ([0, 10, 20], None, None),
        ([0, 10, 20, 40], 1e5, None), ([0, 0, 0, 0], None, None), ([0, 10, 20, 30], 2e5, None),
    ],
)  # fmt: skip
def test_even_instants(at: list[int], rate: float | None, found: float | None) -> None:
    assert even_rate(np.array(at, np.int64), rate) == found


@pytest.mark.parametrize(
    ("side", "values", "state", "places", "states"),
    [
        ("above", [9, 10, 9, 8, 7.9, 11, 12], -1, [0, 1, 4, 5], [0, 1, 0, 1]),
        ("above", [9, 8.5], 1, [], []),
        ("above", [9, 8.5], -1, [0], [0]),
        ("above", [10], -1, [0], [1]),
        ("below", [11, 10, 11, 12, 12.1, 9], -1, [0, 1, 4, 5], [0, 1, 0, 1]),
        ("above", [], -1, [], []),
    ],
)
def test_thresholds_have_hysteresis(
    side: str, values: list[float], state: int, places: list[int], states: list[int]
) -> None:
    threshold = Threshold.model_validate({"limit": 10, "side": side, "hysteresis": 2})
    found = crossings(np.array(values, np.float64), threshold, state)
    assert [each.tolist() for each in found] == [places, states]


@given(st.lists(st.floats(0, 20), max_size=40), st.integers(0, 40))
def test_thresholds_do_not_depend_on_how_values_arrive(values: list[float], cut: int) -> None:
    feature = {"thresholds": [{"limit": 10, "hysteresis": 3}]}
    pairs = [(float(number), value) for number, value in enumerate(values)]
    whole, parts = window(**feature), window(**feature)
    together = add(whole, *pairs)
    assert add(parts, *pairs[:cut]) + add(parts, *pairs[cut:]) == together
    state, expected = None, []
    for value in values:  # by the book
        now = 1.0 if value >= 10 else 0.0 if value < 7 or state is None else state
        if now != state:
            expected.append(now)
        state = now
    assert [sample.value for sample in together] == expected


def test_a_set_computes_with_what_is_sound_and_goes_on_through_a_change() -> None:
    rms = Feature(key="a", window_s=10, statistics=(Statistic.COUNT,))
    other = Feature(key="b", window_s=10, statistics=(Statistic.MAX,))
    first = FeatureSet([rms, other])
    assert first.keys == {"a", "b"}
    first.add([
        Sample("a", S, 1.0), Sample("a", 2 * S, 9.0, SampleQuality.BAD), Sample("b", S, 7.0),
        Sample("a", 3 * S, 2.0, SampleQuality.UNCERTAIN), Sample("c", S, 1.0),
    ])  # fmt: skip
    second = FeatureSet([rms], first)
    assert [told(one.cut()) for one in second.ended] == [{"b.max": 7.0}]
    (found,) = second.add([Sample("a", 10 * S, 1.0)])
    assert (found.key, found.value, found.quality) == ("a.count", 2.0, SampleQuality.UNCERTAIN)
    assert FeatureSet([]).add([Sample("a", S, 1.0)]) == []
