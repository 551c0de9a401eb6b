"""What the indicators of a type ask for: how long a condition holds, or by how much a counter rises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twins.catalog.domain.formulas import formulas_of
from twins.catalog.schemas import AssetType
from twins.language.checking import check
from twins.language.tree import FormulaError
from twins.language.typed import Formula, Sort

INCREASE = "increase of "
"""So an indicator starts that counts up a signal, whose key follows."""


@dataclass(frozen=True, slots=True)
class Indicators:
    """The indicators of a type by key, each of one of the two kinds.

    Attributes:
        conditions: What holds in the time that counts.
        increases: The signals that are counted up.
    """

    conditions: Mapping[str, Formula]
    increases: Mapping[str, str]


def indicators_of(of: AssetType) -> Indicators:
    """The indicators of a type that can be worked out from its signals.

    A condition that is a state the type has no formula for (``down`` of what people alone say is down) is left out, and
    so is a signal that it does not have.

    Args:
        of: The type with what it inherits.
    """
    known = formulas_of(of).conditions
    conditions: dict[str, Formula] = {}
    increases: dict[str, str] = {}
    for key, text in of.indicators.items():
        if text.startswith(INCREASE):
            if text.removeprefix(INCREASE) in of.signals:
                increases[key] = text.removeprefix(INCREASE)
        elif (formula := known.get(f"indicators/{key}")) is not None:
            conditions[key] = formula
    return Indicators(conditions, increases)


def condition_of(of: AssetType, text: str) -> Formula | None:
    """The checked condition on an asset of a type; None when it means nothing there.

    Args:
        of: The type with what it inherits.
        text: Such as ``not down``.
    """
    try:
        return check(text, formulas_of(of).vocabulary, sort=Sort.TRUTH)
    except FormulaError:
        return None
