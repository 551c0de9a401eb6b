"""Writing evidence down: events as their sources tell them, and states once they are to be relied on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction

from tenants.kernel.canonical import Sealed, digest
from tenants.kernel.clock import isoformat
from tenants.kernel.errors import ConflictError, Finding, OutturnError
from twins.composer.models import Twin
from twins.composer.selectors import TwinNotFoundError
from twins.evidence.domain.documents import NamedAsset
from twins.evidence.domain.findings import breaches
from twins.evidence.domain.items import EventKind, Flights, Rule, walk
from twins.evidence.gathering import events_of, known_events
from twins.evidence.models import AssetEvent, SiteRecord
from twins.evidence.schemas import NewEvent, SealedSegment
from twins.evidence.selectors import RULE, homes, segments, span_of
from twins.evidence.telling import tell
from twins.evidence.writing import write_segments

MOST_EVENTS = 1000
CLOCKS_DIFFER = timedelta(minutes=5)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = {"source": 120, "reference": 200, "note": 500}
_BEGINS = {EventKind.FAILED, EventKind.SHOP_IN}
_ENDS = {EventKind.SHOP_OUT, EventKind.RETURNED}
_Name = tuple[str, str]


class EventsError(OutturnError):
    """Some of the events cannot be kept."""

    code = "event.invalid"
    status = 422


class EventConflictError(ConflictError):
    """A source has used a reference for another event before."""

    code = "event.conflict"


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as it is kept.

    Attributes:
        is_new: False for one that was recorded before.
        findings: How it does not fit the other events of its asset; it is kept all the same.
    """

    event: AssetEvent
    is_new: bool
    findings: tuple[Finding, ...]


def record_event(
    *, asset: UUID, kind: str, at: datetime, source: str, reference: str, now: datetime, note: str = ""
) -> AssetEvent:
    """Record one event, see ``record_events``."""
    event = NewEvent(asset=asset, kind=kind, at=at, source=source, reference=reference, note=note)
    return record_events(events=[event], now=now)[0].event


def record_events(*, events: Sequence[NewEvent], now: datetime) -> list[RecordedEvent]:
    """Record events, all or none.

    A source and its reference name one event for ever: the same event again gives the one that was recorded first. An
    event that does not fit the others of its asset (out of the shop without having been in) is kept and told: another
    may yet explain it. What cannot have happened is refused: an event of the future, and an outage that begins at the
    instant another ends, of which nobody could say which came first.

    Returns:
        One for each event, in their order.

    Raises:
        EventsError: Some cannot be kept, or are of no asset of a published twin; the findings say which.
        EventConflictError: A reference was used for another event before.
    """
    _refuse(EventsError, "some events cannot be kept", _unfit(events, now))
    events = [replace(event, at=_in_milliseconds(event.at)) for event in events]
    twins = homes({event.asset for event in events})
    _refuse(EventsError, "some events are of assets that are not known", _homeless(events, twins))
    with transaction.atomic():
        rows = [
            AssetEvent(
                twin_id=twins[event.asset], asset=event.asset, kind=event.kind, at=event.at, received_at=now,
                source=event.source, reference=event.reference, note=event.note,
            )
            for event in events
        ]  # fmt: skip
        AssetEvent.objects.bulk_create(rows, ignore_conflicts=True)  # whoever sends the same at the same time
        kept = _kept(events)
        _refuse(EventConflictError, "some references were used before for other events", _conflicts(events, kept))
        findings, impossible = _compared(events, kept)
        _refuse(EventsError, "some events cannot have happened", impossible)
    mine = {row.id for row in rows}
    found = [kept[_name(event)] for event in events]
    return [RecordedEvent(row, row.id in mine, tuple(findings[row.id])) for row in found]


def seal_evidence(
    *,
    twin: UUID,
    start: datetime,
    end: datetime,
    now: datetime,
    rule: Rule = RULE,
    assets: Collection[UUID] | None = None,
) -> list[SealedSegment]:
    """Seal the evidence of the assets of a twin for ``[start, end)``; of all of them, or of some.

    Sealing again what has not changed gives the same segments; where evidence came in since, a new revision beside the
    old. A span that is not over may be sealed too: it has what is known so far.

    Returns:
        The newest revision for each asset that there is evidence of (``telling``), by name; nothing for a twin that was
        never published. The caller logs the digests, after those of the site records that the segments name in
        `relies_on`.

    Raises:
        TwinNotFoundError: The tenant has no such twin.
        EvidenceSpanError: The span is empty, longer than 366 days, or parts a millisecond.
    """
    found, known = _sealed(twin, start, end, now, rule, assets)
    return [known[asset.id] for asset in found]


def sealed_evidence(
    *, twin: UUID, start: datetime, end: datetime, now: datetime, assets: Collection[UUID]
) -> list[SealedSegment]:
    """Seal evidence (``seal_evidence``), and give all that is sealed for the span then, as ``segments`` would."""
    _, known = _sealed(twin, start, end, now, RULE, assets)
    return [known[asset] for asset in sorted(known)]


