"""What Celery runs for disputes: the mails that are to go out, of one tenant and of all."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.db import close_old_connections

from billing.disputes.telling import due_notices, send_notices
from tenants.custody.selectors import is_living, living_tenants
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope

SWEEP_S = 300.0


@shared_task(name="disputes.tell", acks_late=True, reject_on_worker_lost=True, ignore_result=True, expires=300)
def tell(tenant: str) -> None:
    """Send a tenant's mails about disputes; harmless when it is delivered twice."""
    close_old_connections()
    whose = UUID(tenant)
    if is_living(whose):
        send_notices(whose, now=utc_now())


@shared_task(name="disputes.sweep", ignore_result=True, expires=SWEEP_S)
def sweep() -> None:
    """Find mails that were not sent: a task for each tenant that has some."""
    close_old_connections()
    now = utc_now()
    for tenant in living_tenants():
        with scope(tenant):
            is_due = due_notices(now).exists()
        if is_due:
            tell.apply_async((str(tenant),), expires=300)
