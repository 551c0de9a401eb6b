"""Readings and values made up from what a type says of them, to try a formula on: the same each time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from twins.catalog.domain.formulas import patience_us
from twins.catalog.domain.values import number_of
from twins.catalog.schemas import AssetType, Property, Signal
from twins.language.evaluation import Property as Value
from twins.language.evaluation import Samples
from twins.language.measures import measure
from twins.language.units import UnknownUnitError, conversion

POINTS = 240
"""Readings of the signal that is read most often."""
_USUAL_STEP_S = 10.0
_USUAL_RANGES = {"Cel": (20.0, 80.0), "K": (290.0, 350.0), "%": (0.0, 100.0), "1": (0.0, 1.0), "{rpm}": (0.0, 3000.0)}
_OTHER_RANGE = (0.0, 100.0)
_US = 1_000_000

Given = Mapping[str, Sequence[float] | float | str | bool]
"""What somebody wants the samples to be: the readings of a signal in a row, or the value of a property."""


def span_s(of: AssetType, reach_us: int) -> tuple[float, float]:
    """How long the samples last and how far they are apart at least, both in seconds.

    Args:
        of: The type.
        reach_us: How far back a value of the formula looks, in microseconds: the samples last twice as long.
    """
    steps = [part.rate.total_seconds() for part in of.signals.values() if part.rate is not None]
    step = min(steps, default=_USUAL_STEP_S)
    long = max(POINTS * step, 2 * reach_us / _US)
    return long, long / POINTS


def samples_of(of: AssetType, names: frozenset[str], given: Given, *, reach_us: int) -> dict[str, Samples]:
    """Readings of signals that go up and down through their ranges, each in its own time.

    Args:
        of: The type with what it inherits.
        names: The signals that are wanted; derived ones are left out.
        given: Readings to take in place of made-up ones.
        reach_us: How far back a value of the formula looks, in microseconds.
    """
    long, apart = span_s(of, reach_us)
    patience = patience_us(of)
    found = {}
    for name in sorted(names & of.signals.keys()):
        signal = of.signals[name]
        step = max(signal.rate.total_seconds() if signal.rate else _USUAL_STEP_S, apart)
        own = given.get(name)
        if isinstance(own, list | tuple) and own:
            values = np.array(own[:POINTS], np.float64)
        else:
            values = _wave(name, signal, max(2, int(long / step)))
        at = (np.arange(values.size, dtype=np.int64) * round(step * _US)).astype(np.int64)
        found[name] = Samples(at, values, max(patience.get(name, 0), round(5 * step * _US)))
    return found


def values_of(of: AssetType, names: frozenset[str], given: Given) -> dict[str, Value]:
    """Values of properties: what is given, their defaults, the middle of their bounds."""
    found: dict[str, Value] = {}
    for name in sorted(names & of.properties.keys()):
        own = given.get(name)
        found[name] = own if isinstance(own, str | bool | float | int) else _made_up(of.properties[name])
    return found


def _wave(name: str, signal: Signal, count: int) -> NDArray[np.float64]:
    """Two and a half slow swings with a small fast one on top, between a twentieth and the rest of the range.

    Where in a swing it begins depends on the name, so that no two signals move alike.
    """
    low, high = _range(signal)
    begin = hashlib.sha256(name.encode()).digest()[0] / 256
    turns = np.linspace(0, 1, count) * 2.5 + begin
    swing = 0.45 * np.sin(2 * np.pi * turns) * 0.9 + 0.045 * np.sin(2 * np.pi * turns * 11)
    return np.round(low + (high - low) * (0.5 + swing), 6)


def _range(signal: Signal) -> tuple[float, float]:
    if signal.range is not None:
        return float(signal.range[0]), float(signal.range[1])
    if signal.unit in _USUAL_RANGES:
        return _USUAL_RANGES[signal.unit]
    try:
        if measure(signal.unit).dimension == measure("K").dimension:
            to = conversion("K", signal.unit)
            return tuple(float(to.factor) * bound + float(to.offset) for bound in _USUAL_RANGES["K"])  # type: ignore[return-value]
    except UnknownUnitError:
        pass
    return _OTHER_RANGE


def _made_up(declared: Property) -> Value:
    if declared.type == "boolean":
        return declared.default is not False
    if declared.type == "text":
        texts = [each for each in (declared.default, *declared.choices) if isinstance(each, str)]
        return texts[0] if texts else "sample"
    number = number_of(declared, declared.default)
    if number is not None:
        return float(number)
    low, high = declared.minimum, declared.maximum
    if low is not None and high is not None:
        return float((low + high) / 2)
    return float(_beside(low, high))


def _beside(low: Decimal | None, high: Decimal | None) -> Decimal:
    """A number within one bound."""
    if low is not None:
        return max(low * 2, low + 1)
    return min(high / 2, high - 1) if high is not None else Decimal(1)
