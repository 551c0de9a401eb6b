"""Months of readings that no tenant keeps any longer are dropped as tables."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

from django.db import OperationalError, connections, transaction
from psycopg.sql import SQL, Identifier

from tenants.custody.eraser import OWNER
from tenants.custody.grace import READINGS
from tenants.custody.registry import custody_of, tenant_tables
from tenants.custody.retaining import decide_cuts
from tenants.custody.selectors import living_tenants
from tenants.scope.context import scope
from tenants.scope.tables import Custody

logger = logging.getLogger(__name__)
_MONTH = re.compile(r"_(\d{4})(\d{2})$")
_LOCK_MS = 3000


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
    for tenant in living_tenants():
        with scope(tenant):
            since[tenant] = decide_cuts(now=now).get(READINGS)
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
