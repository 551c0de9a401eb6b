"""What is kept for how long: the tenant's policy, what goes next by it, and the rows that are past their time.

Rows of readings go here in batches; months that nobody keeps go as whole tables (`tenants.custody.partitions`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Protocol
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Min, Q, Sum, Value
from django.utils.module_loading import import_string
from psycopg.sql import SQL, Identifier

from tenants.custody.eraser import erasing
from tenants.custody.grace import READINGS, days_of_readings, look_at_plan, looked_at, plan_in_force
from tenants.custody.holds import holds
from tenants.custody.models import RetentionPolicy
from tenants.custody.registry import kept_for
from tenants.custody.schemas import Hold, NextDrop
from tenants.jobs.models import Job, JobState
from tenants.kernel.errors import ConflictError, OutturnError
from tenants.limits.domain.standing import who_can_raise
from tenants.record.services import record_audit
from tenants.scope.context import scope

CLASSES = (READINGS, "set_aside", "jobs", "audit", "answers")
LEAST = {READINGS: 30, "set_aside": 7, "jobs": 7, "audit": 365, "answers": 1}
"""The fewest days; what money needs beyond them is held (`tenants.custody.holds`)."""
MOST = 36_500
_DAY = timedelta(days=1)


class RetentionError(OutturnError):
    """A number of days that is not possible."""

    code = "retention.days"
    status = 422


class RetentionBeyondPlanError(ConflictError):
    """Readings cannot be kept for longer than the plan says."""

    code = "retention.beyond_plan"


def set_policy(*, days: dict[str, int | None], by: str, now: datetime) -> RetentionPolicy:
    """Say how many days what is kept; None is for good, of readings as long as the plan allows.

    Raises:
        RetentionError: A class is kept for too short or too long a time.
        RetentionBeyondPlanError: Readings would be kept for longer than the plan allows.
    """
    for kept, number in days.items():
        if number is None and kept == "answers":
            raise RetentionError("Answers are kept for a while only.", place=kept, fix="Give a number of days.")
        if number is not None and not LEAST[kept] <= number <= MOST:
            raise RetentionError(
                f"{number} days are not possible here.", place=kept, kept="What held before.",
                fix=f"Give {LEAST[kept]} to {MOST} days, or none to keep it for good.",
            )  # fmt: skip
    with transaction.atomic():
        before = RetentionPolicy.objects.select_for_update().first() or RetentionPolicy()
        if days.get(READINGS, before.readings) != before.readings:
            _refuse_beyond_plan(days[READINGS])
        row, _ = RetentionPolicy.objects.update_or_create(defaults=days)
        record_audit(action="retention.changed", subject="retention", by=by, now=now, details={"days": dict(days)})
    return row


def _refuse_beyond_plan(days: int | None) -> None:
    plan = plan_in_force()
    if days is not None and days > plan.retention_days:
        raise RetentionBeyondPlanError(
            f"The plan {plan.name} keeps readings for up to {plan.retention_days:,} days.", place=READINGS,
            kept="What held before.", fix=f"Give fewer days, or none for all that it keeps. {who_can_raise(plan)}",
        )  # fmt: skip


class Packed(Protocol):
    """What is kept in rows of which each, by its column `count`, stands for several."""

    def count(self, before: datetime) -> int:
        """How many the tenant in scope has from before an instant."""

    def drop(self, tenant: UUID, before: datetime) -> int:
        """Delete those from before an instant, outside any scope; how many."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long rows of a class are kept.

    Attributes:
        kept: The class.
        policy: The tenant's, when the plan has been looked at.
        held: What holds rows of the class back, the one that reaches back furthest first.
    """

    kept: str
    policy: RetentionPolicy
    held: tuple[Hold, ...]

    def days(self, moment: datetime) -> int | None:
        """How many days at a moment; None for good."""
        return days_of_readings(self.policy, moment) if self.kept == READINGS else self.policy.days(self.kept)

    def cut(self, moment: datetime) -> datetime | None:
        """Before when rows go at a moment; None when none do."""
        days = self.days(moment)
        if days is None:
            return None
        return min([moment - timedelta(days=days), *(hold.since for hold in self.held)])

    def due(self, oldest: datetime, now: datetime) -> datetime | None:
        """When the oldest row goes."""
        if self.held and oldest >= self.held[0].since:
            return None
        days, until = self.days(now), self.policy.grace_until
        found = [] if days is None else [max(oldest + timedelta(days=days), now)]
        if self.kept == READINGS and until is not None and (later := self.days(until)) is not None:
            found.append(max(oldest + timedelta(days=later), until))
        return min(found, default=None)


def keeping(row: RetentionPolicy, *, now: datetime) -> dict[str, Keeping]:
    """How long rows of each class of the tenant in scope are kept.

    Args:
        row: Its policy, when the plan has been looked at.
        now: The moment.
    """
    held = holds(now=now)
    return {kept: Keeping(kept, row, tuple(hold for hold in held if hold.kept == kept)) for kept in CLASSES}


def next_drops(*, now: datetime) -> list[NextDrop]:
    """What each class of the tenant in scope holds, what goes next and what is held back; nothing is done."""
    stored = _stored()
    kept = keeping(looked_at(now=now), now=now)
    return [_next_drop(each, stored.get(each.kept), now) for each in kept.values()]


def _stored() -> dict[str, tuple[int, datetime]]:
    """How many rows each class has that may go one day, and the time of the oldest, in one query."""
    asked = [
        _droppable(model, time)
        .order_by()
        .annotate(kept=Value(kept))
        .values("kept")
        .annotate(rows=Sum("count") if model.packed_by else Count("*"), oldest=Min(time))
        for kept in CLASSES
        for model, time in kept_for(kept)
    ]
    found: dict[str, tuple[int, datetime]] = {}
    for row in filter(itemgetter("rows"), asked[0].union(*asked[1:], all=True)):
        rows, oldest = found.get(row["kept"], (0, row["oldest"]))
        found[row["kept"]] = rows + row["rows"], min(oldest, row["oldest"])
    return found


def _next_drop(keeping: Keeping, stored: tuple[int, datetime] | None, now: datetime) -> NextDrop:
    (rows, oldest), tables = stored or (0, None), kept_for(keeping.kept)
    at = None if oldest is None else keeping.due(oldest, now)
    if at is None:
        return NextDrop(keeping.kept, keeping.days(now), rows, None, 0, keeping.held)
    # The day's work takes all that falls due until then.
    cut = keeping.cut(at + _DAY)
    assert cut is not None  # what is due some day is cut then
    dropped = sum(_count(model, time, cut) for model, time in tables)
    return NextDrop(keeping.kept, keeping.days(now), rows, at, dropped, keeping.held)


def _count(model: Any, time: str, before: datetime) -> int:
    if model.packed_by:
        return _packed(model).count(before)
    return int(_droppable(model, time).filter(**{f"{time}__lt": before}).count())


def _packed(model: Any) -> Packed:
    found: Packed = import_string(model.packed_by)
    return found


def _droppable(model: Any, time: str) -> Any:
    rows = model._base_manager.filter(**{f"{time}__isnull": False})
    return rows.filter(~Q(state__in=(JobState.QUEUED, JobState.RUNNING))) if model is Job else rows


def decide_cuts(*, now: datetime) -> dict[str, datetime]:
    """Before when rows of each class of the tenant in scope go now; that readings may be gone is written down."""
    with transaction.atomic():
        row = look_at_plan(now=now)
        cuts = {kept: cut for kept, each in keeping(row, now=now).items() if (cut := each.cut(now)) is not None}
        cut = cuts.get(READINGS)
        if cut is not None and (row.gone_before is None or row.gone_before < cut) and _is_any_before(cut):
            row.gone_before = cut
            row.save()
    return cuts


def _is_any_before(cut: datetime) -> bool:
    return any(model.objects.filter(**{f"{time}__lt": cut}).exists() for model, time in kept_for(READINGS))


def drop_past(tenant: UUID, *, now: datetime) -> dict[str, int]:
    """Delete what a tenant keeps no longer; how many rows of each class. Call it outside any scope."""
    with scope(tenant):
        cuts = decide_cuts(now=now)
    return {
        kept: sum(_drop_rows(tenant, model, time, cut) for model, time in kept_for(kept)) for kept, cut in cuts.items()
    }


def _drop_rows(tenant: UUID, model: Any, time: str, before: datetime) -> int:
    if model.packed_by:
        return _packed(model).drop(tenant, before)
    total = 0
    while True:
        with erasing(tenant) as eraser:
            gone = eraser.delete(model, SQL("row.{} < %s").format(Identifier(time)), [before])
        total += gone
        if not gone:
            return total
