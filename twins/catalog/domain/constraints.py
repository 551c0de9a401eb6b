"""Whether what a type demands of the properties of its assets holds; of many assets at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twins.catalog.domain.formulas import constraints_of
from twins.catalog.domain.values import number_of
from twins.catalog.schemas import AssetType, Constraint, Property
from twins.language.evaluation import Samples, evaluate
from twins.language.tree import Name, Tree, children
from twins.language.typed import Formula


@dataclass(frozen=True, slots=True)
class Violation:
    """A constraint that does not hold of an asset.

    Attributes:
        index: Which of the assets it is.
        key: Of the constraint.
        property: The first property that it speaks of, None when it speaks of none.
        message: What the type says then, or the constraint itself.
        fix: What to do about it.
    """

    index: int
    key: str
    property: str | None
    severity: Literal["error", "hint"]
    message: str
    fix: str


def violations(of: AssetType, assets: Sequence[Mapping[str, Any]]) -> Iterator[Violation]:
    """Where the constraints of a type do not hold.

    What is not said, has no default or does not fit its property is not known; a constraint that is not known to be
    broken holds.

    Args:
        of: The type with what it inherits.
        assets: The values of their properties as JSON has them, by key.
    """
    if not of.constraints or not assets:
        return
    for key, formula in constraints_of(of).items():
        constraint = of.constraints[key]
        for index in np.flatnonzero(_holds(formula, of, assets) == 0).tolist():
            yield _violation(index, key, constraint, formula)


def _holds(formula: Formula, of: AssetType, assets: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
    """1 where it holds, 0 where it does not, NaN where that is not known; each asset is taken for an instant."""
    at = np.arange(len(assets), dtype=np.int64)
    samples = {name: Samples(at, _column(name, of.properties[name], assets), 0) for name in formula.properties}
    return np.asarray(evaluate(formula, samples, at=at).value, np.float64)


def _column(name: str, declared: Property, assets: Sequence[Mapping[str, Any]]) -> NDArray[Any]:
    given = [each.get(name, declared.default) for each in assets]
    if declared.type == "text":
        return np.array([each if isinstance(each, str) else None for each in given], object)
    return np.array([_number(declared, each) for each in given], np.float64)


def _number(declared: Property, value: Any) -> float:
    if declared.type == "boolean":
        return float(value) if isinstance(value, bool) else np.nan
    number = number_of(declared, value)
    return np.nan if number is None else float(number)


def _violation(index: int, key: str, constraint: Constraint, formula: Formula) -> Violation:
    names = [name for name in _names(formula.tree) if name in formula.properties]
    message = constraint.message or f"It must hold that {constraint.holds}."
    fix = f"Change {' or '.join(dict.fromkeys(names))}." if names else "Choose another type."
    return Violation(index, key, names[0] if names else None, constraint.severity, message, fix)


def _names(tree: Tree) -> Iterator[str]:
    """The names of a formula in their order."""
    if isinstance(tree, Name):
        yield tree.name
    for part in children(tree):
        yield from _names(part)
