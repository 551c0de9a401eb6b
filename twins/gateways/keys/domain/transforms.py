"""What a binding makes of values that were sent: for looking at it before it is saved."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from twins.composer.domain.binding import misfits
from twins.composer.domain.expressions import read_expression, values_of
from twins.composer.schemas import Binding, TwinFinding
from twins.language.units import conversion

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """Values as they would become.

    Attributes:
        value: In the unit of the signal, NaN where the expression gives none; None when something is wrong.
        findings: What is wrong, at places below ``binding``.
    """

    value: Floats | None
    findings: tuple[TwinFinding, ...] = ()


def preview(binding: Binding, unit: str, sent: Floats) -> Preview:
    """What a binding makes of sent values.

    Args:
        binding: With its scale, offset, unit and expression.
        unit: UCUM code of the signal.
        sent: Values, shape ``(n,)``.
    """
    findings = tuple(misfits("binding", binding, unit))
    if findings:
        return Preview(None, findings)
    given = binding.unit or unit
    if binding.expression is not None:
        formula, given = read_expression(binding.expression, binding.unit, unit)
        sent = values_of(formula, sent)
    way = conversion(given, unit)
    factor = float(way.factor * Fraction(1 if binding.scale is None else binding.scale))
    offset = float(way.factor * Fraction(binding.offset or 0) + way.offset)
    with np.errstate(over="ignore"):
        return Preview(sent * factor + offset)


def sent_before(stored: Floats, binding: Binding, unit: str) -> Floats | None:
    """What was sent for stored values: the way back, where there is one.

    Args:
        stored: In the unit of the signal, shape ``(n,)``.
        binding: By which they came.
        unit: UCUM code that they are stored in.
    """
    if binding.expression is not None:
        return None
    way = conversion(binding.unit or unit, unit)
    factor = way.factor * Fraction(1 if binding.scale is None else binding.scale)
    if not factor:
        return None
    offset = way.factor * Fraction(binding.offset or 0) + way.offset
    return (stored - float(offset)) / float(factor)
