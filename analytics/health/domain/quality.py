"""Measures of predictions of remaining useful life."""

from __future__ import annotations

import numpy as np

from analytics.features.domain.windows import Floats


def phm08_score(apart: Floats) -> Floats:
    """The penalty of each prediction in the PHM08 challenge (Saxena et al. 2008), to be summed; lower is better.

    ``exp(-d / 13) - 1`` for predictions that are too early, ``exp(d / 10) - 1`` for those too late, in which ``d`` is
    the prediction less the truth, in cycles.
    """
    return np.expm1(np.where(apart < 0, -apart / 13.0, apart / 10.0))


def weighted_mean(values: Floats, weight: Floats) -> float:
    """The mean of values that do not all weigh the same."""
    return float((values * weight).sum() / weight.sum())
