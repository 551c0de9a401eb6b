"""What Celery runs for the platform's own plans: what was counted becomes events, a month that is over a bill.

Stripe's meters are told of it where the operator wants that.
"""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.db import close_old_connections

from tenants.custody.selectors import is_living, living_tenants
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope

EVERY_S = 900.0
SWEEP_S = 60.0


@shared_task(name="plans.follow_all", ignore_result=True, expires=EVERY_S)
def follow_all() -> None:
    """Ask for a look at every organisation, a task each; nothing where nobody sells plans."""
    from billing.plans.selectors import accounts, operator  # noqa: PLC0415 (the web server needs the task's name only)

    close_old_connections()
    seller = operator()
    if seller is None:
        return
    with scope(seller):
        charged = set(accounts().values_list("organisation", flat=True))
    for tenant in sorted({*living_tenants(), *charged} - {seller}):
        follow.apply_async((str(tenant),), expires=EVERY_S)


@shared_task(name="plans.follow", ignore_result=True)
def follow(tenant: str) -> None:
    """Bring an organisation's usage to the operator and what it comes to back; harmless when delivered twice."""
    from billing.plans.following import end_organisation, follow_organisation  # noqa: PLC0415

    close_old_connections()
    whose = UUID(tenant)
    round_of = follow_organisation if is_living(whose) else end_organisation
    round_of(whose, now=utc_now())


@shared_task(name="plans.tell_meters", acks_late=True, reject_on_worker_lost=True, ignore_result=True, expires=300)
def tell_meters(tenant: str) -> None:
    """Tell Stripe's meters what is due of the operator's usage; harmless when it is delivered twice."""
    from billing.plans.meters.working import work_once  # noqa: PLC0415

    close_old_connections()
    whose = UUID(tenant)
    while is_living(whose) and work_once(whose, now=utc_now()):
        pass


@shared_task(name="plans.sweep_meters", ignore_result=True, expires=SWEEP_S)
def sweep_meters() -> None:
    """Find what a crash, or a pause, left to be told."""
    from billing.plans.meters.selectors import is_telling_due  # noqa: PLC0415
    from billing.plans.selectors import operator  # noqa: PLC0415

    close_old_connections()
    seller = operator()
    if seller is None:
        return
    with scope(seller):
        is_due = is_telling_due(now=utc_now())
    if is_due:
        tell_meters.apply_async((str(seller),), expires=300)
