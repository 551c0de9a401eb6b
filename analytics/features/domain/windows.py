"""Statistics over trailing windows of a history: vectorised, causal, and blind to missing values.

A history has one row a cycle. A window of ``w`` cycles at cycle ``c`` holds the rows of the cycles ``c - w + 1`` to
``c``, fewer where the history is younger or has gaps; ``None`` is the whole history so far. A row never depends on a
later one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def window_mean(values: Floats, cycles: Ints, window: int | None) -> Floats:
    """The mean of what is known in the trailing window.

    Args:
        values: Shape ``(n, k)``; NaN where unknown.
        cycles: Numbers of the rows' cycles, rising, shape ``(n,)``.
        window: Length in cycles, or None for all so far.

    Returns:
        Shape ``(n, k)``; NaN where nothing is known.
    """
    known, filled = _split(values)
    first = _first_rows(cycles, window)
    count = _sums(known, first)
    return _ratio(_sums(filled, first), count, count > 0)


def window_slope(values: Floats, cycles: Ints, window: int | None) -> Floats:
    """The slope per cycle of the least-squares line through what is known in the trailing window.

    Args:
        values: Shape ``(n, k)``; NaN where unknown.
        cycles: Numbers of the rows' cycles, rising, shape ``(n,)``.
        window: Length in cycles, or None for all so far.

    Returns:
        Shape ``(n, k)``; NaN where fewer than two values are known.
    """
    known, filled = _split(values)
    first = _first_rows(cycles, window)
    age = (cycles - cycles[:1]).astype(np.float64)[:, np.newaxis]
    count, level = _sums(known, first), _sums(filled, first)
    time, product = _sums(known * age, first), _sums(filled * age, first)
    spread = count * _sums(known * age * age, first) - time * time
    return _ratio(count * product - time * level, spread, count > 1)


def _split(values: Floats) -> tuple[Floats, Floats]:
    """1 where a value is known, and the values with 0 in place of unknown ones."""
    known = np.isfinite(values)
    return known.astype(np.float64), np.where(known, values, 0.0)


def _first_rows(cycles: Ints, window: int | None) -> NDArray[np.intp]:
    """The first row in the window of each row."""
    if window is None:
        return np.zeros(len(cycles), dtype=np.intp)
    return np.searchsorted(cycles, cycles - window, side="right")


def _sums(values: Floats, first: NDArray[np.intp]) -> Floats:
    """Sums over the rows from ``first`` to each row."""
    total = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=total[1:])
    sums: Floats = total[1:] - total[first]
    return sums


def _ratio(above: Floats, below: Floats, defined: NDArray[np.bool_]) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=defined)
