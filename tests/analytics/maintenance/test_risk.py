"""Risk out of predictions: the quantiles it must give back, and every prediction it must refuse."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.maintenance.domain.problem import Grid
from analytics.maintenance.domain.risk import (
    Beyond,
    CappedNormal,
    PredictionError,
    RemainingLife,
    TwoPieceNormal,
    failure_curve,
)
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
    assert life.law == TwoPieceNormal(125, 20 / Z, 20 / Z)
    assert life.failed_before(145) == pytest.approx(0.95, abs=1e-9)


CAPPED = RemainingLife(value=122, low=105, high=125, beyond=Beyond(cap=125, share=0.8, mean=50))


def test_at_the_cap_the_lower_limit_and_the_learnt_share_hold() -> None:
    assert CAPPED.law.cdf(105) == pytest.approx(0.05, abs=1e-12)
    assert CAPPED.law.cdf(125) == pytest.approx(0.2, abs=1e-12)
    spread = 20 / (NormalDist().inv_cdf(0.2) + Z)
    below = NormalDist().cdf(NormalDist().inv_cdf(0.2) - 10 / spread)
    assert CAPPED.failed_before(115) == pytest.approx(below, abs=1e-6)


def test_beyond_the_cap_the_rate_of_failure_is_constant() -> None:
    assert CAPPED.failed_before(175) == pytest.approx(1 - 0.8 / math.e, abs=1e-9)
    assert CAPPED.life_beyond(125) == pytest.approx(0.8 * 50, abs=1e-6)
    older = RemainingLife(122, 105, 125, flown=300, beyond=CAPPED.beyond)
    assert older.life_beyond(0) == pytest.approx(50, abs=1e-9)
    assert older.failed_before(50) == pytest.approx(1 - 1 / math.e, abs=1e-9)


def test_below_the_cap_nothing_changes() -> None:
    plain = RemainingLife(80, 60, 120)
    known = RemainingLife(80, 60, 120, beyond=Beyond(cap=125, share=0.1, mean=50))
    assert [known.failed_before(x) for x in (30, 80, 150)] == [plain.failed_before(x) for x in (30, 80, 150)]


@pytest.mark.parametrize(("share", "dead"), [(1.0, 0.1), (0.97, 0.1), (0.6, 0.4), (0.01, 0.95), (0.0, 0.95)])
def test_the_share_is_trusted_no_further_than_the_interval(share: float, dead: float) -> None:
    law = RemainingLife(122, 105, 125, beyond=Beyond(125, share, 50)).law
    assert isinstance(law, CappedNormal)
    assert law.dead == pytest.approx(dead, abs=1e-12)


def test_an_interval_that_is_the_cap_fails_nothing_before_it() -> None:
    life = RemainingLife(125, 125, 125, beyond=Beyond(125, 0.95, 50))
    assert [life.failed_before(124.9), life.failed_before(125)] == [0.0, pytest.approx(0.1, abs=1e-9)]
    assert life.life_beyond(100) == pytest.approx(25 + 0.9 * 50, abs=1e-9)


def test_nothing_lasts_beyond_a_cap_that_nothing_outlived() -> None:
    life = RemainingLife(122, 105, 125, beyond=Beyond(125, 0.0, 0.0))
    assert (life.failed_before(125), life.life_beyond(125)) == (1.0, 0.0)


@settings(deadline=None)  # thousands of calls an example: a busy machine takes long
@given(
    st.floats(0, 125), st.floats(0.5, 0.99), st.floats(0, 1), st.floats(0, 100), st.floats(0, 150), st.floats(0, 200)
)
def test_capped_life_beyond_is_the_integral_of_survival(
    low: float, coverage: float, share: float, mean: float, flown: float, cycles: float
) -> None:
    life = RemainingLife(125, low, 125, coverage, flown, Beyond(125, share, mean))
    step = 0.25
    reach = range(int(1600 / step))
    failed = [life.failed_before(cycles + step * (n + 0.5)) for n in reach]
    assert all(sooner <= later for sooner, later in pairwise(failed))
    if life.law.cdf(flown) < 1:
        assert life.life_beyond(cycles) == pytest.approx(step * math.fsum(1 - each for each in failed), abs=2 * step)


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
    "beyond",
    [
        Beyond(100, 0.5, 50),
        Beyond(125, 1.1, 50),
        Beyond(125, -0.1, 50),
        Beyond(125, 0.5, -1),
        Beyond(125, 0.5, math.inf),
        Beyond(math.nan, 0.5, 50),
        Beyond(125, math.nan, 50),
    ],
)
def test_refuses_what_does_not_lie_beyond(beyond: Beyond) -> None:
    with pytest.raises(PredictionError) as caught:
        RemainingLife(122, 105, 125, beyond=beyond)
    assert caught.value.place == "prediction"


@pytest.mark.parametrize(
    ("rate", "ahead", "step"), [(0.0, 0, 1), (-2.0, 0, 1), (math.nan, 0, 1), (2.0, -1, 1), (2.0, 0, 0)]
)
def test_refuses_a_rate_or_length_that_is_none(rate: float, ahead: int, step: int) -> None:
    with pytest.raises(PredictionError):
        failure_curve(
            RemainingLife(80, 60, 120), cycles_per_day=rate, grid=DAYS, look_ahead_slots=ahead, step_slots=step
        )
