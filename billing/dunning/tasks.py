"""What Celery runs for dunning: every hour a round for each tenant whose clocks say that it is the hour."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.db import close_old_connections

from billing.dunning.selectors import settings
from billing.dunning.services import is_hour, write_due
from tenants.custody.selectors import is_living, living_tenants
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope

ROUND_S = 3600.0


@shared_task(name="dunning.write", acks_late=True, reject_on_worker_lost=True, ignore_result=True, expires=ROUND_S)
def write(tenant: str) -> None:
    """Write what is due of a tenant; harmless when it is delivered twice."""
    close_old_connections()
    whose = UUID(tenant)
    if is_living(whose):
        with scope(whose):
            write_due(now=utc_now())


@shared_task(name="dunning.write_all", ignore_result=True, expires=ROUND_S)
def write_all() -> None:
    """Ask for a round of each tenant that wants it at this hour: a task each, so that one holds up no other."""
    close_old_connections()
    now = utc_now()
    for tenant in living_tenants():
        with scope(tenant):
            is_due = settings().is_on and is_hour(now)
        if is_due:
            write.apply_async((str(tenant),), expires=ROUND_S)
