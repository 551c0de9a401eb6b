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
class Beyond:
    """What is known of life beyond the cap of a model, which tells no lives apart there.

    Attributes:
        cap: In cycles; an interval that reaches it says no more than "at least so many".
        share: Of the lives that the model spoke of alike, how many reach the cap, in [0, 1].
        mean: How much longer those last on average, in cycles.
    """

    cap: float
    share: float
    mean: float


@dataclass(frozen=True, slots=True)
class RemainingLife:
    """A prediction of remaining useful life in cycles (flights), with the interval that holds the truth so often.

    Attributes:
        value: The predicted life, in cycles: the median, unless the interval reaches the cap.
        low: Lower limit of the interval, in cycles.
        high: Upper limit of the interval, in cycles.
        coverage: The share of truths that such intervals hold, between 0 and 1.
        flown: Cycles flown since the prediction was made, without a failure.
        beyond: The cap of the model, and what lies beyond it; None where that is unknown.
    """

    value: float
    low: float
    high: float
    coverage: float = 0.9
    flown: float = 0.0
    beyond: Beyond | None = None

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
        beyond = self.beyond
        if beyond is not None and not (
            self.low <= beyond.cap and 0 <= beyond.share <= 1 and 0 <= beyond.mean < math.inf
        ):
            raise PredictionError(
                f"A share of {beyond.share} and {beyond.mean} cycles beyond a cap of {beyond.cap} do not fit a "
                f"remaining life of at least {self.low} cycles.",
                place="prediction",
                fix="Give a cap no lower than the interval, a share in [0, 1] and a mean of at least 0 cycles.",
            )

    @property
    def law(self) -> TwoPieceNormal | CappedNormal:
        """How the life is distributed; see ``failure_curve``."""
        z = _STANDARD.inv_cdf((1 + self.coverage) / 2)
        if self.beyond is not None and self.high >= self.beyond.cap:
            dead = min(max(1 - self.beyond.share, 1 - self.coverage), (1 + self.coverage) / 2)
            spread = (self.beyond.cap - self.low) / (_STANDARD.inv_cdf(dead) + z)
            return CappedNormal(self.beyond.cap, dead, spread, self.beyond.mean)
        below, above = (self.value - self.low) / z, (self.high - self.value) / z
        return TwoPieceNormal(self.value, below, above if above > 0 else below)

    def failed_before(self, cycles: float) -> float:
        """P(failed before ``cycles`` more cycles | not failed yet), in [0, 1]; 0 for none."""
        if cycles <= 0:
            return 0.0
        law = self.law
        failed = law.cdf(self.flown)
        if failed >= 1:
            return 1.0
        return min(1.0, max(0.0, (law.cdf(self.flown + cycles) - failed) / (1 - failed)))

    def life_beyond(self, cycles: float) -> float:
        """E[max(0, life - ``cycles``) | not failed yet], in cycles."""
        law = self.law
        alive = 1 - law.cdf(self.flown)
        return law.tail(self.flown + cycles) / alive if alive > 0 else 0.0


@dataclass(frozen=True, slots=True)
class TwoPieceNormal:
    """Two halves of normal distributions that meet in the median; a spread of 0 is a step.

    Attributes:
        median: In cycles.
        below: Standard deviation below the median, in cycles.
        above: Standard deviation above it.
    """

    median: float
    below: float
    above: float

    def cdf(self, cycles: float) -> float:
        """P(life < ``cycles``)."""
        distance = cycles - self.median
        spread = self.below if distance < 0 else self.above
        if spread == 0:
            return 0.0 if distance < 0 else 1.0
        return _STANDARD.cdf(distance / spread)

    def tail(self, cycles: float) -> float:
        """The integral of 1 - cdf from ``cycles`` on: s * (pdf(z) - z * (1 - cdf(z))) for a normal half of spread s."""
        if cycles >= self.median:
            return self.above * _loss((cycles - self.median) / self.above) if self.above else 0.0
        if self.below == 0:
            return self.median - cycles + self.above * _loss(0.0)
        return self.below * (_loss((cycles - self.median) / self.below) - _loss(0.0)) + self.above * _loss(0.0)


