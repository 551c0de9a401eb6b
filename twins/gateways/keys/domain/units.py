"""In which unit a gateway sends a key, as far as its name, its device and its values tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tenants.kernel.errors import OutturnError
from twins.gateways.keys.domain.names import taken_apart
from twins.gateways.keys.domain.vocabulary import ALIKE, LETTERS, SUFFIXES, USUAL
from twins.language.units import Conversion, conversion, is_unit

_ENDS = re.compile(r"[_.\s/:\-\[(]([^_.\s:\-\[\]()]+)[\])]?$")
_SHARES = re.compile(r"[_.\s:\-\[(]([^_.\s:\-\[\]()]+/[^_.\s:\-\[\]()]+)[\])]?$")
_WORDS = re.compile(r"(degc|degf|m3h|kpa|mpa|mbar|rpm|kwh|pct)$", re.IGNORECASE)


class Source(StrEnum):
    """What a guess stands on."""

    DEVICE = "device"
    """The device says so."""
    NAME = "name"
    """The key ends in it."""
    QUANTITY = "quantity"
    """The key names a quantity, and its values are usual in this unit."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A unit, and what says so."""

    unit: str
    source: Source

    @property
    def is_sure(self) -> bool:
        """Whether it was said, by the device or by the name."""
        return self.source is not Source.QUANTITY


@dataclass(frozen=True, slots=True)
class Fit:
    """How the values of a key go with a signal.

    Attributes:
        unit: In which the binding should take them, None for the signal's own.
        in_range: Whether they lie in the signal's range then; None when nothing tells.
        clashes: Whether the key is sure to measure something else.
    """

    unit: str | None = None
    in_range: bool | None = None
    clashes: bool = False


def guess_unit(key: str, high: float | None = None, said: str = "") -> Guess | None:
    """The unit that a key is sent in.

    Args:
        key: As the gateway calls it.
        high: The largest magnitude that was seen.
        said: What the device calls its unit.
    """
    if device := _spelled(said.strip()):
        return Guess(device, Source.DEVICE)
    quantities = sorted(taken_apart(key).quantities)
    if named := _named(key, quantities):
        return Guess(named, Source.NAME)
    for quantity in quantities:
        for bound, unit in USUAL.get(quantity, ()):
            if high is None or high <= bound:
                return Guess(unit, Source.QUANTITY)
    return None


def _named(key: str, quantities: Sequence[str]) -> str:
    """The unit that a key ends in."""
    for end in _ends(key):
        letters = (LETTERS[end, quantity] for quantity in quantities if (end, quantity) in LETTERS)
        if found := SUFFIXES.get(end) or next(letters, ""):
            return found
    return ""


def fit(unit: str, declared: tuple[float, float] | None, seen: tuple[float, float] | None, guess: Guess | None) -> Fit:
    """How values go with a signal, and in which unit they should be taken.

    Args:
        unit: UCUM code of the signal.
        declared: Its range in that unit, if it has one.
        seen: The smallest and the largest value of the key, if it has any.
        guess: The unit of the key.
    """
    if guess is not None and guess.is_sure:
        way = _conversion(guess.unit, unit)
        if way is None:
            return Fit(clashes=True)
        return Fit(guess.unit if guess.unit != unit else None, _lies(seen, declared, way))
    if declared is None or seen is None:
        return Fit()
    for other in _candidates(unit, guess):
        way = _conversion(other, unit)
        if way is not None and _lies(seen, declared, way):
            return Fit(other if other != unit else None, in_range=True)
    return Fit(in_range=False)


def _candidates(unit: str, guess: Guess | None) -> Iterator[str]:
    yield unit
    if guess is not None:
        yield guess.unit
    for alike in ALIKE:
        if unit in alike:
            yield from alike


def _ends(key: str) -> Iterator[str]:
    for pattern in (_SHARES, _ENDS, _WORDS):
        if found := pattern.search(key):
            yield found[1].lower()


def _spelled(said: str) -> str:
    if not said:
        return ""
    return SUFFIXES.get(said.lower()) or (said if is_unit(said) else "")


def _conversion(source: str, target: str) -> Conversion | None:
    try:
        return conversion(source, target)
    except OutturnError:
        return None


def _lies(seen: tuple[float, float] | None, declared: tuple[float, float] | None, way: Conversion) -> bool | None:
    if seen is None or declared is None:
        return None
    ends = sorted(float(way.factor) * one + float(way.offset) for one in seen)
    return declared[0] <= ends[0] and ends[1] <= declared[1]
