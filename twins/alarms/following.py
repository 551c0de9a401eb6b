"""The follower's step that raises alarms: readings in, transitions out, all of one batch in one transaction."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from tenants.scope.context import held_to, required_tenant
from twins.alarms.delivering import hint, next_try
from twins.alarms.domain.conditions import Batch, Points, evaluate, nothing_read
from twins.alarms.domain.states import shelved
from twins.alarms.escalating import begin_escalations, run_escalations
from twins.alarms.flooding import end_floods, note_annunciations
from twins.alarms.memory import Remembered, due_twins, forget_twins, keep_memory, remembered
from twins.alarms.models import Alarm, EventKind
from twins.alarms.planning import Plan, current_plan
from twins.alarms.push import publish_changes
from twins.alarms.transitions import Change, Written, apply_changes, standing, withdraw
from twins.live.following import News
from twins.telemetry.instants import micros
from twins.telemetry.schemas import Readings
from twins.telemetry.selectors import commit_count

NAME = "alarms"
HISTORY = timedelta(days=1)
"""Readings that are older than this when they arrive are history: they raise no alarm now."""
ON_THE_WAY = timedelta(seconds=2)
"""What a reading may take until it is here; a delay is said to be over, with its exact instant, after this."""
LOOK_AGAIN = timedelta(minutes=5)
"""How long a change that nobody told of, such as a twin that was published, may go unnoticed."""
_BEFORE_ALL = int(np.iinfo(np.int64).min)


class AlarmStep:
    """Evaluates the alarms of a tenant."""

    name = NAME

    def __init__(self) -> None:
        self._seen: dict[UUID, int] = {}

    def follow(self, news: News, *, now: datetime) -> None:
        """Take what is new."""
        self._seen[required_tenant("alarms")] = news.upto
        plan = current_plan()
        batch = plan.batch(_recent(news.readings, now))
        twins = {plan.points[number].twin for number in np.unique(batch.point).tolist()}
        if twins:
            _evaluate(plan, twins, batch, _BEFORE_ALL, now)

    def tick(self, *, now: datetime) -> datetime | None:
        """What time alone changes."""
        if commit_count() > self._seen.get(required_tenant("alarms"), -1) >= 0:
            return now  # readings wait that may say otherwise than the clock
        with held_to(None):
            later = [now + LOOK_AGAIN, _run_out(now), _unshelve(now), end_floods(now=now), run_escalations(now=now)]
            waiting = next_try()
            if waiting is not None:
                if waiting <= now:
                    hint()
                later.append(max(waiting, now + timedelta(seconds=15)))
        return min(each for each in later if each is not None)


STEP = AlarmStep()


def _recent(readings: Readings, now: datetime) -> Readings:
    fresh = readings.at > micros(now - HISTORY)
    if fresh.all():
        return readings
    return Readings(readings.signal[fresh], readings.at[fresh], readings.value[fresh], readings.quality[fresh])


def _run_out(now: datetime) -> datetime | None:
    """Let delays run out; when the next one does."""
    plan, upto = current_plan(), now - ON_THE_WAY
    gone = forget_twins(plan)
    if gone:
        written = Written(now)
        withdraw(plan, gone, written)
        finish(written)
    twins, _ = due_twins(plan, upto=upto)
    if twins:
        _evaluate(plan, twins, nothing_read(), micros(upto), now)
    _, later = due_twins(plan, upto=upto)
    return None if later is None else later + ON_THE_WAY


def _evaluate(plan: Plan, twins: Collection[UUID], batch: Batch, horizon: int, now: datetime) -> None:
    held = remembered(plan, twins, start=micros(now))
    place = np.full(len(plan.points), -1, np.int64)
    place[held.numbers] = np.arange(held.numbers.size)
    columns = (getattr(plan.conditions, name)[held.numbers] for name in Points.__dataclass_fields__)
    mine = Batch(place[batch.point], batch.at, batch.value)
    found, after = evaluate(Points(*columns), held.memory, mine, horizon)
    keep_memory(plan, held, after)
    changes = [
        Change(int(held.numbers[point]), at, active, value if math.isfinite(value) else None)
        for point, at, active, value in zip(
            found.point.tolist(), found.at.tolist(), found.active.tolist(), found.value.tolist(), strict=True
        )
    ]
    if changes or held.forgotten:
        written = apply_changes(plan, changes, now=now, by_design=_by_design(plan, held))
        withdraw(plan, held.forgotten, written)
        finish(written)


def _by_design(plan: Plan, held: Remembered) -> list[tuple[UUID, str]]:
    """The alarms that an expression suppresses, as it is remembered."""
    points = (plan.points[number] for number in held.numbers[held.memory["active"]].tolist())
    return [(point.asset, point.hides) for point in points if point.hides]


def finish(written: Written) -> None:
    """Save what happened, count it where it happened, and begin to tell of it."""
    written.save()
    annunciated = written.annunciated
    sites = written.sites
    note_annunciations([(sites.get(alarm.twin_id), at) for alarm, at in annunciated], now=written.now)
    begin_escalations(annunciated, now=written.now)
    publish_changes(list(written.changed.values()))


def _unshelve(now: datetime) -> datetime | None:
    """Take back what was put aside until now; when the next is."""
    on_shelf = Alarm.objects.exclude(shelved_until=None)
    over = list(
        on_shelf.select_for_update(of=("self",)).filter(shelved_until__lte=now).select_related("twin").order_by("id")
    )
    if over:
        written = Written(now, sites={alarm.twin_id: alarm.twin.site_id for alarm in over})
        for alarm in over:
            at = alarm.shelved_until or now
            written.move(alarm, shelved(standing(alarm), on=False), EventKind.UNSHELVED, at=at)
        finish(written)
    return on_shelf.order_by("shelved_until").values_list("shelved_until", flat=True).first()
