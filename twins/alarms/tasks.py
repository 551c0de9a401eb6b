"""What Celery runs for alarms."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.db import close_old_connections

from tenants.custody.selectors import is_living
from tenants.kernel.clock import utc_now
from twins.alarms.delivering import deliver_waiting


@shared_task(name="alarms.deliver", ignore_result=True, expires=300)
def deliver(tenant: str) -> None:
    """Send what waits to be told; harmless when it is delivered twice."""
    close_old_connections()
    whose = UUID(tenant)
    while is_living(whose) and deliver_waiting(whose, now=utc_now()):
        pass
