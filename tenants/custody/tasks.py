"""What Celery runs every day: the months of readings that nobody keeps go, then for each tenant whatever is due."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.db import close_old_connections

from tenants.custody.erasing import begin_erasure
from tenants.custody.exporting import sweep_exports
from tenants.custody.partitions import drop_partitions
from tenants.custody.retaining import drop_past
from tenants.custody.selectors import is_living, living_tenants
from tenants.custody.services import sweep_trash
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope

EVERY_S = 86_400.0


@shared_task(name="custody.keep_houses", ignore_result=True, expires=EVERY_S)
def keep_houses() -> None:
    """Ask for the day's work on every tenant, a task each, so that one which fails holds up no other."""
    close_old_connections()
    drop_months.apply_async(expires=EVERY_S)  # first: what goes as a table need not go row by row
    for tenant in living_tenants():
        keep_house.apply_async((str(tenant),), expires=EVERY_S)


@shared_task(name="custody.keep_house", ignore_result=True)
def keep_house(tenant: str) -> None:
    """Remove what is due for a tenant; harmless when it is delivered twice."""
    close_old_connections()
    whose, now = UUID(tenant), utc_now()
    if not is_living(whose):
        return  # erased since it was asked for
    with scope(whose):
        begin_erasure(now=now)
        sweep_exports(now=now)
    sweep_trash(whose, now=now)
    drop_past(whose, now=now)


@shared_task(name="custody.drop_months", ignore_result=True)
def drop_months() -> None:
    """Drop the months of readings that no tenant keeps."""
    close_old_connections()
    drop_partitions(now=utc_now())
