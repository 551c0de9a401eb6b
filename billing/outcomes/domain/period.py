"""Where every millisecond of the period goes, for one asset under one clause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from billing.contracts.domain import Clause, State
from billing.outcomes.domain.exclusions import ExclusionUse, consume
from billing.outcomes.domain.segments import Gap, Outage, Run, gaps, outages
from billing.outcomes.domain.spans import intersect, subtract, total
from tenants.kernel.calendars import Span, service_spans

Category = Literal["out_of_service", "off_calendar", "excluded", "up", "down", "unknown"]


Part = tuple[Category, str, Sequence[Span]]

_OUTCOME = {"up": "up", "down": "down", "unknown": "out"}


class Segment(NamedTuple):
    """A span of one category.

    ``detail`` is the exclusion's category, or what unknown time counts as: ``up``, ``down``, or ``unknown`` for not
    at all.
    """

    start: int
    end: int
    category: Category
    detail: str


@dataclass(frozen=True, slots=True)
class Totals:
    """Milliseconds by category; the last four make up the committed time, and all of them the period.

    Attributes:
        out_of_service: Not in service.
        off_calendar: In service, outside the service calendar.
        excluded: Excluded by an approved exclusion.
        up: Known and up, dropped and cut outage time included.
        down: Known and down as far as outages count.
        unknown_up: Unknown, counted as up.
        unknown_down: Unknown, counted as down.
        unknown_out: Unknown, not counted.
    """

    out_of_service: int = 0
    off_calendar: int = 0
    excluded: int = 0
    up: int = 0
    down: int = 0
    unknown_up: int = 0
    unknown_down: int = 0
    unknown_out: int = 0

    @property
    def unknown(self) -> int:
        """Committed time whose state nobody reported."""
        return self.unknown_up + self.unknown_down + self.unknown_out

    @property
    def committed(self) -> int:
        """Service time that no exclusion took."""
        return self.up + self.down + self.unknown


@dataclass(frozen=True)
class Ledger:
    """The period of one asset under one clause, cut into categories.

    Attributes:
        parts: Category, detail and the time that is of it; every millisecond of the period is in one part.
        totals: The length of each category.
        committed: The committed time.
        outages: The outages that touch the period, whole.
        gaps: The gaps that touch it, whole.
        exclusions: What each category of the clause excluded.
    """

    parts: tuple[Part, ...]
    totals: Totals
    committed: tuple[Span, ...]
    outages: tuple[Outage, ...]
    gaps: tuple[Gap, ...]
    exclusions: tuple[ExclusionUse, ...]

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The whole period in the order of time; made once, and shown more than once."""
        found = [(start, end, category, detail) for category, detail, spans in self.parts for start, end in spans]
        return tuple(map(Segment._make, sorted(found)))


def in_service(period: Span, bounds: tuple[int | None, int | None]) -> list[Span]:
    """The part of the period in which an asset was in service, as no span or one."""
    start = period[0] if bounds[0] is None else max(period[0], bounds[0])
    end = period[1] if bounds[1] is None else min(period[1], bounds[1])
    return [(start, end)] if start < end else []


def keep_ledger(
    clause: Clause,
    zone: ZoneInfo,
    period: Span,
    present: Sequence[Span],
    runs: Sequence[Run],
    claims: Mapping[str, Sequence[Span]],
) -> Ledger:
    """Cut a period into categories: service, calendar, exclusions by priority, then states, then gaps.

    Args:
        clause: Its calendar, exclusions, outages and gaps are the rules.
        zone: The zone of the calendar.
        period: ``[start, end)``, milliseconds since the epoch.
        present: The time in service.
        runs: The states of the asset, at least over the whole period.
        claims: Approved exclusions by category.
    """
    service = intersect(present, service_spans(clause.calendar, zone, *period))
    uses, committed = consume(clause.exclusions, claims, service)
    found, missing = outages(runs, clause.outages), gaps(runs, clause.gaps)
    parts: list[Part] = [
        ("out_of_service", "", subtract([period], present)),
        ("off_calendar", "", subtract(present, service)),
        *(("excluded", use.category, use.used) for use in uses),
        *_committed_parts(committed, found, missing),
    ]
    return Ledger(
        parts=tuple(parts),
        totals=_totals(parts),
        committed=tuple(committed),
        outages=tuple(outage for outage in found if outage.end > period[0] and outage.start < period[1]),
        gaps=tuple(gap for gap in missing if gap.end > period[0] and gap.start < period[1]),
        exclusions=uses,
    )


def _committed_parts(committed: Sequence[Span], found: Sequence[Outage], missing: Sequence[Gap]) -> list[Part]:
    """Committed time as down, unknown by what it counts as, and up, which is all the rest."""
    treated: dict[State, list[Span]] = {"up": [], "down": [], "unknown": []}
    for start, end, before, turn, then in missing:
        treated[before].append((start, turn))
        treated[then].append((turn, end))
    down = intersect(committed, _lasting([(start, counted_end) for start, _, counted_end in found]))
    parts: list[Part] = [("down", "", down)]
    for state, spans in treated.items():
        parts.append(("unknown", state, intersect(committed, _lasting(spans))))
    not_up = sorted(span for _, _, spans in parts for span in spans)
    return [*parts, ("up", "", subtract(committed, not_up))]


def _lasting(spans: Iterable[Span]) -> list[Span]:
    return [span for span in spans if span[0] < span[1]]


def _totals(parts: Iterable[Part]) -> Totals:
    lengths: dict[str, int] = {}
    for category, detail, spans in parts:
        name = f"unknown_{_OUTCOME[detail]}" if category == "unknown" else category
        lengths[name] = lengths.get(name, 0) + total(spans)
    return Totals(**lengths)
