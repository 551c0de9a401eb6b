"""Limits on the sum of credits, and how what is granted is shared between the clauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from billing.contracts.domain import Caps
from tenants.kernel.money import allocate


@dataclass(frozen=True, slots=True)
class CapsOutcome:
    """What the caps left of the credits, minor units.

    Attributes:
        asked: The sum of the credits of all settled clauses.
        period_limit: The cap of the period, rounded down so that it is never exceeded; None is no cap.
        year_limit: What is left of the year's cap; None is no cap.
        granted: What the customer gets.
        shares: The granted part of each credit, in their order.
    """

    asked: int
    period_limit: int | None
    year_limit: int | None
    granted: int
    shares: tuple[int, ...]

    @property
    def forfeited(self) -> int:
        """What the caps took."""
        return self.asked - self.granted


def apply_caps(caps: Caps, fee_minor: int, credits_minor: Sequence[int]) -> CapsOutcome:
    """Grant credits up to the lower of two caps, shared in proportion by largest remainder.

    Args:
        caps: Percent of the fee, and minor units left of the year's cap.
        fee_minor: The fee of the period, minor units.
        credits_minor: The credit of each clause, minor units; bonuses do not matter here.
    """
    asked = sum(credits_minor)
    period_limit = None if caps.period_percent is None else floor(caps.period_percent * fee_minor / 100)
    limits = [limit for limit in (period_limit, caps.year_remaining_minor) if limit is not None]
    granted = min([asked, *limits])
    return CapsOutcome(asked, period_limit, caps.year_remaining_minor, granted, allocate(granted, credits_minor))
