"""What Celery runs for the log: signed heads and their time-stamps, and some times a day a check of the whole."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.db import close_old_connections

from tenants.kernel.clock import utc_now
from tenants.record import monitoring, services, timestamps
from tenants.scope.context import scope
from tenants.scope.models import Tenant

EVERY_S = 3600.0
"""The longest time for which what is written down is not yet vouched for by a head."""
CHECK_EVERY_S = 6 * 3600.0


@shared_task(name="record.seal_logs", ignore_result=True, expires=EVERY_S)
def seal_logs() -> None:
    """Ask for the seal of every tenant's log: a task each, so that one which fails holds up no other."""
    close_old_connections()
    for tenant in Tenant.objects.order_by("id").values_list("id", flat=True).iterator():
        seal_log.apply_async((str(tenant),), expires=EVERY_S)


@shared_task(name="record.seal_log", ignore_result=True)
def seal_log(tenant: str) -> None:
    """Seal the log of a tenant if there is anything new; harmless when it is delivered twice."""
    close_old_connections()
    with scope(UUID(tenant)):
        services.seal_news(now=utc_now())


@shared_task(name="record.check_logs", ignore_result=True, expires=CHECK_EVERY_S)
def check_logs() -> None:
    """Ask for a check of every tenant's log, a task each."""
    close_old_connections()
    for tenant in Tenant.objects.order_by("id").values_list("id", flat=True).iterator():
        check_log.apply_async((str(tenant),), expires=CHECK_EVERY_S)


@shared_task(name="record.check_log", ignore_result=True)
def check_log(tenant: str) -> None:
    """Check the whole log of a tenant and raise an alarm if it was changed; harmless when it is delivered twice."""
    close_old_connections()
    monitoring.watch_log(tenant=UUID(tenant))


@shared_task(name="record.stamp_logs", ignore_result=True, expires=EVERY_S)
def stamp_logs() -> None:
    """Ask for a time-stamp of every tenant's newest head, a task each."""
    close_old_connections()
    for tenant in Tenant.objects.order_by("id").values_list("id", flat=True).iterator():
        stamp_log.apply_async((str(tenant),), expires=EVERY_S)


@shared_task(name="record.stamp_log", ignore_result=True)
def stamp_log(tenant: str) -> None:
    """Have a tenant's newest head stamped if an authority was chosen and it is due; harmless when delivered twice."""
    close_old_connections()
    timestamps.stamp_newest(tenant=UUID(tenant), now=utc_now())
