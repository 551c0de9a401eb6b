"""A slow evaluator of formulas, one instant after the other, to hold the fast one to.

It walks the tree as it was written and knows nothing of the checked one: units are carried along with every number, in
base units. ``None`` is what is not known.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import NamedTuple

from twins.language.measures import measure
from twins.language.tree import Call, Choice, Infix, Name, Number, Prefix, Tree, children, names

Value = float | bool | None
HOUR_S = 3600.0


class Sample(NamedTuple):
    """A reading: seconds and value in the unit of its signal."""

    at: float
    value: float


class Signal(NamedTuple):
    """A signal of the reference: its readings in the order of time, its unit, and how long they hold."""

    readings: list[Sample]
    unit: str
    patience: float


def value_at(tree: Tree, signals: Mapping[str, Signal], at: float) -> Value:
    """The value of a formula at an instant, numbers in base units."""
    match tree:
        case Number():
            unit = measure(tree.unit)
            return float(Fraction(tree.value) * unit.scale + unit.offset)
        case Name():
            return _newest(signals[tree.name], at)
        case Call():
            return _call(tree, signals, at)
        case Choice():
            condition = value_at(tree.condition, signals, at)
            return None if condition is None else value_at(tree.yes if condition else tree.no, signals, at)
        case Prefix() | Infix():
            return _operation(tree, [value_at(part, signals, at) for part in children(tree)])
    raise NotImplementedError


def _operation(tree: Prefix | Infix, operands: list[Value]) -> Value:
    if tree.operator in {"and", "or"}:
        return _kleene(tree.operator, *operands)
    if any(one is None for one in operands):
        return None
    if isinstance(tree, Prefix):
        return _known(operator.neg if tree.operator == "-" else operator.not_, *operands)
    return _known(INFIX[tree.operator], *operands)


def _newest(signal: Signal, at: float) -> Value:
    known = [one for one in signal.readings if one.at <= at]
    if not known or at - known[-1].at > signal.patience or math.isnan(known[-1].value):
        return None
    unit = measure(signal.unit)
    return float(Fraction(known[-1].value) * unit.scale + unit.offset)


def _kleene(word: str, left: Value, right: Value) -> Value:
    decisive = word == "or"
    if left is decisive or right is decisive:
        return decisive
    return None if left is None or right is None else not decisive


def _known(function: Callable[..., Value], *values: Value) -> Value:
    try:
        found = function(*values)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return found if isinstance(found, bool) or (isinstance(found, float | int) and math.isfinite(found)) else None


def _call(tree: Call, signals: Mapping[str, Signal], at: float) -> Value:
    last = tree.arguments[-1]
    is_time = isinstance(last, Number) and measure(last.unit).dimension == measure("s").dimension
    windowed = tree.function in OVER and (tree.function not in POINTWISE or (len(tree.arguments) == 2 and is_time))
    if not windowed:
        values = [value_at(one, signals, at) for one in tree.arguments]
        return None if any(one is None for one in values) else _known(POINTWISE[tree.function], *values)
    operand = tree.arguments[0]
    window = HOUR_S
    if len(tree.arguments) == 2 and isinstance(last, Number):
        window = float(Fraction(last.value) * measure(last.unit).scale)
    if tree.function == "delta":
        new, old = value_at(operand, signals, at), value_at(operand, signals, at - window)
        return None if new is None or old is None else new - old
    series = _series(operand, signals, at)
    if tree.function == "integral":
        return _area(operand, signals, series, at, window)
    inside = [one for one in series if at - window < one.at <= at]
    return OVER[tree.function](inside, at)


def _series(operand: Tree, signals: Mapping[str, Signal], at: float) -> list[Sample]:
    """What is known of an operand up to an instant, at each instant of its signals."""
    instants = sorted({one.at for name in names(operand) for one in signals[name].readings if one.at <= at})
    values = [(instant, value_at(operand, signals, instant)) for instant in instants]
    return [Sample(instant, float(value)) for instant, value in values if value is not None]


def _area(operand: Tree, signals: Mapping[str, Signal], series: list[Sample], at: float, window: float) -> Value:
    hold = max(signals[name].patience for name in names(operand))
    area, is_known = 0.0, False
    for place, one in enumerate(series):
        until = series[place + 1].at if place + 1 < len(series) else at
        start, end = max(one.at, at - window), min(until, one.at + hold, at)
        is_known = is_known or end > start or one.at > at - window
        area += one.value * max(end - start, 0.0)
    return area if is_known else None


def _nth(inside: list[Sample], back: int) -> Sample | None:
    return inside[-1 - back] if len(inside) > back else None


def _rate(inside: list[Sample], _at: float) -> Value:
    new, old = _nth(inside, 0), _nth(inside, 1)
    return None if new is None or old is None else (new.value - old.value) / (new.at - old.at)


def _clamp(x: float, low: float, high: float) -> Value:
    in_order = low <= high or math.isclose(low, high, rel_tol=1e-12)
    return min(max(x, low), high) if in_order else None


OVER: dict[str, Callable[[list[Sample], float], Value]] = {
    "avg": lambda inside, _: math.fsum(one.value for one in inside) / len(inside) if inside else None,
    "min": lambda inside, _: min((one.value for one in inside), default=None),
    "max": lambda inside, _: max((one.value for one in inside), default=None),
    "sum": lambda inside, _: math.fsum(one.value for one in inside) if inside else None,
    "count": lambda inside, _: float(len(inside)),
    "last": lambda inside, _: inside[-1].value if inside else None,
    "previous": lambda inside, _: inside[-2].value if len(inside) > 1 else None,
    "rate": _rate,
    "age": lambda inside, at: at - inside[-1].at if inside else None,
    "delta": lambda inside, _: None,
    "integral": lambda inside, _: None,
}
POINTWISE: dict[str, Callable[..., Value]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "pow": lambda x, n: None if isinstance(found := x**n, complex) else found,
    "clamp": _clamp,
    "round": lambda x, step=1.0: round(x / step) * step if step > 0 else None,
}
INFIX: dict[str, Callable[..., Value]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
