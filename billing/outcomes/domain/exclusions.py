"""Approved exclusions by priority: a moment counts once, and each category only as long as its allowance lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing.contracts.domain import ExclusionRule
from billing.outcomes.domain.spans import earliest, intersect, subtract, total, union
from tenants.kernel.calendars import Span


@dataclass(frozen=True, slots=True)
class ExclusionUse:
    """What one category excluded for one asset.

    Attributes:
        category: The category, in the order of priority of the clause.
        allowance: Milliseconds it may exclude in the period; None is without limit.
        claimed: Milliseconds of service time claimed and not excluded by a category before it.
        used: The time excluded, the earliest of what was claimed.
    """

    category: str
    allowance: int | None
    claimed: int
    used: tuple[Span, ...]


def consume(
    rules: Sequence[ExclusionRule], claims: Mapping[str, Sequence[Span]], service: Sequence[Span]
) -> tuple[tuple[ExclusionUse, ...], list[Span]]:
    """What each category of a clause excludes of an asset's service time, and the committed time that is left.

    Only service time uses up an allowance. What a spent allowance leaves may still fall to a later category.
    """
    uses: list[ExclusionUse] = []
    left = list(service)
    for rule in rules:
        claimed = intersect(left, union(claims.get(rule.category, ())))
        used = earliest(claimed, rule.allowance)
        left = subtract(left, used)
        uses.append(ExclusionUse(rule.category, rule.allowance, total(claimed), tuple(used)))
    return tuple(uses), left
