"""From a prediction of remaining useful life to the probability of having failed by each slot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from statistics import NormalDist

from analytics.maintenance.domain.problem import Grid, RiskCurve
from tenants.kernel.errors import OutturnError

_STANDARD = NormalDist()
_DIGITS = 9


class PredictionError(OutturnError):
    """A prediction of remaining life that cannot be made into a risk."""

    code = "maintenance.bad_prediction"


@dataclass(frozen=True, slots=True)
class RemainingLife:
    """A prediction of remaining useful life in cycles (flights), with the interval that holds the truth so often.

    Attributes:
        value: The predicted life, taken as the median, in cycles.
        low: Lower limit of the interval, in cycles.
        high: Upper limit of the interval, in cycles.
        coverage: The share of truths that such intervals hold, between 0 and 1.
        flown: Cycles flown since the prediction was made, without a failure.
    """

    value: float
    low: float
    high: float
    coverage: float = 0.9
    flown: float = 0.0

    def __post_init__(self) -> None:
        figures = (self.value, self.low, self.high, self.flown)
        ordered = 0 <= self.low <= self.value <= self.high and self.flown >= 0
        if not all(map(math.isfinite, figures)) or not ordered or not 0 < self.coverage < 1:
            raise PredictionError(
                f"A remaining life of {self.value} cycles in [{self.low}, {self.high}] ({self.coverage} coverage, "
                f"{self.flown} flown since) is no prediction.",
                place="prediction",
                fix="Give 0 <= low <= value <= high, at least 0 cycles flown, and a coverage between 0 and 1.",
            )

    @property
    def spread(self) -> tuple[float, float]:
        """Standard deviations below and above the value, in cycles.

        An upper limit that is no higher than the value says nothing about the far side (predictions are often capped);
        the spread above is then taken as wide as the one below.
        """
        z = _STANDARD.inv_cdf((1 + self.coverage) / 2)
        below, above = (self.value - self.low) / z, (self.high - self.value) / z
        return below, above if above > 0 else below

    def failed_before(self, cycles: float) -> float:
        """P(failed before ``cycles`` more cycles | not failed yet), in [0, 1]; 0 for none."""
        if cycles <= 0:
            return 0.0
        alive = 1 - self._cdf(self.flown)
        if alive <= 0:
            return 1.0
        return min(1.0, max(0.0, (self._cdf(self.flown + cycles) - self._cdf(self.flown)) / alive))

    def life_beyond(self, cycles: float) -> float:
        """E[max(0, life - ``cycles``) | not failed yet], in cycles."""
        alive = 1 - self._cdf(self.flown)
        return self._tail(self.flown + cycles) / alive if alive > 0 else 0.0

    def _cdf(self, cycles: float) -> float:
        below, above = self.spread
        distance = cycles - self.value
        spread = below if distance < 0 else above
        if spread == 0:
            return 0.0 if distance < 0 else 1.0
        return _STANDARD.cdf(distance / spread)

    def _tail(self, cycles: float) -> float:
        """The integral of 1 - cdf from ``cycles`` on: s * (pdf(z) - z * (1 - cdf(z))) for a normal half of spread s."""
        below, above = self.spread
        if cycles >= self.value:
            return above * _loss((cycles - self.value) / above) if above else 0.0
        if below == 0:
            return self.value - cycles + above * _loss(0.0)
        return below * (_loss((cycles - self.value) / below) - _loss(0.0)) + above * _loss(0.0)


def _loss(z: float) -> float:
    """The unit normal loss, E[max(0, Z - z)]."""
    return _STANDARD.pdf(z) - z * _STANDARD.cdf(-z)


def failure_curve(
    life: RemainingLife, *, cycles_per_day: float, grid: Grid, look_ahead_slots: int, step_slots: int = 1
) -> RiskCurve:
    """The risk of an asset over a horizon and past it, out of a prediction in cycles and a rate of use.

    Remaining life is a two-piece normal fitted to three quantiles (percentile matching; for the family see Wallis,
    "The two-piece normal, binormal, or double Gaussian distribution", Statistical Science 29(1), 2014): with median m,
    limits l and h of coverage c and z = inv_cdf((1 + c) / 2), P(L < x) = cdf((x - m) / ((m - l) / z)) below the median
    and cdf((x - m) / ((h - m) / z)) above, so that it gives back the median and both limits. It is then conditioned on
    the asset being in service at the grid's origin: F(x) = (P(L < f + x) - P(L < f)) / (1 - P(L < f)) with f cycles
    flown since the prediction. Cycles turn into time at a constant rate.

    Args:
        life: The prediction, with the cycles flown from it to the grid's origin.
        cycles_per_day: Cycles in 24 hours, above 0.
        grid: The time axis.
        look_ahead_slots: How far past the horizon the curve goes, at least 0: as far as later visits are weighed.
        step_slots: Slots between two values.

    Returns:
        ``ceil((grid.slots + look_ahead_slots) / step_slots) + 1`` values, rounded to 9 digits.

    Raises:
        PredictionError: The rate or a length is not a positive figure.
    """
    if not (math.isfinite(cycles_per_day) and cycles_per_day > 0 and look_ahead_slots >= 0 and step_slots >= 1):
        raise PredictionError(
            f"A risk curve cannot be drawn for {cycles_per_day} cycles a day, {look_ahead_slots} slots ahead in steps "
            f"of {step_slots}.",
            place="cycles_per_day",
            fix="Give a rate above 0, a look-ahead of at least 0 and a step of at least 1 slot.",
        )
    cycles_per_slot = cycles_per_day * grid.slot_s / 86_400
    steps = math.ceil((grid.slots + look_ahead_slots) / step_slots)
    raw = (round(life.failed_before(step * step_slots * cycles_per_slot), _DIGITS) for step in range(steps + 1))
    beyond = max(0.0, round(life.life_beyond(steps * step_slots * cycles_per_slot) / cycles_per_slot, _DIGITS))
    return RiskCurve(step_slots=step_slots, failed_before=tuple(accumulate(raw, max)), life_beyond_slots=beyond)
