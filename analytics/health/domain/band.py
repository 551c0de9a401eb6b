"""Prediction intervals that hold on units never seen: conformal prediction over out-of-fold predictions.

The band is the shortest interval that holds the asked share of the truths whose out-of-fold predictions were near, so
that it is narrow where the model is sure. Its coverage is then made good on units that had no part in it: it is widened
(or narrowed) in proportion to its width by the conformal quantile of how far truths lay outside (conformalised
intervals as in Romano, Patterson and Candès, *Conformalized quantile regression*, NeurIPS 2019, with out-of-fold
residuals as in the CV+ of Barber et al., *Predictive inference with the jackknife+*, Annals of Statistics 2021). Cycles
of one unit are not independent, so that each unit weighs the same and units are the sample that is counted (pooling of
Dunn, Wasserman and Ramdas, *Distribution-free prediction sets for two-layer hierarchical models*, JASA 2023).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.features.domain.windows import Floats

KNOTS = 26
"""At how many predictions from 0 to the cap something is fitted; straight lines between."""
_NARROWEST = 1.0
"""Cycles; a band that is narrower is scaled as if it were so wide."""
_FAR = 1e-9
"""Weight of the farthest row: where nothing was predicted, all rows count alike."""
_ROUNDING = 1 - 1e-12
"""Keeps sums of weights from missing the asked share by their last bit."""


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """What members said of units that they had not seen; one entry a row, of all units.

    Attributes:
        predicted: Within 0 and the cap, shape ``(n,)``.
        truth: Remaining life, counted up to the cap for the band, shape ``(n,)``.
        unit: Number of the row's unit, shape ``(n,)``.
        fold: Number of the member that had not seen the unit, shape ``(n,)``.
    """

    predicted: Floats
    truth: Floats
    unit: NDArray[np.intp]
    fold: NDArray[np.intp]

    @property
    def weight(self) -> Floats:
        """Of each row, such that every unit weighs 1, shape ``(n,)``."""
        weight: Floats = 1.0 / np.bincount(self.unit)[self.unit]
        return weight

    def near(self, life: float, *, cap: float) -> OutOfFold:
        """The rows with up to so much life left, their truth counted up to the cap."""
        rows = self.truth <= life
        return OutOfFold(self.predicted[rows], np.minimum(self.truth, cap)[rows], self.unit[rows], self.fold[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Limits at some predictions, straight between them; rising with the prediction.

    Attributes:
        predicted: From 0 to the cap, rising, shape ``(m,)``.
        low: Lower limits, shape ``(m,)``.
        high: Upper limits, shape ``(m,)``.
    """

    predicted: Floats
    low: Floats
    high: Floats

    def around(self, predicted: Floats) -> tuple[Floats, Floats]:
        """Lower and upper limits for predictions within 0 and the cap; they hold the prediction between them."""
        low, high = (np.interp(predicted, self.predicted, limit) for limit in (self.low, self.high))
        return np.minimum(low, predicted), np.maximum(high, predicted)


def fit_band(told: OutOfFold, *, cap: float, coverage: float) -> Band:
    """The band for new units.

    Args:
        told: Out-of-fold predictions.
        cap: Remaining life is counted up to here.
        coverage: Share of the truths that the band is to hold.
    """
    plain = _shortest(told, np.ones(len(told.unit), dtype=np.bool_), cap=cap, coverage=coverage)
    return _widened(plain, _quantile_outside(told, cap=cap, coverage=coverage), cap=cap)


def _quantile_outside(told: OutOfFold, *, cap: float, coverage: float) -> float:
    """How far truths lie outside bands that know nothing of their fold, in widths: the conformal quantile."""
    outside = np.empty_like(told.truth)
    for fold in np.unique(told.fold):
        held_out = told.fold == fold
        band = _shortest(told, ~held_out, cap=cap, coverage=coverage)
        truth = told.truth[held_out]
        low, high = band.around(told.predicted[held_out])
        outside[held_out] = np.maximum(low - truth, truth - high) / np.maximum(high - low, _NARROWEST)
    order = np.argsort(outside, kind="stable")
    weight = told.weight
    units = weight.sum()
    asked = np.searchsorted(np.cumsum(weight[order]), coverage * (units + 1))
    return float(outside[order][min(int(asked), len(order) - 1)])


def _shortest(told: OutOfFold, rows: NDArray[np.bool_], *, cap: float, coverage: float) -> Band:
    """At each knot the shortest interval that holds the asked share of the truths predicted near it."""
    knots = np.linspace(0.0, cap, KNOTS)
    predicted, truth, weight = told.predicted[rows], told.truth[rows], told.weight[rows]
    limits = np.array([_limits(knot, predicted, truth, weight, cap=cap, coverage=coverage) for knot in knots])
    return _rising(knots, limits[:, 0], limits[:, 1])


def near_weight(knot: float, predicted: Floats, weight: Floats, *, cap: float) -> Floats:
    """How much each prediction counts at a knot: its weight, and how near it lies, shape ``(n,)``."""
    apart = (predicted - knot) / (cap / (KNOTS - 1))
    near: Floats = weight * np.exp(-0.5 * apart * apart) + _FAR
    return near


def _limits(
    knot: float, predicted: Floats, truth: Floats, weight: Floats, *, cap: float, coverage: float
) -> tuple[float, float]:
    near = near_weight(knot, predicted, weight, cap=cap)
    shifted = np.clip(truth + knot - predicted, 0.0, cap)
    order = np.argsort(shifted, kind="stable")
    shifted, mass = shifted[order], np.cumsum(near[order])
    before = np.concatenate([[0.0], mass[:-1]])
    last = np.searchsorted(mass, before + coverage * mass[-1] * _ROUNDING)
    first = np.flatnonzero(last < len(mass))
    best = first[np.argmin(shifted[last[first]] - shifted[first])]
    return float(shifted[best]), float(shifted[last[best]])


def _rising(knots: Floats, low: Floats, high: Floats) -> Band:
    """Limits that never fall as the prediction rises, by widening where they do."""
    low = np.minimum.accumulate(np.minimum(low, knots)[::-1])[::-1]
    return Band(knots, low, np.maximum.accumulate(np.maximum(high, knots)))


def _widened(band: Band, share: float, *, cap: float) -> Band:
    wider = share * np.maximum(band.high - band.low, _NARROWEST)
    return _rising(band.predicted, np.maximum(band.low - wider, 0.0), np.minimum(band.high + wider, cap))
