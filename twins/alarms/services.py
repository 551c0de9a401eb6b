"""What people do with alarms: take note, put aside, take out of service, comment."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction

from tenants.kernel.errors import OutturnError
from twins.alarms.domain.states import Standing, acknowledged, out_of_service, reset, shelved
from twins.alarms.following import NAME, finish
from twins.alarms.models import Alarm, Escalation, EventKind
from twins.alarms.planning import current_plan
from twins.alarms.selectors import AlarmNotFoundError
from twins.alarms.transitions import Written, new_alarm, standing
from twins.live.following import call_step

LONGEST_SHELF = timedelta(days=30)
MOST_AT_ONCE = 1000
Move = Callable[[Standing], Standing]


class ShelfTimeError(OutturnError):
    """An alarm cannot be put aside for that long."""

    code = "alarm.shelf_time"


def acknowledge_alarms(*, alarms: Collection[UUID], by: str, now: datetime, note: str = "") -> list[Alarm]:
    """Take note of alarms; those that need nobody stay as they are.

    Raises:
        AlarmNotFoundError: One of them does not exist, or is not within reach.
    """
    return _move(alarms, acknowledged, EventKind.ACKNOWLEDGED, by=by, now=now, note=note)


def reset_alarms(*, alarms: Collection[UUID], by: str, now: datetime) -> list[Alarm]:
    """Let latched alarms go whose condition is gone and that somebody has taken note of.

    Raises:
        AlarmNotFoundError: One of them does not exist, or is not within reach.
    """
    return _move(alarms, reset, EventKind.RESET, by=by, now=now)


def shelve_alarms(
    *, alarms: Collection[UUID], until: datetime, reason: str, by: str, now: datetime
) -> list[Alarm]:  # fmt: skip
    """Put alarms aside until a time, with a reason; one that is active then is annunciated anew.

    Raises:
        AlarmNotFoundError: One of them does not exist, or is not within reach.
        ShelfTimeError: The time is past, or too far off.
    """
    if not now < until <= now + LONGEST_SHELF:
        raise ShelfTimeError(
            "an alarm is put aside for some time", place="until", kept="Nothing was changed.",
            fix=f"Choose a time within the next {LONGEST_SHELF.days} days.",
        )  # fmt: skip

    def put(alarm: Alarm) -> None:
        alarm.shelved_until, alarm.hidden_by, alarm.reason = until, by, reason

    move = partial(shelved, on=True)
    found = _move(alarms, move, EventKind.SHELVED, by=by, now=now, note=reason, put=put)
    call_step(NAME, at=until)
    return found


def unshelve_alarms(*, alarms: Collection[UUID], by: str, now: datetime) -> list[Alarm]:
    """Take back what was put aside.

    Raises:
        AlarmNotFoundError: One of them does not exist, or is not within reach.
    """
    return _move(alarms, partial(shelved, on=False), EventKind.UNSHELVED, by=by, now=now)


def take_out_of_service(*, alarms: Collection[UUID], reason: str, by: str, now: datetime) -> list[Alarm]:
    """Take alarms out of service, as for maintenance, until somebody puts them back.

    Raises:
        AlarmNotFoundError: One of them does not exist, or is not within reach.
    """

    def put(alarm: Alarm) -> None:
        alarm.hidden_by, alarm.reason = by, reason

    move = partial(out_of_service, on=True)
    return _move(alarms, move, EventKind.OUT_OF_SERVICE, by=by, now=now, note=reason, put=put)


def put_in_service(*, alarms: Collection[UUID], by: str, now: datetime) -> list[Alarm]:
    """Put alarms back into service.

    Raises:
        AlarmNotFoundError: One of them does not exist, or is not within reach.
    """
    return _move(alarms, partial(out_of_service, on=False), EventKind.IN_SERVICE, by=by, now=now)


def comment_alarm(*, alarm: UUID, note: str, by: str, now: datetime) -> None:
    """Write something down beside an alarm.

    Raises:
        AlarmNotFoundError: It does not exist, or is not within reach.
    """
    with transaction.atomic():
        row = _rows([alarm])[0]
        written = Written(now, sites={row.twin_id: row.twin.site_id})
        written.note(row, EventKind.COMMENTED, at=now, by=by, note=note)
        written.save()


def touch_alarm(*, asset: UUID, key: str, now: datetime) -> Alarm:
    """The row of an alarm that may never have been active, so that people can put it aside or out of service.

    Raises:
        AlarmNotFoundError: There is no such alarm.
    """
    found = Alarm.objects.filter(asset=asset, key=key).first()
    if found is not None:
        return found
    plan = current_plan()
    number = plan.index.get((asset, key))
    if number is None:
        raise AlarmNotFoundError
    row = new_alarm(plan.points[number], now=now)
    row.save(force_insert=True)
    return row


def _rows(alarms: Collection[UUID]) -> list[Alarm]:
    wanted = set(alarms)
    rows = list(
        Alarm.objects.select_for_update(of=("self",)).select_related("twin").filter(id__in=wanted).order_by("id")
    )
    if len(rows) != len(wanted):
        raise AlarmNotFoundError
    return rows


def _move(
    alarms: Collection[UUID], move: Move, kind: EventKind, *, by: str, now: datetime, note: str = "",
    put: Callable[[Alarm], None] | None = None,
) -> list[Alarm]:  # fmt: skip
    with transaction.atomic():
        rows = _rows(alarms)
        written = Written(now, sites={row.twin_id: row.twin.site_id for row in rows})
        for row in rows:
            after = move(standing(row))
            if after == standing(row) and put is None:
                continue
            if put is not None:
                put(row)
            if kind == EventKind.ACKNOWLEDGED:
                row.acknowledged_at, row.acknowledged_by = now, by
            written.move(row, after, kind, at=now, by=by, note=note)
        if written.changed:
            finish(written)
            Escalation.objects.filter(alarm__in=[each.id for each in rows if each.is_acknowledged]).delete()
    return rows
