from __future__ import annotations

import numpy as np

from analytics.features.domain.matrix import Statistic, feature_matrix, features_of

STATISTICS = (Statistic("mean", 2), Statistic("trend"))


def test_columns_are_named_for_an_engineer() -> None:
    assert [feature.label for feature in features_of(["t50", "ps30"], STATISTICS)] == [
        "t50 mean of the last 2 cycles",
        "ps30 mean of the last 2 cycles",
        "t50 trend since the first cycle",
        "ps30 trend since the first cycle",
    ]


def test_columns_hold_what_their_names_say() -> None:
    values = np.array([[1.0, 10.0], [2.0, 10.0], [6.0, 40.0]])
    matrix = feature_matrix(values, np.array([1, 2, 3]), STATISTICS)
    expected = [[1.0, 10.0, np.nan, np.nan], [1.5, 10.0, 1.0, 0.0], [4.0, 25.0, 2.5, 15.0]]
    np.testing.assert_allclose(matrix, expected, rtol=1e-12)
    assert matrix.shape[1] == len(features_of(["t50", "ps30"], STATISTICS))
