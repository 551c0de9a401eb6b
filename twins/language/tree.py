"""A formula as it was written: a tree whose parts know their places in the text.

Two trees are equal when they say the same, wherever their parts stand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from tenants.kernel.errors import Finding, OutturnError


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text: characters ``[start, end)``, counted from 0."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a part of a formula.

    Attributes:
        code: Dotted reason.
        span: Where.
        message: What is wrong.
        fix: What to do about it.
    """

    code: str
    span: Span
    message: str
    fix: str

    def finding(self, place: str) -> Finding:
        """The same as a finding; ``place`` is that of the formula, and gets ``:START-END`` behind it."""
        return Finding(self.code, f"{place}:{self.span.start}-{self.span.end}", self.message, self.fix)


class FormulaError(OutturnError):
    """A formula cannot be read, or means nothing."""

    code = "formula.wrong"
    status = 422

    def __init__(self, problems: tuple[Problem, ...], place: str = "formula") -> None:
        super().__init__(
            problems[0].message, place=place, fix=problems[0].fix, findings=[one.finding(place) for one in problems]
        )
        self.problems = problems


NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Number:
    """A number that is not negative, with its UCUM code; ``1`` is none."""

    value: Decimal
    unit: str = "1"
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A text constant."""

    value: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Truth:
    """``true`` or ``false``."""

    value: bool
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a signal, a property or a state."""

    name: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Prefix:
    """``-x`` or ``not x``."""

    operator: str
    operand: Tree
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Infix:
    """Two operands: ``+ - * /``, ``= != < <= > >=``, ``and or``."""

    operator: str
    left: Tree
    right: Tree
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """``if condition then yes else no``."""

    condition: Tree
    yes: Tree
    no: Tree
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    function: str
    arguments: tuple[Tree, ...]
    span: Span = field(default=NOWHERE, compare=False)


Tree: TypeAlias = Number | Text | Truth | Name | Prefix | Infix | Choice | Call


def children(tree: Tree) -> tuple[Tree, ...]:
    """The parts of a tree, in their order."""
    match tree:
        case Prefix():
            return (tree.operand,)
        case Infix():
            return (tree.left, tree.right)
        case Choice():
            return (tree.condition, tree.yes, tree.no)
        case Call():
            return tree.arguments
    return ()


def names(tree: Tree) -> frozenset[str]:
    """Every name that a formula speaks of."""
    own = {tree.name} if isinstance(tree, Name) else set()
    return frozenset(own.union(*(names(part) for part in children(tree))))
