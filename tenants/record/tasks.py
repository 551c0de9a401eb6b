"""What Celery runs for the log: every hour a signed head for each tenant that wrote something since its last."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.db import close_old_connections

from tenants.kernel.clock import utc_now
from tenants.record import services
from tenants.scope.context import scope
from tenants.scope.models import Tenant

EVERY_S = 3600.0
"""The longest time for which what is written down is not yet vouched for by a head."""


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
