"""What Celery runs for payments: what is due at the provider, of one tenant and of all."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.db import close_old_connections

from tenants.custody.selectors import is_living, living_tenants
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope

SWEEP_S = 60.0


@shared_task(name="payments.work", acks_late=True, reject_on_worker_lost=True, ignore_result=True, expires=300)
def work(tenant: str) -> None:
    """Do at the provider what is due of a tenant; harmless when it is delivered twice."""
    from billing.payments.outbox import work_once  # noqa: PLC0415 (the web server needs the task's name only)

    close_old_connections()
    whose = UUID(tenant)
    while is_living(whose) and work_once(whose, now=utc_now()):
        pass


@shared_task(name="payments.sweep", ignore_result=True, expires=SWEEP_S)
def sweep() -> None:
    """Find what a crash, or a pause, left to be done: a task for each tenant that has some."""
    from billing.payments.outbox import is_work_due  # noqa: PLC0415

    close_old_connections()
    now = utc_now()
    for tenant in living_tenants():
        with scope(tenant):
            is_due = is_work_due(now=now)
        if is_due:
            work.apply_async((str(tenant),), expires=300)
