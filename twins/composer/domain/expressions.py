"""Expressions of bindings: a formula over the one name ``value``, a number as the gateway sent it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twins.language.checking import check
from twins.language.evaluation import Samples, evaluate
from twins.language.tree import NOWHERE, FormulaError, Problem
from twins.language.typed import Formula, Known, Role, Sort

NAME = "value"
LONGEST = 1000
"""Characters of an expression; what is worked out for every reading shall be read at a glance."""

# As a property it has no past: functions over time mean nothing for it, and say so.
_VOCABULARY = {NAME: Known(Role.PROPERTY)}
_TRIED = np.array([0.0, 1.0, -1.0, 0.5, 3.0, 4.0, 12.0, 20.0, 60.0, 100.0, -40.0, 1000.0, 27_648.0, 65_535.0])
"""What inputs send at rest and in operation: zero, currents of 4 to 20 mA, shares, counts of analogue inputs."""


class Expression(NamedTuple):
    """A checked expression.

    Attributes:
        formula: What is calculated.
        unit: UCUM code of what it gives.
    """

    formula: Formula
    unit: str


@lru_cache(maxsize=4096)
def read_expression(text: str, unit: str | None, signal_unit: str) -> Expression:
    """The checked expression of a binding.

    It gives either a value with a unit, which has to convert into that of the signal, or a plain number, which is then
    taken in the binding's unit.

    Args:
        text: The expression.
        unit: UCUM code of the binding, None for the signal's own.
        signal_unit: UCUM code of the signal.

    Raises:
        FormulaError: It cannot be read, or means nothing; its problems say where and why.
    """
    if len(text) > LONGEST:
        raise _wrong("too_long", f"It is longer than {LONGEST} characters.", "Write it shorter.")
    formula = check(text, _VOCABULARY, sort=Sort.NUMBER)
    if NAME not in formula.names:
        raise _wrong("without_value", "It does not speak of what was sent.", f"Use the name {NAME}, as in {NAME} / 10.")
    if not np.isfinite(values_of(formula, _TRIED)).any():
        fix = "Look for a division by zero, a root or a logarithm of something negative."
        raise _wrong("no_number", "It gives no number, whatever is sent.", fix)
    measure = formula.type.measure
    if not measure.dimension and measure.scale == 1:
        return Expression(formula, unit or signal_unit)
    if unit is not None:
        raise _wrong(
            "two_units", f"It gives a value in {measure.code!r} by itself.", "Leave the unit of the binding empty."
        )
    return Expression(check(text, _VOCABULARY, unit=signal_unit), signal_unit)


def values_of(formula: Formula, sent: NDArray[np.float64]) -> NDArray[np.float64]:
    """What an expression gives for each sent value, NaN where that is no finite number; shape ``(n,)`` both."""
    places = np.arange(sent.size)
    found = evaluate(formula, {NAME: Samples(places, sent, 0)}, at=places).value
    return np.where(np.isfinite(found), found, np.nan)


def _wrong(code: str, message: str, fix: str) -> FormulaError:
    return FormulaError((Problem(f"formula.{code}", NOWHERE, message, fix),))
