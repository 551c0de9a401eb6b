"""Risk out of predictions: the quantiles it must give back, and every prediction it must refuse."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.maintenance.domain.problem import Grid
from analytics.maintenance.domain.risk import PredictionError, RemainingLife, failure_curve
from tests.analytics.maintenance.builders import ORIGIN

DAYS = Grid(origin=ORIGIN, slot_s=86_400, slots=60)
Z = NormalDist().inv_cdf(0.95)


def test_gives_back_the_median_and_both_limits() -> None:
    life = RemainingLife(value=80, low=60, high=120)
    assert life.failed_before(80) == pytest.approx(0.5, abs=1e-9)
    assert life.failed_before(60) == pytest.approx(0.05, abs=1e-9)
    assert life.failed_before(120) == pytest.approx(0.95, abs=1e-9)


def test_an_asset_in_service_has_not_failed_yet() -> None:
    """The lower limit 0 puts 5 % below 0: the rest is rescaled, F(median) = (0.5 - 0.05) / 0.95."""
    life = RemainingLife(value=10, low=0, high=30)
    assert life.failed_before(0) == 0.0
    assert life.failed_before(10) == pytest.approx(0.45 / 0.95, abs=1e-12)


def test_predicted_dead_leaves_the_upper_half() -> None:
    life = RemainingLife(value=0, low=0, high=16.448536269514722)
    assert life.failed_before(10) == pytest.approx(2 * NormalDist().cdf(1.0) - 1, abs=1e-12)


def test_cycles_flown_since_the_prediction_count() -> None:
    """Median 80, flown 80: F(40) = (0.95 - 0.5) / 0.5."""
    life = RemainingLife(value=80, low=60, high=120, flown=80)
    assert life.failed_before(40) == pytest.approx(0.9, abs=1e-9)


def test_outlived_every_prediction_fails_at_the_next_cycle() -> None:
    life = RemainingLife(value=10, low=9, high=11, flown=1000)
    assert life.failed_before(0) == 0.0
    assert life.failed_before(1) == 1.0
    assert life.life_beyond(0) == 0.0


def test_an_upper_limit_without_information_takes_the_lower_spread() -> None:
    life = RemainingLife(value=125, low=105, high=125)
    assert life.spread == (20 / Z, 20 / Z)
    assert life.failed_before(145) == pytest.approx(0.95, abs=1e-9)


def test_a_point_prediction_is_a_step() -> None:
    life = RemainingLife(value=30, low=30, high=30)
    assert [life.failed_before(29.9), life.failed_before(30)] == [0.0, 1.0]
    assert life.life_beyond(10) == 20.0
    assert life.life_beyond(31) == 0.0


@given(
    st.floats(0, 150), st.floats(0, 60), st.floats(0.5, 60), st.floats(0, 100), st.floats(0, 200), st.floats(0.5, 0.99)
)
def test_life_beyond_is_the_integral_of_survival(
    value: float, below: float, above: float, flown: float, cycles: float, coverage: float
) -> None:
    life = RemainingLife(value, max(0.0, value - below), value + above, coverage, min(flown, value))
    step = 0.25
    reach = range(int(1200 / step))
    survival = [1 - life.failed_before(cycles + step * (n + 0.5)) for n in reach]
    assert life.life_beyond(cycles) == pytest.approx(step * math.fsum(survival), abs=step)


def test_curve_turns_flights_into_slots() -> None:
    """Two flights a day: the median of 80 flights is day 40, the limits days 30 and 60."""
    risk = failure_curve(RemainingLife(80, 60, 120), cycles_per_day=2, grid=DAYS, look_ahead_slots=30)
    assert len(risk.failed_before) == 91
    assert [risk.failed_before[day] for day in (0, 30, 40, 60)] == pytest.approx([0, 0.05, 0.5, 0.95], abs=1e-9)
    assert risk.life_beyond_slots == round(RemainingLife(80, 60, 120).life_beyond(180) / 2, 9)


def test_curve_in_steps_covers_the_horizon_and_the_look_ahead() -> None:
    risk = failure_curve(RemainingLife(80, 60, 120), cycles_per_day=2, grid=DAYS, look_ahead_slots=5, step_slots=10)
    assert (risk.step_slots, len(risk.failed_before), risk.last_slot) == (10, 8, 70)
    assert risk.failed_before[4] == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize(
    ("value", "low", "high", "coverage", "flown"),
    [
        (10, 11, 20, 0.9, 0),
        (10, 5, 9, 0.9, 0),
        (10, -1, 20, 0.9, 0),
        (-1, -2, 20, 0.9, 0),
        (10, 5, 20, 1.0, 0),
        (10, 5, 20, 0.0, 0),
        (10, 5, 20, 0.9, -1),
        (math.nan, 5, 20, 0.9, 0),
        (10, 5, math.inf, 0.9, 0),
    ],
)
def test_refuses_what_is_no_prediction(value: float, low: float, high: float, coverage: float, flown: float) -> None:
    with pytest.raises(PredictionError) as caught:
        RemainingLife(value, low, high, coverage, flown)
    assert caught.value.code == "maintenance.bad_prediction"
    assert caught.value.place == "prediction"


@pytest.mark.parametrize(
    ("rate", "ahead", "step"), [(0.0, 0, 1), (-2.0, 0, 1), (math.nan, 0, 1), (2.0, -1, 1), (2.0, 0, 0)]
)
def test_refuses_a_rate_or_length_that_is_none(rate: float, ahead: int, step: int) -> None:
    with pytest.raises(PredictionError):
        failure_curve(
            RemainingLife(80, 60, 120), cycles_per_day=rate, grid=DAYS, look_ahead_slots=ahead, step_slots=step
        )
