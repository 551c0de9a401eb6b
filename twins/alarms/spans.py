"""When alarms were raised: spans from their activation until they cleared, as charts show them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import OuterRef, Subquery

from twins.alarms.models import Alarm, AlarmEvent, EventKind
from twins.alarms.selectors import alarms

MOST_SPANS = 200
_MOST_EVENTS = 5_000
_TURNS = (EventKind.ACTIVATED, EventKind.CLEARED, EventKind.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm that was active in ``[start, end)``.

    Attributes:
        start: None when it was active before the time that was asked about.
        end: None when it still was after that time.
        priority: As it was raised.
    """

    alarm: Alarm
    start: datetime | None
    end: datetime | None
    priority: str


def raised(twin: UUID, start: datetime, end: datetime, assets: Collection[UUID] = ()) -> tuple[list[Raised], int]:
    """The spans of a twin's alarms that touch ``[start, end)``, the newest first, and how many more there are.

    Args:
        twin: Whose alarms.
        start: First moment.
        end: First moment after.
        assets: Only theirs, unless there are none.
    """
    turns = AlarmEvent.objects.filter(kind__in=_TURNS)
    before = turns.filter(alarm=OuterRef("pk"), at__lt=start).order_by("-at", "-id")
    rows = alarms().filter(twin=twin).annotate(last_turn=Subquery(before.values("kind")[:1]))
    if assets:
        rows = rows.filter(asset__in=list(assets))
    by_id = {row.id: row for row in rows.order_by()}
    within = turns.filter(alarm__in=rows.order_by().values("id"), at__gte=start, at__lt=end).order_by("-at", "-id")
    events: dict[UUID, list[AlarmEvent]] = defaultdict(list)
    for event in reversed(within[:_MOST_EVENTS]):
        events[event.alarm_id].append(event)
    found = [
        span for id_, row in by_id.items() for span in _spans(row, start, events[id_], getattr(row, "last_turn", None))
    ]
    found.sort(key=lambda each: (each.start is not None, each.start or start, str(each.alarm.id)), reverse=True)
    return found[:MOST_SPANS], max(0, len(found) - MOST_SPANS)


def _spans(row: Alarm, start: datetime, events: Sequence[AlarmEvent], last_turn: str | None) -> Iterator[Raised]:
    """The spans of one alarm, from its changes in the order of time and what the last one before them was."""
    since: tuple[datetime | None, str] | None = None
    # What began before the history that is still kept is told by its row alone.
    is_old = last_turn is None and not events and row.is_active
    if is_old and row.activated_at is not None and row.activated_at < start:
        since = (None, row.priority)
    if last_turn == EventKind.ACTIVATED or (events and events[0].kind == EventKind.CLEARED):
        since = (None, events[0].priority if events else row.priority)
    for event in events:
        if event.kind == EventKind.ACTIVATED:
            since = since or (event.at, event.priority)
        elif since is not None:
            yield Raised(row, since[0], event.at, since[1])
            since = None
    if since is not None:
        yield Raised(row, since[0], None, since[1])
