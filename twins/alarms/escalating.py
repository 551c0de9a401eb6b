"""Who is told of an alarm, level after level until somebody acknowledges; in a flood one summary for hundreds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Min

from tenants.kernel.clock import isoformat
from twins.alarms.delivering import put_in_post
from twins.alarms.domain.oncall import Override, Rotation, on_call
from twins.alarms.domain.states import AlarmState, Priority
from twins.alarms.flooding import flooded_sites
from twins.alarms.models import (
    Alarm,
    AlarmChannel,
    AlarmEvent,
    Escalation,
    EscalationChain,
    EventKind,
    OnCallSchedule,
)

QUIET = timedelta(minutes=10)
"""How long a chain is quiet in a flood after it has told of it."""
TOO_OLD = timedelta(days=1)
"""Of what happened longer ago nobody is called: it came late, or we were away."""
UNSEEN = (AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED)
MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class Target:
    """Where something is told: a channel, or somebody who is on call."""

    channel: AlarmChannel | None
    address: str

    @property
    def name(self) -> str:
        """What the history calls it."""
        return self.channel.name if self.channel is not None else self.address


def begin_escalations(annunciated: Iterable[tuple[Alarm, datetime]], *, now: datetime) -> None:
    """Start the chains that are for these alarms; one that is under way goes on."""
    recent = [(alarm, at) for alarm, at in annunciated if at > now - TOO_OLD]
    if not recent:
        return
    rows = []
    for chain in EscalationChain.objects.filter(is_enabled=True):
        if not chain.levels:
            continue
        wait = timedelta(seconds=chain.levels[0]["wait_s"])
        for alarm, at in recent:
            if alarm.priority in chain.priorities and chain.twin_id in (None, alarm.twin_id):
                rows.append(Escalation(chain=chain, alarm=alarm, began_at=at, due_at=at + wait))
    Escalation.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def run_escalations(*, now: datetime) -> datetime | None:
    """Tell the levels whose time has come; when the next one's comes."""
    due = list(
        Escalation.objects.select_for_update(of=("self",)).filter(due_at__lte=now)
        .select_related("chain", "alarm", "alarm__twin").order_by("id")
    )  # fmt: skip
    over = [row.id for row in due if row.alarm.state not in UNSEEN or not row.chain.is_enabled]
    if over:
        Escalation.objects.filter(id__in=over).delete()
    waiting = [row for row in due if row.id not in set(over)]
    if waiting:
        _tell_all(waiting, now)
    found: datetime | None = Escalation.objects.order_by().aggregate(first=Min("due_at"))["first"]
    return found


def _tell_all(waiting: Sequence[Escalation], now: datetime) -> None:
    flooded = flooded_sites()
    targets = _Targets(now)
    groups: dict[tuple[UUID, int], list[Escalation]] = defaultdict(list)
    for row in waiting:
        chain = row.chain
        if row.alarm.twin.site_id in flooded and chain.quiet_until is not None and chain.quiet_until > now:
            row.due_at = chain.quiet_until
        else:
            groups[row.chain_id, row.level].append(row)
    events: list[AlarmEvent] = []
    for rows in groups.values():
        is_flood = any(row.alarm.twin.site_id in flooded for row in rows)
        events += _tell_level(rows, targets, now, is_flood=is_flood)
    AlarmEvent.objects.bulk_create(events, batch_size=500)
    _step_on(waiting)


