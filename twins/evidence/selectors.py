"""Evidence to read, in the scope of its tenant; spans of time are half-open."""

from __future__ import annotations

from collections.abc import Collection
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
from twins.evidence.domain.states import Cause, stretches
from twins.evidence.gathering import gather
from twins.evidence.models import AssetEvent, EvidenceSegment, SiteRecord
from twins.evidence.schemas import AssetStates, Evidence, KnownEvent, SealedSegment, Stretch
from twins.evidence.sites import evidence_documents
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
    """What is known now of each asset of a twin that flies, by name.

    Raises:
        EvidenceSpanError: There is no evidence for such a span.
    """
    span = span_of(start, end)
    found = gather(twin, span, rule)
    count = len(found.assets)
    if not count:
        return []
    sealed = {segment.asset: segment for segment in segments(twin, start, end)}
    documents = evidence_documents(found, rule, span).segments
    spent = _stretches(found, rule, span)
    findings = _findings(found, span)
    said = _said(found, span)
    landing = found.flights.at + rule.flight_ms
    landed = np.bincount(found.flights.asset[(landing > span[0]) & (landing <= span[1])], minlength=count)
    return [
        AssetStates(
            asset=asset.id,
            name=asset.name,
            stretches=tuple(spent[number]),
            flights=int(landed[number]),
            flight_hours=Fraction(int(landed[number]) * rule.flight_ms, HOUR_MS),
            events=tuple(said[number]),
            findings=tuple(findings[number]),
            document=documents[number],
            digest=digest(documents[number]),
            sealed=sealed.get(asset.id),
        )
        for number, asset in enumerate(found.assets)
    ]


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
        because = Cause(cause)
        by_asset[asset].append(Stretch(from_epoch_ms(start), from_epoch_ms(end), because.state, because))
    return by_asset


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
    """The events of each asset within the span, after the last one before it."""
    by_asset: list[list[KnownEvent]] = [[] for _ in found.assets]
    for asset, at, event in zip(found.events.asset.tolist(), found.events.at.tolist(), found.said, strict=True):
        if at < span[0]:
            by_asset[asset] = [event]
        elif at < span[1]:
            by_asset[asset].append(event)
    return by_asset
