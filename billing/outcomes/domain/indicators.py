"""From the ledger of an asset to its ratio, and from the ratios of the assets to that of the clause.

A ratio is kept as numerator over denominator until the end, so that pooling adds what was measured and not what was
divided. Ratios are dimensionless, 1 is 100 percent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from billing.contracts.domain import Aggregate, Indicator, MeanRate, Ratio, Response, Throughput
from billing.outcomes.domain.document import RateReport
from billing.outcomes.domain.incidents import Incident
from billing.outcomes.domain.period import Ledger
from billing.outcomes.domain.spans import intersect, overlay
from tenants.kernel.calendars import Span

HOUR_MS = 3_600_000


class RatedSpan(NamedTuple):
    """An error share over a span, and for how many milliseconds of committed time it counts."""

    start: int
    end: int
    value: Fraction
    counted: int


@dataclass(frozen=True, slots=True)
class Measure:
    """What an indicator measured of one asset.

    Attributes:
        numerator: Milliseconds up, volume, or committed milliseconds less those in error; of a ratio of which less is
            better, the quantity at the target; incidents that met their time.
        denominator: Milliseconds that count, volume at the target, or committed milliseconds; of such a ratio, the
            quantity; incidents that met their time or missed it.
        hours: The hours of a throughput.
        rates: The error shares of a mean rate.
        incidents: Those of a response time, in the order of time; None where none are looked for.
    """

    numerator: Fraction
    denominator: Fraction
    hours: Fraction | None = None
    rates: tuple[RatedSpan, ...] = ()
    incidents: tuple[Incident, ...] | None = None

    @property
    def ratio(self) -> Fraction | None:
        """Numerator over denominator; None when there is nothing to measure against."""
        return self.numerator / self.denominator if self.denominator else None


class MeasuredAsset(NamedTuple):
    """What an indicator measured of one asset, and its committed time in milliseconds."""

    asset: str
    measure: Measure
    committed: int


def measure(indicator: Indicator, ledger: Ledger, volume: Fraction, rates: Sequence[RatedSpan]) -> Measure:
    """What the indicator of a clause says of one asset.

    Args:
        indicator: Availability is up over up and down, unknown time as its gap rule counts it; throughput is volume
            over hours times target; mean rate is one less the mean error share over committed time.
        ledger: The asset's period by category.
        volume: What its counter rose by.
        rates: Its error shares, disjoint, from ``observe_rates``.
    """
    totals = ledger.totals
    if isinstance(indicator, Throughput):
        hours = Fraction(totals.committed, HOUR_MS)
        if indicator.hours is not None and totals.committed:  # without committed time nothing was promised
            hours = indicator.hours
        return Measure(volume, hours * indicator.target, hours=hours)
    if isinstance(indicator, MeanRate):
        counted = _counted(rates, ledger.committed)
        return Measure(totals.committed - _in_error(counted), Fraction(totals.committed), rates=counted)
    up = totals.up + totals.unknown_up
    return Measure(Fraction(up), Fraction(up + totals.down + totals.unknown_down))


def measure_ratio(indicator: Ratio, ledger: Ledger, quantity: Fraction, per: Fraction) -> Measure:
    """What a ratio says of one asset: how near one quantity by another came to the target.

    Args:
        indicator: The target, and whether more or less is better.
        ledger: The asset's period by category; without committed time nothing was promised.
        quantity: What is divided.
        per: What it is divided by.
    """
    if not ledger.totals.committed:
        return Measure(Fraction(0), Fraction(0))
    aimed = indicator.target * per
    return Measure(quantity, aimed) if indicator.better == "higher" else Measure(aimed, quantity)


def measure_incidents(incidents: tuple[Incident, ...]) -> Measure:
    """How many of the incidents that are decided met their time; those still open are left for the next period."""
    met, missed = (sum(one.verdict == verdict for one in incidents) for verdict in ("met", "missed"))
    return Measure(Fraction(met), Fraction(met + missed), incidents=incidents)


def without_cause(indicator: Indicator, committed: int) -> Fraction | None:
    """The ratio where there is nothing to measure against: all of it, where time was committed and nothing happened.

    Args:
        indicator: Only of a response time is it an achievement that there is nothing to measure.
        committed: Committed milliseconds; without any nothing was promised.
    """
    return Fraction(1) if isinstance(indicator, Response) and committed else None


def observe_rates(reports: Sequence[RateReport], period: Span) -> tuple[RatedSpan, ...]:
    """The error shares within the period, disjoint; where reports overlap, the one received last is seen."""
    layers = sorted(
        reports, key=lambda one: (-1 if one.received is None else one.received, one.start, -one.end, one.value)
    )
    seen = overlay([(max(one.start, period[0]), min(one.end, period[1]), one.value) for one in layers])
    return tuple(RatedSpan(start, end, value, 0) for start, end, value in seen)


def aggregate(kind: Aggregate, measures: Sequence[Measure]) -> Fraction | None:
    """The ratio of a clause over its assets; an asset with nothing to measure against has no say.

    Pooled divides the sums (also shown for ``per_asset``), mean averages the ratios, worst is the smallest of them.
    None when no asset has a ratio.
    """
    ratios = [one.ratio for one in measures if one.ratio is not None]
    if not ratios:
        return None
    if kind == "mean":
        return sum(ratios, Fraction(0)) / len(ratios)
    if kind == "worst":
        return min(ratios)
    counted = [one for one in measures if one.denominator]
    return sum((one.numerator for one in counted), Fraction(0)) / sum((one.denominator for one in counted), Fraction(0))


def _counted(rates: Sequence[RatedSpan], committed: Sequence[Span]) -> tuple[RatedSpan, ...]:
    """The rated spans with the committed time in each, in one sweep over both."""
    lengths = [0] * len(rates)
    at = 0
    for start, end in intersect([(rate.start, rate.end) for rate in rates], committed):
        while rates[at].end <= start:
            at += 1
        lengths[at] += end - start
    return tuple(rate._replace(counted=length) for rate, length in zip(rates, lengths, strict=True))


def _in_error(rates: Sequence[RatedSpan]) -> Fraction:
    """Milliseconds weighted by error share, summed by share first: there are few shares and many spans."""
    by_value: dict[Fraction, int] = {}
    for rate in rates:
        by_value[rate.value] = by_value.get(rate.value, 0) + rate.counted
    return sum((value * length for value, length in by_value.items()), Fraction(0))
