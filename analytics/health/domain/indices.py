"""Health indices: combinations of all signals, which tell wear from noise better than any signal alone.

The first index is the ridge regression of capped remaining life on the standardised signals. The others are the first
principal components of the smoothed signals, which follow how the fleet moves together without knowing its life.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.features.domain.windows import Floats

COMPONENTS = 2
NAMES = ("life index", *(f"wear index {number + 1}" for number in range(COMPONENTS)))
_RIDGE = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Indices:
    """Weights of the signals in each index, shape ``(k, len(NAMES))``; a weight of 0 for what is not there."""

    weights: Floats

    def apply(self, scores: Floats) -> Floats:
        """The indices of standardised signals ``(n, k)``, shape ``(n, len(NAMES))``; an unknown signal is normal."""
        combined: Floats = np.einsum("nk,km->nm", np.nan_to_num(scores), self.weights)
        return combined

    def shares(self, smooth: Floats) -> Floats:
        """How much of each index comes from each signal, shape ``(n, k, len(NAMES))``; adds up to 1 over the signals.

        The share of a signal is the size of its part in the index over the sizes of all parts.

        Args:
            smooth: Smoothed standardised signals, shape ``(n, k)``.
        """
        parts = np.abs(np.nan_to_num(smooth)[:, :, np.newaxis] * self.weights)
        whole = parts.sum(axis=1, keepdims=True)
        shares: Floats = np.full_like(parts, 1.0 / len(self.weights))
        np.divide(parts, whole, out=shares, where=whole > 0.0)
        return shares


def fit_indices(scores: Sequence[Floats], smooth: Sequence[Floats], life: Sequence[Floats]) -> Indices:
    """Fit the indices to a training set.

    Args:
        scores: Standardised signals of each unit, shape ``(n, k)``.
        smooth: The same, smoothed.
        life: Capped remaining life at each cycle, shape ``(n,)``.
    """
    known = np.nan_to_num(np.vstack(scores))
    centred, target = known - known.mean(axis=0), np.concatenate(life)
    # einsum sums in one order on any number of threads, so that the same data gives the same bits
    gram = np.einsum("nk,nl->kl", centred, centred) + _RIDGE * np.eye(centred.shape[1])
    regression = np.linalg.solve(gram, np.einsum("nk,n->k", centred, target - target.mean()))
    return Indices(np.column_stack([_of_unit_length(regression), _components(np.nan_to_num(np.vstack(smooth)))]))


def _of_unit_length(weights: Floats) -> Floats:
    length = float(np.sqrt((weights * weights).sum()))
    return weights / length if length > 0.0 else weights


def _components(smooth: Floats) -> Floats:
    """Directions of the largest variance, shape ``(k, COMPONENTS)``; the largest weight of each is above 0."""
    centred = smooth - smooth.mean(axis=0)
    _, vectors = np.linalg.eigh(np.einsum("nk,nl->kl", centred, centred))
    found = vectors[:, ::-1][:, :COMPONENTS]
    signs = np.sign(found[np.abs(found).argmax(axis=0), np.arange(found.shape[1])])
    components = np.zeros((smooth.shape[1], COMPONENTS))
    components[:, : found.shape[1]] = found * signs
    return components
