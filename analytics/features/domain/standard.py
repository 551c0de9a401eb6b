"""Operating conditions and what is normal in them, learnt from a training set and applied to any history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.features.domain.windows import Floats

MOST_CONDITIONS = 8
CLEARLY_APART = 0.8
"""Silhouette (Rousseeuw 1987) from which clusters of settings are taken for conditions; noise around one point gives
about 0.4, separate conditions give nearly 1."""
_SAMPLE = 500
_STEPS = 20
_HARDLY = 1e-9
"""A deviation below this share of the signal's size is the rounding of a constant."""


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """Clusters of operating settings.

    Attributes:
        centres: Shape ``(m, s)`` in multiples of ``scale``; one row, of zeros, where the settings do not form clusters.
        scale: One unit of each setting, shape ``(s,)``; infinity for a setting that tells nothing.
    """

    centres: Floats
    scale: Floats

    def of(self, settings: Floats) -> NDArray[np.intp]:
        """The condition of each row of settings ``(n, s)``, shape ``(n,)``; -1 where a setting is unknown."""
        if len(self.centres) == 1:
            return np.zeros(len(settings), dtype=np.intp)
        return np.where(np.isfinite(settings).all(axis=1), _nearest(settings / self.scale, self.centres), -1)


def fit_conditions(settings: Floats, *, seed: int) -> Conditions:
    """Find the operating conditions in the settings of a training set.

    Clusters are found by k-means for 2 to `MOST_CONDITIONS` clusters; the number with the best silhouette is taken,
    and a single condition where even that one is not `CLEARLY_APART`.

    Args:
        settings: Shape ``(n, s)``; rows with a NaN are passed over.
        seed: For the sample that is clustered.
    """
    known = settings[np.isfinite(settings).all(axis=1)]
    spread = known.std(axis=0) if len(known) else np.zeros(settings.shape[1])
    telling = spread > _HARDLY * np.abs(known).max(axis=0, initial=0.0)
    scale = np.where(telling, spread, np.inf)
    sample = known[np.random.default_rng(seed).permutation(len(known))[:_SAMPLE]] / scale
    apart = _distances(sample, sample)
    best, centres = CLEARLY_APART, np.zeros((1, settings.shape[1]))
    for count in range(2, min(MOST_CONDITIONS, len(np.unique(sample, axis=0))) + 1):
        found = _k_means(sample, count)
        if (silhouette := _silhouette(apart, _nearest(sample, found))) > best:
            best, centres = silhouette, found
    return Conditions(centres, scale)


def _k_means(points: Floats, count: int) -> Floats:
    """Centres of clusters: Lloyd's steps from points that lie as far apart as possible (Gonzalez 1985)."""
    centres = points[:1]
    while len(centres) < count:
        centres = np.vstack([centres, points[_distances(points, centres).min(axis=1).argmax()]])
    for _ in range(_STEPS):
        cluster = _nearest(points, centres)
        centres = np.stack([points[cluster == each].mean(axis=0) for each in np.unique(cluster)])
    return centres


def _silhouette(apart: Floats, cluster: NDArray[np.intp]) -> float:
    """The mean of (b - a) / max(a, b): a is a point's mean distance to its own cluster, b the one to the next."""
    own = cluster[:, np.newaxis] == np.unique(cluster)
    size = own.sum(axis=0)
    total = np.einsum("ij,jk->ik", apart, own.astype(np.float64))
    within = total[own] / np.maximum(size[cluster] - 1, 1)
    beyond = np.where(own, np.inf, total / size).min(axis=1)
    return float(np.where(size[cluster] > 1, (beyond - within) / np.maximum(within, beyond), 0.0).mean())


def _distances(points: Floats, centres: Floats) -> Floats:
    apart = points[:, np.newaxis, :] - centres
    distances: Floats = np.sqrt((apart * apart).sum(axis=2))
    return distances


def _nearest(points: Floats, centres: Floats) -> NDArray[np.intp]:
    nearest: NDArray[np.intp] = _distances(points, centres).argmin(axis=1)
    return nearest


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """What is normal for each signal in each condition; makes signals comparable across conditions.

    Attributes:
        conditions: How a row finds its condition.
        mean: Shape ``(m, k)``.
        deviation: Standard deviation, shape ``(m, k)``; infinity for a signal that is constant in a condition.
    """

    conditions: Conditions
    mean: Floats
    deviation: Floats

    @property
    def moving(self) -> NDArray[np.bool_]:
        """Which signals tell anything at all, shape ``(k,)``."""
        return np.asarray(np.isfinite(self.deviation).any(axis=0), dtype=np.bool_)

    def apply(self, settings: Floats, values: Floats) -> Floats:
        """Deviations from normal, in standard deviations of the row's condition.

        Args:
            settings: Shape ``(n, s)``.
            values: Shape ``(n, k)``; NaN where unknown.

        Returns:
            Shape ``(n, k)``; 0 for a signal that is constant, NaN where the value or the condition is unknown.
        """
        condition = self.conditions.of(settings)
        scores: Floats = (values - self.mean[condition]) / self.deviation[condition]
        scores[condition < 0] = np.nan
        return scores


def fit_standard(settings: Floats, values: Floats, *, seed: int) -> Standard:
    """Learn the conditions of a training set and each signal's mean and deviation in them.

    Args:
        settings: Shape ``(n, s)``.
        values: Shape ``(n, k)``; NaN where unknown.
        seed: For the clustering.
    """
    conditions = fit_conditions(settings, seed=seed)
    condition = conditions.of(settings)
    moments = [_moments(values[condition == each]) for each in range(len(conditions.centres))]
    return Standard(conditions, np.stack([mean for mean, _ in moments]), np.stack([each for _, each in moments]))


def _moments(values: Floats) -> tuple[Floats, Floats]:
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    apart = np.where(known, values - mean, 0.0)
    deviation = np.sqrt((apart * apart).sum(axis=0) / count)
    return mean, np.where(deviation > _HARDLY * np.abs(mean), deviation, np.inf)
