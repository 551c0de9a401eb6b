"""What is kept for how long: rows past their time are deleted in batches, and whole months of readings dropped."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError, connections, transaction
from django.db.models import Count, Min, Q
from psycopg.sql import SQL, Identifier

from tenants.custody.eraser import OWNER, erasing
from tenants.custody.models import RetentionPolicy
from tenants.custody.registry import custody_of, kept_for, tenant_tables
from tenants.custody.schemas import NextDrop
from tenants.custody.selectors import policy
from tenants.jobs.models import JobState
from tenants.kernel.errors import OutturnError
from tenants.record.services import record_audit
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.scope.tables import Custody

logger = logging.getLogger(__name__)
CLASSES = ("readings", "set_aside", "jobs", "audit", "answers")
LEAST = {"readings": 30, "set_aside": 7, "jobs": 7, "audit": 365, "answers": 1}
"""The fewest days: statements need the readings of a month that is not settled, and answers to repeats a day."""
MOST = 36_500
_MONTH = re.compile(r"_(\d{4})(\d{2})$")
_LOCK_MS = 3000


class RetentionError(OutturnError):
    """A number of days that is not possible."""

    code = "retention.days"
    status = 422


def set_policy(*, days: dict[str, int | None], by: str, now: datetime) -> RetentionPolicy:
    """Say how many days what is kept; None is for good.

    Raises:
        RetentionError: A class is kept for too short or too long a time.
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
        row, _ = RetentionPolicy.objects.update_or_create(defaults=days)
        record_audit(action="retention.changed", subject="retention", by=by, now=now, details={"days": dict(days)})
    return row


def next_drops(*, now: datetime) -> list[NextDrop]:
    """What each class of the tenant in scope holds, and what of it is removed next."""
    found = policy()
    return [_next_drop(kept, found.days(kept), now) for kept in CLASSES]


def _next_drop(kept: str, days: int | None, now: datetime) -> NextDrop:
    rows, oldest = 0, None
    for model, time in kept_for(kept):
        known = _droppable(model, time).aggregate(rows=Count("*"), oldest=Min(time))
        rows += known["rows"]
        oldest = min(filter(None, (oldest, known["oldest"])), default=None)
    if days is None or oldest is None:
        return NextDrop(kept, days, rows, None, 0)
    at = max(oldest + timedelta(days=days), now)
    # The day's work takes all that falls due until then.
    until = at + timedelta(days=1) - timedelta(days=days)
    dropped = sum(_droppable(model, time).filter(**{f"{time}__lt": until}).count() for model, time in kept_for(kept))
    return NextDrop(kept, days, rows, at, dropped)


def _droppable(model: Any, time: str) -> Any:
    rows = model._base_manager.filter(**{f"{time}__isnull": False})
    return rows.filter(~Q(state__in=(JobState.QUEUED, JobState.RUNNING))) if time == "finished_at" else rows


def drop_past(tenant: UUID, *, now: datetime) -> dict[str, int]:
    """Delete what a tenant keeps no longer; how many rows of each class. Call it outside any scope."""
    with scope(tenant):
        found = policy()
    return {
        kept: sum(_drop_rows(tenant, model, time, now - timedelta(days=days)) for model, time in kept_for(kept))
        for kept in CLASSES
        if (days := found.days(kept)) is not None
    }


def _drop_rows(tenant: UUID, model: Any, time: str, before: datetime) -> int:
    total = 0
    while True:
        with erasing(tenant) as eraser:
            gone = eraser.delete(model, SQL("row.{} < %s").format(Identifier(time)), [before])
        total += gone
        if not gone:
            return total


def drop_partitions(*, now: datetime) -> list[str]:
    """Drop the months of readings that no tenant keeps any longer, rows and all; the names of their tables.

    A month goes only when the rows in it are of tenants that keep none of them, which is looked up while nobody else
    can write to it.
    """
    since = _kept_since(now)
    dropped = []
    for model in tenant_tables():
        if custody_of(model) == Custody.READING:
            for table, end in _partitions(model._meta.db_table):
                past = [tenant for tenant, first in since.items() if first is not None and first >= end]
                if past and end <= now and _drop_partition(table, past):
                    dropped.append(table)
    return dropped


def _kept_since(now: datetime) -> dict[UUID, datetime | None]:
    """From when each tenant keeps its readings; None for all of them."""
    since: dict[UUID, datetime | None] = {}
    for tenant in Tenant.objects.order_by("id").values_list("id", flat=True).iterator():
        with scope(tenant):
            days = policy().readings
        since[tenant] = None if days is None else now - timedelta(days=days)
    return since


def _partitions(table: str) -> Iterator[tuple[str, datetime]]:
    """The tables of single months below a partitioned one, each with the month's end."""
    with connections[OWNER].cursor() as cursor:
        cursor.execute("SELECT relid::regclass::text FROM pg_partition_tree(%s) WHERE isleaf", [table])
        names = [row[0] for row in cursor.fetchall()]
    for name in names:
        if month := _MONTH.search(name):
            year, number = int(month[1]), int(month[2])
            yield name, datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)


def _drop_partition(table: str, past: list[UUID]) -> bool:
    """Drop a table if it holds rows of these tenants only."""
    name = Identifier(table)
    try:
        with transaction.atomic(using=OWNER, durable=True), connections[OWNER].cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {_LOCK_MS}")
            cursor.execute(SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(name))
            # The owner looks at all tenants' rows at once here, and only at whose they are, to drop the table or not.
            cursor.execute(SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(name))
            cursor.execute(SQL("SELECT EXISTS (SELECT 1 FROM {} WHERE tenant_id <> ALL(%s))").format(name), [past])
            if cursor.fetchone()[0]:
                transaction.set_rollback(True, using=OWNER)
                return False
            cursor.execute(SQL("DROP TABLE {}").format(name))
    except OperationalError:
        logger.warning("%s is in use: it is dropped another day", table)
        return False
    logger.info("dropped %s", table)
    return True
