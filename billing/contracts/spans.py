"""The spans by which a contract is settled: its months, cut where another version holds or a year with a limit begins.

They cover the time for which the contract is agreed exactly once, and each is held by one version and reckoned on the
clocks of that version. So months before a change of the time zone keep the zone they had, and what the clocks of both
zones leave between them is a span of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import zip_longest
from zoneinfo import ZoneInfo

from billing.contracts.periods import contract_year, is_month, month, next_month

Period = tuple[datetime, datetime]
"""``[start, end)``"""


@dataclass(frozen=True, slots=True)
class Holding:
    """What an agreed version says of the spans it is settled by.

    Attributes:
        version: Its number; of two that have taken effect the higher holds.
        start: The first instant at which it holds.
        end: The first instant at which it does not hold any more; None is without end.
        day: Its first day on the clocks of its zone.
        zone: The zone whose months it is settled by.
        has_year_cap: Whether the credits of a contract year have a limit, which begins anew on each anniversary.
        has_whole_fee: Whether the fee, or the least it comes to, is the same for a part of a month as for all of it.
    """

    version: int
    start: datetime
    end: datetime | None
    day: date
    zone: ZoneInfo
    has_year_cap: bool
    has_whole_fee: bool


@dataclass(frozen=True, slots=True)
class Span:
    """A span ``[start, end)`` and the version that holds in it."""

    start: datetime
    end: datetime
    holding: Holding

    @property
    def zone(self) -> ZoneInfo:
        """The zone it is reckoned in."""
        return self.holding.zone

    @property
    def month(self) -> str | None:
        """The calendar month that it is, such as ``2026-09``; None of a part of one."""
        is_whole = is_month(self.start, self.end, self.zone)
        return f"{self.start.astimezone(self.zone):%Y-%m}" if is_whole else None

    @property
    def charges_whole_fee(self) -> bool:
        """Whether it is a part of a month for which as much is charged as for the whole."""
        return self.holding.has_whole_fee and self.month is None


def spans(holdings: Collection[Holding], until: datetime, since: datetime | None = None) -> list[Span]:
    """The spans of a contract that are over, the first first.

    Args:
        holdings: The agreed versions of the contract.
        until: Spans that end later are left out.
        since: Spans that end by then are left out; None for all.
    """
    first = min(holdings, key=lambda each: each.version, default=None)
    if first is None:
        return []
    return [
        span
        for start, end, holding in _reigns(holdings)
        if since is None or end is None or since < end
        for span in _cut(start if since is None else _skipped(start, since, holding), end, holding, first.day, until)
        if since is None or since < span.end
    ]


def of_month(holdings: Collection[Holding], text: str) -> list[Span]:
    """The spans of a contract in a calendar month, such as ``2026-09``, on the clocks of the version that holds in it.

    It is one span, the month itself, unless another version holds in a part of it, or none.

    Raises:
        PeriodError: It is no month.
    """
    found = []
    for zone in sorted({each.zone for each in holdings}, key=str):
        start, end = month(text, zone)
        found += [span for span in spans(holdings, end, start) if span.zone == zone and start <= span.start]
    return sorted(found, key=lambda span: span.start)


def left_open(found: Iterable[Span], settled: Sequence[Period]) -> list[Span]:
    """What is left of some spans without the periods that have a statement, the first first.

    A span that is partly settled leaves the rest of it, so that what was settled by other spans is charged once.
    """
    return [piece for span in found for piece in _without(span, settled)]


def _reigns(holdings: Collection[Holding]) -> Iterator[tuple[datetime, datetime | None, Holding]]:
    """From when to when which version holds, as `billing.contracts.selectors.version_at` tells it of a moment."""
    begins = sorted({each.start for each in holdings})
    for start, following in zip_longest(begins, begins[1:]):
        newest = max((each for each in holdings if each.start <= start), key=lambda each: each.version)
        end = min((each for each in (newest.end, following) if each is not None), default=None)
        if end is None or start < end:
            yield start, end, newest


def _skipped(start: datetime, since: datetime, holding: Holding) -> datetime:
    """Where to begin for what ends after a moment: no earlier than with the month that it lies in."""
    return max(start, month(f"{since.astimezone(holding.zone):%Y-%m}", holding.zone)[0])


def _cut(start: datetime, end: datetime | None, holding: Holding, first: date, until: datetime) -> Iterator[Span]:
    while end is None or start < end:
        edge = next_month(start, holding.zone)
        if holding.has_year_cap:
            edge = min(edge, contract_year(first, start, holding.zone)[1])
        edge = edge if end is None else min(edge, end)
        if edge > until:
            return
        yield Span(start, edge, holding)
        start = edge


def _without(span: Span, settled: Sequence[Period]) -> Iterator[Span]:
    start = span.start
    for begun, ended in sorted(each for each in settled if each[0] < span.end and span.start < each[1]):
        if start < begun:
            yield replace(span, start=start, end=begun)
        start = max(start, ended)
    if start < span.end:
        yield replace(span, start=start)
