"""From what the conditions say to how alarms stand: rows, history, floods, and who has to be told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tenants.kernel.ids import new_id
from twins.alarms.domain.floods import CHATTERS_FROM
from twins.alarms.domain.states import (
    Priority,
    Standing,
    acknowledged,
    activated,
    cleared,
    is_annunciated,
    place_in_list,
    suppressed,
)
from twins.alarms.models import Alarm, AlarmEvent, EventKind
from twins.alarms.planning import BY_DESIGN, Plan, Point
from twins.telemetry.instants import micros, moment

_AT_ONCE = 500
_FIELDS = (
    "asset_name", "name", "signal", "unit", "priority", "state", "place", "is_active", "is_acknowledged", "is_latched",
    "is_suppressed", "is_out_of_service", "shelved_until", "hidden_by", "reason", "value", "activated_at",
    "annunciated_at", "changed_at", "acknowledged_at", "acknowledged_by", "recent",
)  # fmt: skip


@dataclass(slots=True)
class Written:
    """What happened in one transaction, before it is written.

    Attributes:
        alarms: That changed, by asset and key.
        new: Of these, those without a row yet.
        events: In the order in which they happened.
        annunciated: What called for an operator, and when.
        sites: Where the twins stand.
        by_design: Alarms that an expression suppresses at the moment, by asset and key.
    """

    now: datetime
    alarms: dict[tuple[UUID, str], Alarm] = field(default_factory=dict)
    new: list[Alarm] = field(default_factory=list)
    events: list[AlarmEvent] = field(default_factory=list)
    annunciated: list[tuple[Alarm, datetime]] = field(default_factory=list)
    changed: dict[UUID, Alarm] = field(default_factory=dict)
    sites: dict[UUID, UUID | None] = field(default_factory=dict)
    by_design: set[tuple[UUID, str]] = field(default_factory=set)

    def move(
        self, alarm: Alarm, after: Standing, kind: EventKind, *, at: datetime, by: str = "", note: str = "",
        value: float | None = None,
    ) -> None:  # fmt: skip
        """Let an alarm stand differently from an instant on, and note why."""
        before = standing(alarm)
        called = is_annunciated(before, after)
        _put(alarm, after, at)
        if called:
            alarm.annunciated_at, alarm.acknowledged_at, alarm.acknowledged_by = at, None, ""
            alarm.recent = [*alarm.recent, micros(at)][-CHATTERS_FROM:]
            self.annunciated.append((alarm, at))
        self.changed[alarm.id] = alarm
        self.note(alarm, kind, at=at, by=by, note=note, value=value, called=called)

    def note(
        self, alarm: Alarm, kind: EventKind, *, at: datetime, by: str = "", note: str = "",
        value: float | None = None, called: bool = False,
    ) -> None:  # fmt: skip
        """Note that something happened to an alarm."""
        self.events.append(
            AlarmEvent(
                alarm=alarm,
                twin_id=alarm.twin_id,
                site=self.sites.get(alarm.twin_id),
                kind=kind,
                at=at,
                by=by,
                recorded_at=self.now,
                note=note,
                value=value,
                priority=alarm.priority,
                is_annunciation=called,
            )
        )

    def save(self) -> None:
        """Write it all, in a few statements however much it is."""
        made = {alarm.id for alarm in self.new}
        Alarm.objects.bulk_create(self.new, batch_size=_AT_ONCE)
        old = [alarm for alarm in self.changed.values() if alarm.id not in made]
        if old:
            Alarm.objects.bulk_update(old, _FIELDS, batch_size=_AT_ONCE)
        AlarmEvent.objects.bulk_create(self.events, batch_size=_AT_ONCE)


def standing(alarm: Alarm) -> Standing:
    """How an alarm stands, from its row."""
    return Standing(
        active=alarm.is_active, acknowledged=alarm.is_acknowledged, latched=alarm.is_latched,
        shelved=alarm.shelved_until is not None, suppressed=alarm.is_suppressed,
        out_of_service=alarm.is_out_of_service,
    )  # fmt: skip


def _put(alarm: Alarm, after: Standing, at: datetime) -> None:
    alarm.is_active, alarm.is_acknowledged, alarm.is_latched = after.active, after.acknowledged, after.latched
    alarm.is_suppressed, alarm.is_out_of_service = after.suppressed, after.out_of_service
    if not after.shelved:
        alarm.shelved_until = None
    if not (after.shelved or after.out_of_service):
        alarm.hidden_by = alarm.reason = ""
    alarm.state, alarm.changed_at = after.state.value, at
    alarm.place = place_in_list(after.state, Priority(alarm.priority), micros(at) // 1000)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a condition: the alarm's number in the plan, when, to what, and what was measured."""

    number: int
    at: int
    active: bool
    value: float | None


def apply_changes(
    plan: Plan, changes: Sequence[Change], *, now: datetime, by_design: Iterable[tuple[UUID, str]] = ()
) -> Written:
    """Take changes of conditions into the rows of alarms; nothing is saved yet.

    Two at one instant are taken so that what suppresses another alarm comes first.

    Args:
        plan: The alarms there are.
        changes: Of their conditions.
        now: The moment.
        by_design: Alarms that an expression suppresses before these changes, by asset and key.
    """
    points = [plan.points[change.number] for change in changes]
    written = Written(now, sites={point.twin: point.site for point in points}, by_design=set(by_design))
    assets = {point.asset for point in points}
    rows = Alarm.objects.select_for_update().filter(asset__in=assets).order_by("id")
    written.alarms = {(row.asset, row.key): row for row in rows}
    for change in sorted(changes, key=lambda each: (each.at, plan.depth(each.number), each.number)):
        _apply(plan, change, written)
    return written


