"""UCUM codes as exact quantities, by the libraries that know them.

They take half a second to load: `twins.language.units` imports this module when the first unit is asked for.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from lark.exceptions import LarkError
from pint.errors import DimensionalityError
from ucumvert import PintUcumRegistry, UcumToPintTransformer, get_ucum_parser, parse_ucum

_registry = PintUcumRegistry(non_int_type=Fraction)
_transformer, _parser = UcumToPintTransformer(ureg=_registry), get_ucum_parser()


def quantity(code: str) -> tuple[Fraction, Any] | None:
    """The number in a code, such as the 100 of ``100/min``, and the unit it counts; None when it cannot be read."""
    try:
        found = _transformer.transform(parse_ucum(code, _parser))
    except LarkError:
        return None
    return Fraction(found.magnitude), found.units


def converted(value: Fraction, source: Any, target: Any) -> Fraction | None:
    """A value of one unit in another; None when they measure different things or one of them is no linear scale."""
    try:
        return Fraction(_registry.Quantity(value, source).to(target).magnitude)
    except DimensionalityError:
        return None
    except TypeError:  # the logarithm of an exact fraction: a level such as dB
        return None


def in_base_units(value: Fraction, unit: Any) -> Fraction | None:
    """A value in the base units of what it measures; None when its unit is no linear scale."""
    try:
        return Fraction(_registry.Quantity(value, unit).to_base_units().magnitude)
    except TypeError:  # the logarithm of an exact fraction: a level such as dB
        return None


def dimensions(unit: Any) -> dict[str, Fraction]:
    """The base dimensions of a unit with their exponents."""
    return {str(name): Fraction(exponent) for name, exponent in unit.dimensionality.items()}
