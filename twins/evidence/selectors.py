"""Evidence to read, in the scope of its tenant; spans of time are half-open."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import QuerySet

from tenants.kernel.calendars import Span, epoch_ms, from_epoch_ms
from tenants.kernel.canonical import digest
from tenants.kernel.errors import Finding, OutturnError
from tenants.scope.context import required_tenant
from twins.evidence.domain.documents import moment_text
from twins.evidence.domain.findings import breaches
from twins.evidence.domain.items import HOUR_MS, Rule, walk
from twins.evidence.domain.machine_documents import risen
from twins.evidence.domain.rules import FLIES
from twins.evidence.domain.states import Cause, stretches
from twins.evidence.models import AssetEvent, EvidenceSegment, SiteRecord
from twins.evidence.schemas import FLIGHTS, AssetStates, Evidence, Figure, KnownEvent, SealedSegment, Stretch
from twins.evidence.telling import Told, tell
from twins.telemetry import stored
from twins.telemetry.instants import moment
from twins.telemetry.schemas import USABLE_CODES
from twins.telemetry.selectors import signals

RULE = Rule()
LONGEST = timedelta(days=366)

_HOMES = """
SELECT DISTINCT ON (asset.key) asset.key::uuid, version.twin_id
FROM twins_twinversion AS version, jsonb_object_keys(version.document->'assets') AS asset (key)
WHERE version.tenant_id = %s AND version.document->'assets' ?| %s::text[] AND asset.key = ANY(%s::text[])
ORDER BY asset.key, version.published_at DESC, version.id DESC"""


class EvidenceSpanError(OutturnError):
    """There is no evidence for such a span."""

    code = "evidence.span"


def events() -> QuerySet[AssetEvent]:
    """The events of the tenant in scope, the last recorded first."""
    return AssetEvent.objects.all()


def homes(assets: Collection[UUID]) -> dict[UUID, UUID]:
    """The twin that published each of some assets last; an asset that was never published is not in it."""
    keys = [str(asset) for asset in assets]
    with connection.cursor() as cursor:
        cursor.execute(_HOMES, [required_tenant("a twin"), keys, keys])
        return dict(cursor.fetchall())


def evidence_begins(assets: Collection[UUID], start: datetime, rule: Rule = RULE) -> datetime:
    """From when on readings are needed for the evidence of some assets from ``start`` on.

    What an asset was at the start depends on its last flight before, however long ago that was, and where that flight
    began on the readings shortly before it.
    """
    owners = dict(signals(assets).values_list("id", "asset"))
    newest: dict[UUID, int] = {}
    for signal, one in stored.newest(owners, stored.FIRST, start, qualities=USABLE_CODES).items():
        newest[owners[signal]] = max(one.at, newest.get(owners[signal], one.at))
    last = moment(min(newest.values())) if newest else None
    return start if last is None else last - timedelta(milliseconds=rule.flight_ms + rule.max_gap_ms)


def segments(twin: UUID, start: datetime, end: datetime) -> list[SealedSegment]:
    """The newest revision of what was sealed of each asset of a twin for exactly this span."""
    rows = EvidenceSegment.objects.filter(twin_id=twin, start=start, end=end)
    newest = rows.order_by("asset", "-revision").distinct("asset")
    return [sealed_segment(row) for row in newest]


def sealed_documents(twin: UUID, start: datetime, end: datetime, digests: Collection[str]) -> dict[str, Any]:
    """The documents with these digests that were sealed for exactly this span, of whatever revision, by digest."""
    rows = EvidenceSegment.objects.filter(twin_id=twin, start=start, end=end, digest__in=digests)
    return dict(rows.values_list("digest", "document"))


def site_records(twin: UUID, digests: Collection[str]) -> dict[str, Any]:
    """The site records of a twin with these digests, by digest."""
    return dict(SiteRecord.objects.filter(twin_id=twin, digest__in=digests).values_list("digest", "document"))


def sealed_segment(row: EvidenceSegment) -> SealedSegment:
    """What a row holds."""
    return SealedSegment(
        twin=row.twin_id,
        asset=row.asset,
        start=row.start,
        end=row.end,
        revision=row.revision,
        document=row.document,
        digest=row.digest,
        watermark=row.watermark,
        sealed_at=row.sealed_at,
    )


def asset_states(twin: UUID, start: datetime, end: datetime, rule: Rule = RULE) -> list[AssetStates]:
    """What is known now of each asset of a twin that there is evidence of, by name.

    Raises:
        EvidenceSpanError: There is no evidence for such a span.
    """
    span = span_of(start, end)
    told = tell(twin, span, rule)
    if not told.assets:
        return []
    sealed = {segment.asset: segment for segment in segments(twin, start, end)}
    flown = {one.asset: one for one in _flown(told, rule, span)}
    states = (flown.get(asset.id) or _machine(told, asset.id, span) for asset in told.assets)
    return [replace(one, sealed=sealed.get(one.asset)) for one in states]


def _flown(told: Told, rule: Rule, span: Span) -> Iterator[AssetStates]:
    """What is known of the assets that fly."""
    found = told.flown
    if not found.assets:
        return
    spent, findings, said = _stretches(found, rule, span), _findings(found, span), _said(found, span)
    landing = found.flights.at + rule.flight_ms
    landed = np.bincount(
        found.flights.asset[(landing > span[0]) & (landing <= span[1])], minlength=len(found.assets)
    ).tolist()
    for number, asset in enumerate(found.assets):
        document = told.documents[asset.id]
        yield AssetStates(
            asset=asset.id,
            name=asset.name,
            rule=document["rule"],
            stretches=tuple(spent[number]),
            figures=(
                Figure(FLIGHTS, "1", Fraction(landed[number])),
                Figure(FLIES, "h", Fraction(landed[number] * rule.flight_ms, HOUR_MS)),
            ),
            events=tuple(said[number]),
            findings=tuple(findings[number]),
            document=document,
            digest=digest(document),
        )


def _machine(told: Told, asset: UUID, span: Span) -> AssetStates:
    """What is known of an asset whose signals say what it is."""
    known, found = told.machines[asset]
    signals_of = known.rule.of.signals
    counted = known.rule.indicators.increases
    columns = (column.tolist() for column in (found.stretches.start, found.stretches.end, found.stretches.value))
    return AssetStates(
        asset=asset,
        name=known.asset.name,
        rule=found.document["rule"],
        stretches=tuple(_stretch(*each) for each in zip(*columns, strict=True)),
        figures=(
            *(Figure(key, "h", Fraction(held, HOUR_MS)) for key, held in found.held.items()),
            *(Figure(key, signals_of[counted[key]].unit, risen(rise, span[0])) for key, rise in found.rises.items()),
        ),
        events=tuple(_of_span(known.said, span)),
        findings=found.findings,
        document=found.document,
        digest=digest(found.document),
    )


def told_documents(
    twin: UUID, start: datetime, end: datetime, assets: Collection[UUID] | None = None, rule: Rule = RULE
) -> dict[UUID, dict[str, Any]]:
    """The evidence of assets of a twin for ``[start, end)`` as sealing it now would tell it, by asset; nothing is kept.

    Raises:
        EvidenceSpanError: There is no evidence for such a span.
    """
    return tell(twin, span_of(start, end), rule, assets).documents


def known_before(assets: Collection[UUID], moment: datetime) -> set[UUID]:
    """Those of some assets of which anything usable was read, or anything said, before a moment."""
    owners = dict(signals(assets).values_list("id", "asset"))
    read = stored.newest(owners, stored.FIRST, moment, qualities=USABLE_CODES)
    said = AssetEvent.objects.filter(asset__in=assets, at__lt=moment).order_by()
    return {owners[signal] for signal in read} | set(said.values_list("asset", flat=True).distinct())


def span_of(start: datetime, end: datetime) -> Span:
    """A span in milliseconds.

    Raises:
        EvidenceSpanError: It is empty, too long, has no time zone, lies before 1970 or parts a millisecond.
    """
    if start.tzinfo is None or end.tzinfo is None:
        raise EvidenceSpanError("The span has no time zone.", place="start", fix="Give both ends with their offset.")
    if not timedelta(0) < end - start <= LONGEST:
        raise EvidenceSpanError(
            "The span must end after its start and within 366 days of it.",
            place="end",
            fix="Give a later or nearer end.",
        )
    span = epoch_ms(start), epoch_ms(end)
    if span[0] < 0 or from_epoch_ms(span[0]) != start or from_epoch_ms(span[1]) != end:
        raise EvidenceSpanError(
            "The span must begin after 1969 and have whole milliseconds.", place="start", fix="Round its ends."
        )
    return span


def _stretches(found: Evidence, rule: Rule, span: Span) -> list[list[Stretch]]:
    by_asset: list[list[Stretch]] = [[] for _ in found.assets]
    known = stretches(found.flights, found.events, rule, span, len(found.assets))
    columns = (column.tolist() for column in (known.asset, known.start, known.end, known.value))
    for asset, start, end, cause in zip(*columns, strict=True):
        by_asset[asset].append(_stretch(start, end, cause))
    return by_asset


def _stretch(start: int, end: int, cause: int) -> Stretch:
    because = Cause(cause)
    return Stretch(from_epoch_ms(start), from_epoch_ms(end), because.state, because)


def _findings(found: Evidence, span: Span) -> list[list[Finding]]:
    by_asset: list[list[Finding]] = [[] for _ in found.assets]
    for breach in breaches(walk(found.flights, found.events, len(found.assets))):
        if span[0] <= breach.at < span[1]:
            about = (
                f"events/{found.said[breach.event].id}" if breach.event >= 0 else f"flights/{moment_text(breach.at)}"
            )
            by_asset[breach.asset].append(breach.finding(f"assets/{found.assets[breach.asset].id}/{about}"))
    return by_asset


def _said(found: Evidence, span: Span) -> list[list[KnownEvent]]:
    by_asset: list[list[KnownEvent]] = [[] for _ in found.assets]
    for asset, event in zip(found.events.asset.tolist(), found.said, strict=True):
        by_asset[asset].append(event)
    return [list(_of_span(each, span)) for each in by_asset]


def _of_span(said: Sequence[KnownEvent], span: Span) -> Iterator[KnownEvent]:
    """The events of an asset within the span, after the last one before it."""
    before = [event for event in said if epoch_ms(event.at) < span[0]]
    yield from before[-1:]
    yield from (event for event in said if span[0] <= epoch_ms(event.at) < span[1])