def _apply(plan: Plan, change: Change, written: Written) -> None:
    point, at = plan.points[change.number], moment(change.at)
    if point.hides:
        _hide(plan, change, written, at)
        return
    alarm = _row_of(point, written)
    if change.active:
        _activate(plan, change, alarm, written, at)
    elif alarm.is_active:
        written.move(alarm, cleared(standing(alarm)), EventKind.CLEARED, at=at, value=change.value)
    _suppress_others(plan, change, written, at)


def _row_of(point: Point, written: Written) -> Alarm:
    alarm = written.alarms.get((point.asset, point.key))
    if alarm is None:
        alarm = new_alarm(point, now=written.now)
        written.alarms[point.asset, point.key] = alarm
        written.new.append(alarm)
    describe(alarm, point)
    return alarm


def _hide(plan: Plan, change: Change, written: Written, at: datetime) -> None:
    """The expression that suppresses an alarm by design holds from now on, or no longer."""
    expression = plan.points[change.number]
    place = (expression.asset, expression.hides)
    number = plan.index.get(place)
    if number is None:
        return
    (written.by_design.add if change.active else written.by_design.discard)(place)
    point = plan.points[number]
    alarm, above = _row_of(point, written), plan.suppressor(point)
    over = None if above is None else written.alarms.get((point.asset, plan.points[above].key))
    hidden = change.active or (over is not None and over.is_active)
    if alarm.is_suppressed != hidden:
        kind = EventKind.SUPPRESSED if hidden else EventKind.UNSUPPRESSED
        written.move(alarm, suppressed(standing(alarm), on=hidden), kind, at=at, note=str(expression.alarm.when)[:1000])


def _activate(plan: Plan, change: Change, alarm: Alarm, written: Written, at: datetime) -> None:
    point = plan.points[change.number]
    above = plan.suppressor(point)
    over = None if above is None else written.alarms.get((point.asset, plan.points[above].key))
    if over is not None and over.is_active and not alarm.is_suppressed:
        written.move(alarm, suppressed(standing(alarm), on=True), EventKind.SUPPRESSED, at=at, note=over.name)
    alarm.activated_at, alarm.value = at, change.value
    after = activated(standing(alarm), latches=point.alarm.latched)
    written.move(alarm, after, EventKind.ACTIVATED, at=at, value=change.value)


def _suppress_others(plan: Plan, change: Change, written: Written, at: datetime) -> None:
    """What this alarm suppresses is hidden while it is active, and shown again when it is not."""
    for number in plan.dependents.get(change.number, ()):
        point = plan.points[number]
        other = written.alarms.get((point.asset, point.key))
        if other is None or other.is_suppressed == change.active or (point.asset, point.key) in written.by_design:
            continue
        kind = EventKind.SUPPRESSED if change.active else EventKind.UNSUPPRESSED
        name = plan.points[change.number].name
        written.move(other, suppressed(standing(other), on=change.active), kind, at=at, note=name)


def new_alarm(point: Point, *, now: datetime) -> Alarm:
    """The row of an alarm that has none yet."""
    alarm = Alarm(id=new_id(), twin_id=point.twin, asset=point.asset, key=point.key, changed_at=now)
    describe(alarm, point)
    _put(alarm, Standing(), now)
    return alarm


def describe(alarm: Alarm, point: Point) -> None:
    """Call an alarm what its rule calls it now."""
    alarm.asset_name, alarm.name = point.asset_name[:200], point.name[:200]
    alarm.signal, alarm.unit, alarm.priority = point.alarm.signal or "", point.unit, point.alarm.priority


def withdraw(plan: Plan, gone: Iterable[tuple[UUID, str]], written: Written) -> None:
    """End alarms whose rule, or whose asset, is no more; show those again that no expression suppresses any more."""
    keys: Mapping[UUID, set[str]] = _by_asset(gone)
    rows = Alarm.objects.select_for_update().filter(asset__in=list(keys)).order_by("id")
    for row in rows:
        alarm = written.changed.get(row.id, row)
        if alarm.key in keys[alarm.asset]:
            if alarm.is_active or not alarm.is_acknowledged or alarm.is_latched or alarm.is_suppressed:
                written.move(alarm, acknowledged(Standing()), EventKind.WITHDRAWN, at=written.now)
        elif (
            f"{alarm.key}{BY_DESIGN}" in keys[alarm.asset]
            and alarm.is_suppressed
            and not _is_below(plan, alarm, written)
        ):
            written.move(alarm, suppressed(standing(alarm), on=False), EventKind.UNSUPPRESSED, at=written.now)


def _is_below(plan: Plan, alarm: Alarm, written: Written) -> bool:
    """Whether another alarm that is active suppresses one."""
    number = plan.index.get((alarm.asset, alarm.key))
    above = None if number is None else plan.suppressor(plan.points[number])
    if above is None:
        return False
    key = plan.points[above].key
    over = written.alarms.get((alarm.asset, key)) or Alarm.objects.filter(asset=alarm.asset, key=key).first()
    return over is not None and over.is_active


def _by_asset(pairs: Iterable[tuple[UUID, str]]) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = defaultdict(set)
    for asset, key in pairs:
        found[asset].add(key)
    return found
