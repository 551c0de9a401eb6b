"""How well a stored model does on assets whose end is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analytics.health.domain.artifact import from_artifact
from analytics.health.domain.model import predict
from analytics.health.domain.quality import phm08_score
from analytics.health.schemas import Artifact, UnitHistory


def evaluate(artifact: Artifact, units: Sequence[UnitHistory], truth: Mapping[str, float]) -> dict[str, float]:
    """Compare predictions after each unit's last cycle with the truth, both in cycles.

    Args:
        artifact: The model as it is stored.
        units: Histories that end before the failure.
        truth: Remaining life after the last cycle, by unit.

    Returns:
        ``rmse`` in cycles, ``score`` (the PHM08 penalty, summed), and ``coverage``: the share of truths, counted up to
        the model's cap as it counts them, that lie within their intervals.
    """
    model = from_artifact(artifact.metadata, artifact.payload)
    told = predict(model, units)
    true = np.array([truth[each.unit] for each in told])
    apart = np.array([each.value for each in told]) - true
    capped = np.minimum(true, model.config.cap)
    inside = [each.low <= value <= each.high for each, value in zip(told, capped, strict=True)]
    return {
        "rmse": float(np.sqrt(np.mean(apart * apart))),
        "score": float(phm08_score(apart).sum()),
        "coverage": float(np.mean(inside)),
    }
