"""The data quality of a twin in a span of time, signal by signal and gateway by gateway, in a few queries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from django.db.models import Max, Sum

from twins.telemetry.instants import micros, moment
from twins.telemetry.models import Batch, LateReadings, Signal, Substitution, Traffic
from twins.telemetry.quality_figures import Seen, runs_of_quality, seen_in_rollups, seen_in_series
from twins.telemetry.quality_gateways import Batches, ClockFault, Deliveries, clock_fault, deliveries, frozen_since
from twins.telemetry.quality_units import Drift, drift
from twins.telemetry.rollups import rollups
from twins.telemetry.schemas import BoundSignal
from twins.telemetry.selectors import bound_signals, readings, traffic
from twins.telemetry.series import Grain, Series

MOST_READ = 400_000
"""Readings that are looked at one by one; where more are expected, rollups stand for them."""
MOST_SIGNALS = 5_000
MOST_BATCHES = 50_000
"""Batches that are looked at, the newest of the span."""
MOST_GAPS = 50
_SUPPOSED_RATE = timedelta(seconds=60)
"""The rate that is reckoned with where none is said, only to tell how much there will be to read."""
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, half-open, and how it is read.

    Attributes:
        grain: The rollups that stand for the readings, None where these are looked at themselves.
    """

    start: datetime
    end: datetime
    grain: Grain | None

    @property
    def before(self) -> datetime:
        """The beginning of the span of the same length before it."""
        return self.start - (self.end - self.start)


@dataclass(frozen=True, slots=True)
class SignalQuality:
    """One signal.

    Attributes:
        bound: What the published twin says of it; None when it reads it no longer.
        late: Readings that came late on the days of the span, and by how much the latest of them.
    """

    signal: int
    asset: UUID
    key: str
    unit: str
    bound: BoundSignal | None
    seen: Seen
    drift: Drift | None
    late: int
    worst_us: int

    @property
    def name(self) -> str:
        """What people call the asset."""
        return self.bound.asset_name if self.bound else str(self.asset)

    @property
    def badness(self) -> float:
        """How bad it is, from 0: what is missing, what is doubtful, a change of unit or range."""
        seen = self.seen
        missing = 1 - seen.completeness if seen.completeness is not None else float(not seen.came)
        drifted = 0.5 if self.drift and self.drift.change else 0.1 if self.drift and self.drift.is_told else 0.0
        return missing + seen.doubtful + drifted


@dataclass(frozen=True, slots=True)
class GatewayQuality:
    """One gateway that sends to the twin.

    Attributes:
        clock_us: The least that came between what it says of its time and the arrival, lately.
        frozen_since: Since when all its signals repeat their values.
        last_seen_at: When it last sent anything.
    """

    gateway: UUID
    signals: int
    delivered: Deliveries
    clock_us: int | None
    clock: ClockFault | None
    frozen_since: datetime | None
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class TwinQuality:
    """A twin in a span.

    Attributes:
        signals: Worst first.
        gateways: Those that its bindings name.
        before: Signals of the parts before this one; a part has at most `MOST_SIGNALS`.
        total: Signals of all parts.
    """

    span: Span
    signals: tuple[SignalQuality, ...]
    gateways: tuple[GatewayQuality, ...]
    before: int
    total: int

    @property
    def more(self) -> int:
        """Signals of other parts."""
        return self.total - len(self.signals)


@dataclass(frozen=True, slots=True)
class SignalDetail:
    """What the figures of one signal are computed from.

    Attributes:
        intervals: Stretches in which readings were not good: quality, first and last instant, how many.
        before: What came in the span before.
        substitutions: What people put in place of readings, newest first.
    """

    span: Span
    quality: SignalQuality
    intervals: tuple[tuple[int, datetime, datetime, int], ...]
    before: Seen
    substitutions: tuple[Substitution, ...]


def twin_quality(
    twin: UUID, start: datetime, end: datetime, *, now: datetime, part: int = 0,
    first: Callable[[BoundSignal], bool] | None = None,
) -> TwinQuality:  # fmt: skip
    """How well the signals of a twin came in ``[start, end)``; nothing is expected of the time after `now`.

    Args:
        twin: Which.
        start: First instant.
        end: First instant after.
        now: The present.
        part: Which of the parts that a twin of very many signals is told in, from 0; in the order of their assets.
        first: Whether a signal is looked for: those are in the first parts.
    """
    end = max(min(end, now), start + timedelta(seconds=1))
    bound = {(one.asset, one.key): one for one in bound_signals() if one.twin == twin}
    stored = Signal.objects.filter(twin=twin).order_by("asset", "key").values_list("id", "asset", "key")
    known = [(number, bound[asset, key]) for number, asset, key in stored if (asset, key) in bound]
    if first is not None and len(known) > MOST_SIGNALS:
        known.sort(key=lambda one: not first(one[1]))
    wanted = [number for number, _ in known[part * MOST_SIGNALS : (part + 1) * MOST_SIGNALS]]
    found, span = _qualities(list(Signal.objects.filter(id__in=wanted)), bound, start, end)
    return TwinQuality(
        span=span,
        signals=tuple(sorted(found, key=lambda one: (-one.badness, one.name, one.key))),
        gateways=_gateways(found, span),
        before=min(part * MOST_SIGNALS, len(known)),
        total=len(known),
    )


