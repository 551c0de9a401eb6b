from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.health.domain.band import Band, OutOfFold, fit_band

CAP = 100.0


def told(seed: int, units: int, *, cycles: int = 30, noise: float = 6.0) -> OutOfFold:
    """Predictions of units whose errors are alike within a unit, and larger far from the failure."""
    chance = np.random.default_rng(seed)
    unit = np.repeat(np.arange(units), cycles)
    truth = chance.uniform(0.0, CAP, len(unit))
    error = (chance.standard_normal(units)[unit] + chance.standard_normal(len(unit))) * noise * (0.1 + truth / CAP)
    return OutOfFold(np.clip(truth + error, 0.0, CAP), truth, unit, unit % 5)


def covered(band: Band, fleet: OutOfFold) -> float:
    low, high = band.around(fleet.predicted)
    return float(np.mean((low <= fleet.truth) & (fleet.truth <= high)))


def test_every_unit_weighs_the_same() -> None:
    fleet = OutOfFold(np.zeros(5), np.zeros(5), np.array([0, 0, 0, 0, 1]), np.zeros(5, dtype=np.intp))
    assert fleet.weight.tolist() == [0.25, 0.25, 0.25, 0.25, 1.0]


def test_rows_near_the_failure_count_up_to_the_cap() -> None:
    fleet = OutOfFold(np.array([90.0, 80.0, 70.0]), np.array([130.0, 110.0, 60.0]), np.arange(3), np.arange(3))
    near = fleet.near(1.2 * CAP, cap=CAP)
    assert (near.predicted.tolist(), near.truth.tolist()) == ([80.0, 70.0], [100.0, 60.0])
    assert (near.unit.tolist(), near.fold.tolist()) == ([1, 2], [1, 2])


def test_new_units_are_covered_as_often_as_asked() -> None:
    for coverage in (0.8, 0.9):
        shares = [
            covered(fit_band(told(seed, 80), cap=CAP, coverage=coverage), told(seed + 100, 200)) for seed in range(5)
        ]
        assert coverage - 0.01 < np.mean(shares) < coverage + 0.03


def test_the_band_is_narrow_where_predictions_are_good() -> None:
    band = fit_band(told(0, 80), cap=CAP, coverage=0.9)
    low, high = band.around(np.array([5.0, 60.0]))
    assert high[0] - low[0] < 0.4 * (high[1] - low[1])


def test_the_band_is_narrower_than_one_of_the_same_width_everywhere() -> None:
    fleet = told(0, 80)
    low, high = fit_band(fleet, cap=CAP, coverage=0.9).around(fleet.predicted)
    assert np.mean(high - low) < 2 * 1.645 * np.std(fleet.predicted - fleet.truth)


def test_exact_predictions_have_a_band_of_hardly_a_cycle() -> None:
    truth = np.linspace(0.0, CAP, 101)
    fleet = OutOfFold(truth, truth, np.arange(101), np.arange(101) % 5)
    low, high = fit_band(fleet, cap=CAP, coverage=0.9).around(truth)
    assert low.tolist() == truth.tolist()
    assert high.tolist() == truth.tolist()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(5, 12), st.sampled_from([0.5, 0.8, 0.95]))
def test_the_band_holds_the_prediction_stays_in_range_and_rises(seed: int, units: int, coverage: float) -> None:
    band = fit_band(told(seed, units, cycles=8, noise=30.0), cap=CAP, coverage=coverage)
    predicted = np.linspace(0.0, CAP, 201)
    low, high = band.around(predicted)
    assert (low >= 0.0).all()
    assert (high <= CAP).all()
    assert (low <= predicted).all()
    assert (predicted <= high).all()
    assert (np.diff(low) >= 0.0).all()
    assert (np.diff(high) >= 0.0).all()


def test_more_coverage_is_never_narrower() -> None:
    fleet = told(2, 60)
    widths = []
    for coverage in (0.5, 0.7, 0.9, 0.99):
        low, high = fit_band(fleet, cap=CAP, coverage=coverage).around(fleet.predicted)
        widths.append(float(np.mean(high - low)))
    assert widths == sorted(widths)
