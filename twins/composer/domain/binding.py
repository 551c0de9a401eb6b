"""What is wrong with how a binding makes the value of its signal of what was sent."""

from __future__ import annotations

from collections.abc import Iterator

from twins.composer.domain.expressions import read_expression
from twins.composer.schemas import Binding, TwinFinding
from twins.language.tree import FormulaError
from twins.language.units import NotConvertibleError, UnknownUnitError, conversion


def misfits(place: str, binding: Binding, unit: str | None) -> Iterator[TwinFinding]:
    """What keeps a binding from giving its signal values.

    Args:
        place: Of the binding.
        binding: The binding.
        unit: UCUM code of the signal; None when it is not known, which is told elsewhere.
    """
    if binding.scale is not None and binding.scale == 0:
        message, fix = "Scaled by 0, every value would be the same.", "Give the factor from the sent value to its unit."
        yield TwinFinding("twin.zero_scale", f"{place}/scale", message, fix)
    if binding.expression is not None and (binding.scale is not None or binding.offset is not None):
        message, fix = "It has an expression beside a scale or an offset.", "Write them into the expression."
        yield TwinFinding("twin.expression_and_scale", f"{place}/expression", message, fix)
    if unit is None:
        return
    if binding.unit is not None and (found := _unit(f"{place}/unit", binding.unit, unit)):
        yield found
    elif binding.expression is not None:
        yield from _expression(f"{place}/expression", binding, unit)


def _expression(place: str, binding: Binding, unit: str) -> Iterator[TwinFinding]:
    try:
        read_expression(binding.expression or "", binding.unit, unit)
    except FormulaError as error:
        for problem in error.problems:
            found = problem.finding(place)
            yield TwinFinding(found.code, found.place, found.message, found.fix)


def _unit(place: str, given: str, wanted: str) -> TwinFinding | None:
    try:
        conversion(given, wanted)
    except (UnknownUnitError, NotConvertibleError) as error:
        reason = "unknown_unit" if isinstance(error, UnknownUnitError) else "unit_not_convertible"
        return TwinFinding(f"twin.{reason}", place, error.message, error.fix)
    return None
