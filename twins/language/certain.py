"""What is certain about a formula before a single reading came: that it divides by zero."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twins.language.checking import check
from twins.language.pointwise import POINTWISE
from twins.language.tree import Infix, Name, Problem, Tree, children
from twins.language.typed import Constant, Converted, Formula, Operation, Typed, Vocabulary


def divisions_by_zero(formula: Formula, vocabulary: Vocabulary) -> Iterator[Problem]:
    """Each division of a checked formula whose divisor is zero whatever is read.

    Args:
        formula: Checked.
        vocabulary: The names that it was checked with.
    """
    for division in _divisions(formula.tree):
        divisor = division.right
        if isinstance(divisor, Name):
            continue
        text = formula.text[divisor.span.start : divisor.span.end]
        if _certain(check(text, vocabulary).root) == 0:
            message = f"{text} is zero whatever is read, and nothing can be divided by it."
            fix = "Divide by something else, or take the division out."
            yield Problem("formula.division_by_zero", divisor.span, message, fix)


def _divisions(tree: Tree) -> Iterator[Infix]:
    if isinstance(tree, Infix) and tree.operator == "/":
        yield tree
    for part in children(tree):
        yield from _divisions(part)


def _certain(typed: Typed) -> float | None:
    """The number that a part always has, None when that depends on what is read."""
    match typed:
        case Constant():
            return None if isinstance(typed.value, str) else typed.value
        case Converted():
            inner = _certain(typed.operand)
            return None if inner is None else inner * typed.factor + typed.offset
        case Operation():
            return _calculated(typed)
    return None


def _calculated(typed: Operation) -> float | None:
    operands = [_certain(part) for part in typed.operands]
    if typed.name == "-" and typed.operands[0] == typed.operands[1]:
        return 0.0
    if typed.name == "*" and 0 in operands:
        return 0.0
    known = [one for one in operands if one is not None]
    if len(known) < len(operands) or typed.name not in POINTWISE:
        return None
    with np.errstate(all="ignore"):
        return float(POINTWISE[typed.name](*(np.array([one]) for one in known))[0])
