"""What a number measures: how units combine when numbers are added, multiplied and compared.

Every unit is a scale of a product of base dimensions. The annotations of a code (``{rpm}``) count as dimensions of
their own, with the sign that the code gives them, so that what they tell apart stays apart; dividing by ``1 {rpm}``
takes one off. A scale with a zero of its own (Cel) is a point on a line: only differences of points can be calculated
with freely.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from twins.language.units import base

Dimension = tuple[tuple[str, Fraction], ...]

_ANNOTATED = re.compile(r"([./]?)[^./{}]*\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Measure:
    """A unit, with ``scale * value + offset`` the value in the coherent unit of its dimension.

    Attributes:
        scale: See above; exact.
        offset: Its zero, 0 for all units but points on a line such as Cel.
        dimension: Base dimensions and annotations with their exponents, by name; empty for a plain number.
        code: How it is called in messages.
    """

    scale: Fraction
    offset: Fraction
    dimension: Dimension
    code: str

    @property
    def is_point(self) -> bool:
        """Whether it has a zero of its own."""
        return self.offset != 0


_STEPS = {"Cel": "K", "[degF]": "[degR]"}
"""Units that differences of points are in."""
ONE = Measure(Fraction(1), Fraction(0), (), "1")


@lru_cache(maxsize=4096)
def measure(code: str) -> Measure:
    """What a UCUM code measures.

    Raises:
        UnknownUnitError: It is not a unit.
    """
    scale, offset, dimensions = base(code)
    exponents = dict(dimensions)
    for sign, annotation in _ANNOTATED.findall(code):
        name = f"{{{annotation}}}"
        exponents[name] = exponents.get(name, Fraction(0)) + (-1 if sign == "/" else 1)
    return Measure(scale, offset, _dimension(exponents), code)


def product(left: Measure, right: Measure) -> Measure:
    """What the product of two numbers measures; neither is a point."""
    return _combined(left, right, 1, f"{left.code}.{_closed(right.code)}")


def quotient(left: Measure, right: Measure) -> Measure:
    """What the quotient of two numbers measures; neither is a point."""
    return _combined(left, right, -1, f"{left.code}/{_closed(right.code)}")


def power(of: Measure, exponent: Fraction) -> Measure:
    """What a power measures; its scale must be 1, or the exponent a whole number."""
    scale = of.scale**exponent.numerator if exponent.denominator == 1 else Fraction(1)
    dimension = _dimension({name: each * exponent for name, each in of.dimension})
    return Measure(scale, Fraction(0), dimension, f"({of.code})^{exponent}")


def coherent(of: Measure) -> Measure:
    """The same dimension with the scale 1."""
    return Measure(Fraction(1), Fraction(0), of.dimension, of.code)


def difference(of: Measure) -> Measure:
    """What the difference of two points measures: steps of the same length, without a zero."""
    return Measure(of.scale, Fraction(0), of.dimension, _STEPS.get(of.code, of.code))


def _combined(left: Measure, right: Measure, sign: int, code: str) -> Measure:
    exponents = dict(left.dimension)
    for name, exponent in right.dimension:
        exponents[name] = exponents.get(name, Fraction(0)) + sign * exponent
    if not right.dimension and right.scale == 1:
        code = left.code
    elif left.code == "1" and sign == 1:
        code = right.code
    dimension = _dimension(exponents)
    scale = left.scale * right.scale**sign
    return Measure(scale, Fraction(0), dimension, code if dimension or scale != 1 else "1")


def _dimension(exponents: dict[str, Fraction]) -> Dimension:
    return tuple(sorted((name, Fraction(each)) for name, each in exponents.items() if each))


def _closed(code: str) -> str:
    return f"({code})" if "." in code or "/" in code else code
