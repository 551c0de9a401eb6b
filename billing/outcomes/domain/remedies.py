"""From an outcome in percent to credits and bonuses in percent of the fee base; comparisons are on exact values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from billing.contracts.domain import Remedy, StepRemedy, Tier, TierRemedy

_NONE = Fraction(0)


@dataclass(frozen=True, slots=True)
class TierVerdict:
    """All tiers considered, the mildest first, and the one that holds."""

    tiers: tuple[Tier, ...]
    holding: Tier | None

    @property
    def credit(self) -> Fraction:
        """Percent of the fee base."""
        return self.holding.credit if self.holding else _NONE

    @property
    def bonus(self) -> Fraction:
        """Tiers give none."""
        return _NONE


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """Steps counted on one side of a threshold.

    Attributes:
        remedy: The terms.
        distance: Percentage points on the working side; 0 on the other.
        steps: Full or started steps.
        uncapped: Percent of the fee base before the cap.
        percent: Percent of the fee base.
    """

    remedy: StepRemedy
    distance: Fraction
    steps: int
    uncapped: Fraction
    percent: Fraction

    @property
    def credit(self) -> Fraction:
        """Percent of the fee base the customer gets."""
        return self.percent if self.remedy.effect == "credit" else _NONE

    @property
    def bonus(self) -> Fraction:
        """Percent of the fee base the provider gets."""
        return self.percent if self.remedy.effect == "bonus" else _NONE


Verdict = TierVerdict | StepVerdict


def judge(remedies: Sequence[Remedy], percent: Fraction) -> tuple[Verdict, ...]:
    """What every remedy of a clause makes of an outcome in percent; they add up."""
    return tuple(
        _tiers(remedy, percent) if isinstance(remedy, TierRemedy) else _steps(remedy, percent) for remedy in remedies
    )


def _tiers(remedy: TierRemedy, percent: Fraction) -> TierVerdict:
    holding = [tier for tier in remedy.tiers if percent < tier.below]
    return TierVerdict(remedy.tiers, min(holding, key=lambda tier: tier.below, default=None))


def _steps(remedy: StepRemedy, percent: Fraction) -> StepVerdict:
    away = remedy.threshold - percent if remedy.side == "below" else percent - remedy.threshold
    distance = max(away, _NONE)
    exact = distance / remedy.per
    steps = ceil(exact) if remedy.started else floor(exact)
    uncapped = steps * remedy.percent
    return StepVerdict(remedy, distance, steps, uncapped, uncapped if remedy.cap is None else min(uncapped, remedy.cap))
