"""Operations on values of one instant, on whole arrays. Truths are 1 and 0; what is not known is NaN, truths too."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
ROUNDING = 1e-12
"""By how much of themselves numbers may differ that are the same but for the units they were given in."""


def _known(result: Values) -> Values:
    """The result, unknown where it is no finite number: a division by zero, a root below zero, what grew too large."""
    return np.where(np.isfinite(result), result, np.nan)


def _truth(result: NDArray[np.bool_], *operands: Values) -> Values:
    unknown = reduce(np.logical_or, (np.isnan(one) for one in operands))
    return np.where(unknown, np.nan, result.astype(np.float64))


def _and(left: Values, right: Values) -> Values:
    """After Kleene: false as soon as one is, whatever the other may be."""
    return np.where((left == 0) | (right == 0), 0.0, left * right)


def _or(left: Values, right: Values) -> Values:
    return np.where((left == 1) | (right == 1), 1.0, left + right)


def _choice(condition: Values, yes: Values, no: Values) -> Values:
    return np.where(condition == 1, yes, np.where(condition == 0, no, np.nan))


def _clamp(x: Values, low: Values, high: Values) -> Values:
    # 13 l/s in m3/h is 46.8 and a bit more: limits that meet must not make the value unknown.
    in_order = (low <= high) | np.isclose(low, high, rtol=ROUNDING, atol=0.0)
    return np.where(in_order, np.minimum(np.maximum(x, low), high), np.nan)


def _round(x: Values, step: Values) -> Values:
    return _known(np.where(step > 0, np.rint(x / step) * step, np.nan))


POINTWISE: dict[str, Callable[..., Values]] = {
    "+": lambda left, right: _known(left + right),
    "-": lambda left, right: _known(left - right),
    "*": lambda left, right: _known(left * right),
    "/": lambda left, right: _known(left / right),
    "negate": np.negative,
    "=": lambda left, right: _truth(left == right, left, right),
    "!=": lambda left, right: _truth(left != right, left, right),
    "<": lambda left, right: _truth(left < right, left, right),
    "<=": lambda left, right: _truth(left <= right, left, right),
    ">": lambda left, right: _truth(left > right, left, right),
    ">=": lambda left, right: _truth(left >= right, left, right),
    "and": _and,
    "or": _or,
    "not": lambda operand: 1.0 - operand,
    "if": _choice,
    "min": lambda *operands: reduce(np.minimum, operands),
    "max": lambda *operands: reduce(np.maximum, operands),
    "abs": np.abs,
    "sqrt": lambda x: _known(np.sqrt(x)),
    "exp": lambda x: _known(np.exp(x)),
    "log": lambda x: _known(np.log(x)),
    "pow": lambda x, n: _known(np.power(x, n)),
    "clamp": _clamp,
    "round": _round,
}
"""By name; numpy's minimum and maximum hand NaN on."""


def same_text(left: NDArray[np.object_], right: NDArray[np.object_]) -> Values:
    """Whether texts are equal; unknown where one is None."""
    pairs = zip(left.tolist(), right.tolist(), strict=True)
    return np.array([np.nan if one is None or two is None else float(one == two) for one, two in pairs], np.float64)
