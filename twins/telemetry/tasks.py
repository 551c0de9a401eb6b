"""What Celery runs for readings: the log becomes chunks, and chunks whose time is over rollups."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from tenants.kernel.clock import utc_now
from twins.telemetry import compaction, rolling

COMPACT_S, ROLL_S = 30.0, 600.0


@shared_task(name="telemetry.compact_due", ignore_result=True, expires=COMPACT_S)
def compact_due() -> None:
    """Have every tenant compacted whose log is old, a task each, so that one which fails holds up no other."""
    for tenant in compaction.due(now=utc_now()):
        compact_log.apply_async((str(tenant),), expires=10 * COMPACT_S)


@shared_task(name="telemetry.compact", ignore_result=True)
def compact_log(tenant: str) -> None:
    """Compact a tenant's log; harmless when it is delivered twice."""
    compaction.compact(UUID(tenant))


@shared_task(name="telemetry.roll_due", ignore_result=True, expires=ROLL_S)
def roll_due() -> None:
    """Have the chunks of every tenant rolled up whose time is over, a task each."""
    for tenant in rolling.due(now=utc_now()):
        roll_chunks.apply_async((str(tenant),), expires=ROLL_S)


@shared_task(name="telemetry.roll", ignore_result=True)
def roll_chunks(tenant: str) -> None:
    """Roll up the chunks of a tenant; harmless when it is delivered twice."""
    rolling.roll(UUID(tenant), now=utc_now())