def _tell_level(rows: Sequence[Escalation], targets: _Targets, now: datetime, *, is_flood: bool) -> list[AlarmEvent]:
    chain, level = rows[0].chain, rows[0].level
    if is_flood:
        EscalationChain.objects.filter(id=chain.id).update(quiet_until=now + QUIET)
    alarms = sorted(
        (row.alarm for row in rows), key=lambda each: (list(Priority).index(Priority(each.priority)), each.id)
    )
    told = targets.of(chain.levels[level])
    for target in told:
        put_in_post(
            channel=target.channel, address=target.address, subject=_subject(alarms, is_flood=is_flood),
            body=_body(chain, level, alarms, is_flood=is_flood), now=now,
        )  # fmt: skip
    for row in rows:
        row.level += 1
        if row.level < len(chain.levels):
            row.due_at = max(now, row.due_at + timedelta(seconds=chain.levels[row.level]["wait_s"]))
    names = ", ".join(dict.fromkeys(target.name for target in told)) or "-"
    note = f"{chain.name}, {level + 1}: {names}"[:1000]
    return [
        AlarmEvent(
            alarm=alarm, twin_id=alarm.twin_id, site=alarm.twin.site_id, kind=EventKind.ESCALATED, at=now,
            recorded_at=now, note=note, priority=alarm.priority,
        )
        for alarm in alarms
    ]  # fmt: skip


def _step_on(rows: Sequence[Escalation]) -> None:
    over = [row.id for row in rows if row.level >= len(row.chain.levels)]
    Escalation.objects.filter(id__in=over).delete()
    Escalation.objects.bulk_update(
        [row for row in rows if row.id not in set(over)], ["level", "due_at"], batch_size=500
    )


class _Targets:
    """Where the levels of chains lead, asked for once."""

    def __init__(self, now: datetime) -> None:
        self._channels = {str(row.id): row for row in AlarmChannel.objects.filter(is_enabled=True)}
        self._on_call = {str(row.id): person_on_call(row, now) for row in OnCallSchedule.objects.all()}

    def of(self, level: dict[str, Any]) -> list[Target]:
        """Each once."""
        found: dict[str, Target] = {}
        for name in level.get("channels", ()):
            channel = self._channels.get(name)
            if channel is None:
                continue
            for address in channel.addresses if channel.kind == "mail" else [channel.url]:
                found.setdefault(address, Target(channel, address))
        for name in level.get("schedules", ()):
            person = self._on_call.get(name)
            if person:
                found.setdefault(person, Target(None, person))
        return list(found.values())


def rotation_of(row: OnCallSchedule) -> tuple[Rotation, list[Override]]:
    """A schedule as what it is worked out with."""
    overrides = [
        Override(datetime.fromisoformat(each["start"]), datetime.fromisoformat(each["end"]), each["person"])
        for each in row.overrides
    ]
    return Rotation(row.zone, row.first, row.handover, row.days, tuple(row.people)), overrides


def person_on_call(row: OnCallSchedule, at: datetime) -> str | None:
    """Who of a schedule is on call, by address of mail."""
    return on_call(*rotation_of(row), at)


def _subject(alarms: Sequence[Alarm], *, is_flood: bool) -> str:
    first = alarms[0]
    if len(alarms) == 1 and not is_flood:
        return f"{first.priority.capitalize()} alarm: {first.asset_name}, {first.name}"[:300]
    kind = "Flood of alarms" if is_flood else "Alarms"
    return f"{kind}: {len(alarms)} unacknowledged, {first.asset_name}, {first.name} first"[:300]


def _body(chain: EscalationChain, level: int, alarms: Sequence[Alarm], *, is_flood: bool) -> dict[str, Any]:
    """What a webhook is sent, and a mail is written from."""
    return {
        "kind": "flood" if is_flood else "alarms", "chain": chain.name, "level": level + 1, "count": len(alarms),
        "alarms": [_shown(alarm) for alarm in alarms[:MOST_LISTED]],
    }  # fmt: skip


def _shown(alarm: Alarm) -> dict[str, Any]:
    at = alarm.annunciated_at
    return {
        "id": str(alarm.id), "twin": alarm.twin.name, "asset": alarm.asset_name, "alarm": alarm.name,
        "key": alarm.key, "priority": alarm.priority, "state": alarm.state, "signal": alarm.signal,
        "value": alarm.value, "unit": alarm.unit, "at": isoformat(at) if at else None,
    }  # fmt: skip
