"""What lies beyond the cap of a model: how many of those of whom it says the same live longer, and how much longer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.features.domain.windows import Floats
from analytics.health.domain.band import KNOTS, OutOfFold, near_weight


@dataclass(frozen=True, slots=True, eq=False)
class Beyond:
    """Life beyond the cap at some predictions, straight between them.

    Attributes:
        predicted: From 0 to the cap, rising, shape ``(m,)``.
        share: P(life >= cap) of units predicted so, shape ``(m,)``.
        mean: E[life - cap | life >= cap] of them in cycles, shape ``(m,)``; 0 where none lived so long.
    """

    predicted: Floats
    share: Floats
    mean: Floats

    def at(self, predicted: float) -> tuple[float, float]:
        """Share and mean for a prediction within 0 and the cap."""
        share, mean = (np.interp(predicted, self.predicted, figure) for figure in (self.share, self.mean))
        return float(share), float(mean)


def fit_beyond(told: OutOfFold, *, cap: float) -> Beyond:
    """The shares and means among out-of-fold predictions near each knot, of which every unit weighs the same.

    Args:
        told: Out-of-fold predictions at every cycle, with the truth not counted up to the cap.
        cap: Remaining life is told apart up to here.
    """
    knots, weight = np.linspace(0.0, cap, KNOTS), told.weight
    near = np.array([near_weight(knot, told.predicted, weight, cap=cap) for knot in knots])
    alive = near @ (told.truth >= cap)
    excess = near @ np.maximum(told.truth - cap, 0.0)
    mean: Floats = np.divide(excess, alive, out=np.zeros_like(excess), where=alive > 0.0)
    return Beyond(knots, np.minimum(alive / near.sum(axis=1), 1.0), mean)
