"""Units as UCUM codes: which are known, which convert into each other, and how.

A value is converted once, when a gateway's key becomes a signal; stored values never change their unit. A conversion
is always affine, ``target = factor * source + offset``, and its two figures are exact. A code's annotations
(``{rpm}``, ``[psi]{gauge}``) carry no dimension in UCUM but mean something to people: units convert only when their
annotations agree, so gauge pressure never silently becomes absolute.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenants.kernel.errors import OutturnError

MAXIMUM_LENGTH = 64

_ANNOTATION = re.compile(r"\{([^{}]*)\}")
_BRACKETED = re.compile(r"\[[^\[\]]*\]")
_HUGE_EXPONENT = re.compile(r"[^0-9./(][+-]?[0-9]{3}")  # 10*999999999 would be calculated, digit by digit
# UCUM defines these by a function that is no straight line: they are units, and convert into nothing but themselves.
_CURVED = frozenset(
    ("[pH]", "%[slope]", "[p'diop]", "[m/s2/Hz^(1/2)]", "bit_s", "[hp'_X]", "[hp'_C]", "[hp'_M]", "[hp'_Q]")
)
_USUAL_SPELLINGS = {
    "°C": "Cel",
    "degC": "Cel",
    "°F": "[degF]",
    "degF": "[degF]",
    "°R": "[degR]",
    "degR": "[degR]",
    "rpm": "{rpm}",
    "psi": "[psi]",
    "psia": "[psi]",
    "ft": "[ft_i]",
    "kft": "10*3.[ft_i]",
    "in": "[in_i]",
    "lb": "[lb_av]",
    "lbm": "[lb_av]",
    "lbm/s": "[lb_av]/s",
    "lbf": "[lbf_av]",
    "gpm": "[gal_us]/min",
    "kWh": "kW.h",
    "Nm": "N.m",
    "sec": "s",
    "hr": "h",
    "m^2": "m2",
    "m^3": "m3",
    "m³/h": "m3/h",
    "percent": "%",
}


class UnknownUnitError(OutturnError):
    """The text is not a UCUM code, or it is one that cannot be calculated with."""

    code = "unit.unknown"


class NotConvertibleError(OutturnError):
    """The two units measure different things, or no straight line leads from one to the other."""

    code = "unit.not_convertible"


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a value in one unit becomes a value in another: ``factor * value + offset``, both figures exact."""

    factor: Fraction
    offset: Fraction

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values in the target unit, an array of the same shape."""
        return values * float(self.factor) + float(self.offset)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A parsed code and its annotations.

    Attributes:
        magnitude: The number in the code, such as the 100 of ``100/min``.
        pint: The pint unit that the magnitude counts, None for a curved one.
        annotations: The texts in braces, sorted.
    """

    magnitude: Fraction
    pint: Any
    annotations: tuple[str, ...]


def is_unit(code: str) -> bool:
    """Whether the text is a UCUM code that can be calculated with."""
    try:
        check_unit(code)
    except UnknownUnitError:
        return False
    return True


def check_unit(code: str) -> None:
    """Accept a UCUM code and refuse anything else.

    Raises:
        UnknownUnitError: It is not a UCUM code, or one that cannot be calculated with (``Cel/min``; say ``K/min``).
    """
    _unit(code)


@lru_cache(maxsize=4096)
def conversion(source: str, target: str) -> Conversion:
    """How values in ``source`` become values in ``target``, both UCUM codes.

    Raises:
        UnknownUnitError: One of them is not a unit.
        NotConvertibleError: They measure different things, their annotations differ, or one is not linear (dB, pH).
    """
    given, wanted = _unit(source), _unit(target)
    if source == target:
        return Conversion(Fraction(1), Fraction(0))
    if given.annotations != wanted.annotations:
        raise _not_convertible(source, target, "their annotations in braces differ")
    zero, one = (_converted(value, given, wanted) for value in (0, 1))
    if zero is None or one is None:
        raise _not_convertible(source, target, "they measure different things, or one of them is no linear scale")
    return Conversion(factor=one - zero, offset=zero)


def base(code: str) -> tuple[Fraction, Fraction, dict[str, Fraction]]:
    """A unit in base units: factor and offset that lead there, and its base dimensions with their exponents.

    A unit that is no linear scale (dB, pH) is a dimension of its own; annotations are left out.

    Raises:
        UnknownUnitError: It is not a unit.
    """
    unit = _unit(code)
    if unit.pint is not None:
        from twins.language import ucum  # noqa: PLC0415 (half a second, at the first unit)

        zero, one = (ucum.in_base_units(value * unit.magnitude, unit.pint) for value in (0, 1))
        if zero is not None and one is not None:
            return one - zero, zero, ucum.dimensions(unit.pint)
    return Fraction(1), Fraction(0), {_ANNOTATION.sub("", code): Fraction(1)}


def _converted(value: int, given: _Unit, wanted: _Unit) -> Fraction | None:
    """``value`` of the given unit in the wanted one, or None where no straight line leads there."""
    if given.pint is None or wanted.pint is None:
        return None
    from twins.language import ucum  # noqa: PLC0415 (half a second, at the first unit)

    magnitude = ucum.converted(value * given.magnitude, given.pint, wanted.pint)
    return None if magnitude is None else magnitude / wanted.magnitude


def _not_convertible(source: str, target: str, reason: str) -> NotConvertibleError:
    return NotConvertibleError(
        f"{source!r} does not convert into {target!r}: {reason}.",
        place="unit",
        fix=f"Give a unit that measures the same as {target!r}, with the same annotations.",
    )


@lru_cache(maxsize=4096)
def _unit(code: str) -> _Unit:
    annotations = tuple(sorted(_ANNOTATION.findall(code)))
    bare = _ANNOTATION.sub("", code)
    _refuse_abuse(code, bare)
    if bare in _CURVED:
        return _Unit(Fraction(1), None, annotations)
    from twins.language import ucum  # noqa: PLC0415 (half a second, at the first unit)

    is_annotation = not bare and annotations  # it stands for the unit one
    quantity = ucum.quantity("1" if is_annotation else code)
    if quantity is None:
        raise _unknown(code, "it cannot be read, or it cannot be calculated with")
    return _Unit(*quantity, annotations)


def _refuse_abuse(code: str, bare: str) -> None:
    if len(code) > MAXIMUM_LENGTH:
        raise _unknown(f"{code[:MAXIMUM_LENGTH]}...", f"it is longer than {MAXIMUM_LENGTH} characters")
    if _HUGE_EXPONENT.search(_BRACKETED.sub("_", bare)):
        raise _unknown(code, "its exponent has more than two digits")
    if bare not in _CURVED and any(unit in bare for unit in _CURVED):
        raise _unknown(code, "a unit that is no linear scale stands alone, never in a product")


def _unknown(code: str, reason: str) -> UnknownUnitError:
    usual = _USUAL_SPELLINGS.get(code)
    return UnknownUnitError(
        f"{code!r} is not a UCUM unit: {reason}.",
        place="unit",
        fix=f"Write {usual!r}." if usual else "Use a UCUM code, such as Cel, bar, kW, m3/h, {rpm} or 1 for none.",
    )
