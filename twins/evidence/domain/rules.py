"""The rule by which signals became evidence, as sealed documents name it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from twins.catalog.domain.formulas import patience_us
from twins.catalog.domain.indicators import Indicators, condition_of, indicators_of
from twins.catalog.schemas import AssetType
from twins.language.evaluation import Property
from twins.language.typed import Formula

FLIES = "flight_hours"
"""The indicator of types whose readings are snapshots of flights: these have a rule of their own."""
AVAILABILITY = "availability"
"""The indicator that says when an asset is up; of a type without it, the state ``down`` does."""
_LEAST_PATIENCE_US = 300_000_000
"""So long a reading holds for evidence at the least: a gateway that connects anew is no outage."""
_VERSION = 1


@dataclass(frozen=True, slots=True)
class SignalRule:
    """How the signals of a type become evidence: by its own indicators and states.

    Attributes:
        of: The type with what it inherits.
        up: What holds while the asset is up; None when only people say what it is.
        indicators: The others.
        patience_us: How long a reading of each signal holds when no other follows.
    """

    of: AssetType
    up: Formula | None
    indicators: Indicators
    patience_us: Mapping[str, int]

    @property
    def formulas(self) -> list[Formula]:
        """The conditions that it asks for."""
        return [*([self.up] if self.up is not None else []), *self.indicators.conditions.values()]

    @property
    def judged(self) -> frozenset[str]:
        """The signals that its conditions are judged by."""
        return frozenset().union(*(one.signals for one in self.formulas))

    @property
    def signals(self) -> frozenset[str]:
        """The signals whose readings it needs."""
        return self.judged.union(self.indicators.increases.values())

    @property
    def properties(self) -> frozenset[str]:
        """The properties that it needs."""
        return frozenset().union(*(one.properties for one in self.formulas))

    @property
    def reach_us(self) -> int:
        """How far back readings matter to its conditions, in microseconds."""
        return max((one.reach_us(self.patience_us) for one in self.formulas), default=0)

    def as_json(self, properties: Mapping[str, Property]) -> dict[str, Any]:
        """The rule as the document of an asset names it, in the words of the type.

        Args:
            properties: The values of the asset's properties.
        """
        return {
            "name": "signals",
            "version": _VERSION,
            "type": self.of.ref,
            "indicators": dict(self.of.indicators),
            "states": dict(self.of.states),
            "patience": {key: f"PT{self.patience_us[key] // 1_000_000}S" for key in sorted(self.judged)},
            "properties": {key: _written(properties[key]) for key in sorted(self.properties & properties.keys())},
        }


def signal_rule(of: AssetType) -> SignalRule | None:
    """The rule of a type; None for one whose signals say nothing that could be sold.

    Args:
        of: The type with what it inherits.
    """
    if FLIES in of.indicators:
        return None
    found = indicators_of(of)
    others = {key: formula for key, formula in found.conditions.items() if key != AVAILABILITY}
    up = found.conditions.get(AVAILABILITY) or condition_of(of, "not down")
    if up is None and not others and not found.increases:
        return None
    patience = {key: max(each, _LEAST_PATIENCE_US) for key, each in patience_us(of).items()}
    return SignalRule(of, up, Indicators(others, found.increases), patience)


def told_names(of: AssetType) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the measures and of the conditions that the evidence of a type has, besides its states.

    Args:
        of: The type with what it inherits.
    """
    rule = signal_rule(of)
    if rule is None:
        return frozenset(), frozenset()
    return frozenset(rule.indicators.increases), frozenset(rule.indicators.conditions)


def decimal_text(number: float) -> str:
    """The shortest decimal that reads back as the same 64-bit float, without an exponent."""
    return format(Decimal(repr(number)).normalize(), "f")


def _written(value: Property) -> str | bool:
    return value if isinstance(value, str | bool) else decimal_text(value)
