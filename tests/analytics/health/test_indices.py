from __future__ import annotations

import numpy as np

from analytics.features.domain.windows import Floats
from analytics.health.domain.indices import NAMES, Indices, fit_indices


def scores(seed: int) -> Floats:
    return np.random.default_rng(seed).standard_normal((200, 3)) * [3.0, 1.0, 0.1]


def test_the_life_index_follows_the_signal_that_tells_life() -> None:
    table = scores(0)
    indices = fit_indices([table], [table], [60.0 - 5.0 * table[:, 1]])
    np.testing.assert_allclose(indices.weights[:, 0], [0.0, -1.0, 0.0], atol=0.01)


def test_wear_indices_follow_the_largest_common_movement() -> None:
    table = scores(0)
    indices = fit_indices([table], [table], [np.zeros(200)])
    np.testing.assert_allclose(indices.weights[:, 1:], [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], atol=0.15)
    assert indices.weights[:, 0].tolist() == [0.0, 0.0, 0.0]


def test_a_single_signal_has_every_index() -> None:
    table = scores(0)[:, :1]
    indices = fit_indices([table], [table], [-table[:, 0]])
    np.testing.assert_allclose(indices.weights, [[-1.0, 1.0, 0.0]])


def test_an_unknown_signal_counts_as_normal() -> None:
    indices = Indices(np.array([[1.0, 0.5, 0.0], [2.0, 0.0, 1.0]]))
    assert indices.apply(np.array([[np.nan, 3.0]])).tolist() == [[6.0, 0.0, 3.0]]


def test_shares_are_the_sizes_of_the_parts() -> None:
    indices = Indices(np.array([[1.0, 0.5, 0.0], [-1.0, 0.0, 0.0]]))
    shares = indices.shares(np.array([[1.0, 3.0], [np.nan, 0.0]]))
    assert shares[0].T.tolist() == [[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]]
    np.testing.assert_array_equal(shares.sum(axis=1), np.ones((2, len(NAMES))))
