"""The period of a report day by day: one picture and one table of outages for all clauses that cut it up alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from billing.contracts.agreement import AgreementDocument
from billing.contracts.schemas import AvailabilityDocument, ClauseDocument, ResponseDocument
from billing.reports.bundles import Bundle
from billing.reports.outages import Outages
from billing.reports.schemas import Bar, Sealed, Timeline, TimelineRow
from tenants.kernel.calendars import time_zone

Json = Mapping[str, Any]
MOST_ROWS = 20
"""Assets that are drawn each by itself, however alike; of more those whose time went alike are drawn as one."""


class Periods:
    """Tells how a period went under each clause."""

    def __init__(self, bundle: Bundle, agreement: AgreementDocument, period: tuple[datetime, datetime]) -> None:
        self.agreement, (self.start, self.end) = agreement, period
        self.zone: ZoneInfo = time_zone(agreement.terms.time_zone)
        self.outages = Outages(bundle, agreement.assets, self.zone)
        self.workings: list[Json] = bundle.run["outcome"]["workings"]["clauses"]

    def timelines(self) -> Iterator[Timeline]:
        """One for each way in which clauses that measure time cut the period; without such one for the first clause."""
        terms = self.agreement.terms.clauses
        pairs = [pair for pair in zip(terms, self.workings, strict=True) if measures_time(pair[0])]
        counts = bool(pairs)
        for alike in _alike(pairs or list(zip(terms, self.workings, strict=True))[:1]):
            yield self._timeline([clause for clause, _ in alike], alike[0][1]["assets"], counts=counts)

    def _timeline(self, clauses: Sequence[ClauseDocument], assets: Sequence[Json], *, counts: bool) -> Timeline:
        several, condition = len(self.agreement.terms.clauses) > 1, condition_of(clauses[0])
        outages = tuple(self.outages.rows(assets, condition)) if counts else ()
        concerned = dict.fromkeys(one.asset_id for one in outages)
        names = self.agreement.assets
        return Timeline(
            title=_listed([clause.id[:1].upper() + clause.id[1:] for clause in clauses]) if several else "",
            clause=clauses[0].id if several and (len(clauses) == 1 or condition is not None) else "",
            rows=tuple(folded([(names[one["asset"]], self._bars(one["segments"])) for one in assets])),
            counts=counts,
            outages=outages,
            sealed=tuple(
                Sealed(names[asset], digest) for asset in concerned if (digest := self.outages.segment(asset))
            ),
        )

    def _bars(self, segments: Sequence[Any]) -> tuple[Bar, ...]:
        start, length = self.start.timestamp() * 1000, (self.end - self.start).total_seconds() * 1000
        bars: list[Bar] = []
        for begins, ends, category, _ in segments:
            left, right = (begins - start) / length, (ends - start) / length
            if bars and bars[-1].category == category and bars[-1].end == left:
                bars[-1] = Bar(bars[-1].start, right, category)
            else:
                bars.append(Bar(left, right, category))
        return tuple(bars)

    def days(self) -> Iterator[tuple[float, str]]:
        """Local midnights to mark in the picture, about ten of them."""
        length = self.end - self.start
        every = max(1, length.days // 10)
        for day in range(0, length.days + 1, every):
            share = (day * 86400) / length.total_seconds()
            moment = self.start + (self.end - self.start) * share
            yield share, f"{moment.astimezone(self.zone).day}"


def measures_time(clause: ClauseDocument) -> bool:
    """Whether down time matters to a clause: volumes, quantities and shares of errors are counted otherwise."""
    return isinstance(clause.indicator, AvailabilityDocument | ResponseDocument)


def condition_of(clause: ClauseDocument) -> str | None:
    """The condition whose time a clause looks at; None for the state of its assets."""
    return clause.indicator.of if isinstance(clause.indicator, AvailabilityDocument) else None


def folded(rows: Sequence[tuple[str, tuple[Bar, ...]]]) -> list[TimelineRow]:
    """The rows of a picture: of many assets those whose time went alike as one row, after all others."""
    if len(rows) <= MOST_ROWS:
        return [TimelineRow((name,), bars) for name, bars in rows]
    alike: dict[tuple[Bar, ...], list[str]] = {}
    for name, bars in rows:
        alike.setdefault(bars, []).append(name)
    found = [TimelineRow(tuple(names), bars) for bars, names in alike.items()]
    return sorted(found, key=lambda row: len(row.names))


def _alike(pairs: Sequence[tuple[ClauseDocument, Json]]) -> list[list[tuple[ClauseDocument, Json]]]:
    """Clauses by how they cut the period: the same assets, the same spans, told by the same evidence."""
    groups: list[list[tuple[ClauseDocument, Json]]] = []
    for clause, workings in pairs:
        for group in groups:
            first, other = group[0]
            if condition_of(first) == condition_of(clause) and _cut(other) == _cut(workings):
                group.append((clause, workings))
                break
        else:
            groups.append([(clause, workings)])
    return groups


def _cut(workings: Json) -> list[tuple[str, Any]]:
    return [(one["asset"], one["segments"]) for one in workings["assets"]]


def _listed(names: Sequence[str]) -> str:
    """Names in a row: ``a``, ``a and b``, ``a, b and c``."""
    *first, last = names
    return gettext("%(first)s and %(last)s") % {"first": ", ".join(first), "last": last} if first else last
