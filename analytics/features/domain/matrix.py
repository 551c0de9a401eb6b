"""From the history of one unit to a matrix of features, one row a cycle, with names an engineer can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analytics.features.domain.windows import Floats, Ints, window_mean, window_slope

_KINDS = {"mean": window_mean, "trend": window_slope}


@dataclass(frozen=True, slots=True)
class Statistic:
    """Something computed of a signal over a trailing window.

    Attributes:
        kind: The mean of the window, or the slope per cycle of a straight line through it.
        window: In cycles; None for the whole history so far.
    """

    kind: Literal["mean", "trend"]
    window: int | None = None

    @property
    def label(self) -> str:
        """What an engineer calls it, such as ``mean of the last 20 cycles``."""
        if self.window is None:
            return f"{self.kind} since the first cycle"
        return f"{self.kind} of the last {self.window} cycles"


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of a matrix: a statistic of a source, which is a signal or a combination of signals."""

    source: str
    statistic: Statistic

    @property
    def label(self) -> str:
        """Such as ``t50 mean of the last 20 cycles``."""
        return f"{self.source} {self.statistic.label}"


def features_of(sources: Sequence[str], statistics: Sequence[Statistic]) -> tuple[Feature, ...]:
    """The columns that `feature_matrix` makes: all sources for the first statistic, then for the next."""
    return tuple(Feature(source, statistic) for statistic in statistics for source in sources)


def feature_matrix(values: Floats, cycles: Ints, statistics: Sequence[Statistic]) -> Floats:
    """Every statistic of every column at every cycle of one unit; a row depends on no later row.

    Args:
        values: Shape ``(n, k)``; NaN where unknown.
        cycles: Numbers of the rows' cycles, rising, shape ``(n,)``.
        statistics: What to compute.

    Returns:
        Shape ``(n, k * len(statistics))``, in the order of `features_of`; NaN where too little is known.
    """
    return np.hstack([_KINDS[each.kind](values, cycles, each.window) for each in statistics])
