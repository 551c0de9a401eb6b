"""The outages that count under a clause, as rows of a report: each with what was reported of it, and where that stands.

All is taken from the proof bundle: what was seen of an asset from the run, the digests from the segments it rests on.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, ngettext

from billing.contracts.shown import NOTHING, hours_shown, moment_shown, span_shown
from billing.reports.bundles import Bundle
from tenants.edge.formats import span_shown as as_span
from tenants.kernel.calendars import epoch_ms, from_epoch_ms

Json = Mapping[str, Any]
Stretch = list[Any]
"""Start, end, the state between, and when the report that says so was received, as the run has them."""
SHORT = 12
"""Digits of a digest that are told beside an outage."""
_COUNTED_DOWN = ["unknown", "down"]


@dataclass(frozen=True, slots=True)
class OutageRow:
    """Time that counts as down, how much of it lies in committed time, and what says so.

    Attributes:
        asset: What the asset is called.
        span: From when to when.
        hours: How long.
        reported: What the evidence says of it.
        received: When that was received; an en dash where nothing was.
        digests: Of the sealed segment it stands in, and of corrections that lie over it.
        asset_id: The asset.
        start: Its first instant, milliseconds since the epoch.
        end: The first instant after.
    """

    asset: str
    span: str
    hours: str
    reported: str
    received: str
    digests: tuple[str, ...]
    asset_id: str
    start: int
    end: int

    @property
    def shorts(self) -> tuple[tuple[str, str], ...]:
        """Each digest with its first digits."""
        return tuple((digest[:SHORT], digest) for digest in self.digests)


class Outages:
    """Finds the outages of clauses, and what they rest on."""

    def __init__(self, bundle: Bundle, names: Mapping[str, str], zone: ZoneInfo) -> None:
        self.names, self.zone = names, zone
        self.seen = {one["asset"]: one for one in bundle.run["outcome"]["workings"]["assets"]}
        self.segments = {one["asset"]: (digest, one) for digest, one in _named(bundle, "evidence_segment")}
        self.corrections = list(_named(bundle, "evidence_correction"))

    def rows(self, assets: Sequence[Json], condition: str | None) -> Iterator[OutageRow]:
        """The outages under a clause, asset by asset in the order of time.

        Args:
            assets: Its assets as the workings have them.
            condition: The condition that its clause looks at; None for the state of the assets.
        """
        for one in assets:
            down = [each for each in one["segments"] if each[2] == "down" or each[2:] == _COUNTED_DOWN]
            if down:
                stretches = self._stretches(one["asset"], condition)
                starts = [each[0] for each in stretches]
                for start, end, category, _ in down:
                    under = stretches[max(bisect_right(starts, start) - 1, 0) : bisect_left(starts, end)]
                    told = [each for each in under if each[2] == category]
                    yield self._row(one["asset"], condition, start, end, told)

    def segment(self, asset: str) -> str:
        """The digest of the sealed segment of an asset; empty where the run rests on none."""
        return self.segments[asset][0] if asset in self.segments else ""

    def _stretches(self, asset: str, condition: str | None) -> list[Stretch]:
        seen = self.seen[asset]
        found: list[Stretch] = seen["states"] if condition is None else seen["conditions"][condition]
        return found

    def _row(self, asset: str, condition: str | None, start: int, end: int, told: Sequence[Stretch]) -> OutageRow:
        """One outage, with the stretches that say so."""
        sources = [self._correction(asset, condition, each) for each in told]
        words = [self._said(asset, condition, *pair) for pair in zip(told, sources, strict=True)]
        return OutageRow(
            asset=self.names[asset],
            span=span_shown(start, end, self.zone),
            hours=hours_shown(end - start),
            reported=". ".join(dict.fromkeys(words)),
            received=self._received(sorted({each[3] for each in told if each[3] is not None})),
            digests=tuple(dict.fromkeys(filter(None, [self.segment(asset), *sources]))),
            asset_id=asset,
            start=start,
            end=end,
        )

    def _correction(self, asset: str, condition: str | None, stretch: Stretch) -> str:
        """The digest of the correction that a stretch comes from; empty for one that was reported."""
        start, end, _, received = stretch
        for digest, one in self.corrections:
            if (one["asset"], one["of"], _instant(one["decided_at"])) == (asset, condition, received) and (
                _instant(one["from"]) <= start and end <= _instant(one["to"])
            ):
                return digest
        return ""

    def _said(self, asset: str, condition: str | None, stretch: Stretch, correction: str) -> str:
        """What is said of a stretch, and by what kind of evidence."""
        if correction:
            return gettext("Down, as a dispute was decided")
        if stretch[2] == "unknown":
            return gettext("Nothing is known; the contract counts that as down")
        if stretch[3] is None:
            return gettext("Down from the start")
        if condition is not None:
            return gettext("%(condition)s did not hold, by the signals") % {"condition": condition}
        rule = self.segments[asset][1].get("rule", {}).get("name", "") if asset in self.segments else ""
        told = {
            "flights": gettext("Down, by a failure or a visit that was reported"),
            "signals": gettext("Down, by the signals or by a failure or a visit that was reported"),
        }
        return told.get(rule, gettext("Down, as it was reported"))

    def _received(self, moments: Sequence[int]) -> str:
        if not moments:
            return NOTHING
        first, last = (moment_shown(from_epoch_ms(each), self.zone) for each in (moments[0], moments[-1]))
        if len(moments) == 1:
            return first
        count = ngettext("%(count)s report", "%(count)s reports", len(moments)) % {"count": len(moments)}
        return f"{as_span(first, last)}, {count}"


def _named(bundle: Bundle, kind: str) -> Iterator[tuple[str, Json]]:
    """The documents of a kind that the run rests on, each with its digest."""
    for name in bundle.run["relies_on"].get(kind, ()):
        yield name, bundle.documents[kind][name]


def _instant(text: str) -> int:
    return epoch_ms(datetime.fromisoformat(text))
