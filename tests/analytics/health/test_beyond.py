from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.health.domain.band import OutOfFold
from analytics.health.domain.beyond import fit_beyond

CAP = 100.0


def told(predicted: list[float], truth: list[float], unit: list[int]) -> OutOfFold:
    return OutOfFold(np.array(predicted), np.array(truth), np.array(unit), np.zeros(len(unit), dtype=np.intp))


def test_shares_and_means_are_those_of_the_predictions_nearby() -> None:
    """Three of four units told 100 reach the cap, by 0, 20 and 40 cycles; none of those told 20 does."""
    fleet = told([100.0] * 4 + [20.0] * 2, [90.0, 100.0, 120.0, 140.0, 10.0, 30.0], [0, 1, 2, 3, 4, 5])
    beyond = fit_beyond(fleet, cap=CAP)
    assert beyond.at(100.0) == pytest.approx((0.75, 20.0), abs=1e-6)
    assert beyond.at(20.0)[0] == pytest.approx(0.0, abs=1e-6)


def test_every_unit_weighs_the_same() -> None:
    """One unit with three snapshots beyond the cap, one with a single one short of it."""
    fleet = told([100.0] * 4, [110.0, 120.0, 130.0, 50.0], [0, 0, 0, 1])
    assert fit_beyond(fleet, cap=CAP).at(100.0) == pytest.approx((0.5, 20.0), abs=1e-6)


def test_nobody_beyond() -> None:
    beyond = fit_beyond(told([100.0, 60.0], [99.0, 50.0], [0, 1]), cap=CAP)
    assert beyond.share.max() == 0.0
    assert beyond.mean.tolist() == [0.0] * len(beyond.predicted)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 12))
def test_shares_lie_between_none_and_all(seed: int, units: int) -> None:
    chance = np.random.default_rng(seed)
    unit = np.repeat(np.arange(units), 5)
    fleet = OutOfFold(
        chance.uniform(0, CAP, len(unit)), chance.uniform(0, 3 * CAP, len(unit)), unit, unit % 5
    )  # fmt: skip
    beyond = fit_beyond(fleet, cap=CAP)
    assert ((beyond.share >= 0.0) & (beyond.share <= 1.0)).all()
    assert ((beyond.mean >= 0.0) & (beyond.mean <= 2 * CAP)).all()
