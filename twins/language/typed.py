"""A formula that was checked: every part has a type, every unit has become a factor, windows are numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from twins.language.measures import ONE, Measure
from twins.language.tree import Tree


class Sort(StrEnum):
    """What sort of value it is."""

    NUMBER = "number"
    TRUTH = "truth"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Type:
    """What a value is.

    Attributes:
        measure: What a number measures.
        is_difference: Whether it came of two points (Cel), and so is never a point itself.
    """

    sort: Sort
    measure: Measure = ONE
    is_difference: bool = False


TRUTH, TEXT, PLAIN = Type(Sort.TRUTH), Type(Sort.TEXT), Type(Sort.NUMBER)


class Role(StrEnum):
    """What a name stands for."""

    SIGNAL = "signal"
    """A series of readings, derived ones among them."""
    PROPERTY = "property"
    """One value that the asset has for good."""
    STATE = "state"
    """A truth that a formula of its own gives."""


@dataclass(frozen=True, slots=True)
class Known:
    """A name that formulas may speak of.

    Attributes:
        unit: UCUM code of a number.
        every_s: How often a reading is expected, in seconds; None when that is not known.
        formula: What a state means.
    """

    role: Role
    sort: Sort = Sort.NUMBER
    unit: str = "1"
    every_s: float | None = None
    formula: Formula | None = None


Vocabulary: TypeAlias = Mapping[str, Known]


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that stands in the formula."""

    value: float | str
    type: Type


@dataclass(frozen=True, slots=True)
class Input:
    """The value of a signal or a property."""

    name: str
    role: Role
    type: Type


@dataclass(frozen=True, slots=True)
class Converted:
    """A number in another unit: ``factor * operand + offset``."""

    operand: Typed
    factor: float
    offset: float
    type: Type


@dataclass(frozen=True, slots=True)
class Operation:
    """What is calculated from values of one instant; `name` is a key of `twins.language.pointwise.POINTWISE`."""

    name: str
    operands: tuple[Typed, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class OverTime:
    """What is calculated from the readings of a time; `name` is a key of `twins.language.windows.WINDOWS`.

    Attributes:
        operand: What is looked at, at each instant of its own signals.
        window_us: The time before an instant, in microseconds; the instant itself counts, the first of it does not.
    """

    name: str
    operand: Typed
    window_us: int
    type: Type


Typed: TypeAlias = Constant | Input | Converted | Operation | OverTime


@dataclass(frozen=True, slots=True)
class Formula:
    """A checked formula.

    Attributes:
        text: As it was written.
        tree: The same as a tree.
        root: What is calculated.
        names: Every name that it speaks of.
        cost: About how many numbers are looked at for each value, with the readings as often as expected.
    """

    text: str
    tree: Tree
    root: Typed
    names: frozenset[str]
    cost: float

    @property
    def type(self) -> Type:
        """What its value is."""
        return self.root.type

    @property
    def signals(self) -> frozenset[str]:
        """The signals whose readings it needs, those that the states in it need among them."""
        return frozenset(one.name for one in walk(self.root) if isinstance(one, Input) and one.role is Role.SIGNAL)

    @property
    def properties(self) -> frozenset[str]:
        """The properties that it needs."""
        return frozenset(one.name for one in walk(self.root) if isinstance(one, Input) and one.role is Role.PROPERTY)

    def reach_us(self, patience_us: Mapping[str, int]) -> int:
        """How far back readings can matter to a value, in microseconds.

        Args:
            patience_us: How long the reading of each signal holds.
        """
        return reach(self.root, patience_us)


def parts(typed: Typed) -> tuple[Typed, ...]:
    """The operands of a part."""
    match typed:
        case Converted() | OverTime():
            return (typed.operand,)
        case Operation():
            return typed.operands
    return ()


def walk(typed: Typed) -> Iterator[Typed]:
    """A part and all parts of it."""
    yield typed
    for part in parts(typed):
        yield from walk(part)


def reach(typed: Typed, patience_us: Mapping[str, int]) -> int:
    """How far back readings can matter to the value of a part, in microseconds."""
    if isinstance(typed, Input):
        return patience_us[typed.name] if typed.role is Role.SIGNAL else 0
    inner = max((reach(part, patience_us) for part in parts(typed)), default=0)
    if isinstance(typed, OverTime):
        # A value that an integral begins with may be as old as it holds.
        return typed.window_us + inner * (2 if typed.name == "integral" else 1)
    return inner
