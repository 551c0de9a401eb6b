"""What Celery runs for the post: the letters that are to go out, of one tenant and of all."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.db import close_old_connections

from tenants.kernel.clock import utc_now
from tenants.post.selectors import due_letters
from tenants.post.services import send_due
from tenants.scope.context import scope
from tenants.scope.models import Tenant

SWEEP_S = 300.0
AT_ONCE = 50
"""How many letters of a tenant go out before the next one has its turn."""


@shared_task(name="post.send", acks_late=True, reject_on_worker_lost=True, ignore_result=True, expires=300)
def send(tenant: str) -> None:
    """Send a tenant's letters; harmless when it is delivered twice. What is left queues behind the other tenants'."""
    close_old_connections()
    if sum(send_due(UUID(tenant), now=utc_now(), most=AT_ONCE)) == AT_ONCE:
        send.apply_async((tenant,), expires=300)


@shared_task(name="post.sweep", ignore_result=True, expires=SWEEP_S)
def sweep() -> None:
    """Find letters that the mail server did not take, or that a crash left behind: a task for each tenant with some."""
    close_old_connections()
    now = utc_now()
    for tenant in Tenant.objects.order_by("id").values_list("id", flat=True).iterator():
        with scope(tenant):
            is_due = due_letters(now).exists()
        if is_due:
            send.apply_async((str(tenant),), expires=SWEEP_S)