def signal_quality(signal: Signal, start: datetime, end: datetime, *, now: datetime) -> SignalDetail:
    """One signal in ``[start, end)``, with what its figures are computed from."""
    end = max(min(end, now), start + timedelta(seconds=1))
    bound = {(one.asset, one.key): one for one in bound_signals() if one.asset == signal.asset}
    (found,), span = _qualities([signal], bound, start, end)
    series = readings([signal.id], span.before, end)[signal.id] if span.grain is None else None
    former = _seen([signal.id], span.before, start, span.grain, {signal.id: _rate_us(found.bound)})
    intervals = runs_of_quality(_since(series, start), MOST_GAPS) if series is not None else []
    replaced = Substitution.objects.filter(signal=signal.id, twin=signal.twin)
    return SignalDetail(
        span=span,
        quality=found,
        intervals=tuple((quality, moment(first), moment(last), count) for quality, first, last, count in intervals),
        before=former[signal.id],
        substitutions=tuple(replaced[:MOST_GAPS]),
    )


def _qualities(
    rows: Sequence[Signal], bound: Mapping[tuple[UUID, str], BoundSignal], start: datetime, end: datetime
) -> tuple[list[SignalQuality], Span]:
    rates = {row.id: _rate_us(bound.get((row.asset, row.key))) for row in rows}
    span = Span(start, end, _grain(rates.values(), end - start))
    recent = _seen(rates, start, end, span.grain, rates)
    former = _seen(rates, span.before, start, span.grain, rates)
    late = _late(rates, start, end)
    found = [
        SignalQuality(
            row.id, row.asset, row.key, row.unit, bound.get((row.asset, row.key)), recent[row.id],
            drift(former[row.id].levels, recent[row.id].levels, row.unit), *late.get(row.id, (0, 0)),
        )
        for row in rows
    ]  # fmt: skip
    return found, span


def _rate_us(bound: BoundSignal | None) -> int | None:
    if bound is None or bound.rules.rate is None:
        return None
    return bound.rules.rate // timedelta(microseconds=1)


def _grain(rates: Collection[int | None], length: timedelta) -> Grain | None:
    """What stands for the readings of a span and the one before it: they themselves while they are not too many."""
    supposed = _SUPPOSED_RATE // timedelta(microseconds=1)
    if 2 * (length // timedelta(microseconds=1)) * sum(1 / (rate or supposed) for rate in rates) <= MOST_READ:
        return None
    if length <= timedelta(hours=6):
        return Grain.MINUTE
    return Grain.HOUR if length <= timedelta(days=31) else Grain.DAY


def _seen(
    signals: Collection[int], start: datetime, end: datetime, grain: Grain | None, rates: Mapping[int, int | None]
) -> dict[int, Seen]:
    if not signals:
        return {}
    first, last = micros(start), micros(end)
    if grain is None:
        found = readings(signals, start, end)
        return {signal: seen_in_series(series, first, last, rates[signal]) for signal, series in found.items()}
    rolled = rollups(signals, grain, moment(first // grain * grain), end)
    return {signal: seen_in_rollups(one, grain, first, last, rates[signal]) for signal, one in rolled.items()}


def _since(series: Series, start: datetime) -> Series:
    first = int(np.searchsorted(series.at, micros(start)))
    return Series(series.at[first:], series.value[first:], series.quality[first:])


def _late(signals: Collection[int], start: datetime, end: datetime) -> dict[int, tuple[int, int]]:
    rows = LateReadings.objects.filter(signal__in=list(signals), day__gte=start.date(), day__lte=end.date())
    summed = rows.order_by().values("signal").annotate(number=Sum("count"), worst=Max("worst_us"))
    return {row["signal"]: (row["number"], row["worst"]) for row in summed}


def _gateways(found: Sequence[SignalQuality], span: Span) -> tuple[GatewayQuality, ...]:
    signals: dict[UUID, list[Seen]] = {}
    for one in found:
        if one.bound is not None:
            signals.setdefault(one.bound.gateway, []).append(one.seen)
    sent, batches = traffic(signals), _batches(signals, span)
    start, end = micros(span.start), micros(span.end)
    told = []
    for gateway, seen in signals.items():
        row, frozen = sent.get(gateway), frozen_since(seen)
        clock = _clock(row)
        told.append(
            GatewayQuality(
                gateway, len(seen), deliveries(batches[gateway], start, end), clock, clock_fault(clock),
                None if frozen is None else moment(frozen), row.last_seen_at if row else None,
            )
        )  # fmt: skip
    return tuple(told)


def _clock(row: Traffic | None) -> int | None:
    """What is known of a gateway's clock of the last ten to twenty minutes."""
    known = [] if row is None else [one for one in (row.clock_us, row.former_clock_us) if one is not None]
    return min(known, default=None)


def _batches(gateways: Collection[UUID], span: Span) -> dict[UUID, Batches]:
    rows = Batch.objects.filter(
        gateway__in=list(gateways), received_at__gte=span.start, received_at__lt=span.end, accepted__gt=0
    ).order_by("-commit")  # fmt: skip
    columns: dict[UUID, list[tuple[int, int, int, int]]] = {gateway: [] for gateway in gateways}
    for row in rows.only("gateway", "received_at", "first_at", "last_at", "accepted")[:MOST_BATCHES]:
        if row.first_at is not None and row.last_at is not None:
            instants = micros(row.received_at), micros(row.first_at), micros(row.last_at)
            columns[row.gateway].append((*instants, row.accepted))
    return {gateway: Batches(*np.array(sorted(own), np.int64).reshape(-1, 4).T) for gateway, own in columns.items()}
