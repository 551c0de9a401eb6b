"""What the evidence of an asset will tell, as far as its type says: what a contract about it can be made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twins.catalog.schemas import AssetType
from twins.evidence.domain.rules import AVAILABILITY, FLIES, signal_rule

_SHARE = "share of "


@dataclass(frozen=True, slots=True)
class Told:
    """What the evidence of an asset tells by name.

    Attributes:
        measures: The counters, each with the UCUM code of its unit.
        shares: The conditions whose share of time the type speaks of.
        times: The conditions whose hours it speaks of.
        has_state: Whether it is told when the asset is up and when it is down, by signals or by people.
        flies: Whether the hours of its flights are counted, without a name.
    """

    measures: Mapping[str, str]
    shares: frozenset[str] = frozenset()
    times: frozenset[str] = frozenset()
    has_state: bool = True
    flies: bool = False

    @property
    def conditions(self) -> frozenset[str]:
        """Every condition, however the type speaks of it."""
        return self.shares | self.times

    @property
    def hours(self) -> frozenset[str]:
        """Whatever is counted in hours: conditions, and the counters that are in hours."""
        return self.times | {name for name, unit in self.measures.items() if unit == "h"}


@dataclass(frozen=True, slots=True)
class KnownAsset:
    """An asset of a published twin with its names and what it tells."""

    id: str
    name: str
    type: str
    told: Told


def told_by(of: AssetType) -> Told:
    """What the evidence of assets of a type tells.

    Args:
        of: The type with what it inherits.
    """
    rule = signal_rule(of)
    has_state = AVAILABILITY in of.indicators or (rule is not None and rule.up is not None)
    if rule is None:
        return Told({}, has_state=has_state, flies=FLIES in of.indicators)
    found = rule.indicators
    shares = frozenset(name for name in found.conditions if of.indicators[name].startswith(_SHARE))
    return Told(
        {name: of.signals[signal].unit for name, signal in sorted(found.increases.items())},
        shares,
        frozenset(found.conditions) - shares,
        has_state,
    )
