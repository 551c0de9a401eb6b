from __future__ import annotations

import numpy as np
import pytest

from analytics.features.domain.standard import fit_conditions, fit_standard
from analytics.features.domain.windows import Floats

NAN = np.nan
CENTRES = np.array([[0.0, 100.0], [20.0, 100.0], [42.0, 60.0]])


def settings_around(centres: Floats, rows: int = 60) -> Floats:
    chance = np.random.default_rng(0)
    return np.repeat(centres, rows, axis=0) + 0.01 * chance.standard_normal((len(centres) * rows, 2))


def test_clusters_of_settings_are_conditions() -> None:
    settings = settings_around(CENTRES)
    conditions = fit_conditions(settings, seed=0)
    found = conditions.centres * conditions.scale
    np.testing.assert_allclose(found[np.argsort(found[:, 0])], CENTRES, atol=0.01)
    condition = conditions.of(settings)
    assert [len(set(part)) for part in condition.reshape(3, 60).tolist()] == [1, 1, 1]
    assert len(set(condition.tolist())) == 3


def test_a_switch_of_two_positions_is_two_conditions() -> None:
    settings = np.tile([[0.0], [1.0]], (30, 1))
    assert sorted(fit_conditions(settings, seed=0).centres[:, 0].tolist()) == [0.0, 2.0]


@pytest.mark.parametrize(
    "settings",
    [
        settings_around(CENTRES[:1], rows=180),
        np.random.default_rng(1).uniform(0.0, 40.0, (200, 2)),
        np.full((50, 2), 7.0),
        np.empty((50, 0)),
        np.full((50, 2), NAN),
    ],
    ids=["noise", "evenly spread", "constant", "none", "unknown"],
)
def test_settings_without_clusters_are_one_condition(settings: Floats) -> None:
    conditions = fit_conditions(settings, seed=0)
    assert conditions.centres.tolist() == [[0.0] * settings.shape[1]]
    assert conditions.of(settings).tolist() == [0] * len(settings)


def test_the_same_settings_give_the_same_conditions() -> None:
    settings = settings_around(CENTRES, rows=400)
    first, again = fit_conditions(settings, seed=3), fit_conditions(settings, seed=3)
    assert first.centres.tolist() == again.centres.tolist()


def test_scores_count_from_what_is_normal() -> None:
    values = np.array([[1.0, 5.0], [3.0, 5.0], [NAN, 5.0]])
    standard = fit_standard(np.empty((3, 0)), values, seed=0)
    assert standard.mean.tolist() == [[2.0, 5.0]]
    assert standard.deviation.tolist() == [[1.0, np.inf]]
    assert standard.moving.tolist() == [True, False]
    scores = standard.apply(np.empty((2, 0)), np.array([[4.0, 9.0], [NAN, NAN]]))
    np.testing.assert_array_equal(scores, [[2.0, 0.0], [NAN, NAN]])


def test_what_is_normal_depends_on_the_condition() -> None:
    settings = settings_around(CENTRES)
    level = np.repeat([10.0, 500.0, -3.0], 60)[:, np.newaxis]
    wobble = np.tile([-1.0, 1.0], 90)[:, np.newaxis] * np.repeat([1.0, 10.0, 0.5], 60)[:, np.newaxis]
    standard = fit_standard(settings, level + wobble, seed=0)
    np.testing.assert_allclose(standard.apply(settings, level + wobble)[:, 0], np.tile([-1.0, 1.0], 90), rtol=1e-9)


def test_an_unknown_setting_makes_the_row_unknown() -> None:
    settings = settings_around(CENTRES)
    standard = fit_standard(settings, settings.copy(), seed=0)
    settings[5, 0] = NAN
    scores = standard.apply(settings, settings)
    assert np.isnan(scores[5]).all()
    assert np.isfinite(np.delete(scores, 5, axis=0)).all()


def test_rounding_of_a_constant_is_no_movement() -> None:
    values = np.full((30, 1), 518.67)
    values[::2] += 1e-10
    assert not fit_standard(np.empty((30, 0)), values, seed=0).moving.any()
