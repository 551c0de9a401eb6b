"""What Celery runs for limits: every quarter of an hour who is near one, some times a day how much is stored."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.db import close_old_connections

from tenants.kernel.clock import utc_now
from tenants.limits import requests, storage, watching
from tenants.scope.context import scope
from tenants.scope.models import Tenant

WATCH_EVERY_S = 900.0
MEASURE_EVERY_S = 6 * 3600.0


@shared_task(name="limits.watch_all", ignore_result=True, expires=WATCH_EVERY_S)
def watch_all() -> None:
    """Ask for a look at every tenant: a task each, so that one which fails holds up no other."""
    close_old_connections()
    for tenant in Tenant.objects.order_by("id").values_list("id", flat=True).iterator():
        watch.apply_async((str(tenant),), expires=WATCH_EVERY_S)


@shared_task(name="limits.watch", ignore_result=True)
def watch(tenant: str) -> None:
    """Write down a tenant's requests, note which limits are near, and mail its owners of what is new."""
    close_old_connections()
    with scope(UUID(tenant)):
        requests.save_requests()
        watching.warn_owners(now=utc_now())


@shared_task(name="limits.measure_all", ignore_result=True, expires=MEASURE_EVERY_S)
def measure_all() -> None:
    """Ask for the storage of every tenant, a task each."""
    close_old_connections()
    for tenant in Tenant.objects.order_by("id").values_list("id", flat=True).iterator():
        measure.apply_async((str(tenant),), expires=MEASURE_EVERY_S)


@shared_task(name="limits.measure", ignore_result=True)
def measure(tenant: str) -> None:
    """Measure how much a tenant has stored."""
    close_old_connections()
    with scope(UUID(tenant)):
        storage.measure_storage(now=utc_now())
