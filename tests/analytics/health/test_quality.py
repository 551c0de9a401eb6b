from __future__ import annotations

import numpy as np
import pytest

from analytics.health.domain.quality import phm08_score, weighted_mean


def test_late_predictions_cost_more_than_early_ones() -> None:
    penalties = phm08_score(np.array([-13.0, 0.0, 10.0]))
    assert penalties.tolist() == pytest.approx([np.e - 1, 0.0, np.e - 1], rel=1e-12)


def test_weights() -> None:
    assert weighted_mean(np.array([1.0, 4.0]), np.array([2.0, 1.0])) == 2.0
