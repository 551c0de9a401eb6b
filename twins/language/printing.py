"""A tree as canonical text: single spaces, no bracket that is not needed; parsing it gives the same tree."""

from __future__ import annotations

from twins.language.parsing import BINDING, COMPARISON, NEGATION, NOT
from twins.language.tree import Call, Choice, Infix, Name, Number, Prefix, Text, Tree, Truth

_WHOLE = 8
"""Binds more firmly than any operator."""


def printed(tree: Tree) -> str:
    """The canonical text of a formula."""
    match tree:
        case Number() | Text() | Truth() | Name():
            return _leaf(tree)
        case Prefix():
            operand = _inside(tree.operand, NEGATION if tree.operator == "-" else NOT)
            return f"-{operand}" if tree.operator == "-" else f"not {operand}"
        case Infix():
            binding = BINDING[tree.operator]
            # What binds alike stands to the left without brackets; comparisons do not follow one another at all.
            left = _inside(tree.left, binding + (binding == COMPARISON))
            return f"{left} {tree.operator} {_inside(tree.right, binding + 1)}"
        case Choice():
            return f"if {printed(tree.condition)} then {printed(tree.yes)} else {printed(tree.no)}"
        case Call():
            return f"{tree.function}({', '.join(map(printed, tree.arguments))})"


def _leaf(tree: Number | Text | Truth | Name) -> str:
    match tree:
        case Number():
            number = format(tree.value, "f")
            return number if tree.unit == "1" else f"{number} {tree.unit}"
        case Text():
            return f'"{tree.value}"'
        case Truth():
            return "true" if tree.value else "false"
    return tree.name


def _inside(tree: Tree, least: int) -> str:
    text = printed(tree)
    return text if _binding(tree) >= least else f"({text})"


def _binding(tree: Tree) -> int:
    match tree:
        case Prefix():
            return NEGATION if tree.operator == "-" else NOT
        case Infix():
            return BINDING[tree.operator]
        case Choice():
            return 0
    return _WHOLE
