"""What Celery runs: every day a look at each domain that is proven, or waits for its record."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.db import close_old_connections

from tenants.domains import dns
from tenants.domains.selectors import DomainNotFoundError, domain, due_domains
from tenants.domains.services import note_look
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tenants.scope.models import Tenant

EVERY_S = 86_400.0


@shared_task(name="domains.look_at_all", ignore_result=True, expires=EVERY_S)
def look_at_all() -> None:
    """Ask for a look at each domain that is due, a task each: DNS may take its time."""
    close_old_connections()
    now = utc_now()
    for tenant in Tenant.objects.order_by("id").values_list("id", flat=True).iterator():
        with scope(tenant):
            due = due_domains(now=now)
        for each in due:
            look_at_one.apply_async((str(tenant), str(each)), expires=EVERY_S)


@shared_task(name="domains.look_at_one", ignore_result=True)
def look_at_one(tenant: str, domain_id: str) -> None:
    """Look at one domain; DNS is asked outside any transaction. Harmless when it is delivered twice."""
    close_old_connections()
    whose, which = UUID(tenant), UUID(domain_id)
    try:
        with scope(whose):
            row = domain(which)
        seen = dns.look(row.name, row.token, is_web=row.is_web)
        with scope(whose):
            note_look(domain_id=which, seen=seen, by="Outturn", now=utc_now())
    except DomainNotFoundError:
        return  # removed meanwhile
