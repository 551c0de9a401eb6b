"""Whether the values of a signal have moved, and whether it looks as if somebody had changed their unit."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from tenants.kernel.errors import OutturnError
from twins.language.units import conversion
from twins.telemetry.schemas import Floats

MOVED = 1.0
"""So many times the former 5-95 % range: a median that has moved so far is drift."""
_FITS = 0.5
"""How far, in ranges, the quantiles may lie from where a change of unit would put them."""
_WAVER = 0.02
"""The least width that a range is taken to have, as a share of its median: processes move a little by themselves."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of unit: values are ``factor * before + offset``.

    Attributes:
        name: As people say it: ``× 1000``, ``°C → °F``.
        of: A UCUM unit of what it can be a change of; empty for anything.
    """

    name: str
    factor: float
    offset: float = 0.0
    of: str = ""

    def matches(self, unit: str) -> bool:
        """Whether a signal that is stored in a unit can have been changed so."""
        return not self.of or _converts(unit, self.of)


@dataclass(frozen=True, slots=True)
class Drift:
    """How the values of a span differ from those of the span before.

    Attributes:
        moved: By how many of the former 5-95 % ranges the median has moved.
        wider: How many times as wide the range is, None where it had no width.
        change: The change of unit that would explain it.
    """

    moved: float
    wider: float | None
    change: Change | None

    @property
    def is_told(self) -> bool:
        """Whether it is far enough to be told of."""
        return self.moved >= MOVED


def _both_ways(name: str, back: str, factor: Fraction, offset: Fraction, of: str) -> tuple[Change, Change]:
    return (
        Change(name, float(factor), float(offset), of),
        Change(back, float(1 / factor), float(-offset / factor), of),
    )


_PSI = Fraction("6.894757293168")  # kPa; NIST SP 811 (2008), B.8
CHANGES = (
    *(_both_ways(f"× {by}", f"÷ {by}", Fraction(by), Fraction(0), "") for by in (10, 100, 1000, 1_000_000, 60, 3600)),
    _both_ways("× 3.6 (m/s → km/h, kWh → MJ)", "÷ 3.6 (km/h → m/s, MJ → kWh)", Fraction("3.6"), Fraction(0), ""),
    _both_ways("°C → °F (1.8 x + 32)", "°F → °C", Fraction(9, 5), Fraction(32), "K"),
    _both_ways("°C → K (x + 273.15)", "K → °C", Fraction(1), Fraction("273.15"), "K"),
    _both_ways("K → °R (1.8 x)", "°R → K", Fraction(9, 5), Fraction(0), "K"),
    _both_ways("psi → kPa (× 6.895)", "kPa → psi", _PSI, Fraction(0), "Pa"),
    _both_ways("bar → psi (× 14.504)", "psi → bar", 100 / _PSI, Fraction(0), "Pa"),
    _both_ways("gauge → absolute pressure (bar, x + 1.013)", "absolute → gauge pressure (bar)",
               Fraction(1), Fraction("1.01325"), "Pa"),
    _both_ways("m → ft (× 3.281)", "ft → m", 1 / Fraction("0.3048"), Fraction(0), "m"),
    _both_ways("in → mm (× 25.4)", "mm → in", Fraction("25.4"), Fraction(0), "m"),
    _both_ways("kg → lb (× 2.205)", "lb → kg", 1 / Fraction("0.45359237"), Fraction(0), "kg"),
    _both_ways("kW → hp (× 1.341)", "hp → kW", 1 / Fraction("0.74569987158227"), Fraction(0), "W"),
    _both_ways("m³ → US gal (× 264.2)", "US gal → m³", 1 / Fraction("0.003785411784"), Fraction(0), "m3"),
    _both_ways("m³/h → US gal/min (× 4.403)", "US gal/min → m³/h",
               1 / Fraction("0.22712470704"), Fraction(0), "m3/h"),
)  # fmt: skip
"""The changes that are recognised, each with its reverse."""


def drift(before: Floats | None, recent: Floats | None, unit: str) -> Drift | None:
    """How a span differs from the one before, None where either has too few values.

    Args:
        before: Quantiles of the former values, as `quality_figures.LEVELS`.
        recent: Those of the recent ones.
        unit: UCUM code in which the signal is stored.
    """
    if before is None or recent is None:
        return None
    width, moved = _width(before), abs(recent[2] - before[2])
    was = float(before[-1] - before[0])
    found = Drift(float(moved / width), float(recent[-1] - recent[0]) / was if was else None, None)
    if not found.is_told:
        return found
    return Drift(found.moved, found.wider, _change(before, recent, unit))


def _change(before: Floats, recent: Floats, unit: str) -> Change | None:
    """The change of unit that puts the former quantiles nearest to the recent ones, if it does so well enough."""
    changes = [change for pair in CHANGES for change in pair if change.matches(unit)]
    misses = [_miss(change.factor * before + change.offset, recent) for change in changes]
    best = int(np.argmin(misses))
    return changes[best] if misses[best] <= _FITS else None


def _miss(expected: Floats, recent: Floats) -> float:
    return float(np.abs(expected - recent).max() / _width(expected))


def _width(levels: Floats) -> float:
    """The 5-95 % range, at least a small share of the median, and never nothing."""
    return max(float(levels[-1] - levels[0]), _WAVER * abs(float(levels[2])), float(np.finfo(np.float64).tiny))


@lru_cache(maxsize=1024)
def _converts(unit: str, other: str) -> bool:
    try:
        conversion(unit, other)
    except OutturnError:
        return False
    return True
