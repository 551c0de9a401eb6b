"""All that is due at Stripe's meters of the operator: what it reported, what has to be there, tellings and looks."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from billing.payments.choosing import secret_key
from billing.payments.stripe_calls import stripe_client
from billing.plans.meters.finding import keep_customers, keep_meters
from billing.plans.meters.looking import look_at_tallies
from billing.plans.meters.reports import resolve_reports
from billing.plans.meters.selectors import is_told
from billing.plans.meters.telling import do_tellings
from billing.plans.selectors import operator
from tenants.scope.context import scope


def work_once(tenant: UUID, *, now: datetime) -> int:
    """Do at Stripe what is due of the operator, outside any scope; how much was taken."""
    if operator() != tenant:
        return 0
    with scope(tenant):
        key = secret_key() if is_told() else ""
    if not key:
        return 0
    with stripe_client(key) as client:
        # Reports first: what they are about is looked for before anything more is told of it.
        return sum(
            do(tenant, client, now)
            for do in (resolve_reports, keep_meters, keep_customers, do_tellings, look_at_tallies)
        )