def _sealed(
    twin: UUID, start: datetime, end: datetime, now: datetime, rule: Rule, assets: Collection[UUID] | None
) -> tuple[tuple[NamedAsset, ...], dict[UUID, SealedSegment]]:
    """Seal what is not sealed yet; the assets that there is evidence of, and the newest segment of every asset."""
    span = span_of(start, end)
    with transaction.atomic():
        # Two who seal at once would make the same revision; new events and versions need not wait.
        if not Twin.objects.select_for_update(no_key=True).filter(id=twin).exists():
            raise TwinNotFoundError
        found = tell(twin, span, rule, assets)
        known = {segment.asset: segment for segment in segments(twin, start, end)}
        documents = {asset: Sealed(document) for asset, document in found.documents.items()}
        names = {asset: digest(document) for asset, document in documents.items()}
        new = {
            asset: SealedSegment(
                twin=twin, asset=asset, start=start, end=end, document=documents[asset], digest=name,
                sealed_at=now, revision=known[asset].revision + 1 if asset in known else 1, watermark=found.watermark,
            )
            for asset, name in names.items()
            if asset not in known or known[asset].digest != name
        }  # fmt: skip
        SiteRecord.objects.bulk_create(
            [
                SiteRecord(twin_id=twin, document=record, digest=name, made_at=now)
                for name, record in found.records.items()
            ],
            ignore_conflicts=True,
        )
        write_segments(list(new.values()))
    return found.assets, known | new


def _refuse(error: Callable[..., OutturnError], message: str, findings: Sequence[Finding]) -> None:
    if findings:
        raise error(
            message, kept="Nothing was recorded.", fix="Mend the places named in `findings`, and send all again.",
            findings=findings,
        )  # fmt: skip


def _unfit(events: Sequence[NewEvent], now: datetime) -> list[Finding]:
    found = [
        Finding(code, f"events/{number}/{field}", message, fix)
        for number, event in enumerate(events)
        for field, code, message, fix in _faults(event, now)
    ]
    if not 0 < len(events) <= MOST_EVENTS:
        message = f"There are {len(events)} events; it takes 1 to {MOST_EVENTS} at a time."
        found.append(Finding("event.count", "events", message, "Send them in several requests."))
    return found


def _faults(event: NewEvent, now: datetime) -> Iterator[tuple[str, str, str, str]]:
    """Field, code, message and fix of what is wrong with an event by itself."""
    if event.kind not in set(EventKind):
        yield "kind", "event.unknown_kind", f"There is no kind {event.kind!r}.", f"Use one of {', '.join(EventKind)}."
    for field, longest in _LONGEST.items():
        text = getattr(event, field)
        if len(text) > longest or "\x00" in text or not (text or field == "note"):
            message = f"It must have {0 if field == 'note' else 1} to {longest} characters, none of them NUL."
            yield field, "event.text", message, "Shorten it, or fill it in."
    if event.at.tzinfo is None:
        yield "at", "event.no_offset", "The time has no offset.", "Write it with its offset, or Z."
    elif event.at > now + CLOCKS_DIFFER:
        yield "at", "event.future", "It has not happened yet.", "Send it when it has; plans are no evidence."
    elif event.at < _EARLIEST:
        yield "at", "event.too_early", "Evidence begins in 1970.", "Check the time."


def _in_milliseconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


def _homeless(events: Sequence[NewEvent], twins: Mapping[UUID, UUID]) -> list[Finding]:
    return [
        Finding(
            "event.unknown_asset",
            f"events/{number}/asset",
            "No published twin has this asset.",
            "Take the asset's id from the twin, and publish the twin first.",
        )
        for number, event in enumerate(events)
        if event.asset not in twins
    ]


def _kept(events: Sequence[NewEvent]) -> dict[_Name, AssetEvent]:
    """What is recorded under the names of events."""
    rows = AssetEvent.objects.filter(
        source__in={event.source for event in events}, reference__in={event.reference for event in events}
    )
    return {(row.source, row.reference): row for row in rows}


def _name(event: NewEvent) -> _Name:
    return event.source, event.reference


def _conflicts(events: Sequence[NewEvent], kept: Mapping[_Name, AssetEvent]) -> list[Finding]:
    found = []
    for number, event in enumerate(events):
        row = kept[_name(event)]
        if (row.asset, row.kind, row.at, row.note) != (event.asset, event.kind, event.at, event.note):
            message = f"{event.source} has used it for: {row.kind} of asset {row.asset} at {isoformat(row.at)}."
            fix = "Give the new event a reference of its own; the first stays as it is."
            found.append(Finding("event.conflict", f"events/{number}/reference", message, fix))
    return found


def _compared(
    events: Sequence[NewEvent], kept: Mapping[_Name, AssetEvent]
) -> tuple[Mapping[UUID, list[Finding]], list[Finding]]:
    """How events do not fit the others of their assets, by their ids; and which cannot have happened."""
    number = {kept[_name(event)].id: place for place, event in reversed(list(enumerate(events)))}
    assets = {asset: place for place, asset in enumerate({event.asset for event in events})}
    said = known_events(assets)
    findings: defaultdict[UUID, list[Finding]] = defaultdict(list)
    for breach in breaches(walk(Flights.none(), events_of(said, assets), len(assets))):
        event = said[breach.event]
        if event.id in number:
            findings[event.id].append(breach.finding(f"events/{number[event.id]}"))
    together: defaultdict[tuple[UUID, datetime], set[EventKind]] = defaultdict(set)
    for event in said:
        together[event.asset, event.at].add(event.kind)
    impossible = [
        Finding(
            "event.same_instant",
            f"events/{number[event.id]}/at",
            "An outage begins and ends at this instant, and nobody can say which came first.",
            "Give the two events the times at which they happened.",
        )
        for event in said
        if event.id in number and together[event.asset, event.at] & _BEGINS and together[event.asset, event.at] & _ENDS
    ]
    return findings, impossible