@dataclass(frozen=True, slots=True)
class CappedNormal:
    """A normal distribution up to a cap, and what is left of it at a constant rate of failure beyond.

    Attributes:
        cap: In cycles.
        dead: P(life < cap), between 0 and 1.
        spread: Standard deviation below the cap, in cycles; 0 when nothing is told apart there.
        mean: E[life - cap | life >= cap], in cycles.
    """

    cap: float
    dead: float
    spread: float
    mean: float

    def cdf(self, cycles: float) -> float:
        """P(life < ``cycles``)."""
        past = cycles - self.cap
        if past >= 0:
            return 1 - (1 - self.dead) * (math.exp(-past / self.mean) if self.mean else 0.0)
        return _STANDARD.cdf(_STANDARD.inv_cdf(self.dead) + past / self.spread) if self.spread else 0.0

    def tail(self, cycles: float) -> float:
        """The integral of 1 - cdf from ``cycles`` on."""
        past, beyond = cycles - self.cap, (1 - self.dead) * self.mean
        if past >= 0:
            return beyond * math.exp(-past / self.mean) if self.mean else 0.0
        if self.spread == 0:
            return beyond - past
        z = _STANDARD.inv_cdf(self.dead)
        return self.spread * (_loss(z + past / self.spread) - _loss(z)) + beyond


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
    and cdf((x - m) / ((h - m) / z)) above, so that it gives back the median and both limits.

    An interval that reaches the model's cap k says "at least so many", and its value, a mean of lives counted up to
    the cap, is no median. Then only the lower limit is taken from the prediction, P(L < l) = (1 - c) / 2. What else is
    assumed was learnt from histories that the model had not seen: the share S of lives of which it spoke alike that
    reach the cap (trusted no further than the interval: 1 - S between 1 - c and (1 + c) / 2), and the mean M of what
    they last beyond it. Below the cap L is the normal through both quantiles, P(L < x) = cdf(inv_cdf(1 - S) +
    (x - k) / s) with s = (k - l) / (inv_cdf(1 - S) + z). Beyond, where no life is told apart, it fails at a constant
    rate, P(L >= x) = S exp(-(x - k) / M): the law of greatest entropy among those with the mean M; it knows no age.

    Either law is then conditioned on the asset being in service at the grid's origin: F(x) = (P(L < f + x) -
    P(L < f)) / (1 - P(L < f)) with f cycles flown since the prediction. Cycles turn into time at a constant rate.

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
    _refuse_unfit(cycles_per_day, look_ahead_slots, step_slots)
    cycles_per_slot = cycles_per_day * grid.slot_s / 86_400
    steps = math.ceil((grid.slots + look_ahead_slots) / step_slots)
    raw = (round(life.failed_before(step * step_slots * cycles_per_slot), _DIGITS) for step in range(steps + 1))
    beyond = max(0.0, round(life.life_beyond(steps * step_slots * cycles_per_slot) / cycles_per_slot, _DIGITS))
    return RiskCurve(step_slots=step_slots, failed_before=tuple(accumulate(raw, max)), life_beyond_slots=beyond)


def _refuse_unfit(cycles_per_day: float, look_ahead_slots: int, step_slots: int) -> None:
    if not (math.isfinite(cycles_per_day) and cycles_per_day > 0 and look_ahead_slots >= 0 and step_slots >= 1):
        raise PredictionError(
            f"A risk curve cannot be drawn for {cycles_per_day} cycles a day, {look_ahead_slots} slots ahead in steps "
            f"of {step_slots}.",
            place="cycles_per_day",
            fix="Give a rate above 0, a look-ahead of at least 0 and a step of at least 1 slot.",
        )
