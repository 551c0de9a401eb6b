"""The value of a checked formula at many instants at once, and how far it can be trusted.

At an instant a signal has the value of its newest reading, as long as that holds. What is not known is NaN, for truths
too, which are 1 and 0 otherwise. Each value has a rank: how doubtful the worst of the readings is that it came of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from twins.language.pointwise import POINTWISE, Values, same_text
from twins.language.typed import Constant, Converted, Formula, Input, Operation, OverTime, Role, Typed, walk
from twins.language.windows import WINDOWS, Ints, look, reduced

UNUSABLE = 10
"""Functions over time leave readings of this rank and above out; a value that comes of one has its rank."""

_EVER = 2**61
"""Microseconds; longer than any instant is from 1970."""

Ranks = NDArray[np.int16]
Property: TypeAlias = float | str | bool
"""The value of a property, a number in its unit."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Readings of one signal.

    Attributes:
        at: Instants in microseconds, ascending, each once, shape ``(n,)``.
        value: Values in the unit of the signal, NaN where not known, shape ``(n,)``; objects where they are texts.
        patience_us: How long a reading holds when no other follows.
        rank: How doubtful each is: 0 not at all, from `UNUSABLE` on not to be calculated with; None when none is.
    """

    at: Ints
    value: NDArray[Any]
    patience_us: int
    rank: Ranks | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """Values of a formula, shape ``(n,)`` each.

    Attributes:
        at: Instants in microseconds, ascending.
        value: In the unit of the formula; truths are 1 and 0; NaN is not known. Objects where the formula gives texts.
        rank: The rank of the worst reading that each value came of.
    """

    at: Ints
    value: NDArray[Any]
    rank: Ranks


def evaluate(
    formula: Formula,
    samples: Mapping[str, Samples],
    properties: Mapping[str, Property] | None = None,
    at: Ints | None = None,
) -> Result:
    """The values of a formula.

    Args:
        formula: Checked.
        samples: The readings of its signals; one that is left out is never known.
        properties: What its properties are; one that is left out is not known.
        at: The instants that are asked for, ascending; by default each instant at which one of its signals was read.
    """
    known = dict(samples)
    for name, value in (properties or {}).items():
        known[name] = _for_ever(value)
    when = instants_of(formula.signals, samples) if at is None else at
    with np.errstate(all="ignore"):
        found = _Evaluation(known).of(formula.root, when)
    return Result(when, found.value, found.rank)


def instants_of(signals: Iterable[str], samples: Mapping[str, Samples]) -> Ints:
    """Every instant at which one of some signals was read."""
    found = [samples[name].at for name in sorted(signals) if name in samples]
    if found and all(np.array_equal(found[0], other) for other in found[1:]):  # as where a gateway sends rows
        return found[0]
    return np.unique(np.concatenate([np.empty(0, np.int64), *found]))


class _Column(NamedTuple):
    """Values and their ranks, shape ``(n,)`` each."""

    value: NDArray[Any]
    rank: Ranks


class _Evaluation:
    """One evaluation; what a formula asks for twice is worked out once."""

    def __init__(self, samples: Mapping[str, Samples]) -> None:
        self._samples = samples
        self._done: dict[tuple[Typed, int], tuple[_Column, Ints]] = {}

    def of(self, typed: Typed, at: Ints) -> _Column:
        """The values of a part at some instants."""
        known = self._done.get((typed, id(at)))
        if known is None:  # the instants are kept with them, so that their id is not given to others meanwhile
            known = self._done[typed, id(at)] = self._worked_out(typed, at), at
        return known[0]

    def _worked_out(self, typed: Typed, at: Ints) -> _Column:
        match typed:
            case Constant():
                kind = object if isinstance(typed.value, str) else np.float64
                return _Column(np.full(at.size, typed.value, kind), _sound(at.size))
            case Input():
                return self._newest(typed, at)
            case Converted():
                inner = self.of(typed.operand, at)
                return _Column(inner.value * typed.factor + typed.offset, inner.rank)
            case Operation():
                operands = [self.of(one, at) for one in typed.operands]
                calculate: Callable[..., Any] = same_text if typed.name == "same text" else POINTWISE[typed.name]
                value = calculate(*(one.value for one in operands))
                return _Column(value, reduce(np.maximum, (one.rank for one in operands)))
        return self._delta(typed, at) if typed.name == "delta" else self._over_time(typed, at)

    def _newest(self, typed: Input, at: Ints) -> _Column:
        samples = self._samples.get(typed.name)
        if samples is None or not samples.at.size:
            empty = np.full(at.size, None if typed.type.sort == "text" else np.nan)
            return _Column(empty, _sound(at.size))
        if np.array_equal(samples.at, at):
            return _Column(samples.value, _sound(at.size) if samples.rank is None else samples.rank)
        place = np.searchsorted(samples.at, at, side="right") - 1
        # Compared as instants: what holds for ever reaches farther than a difference of two may be large.
        holds = (place >= 0) & (at <= samples.at[place] + samples.patience_us)
        unknown: Any = None if samples.value.dtype == object else np.nan
        value = np.where(holds, samples.value[place], unknown)
        rank = _sound(at.size) if samples.rank is None else np.where(holds, samples.rank[place], 0).astype(np.int16)
        return _Column(value, rank)

    def _delta(self, typed: OverTime, at: Ints) -> _Column:
        new, old = self.of(typed.operand, at), self.of(typed.operand, at - typed.window_us)
        return _Column(new.value - old.value, np.maximum(new.rank, old.rank))

    def _over_time(self, typed: OverTime, at: Ints) -> _Column:
        signals = {one.name for one in walk(typed.operand) if isinstance(one, Input) and one.role is Role.SIGNAL}
        read_at = instants_of(signals, self._samples)
        inner = self.of(typed.operand, read_at)
        known = ~np.isnan(inner.value) & (inner.rank < UNUSABLE)
        hold = max((self._samples[name].patience_us for name in signals if name in self._samples), default=0)
        looks = look(at, typed.window_us, read_at[known], inner.value[known], hold)
        rank = reduced(np.maximum, inner.rank[known], looks.low, looks.high)
        return _Column(_finite(WINDOWS[typed.name](looks)), np.where(looks.is_empty, 0, rank).astype(np.int16))


def _for_ever(value: Property) -> Samples:
    """A property as readings: one that has always been and holds for ever."""
    kept = np.array([value], object if isinstance(value, str) else np.float64)
    return Samples(np.array([-_EVER], np.int64), kept, 2 * _EVER)


def _sound(size: int) -> Ranks:
    return np.zeros(size, np.int16)


def _finite(value: Values) -> Values:
    return np.where(np.isfinite(value), value, np.nan)
