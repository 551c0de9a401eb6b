"""What is to stand at Stripe's meters, as rows: written in the transaction that reckons an account's usage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from uuid import UUID

from django.db import transaction

from billing.contracts.periods import month as month_bounds
from billing.plans.domain.meters import FORMULAS, event_name, whole
from billing.plans.domain.months import month_of
from billing.plans.domain.prices import Aggregate
from billing.plans.meters.selectors import meter_settings
from billing.plans.models import MeteredCustomer, MeterTally, PlanAccount, StripeMeter
from billing.plans.selectors import PriceList, counted_by_month
from tenants.jobs.services import tell_workers
from tenants.kernel.calendars import time_zone
from tenants.scope.context import required_tenant
from tenants.scope.locks import hold


def note_usage(account: PlanAccount, *, now: datetime) -> None:
    """Write down what an account has used of each meter in each month since usage is told; done again, nothing changes.

    Nothing where the operator does not have it told to Stripe.
    """
    row = meter_settings()
    if row is None or not row.is_on or row.since is None:
        return
    # Whoever waits here counts afterwards, so that an older count never replaces a newer one.
    hold(f"meter-tallies/{account.id}")
    zone = time_zone(account.time_zone)
    start, _ = month_bounds(month_of(max(row.since, account.since), zone), zone)
    means = PriceList().aggregates()
    wanted = {
        (month, kind): Decimal(whole(value))
        for (month, kind), value in counted_by_month(account, start, zone, means).items()
    }
    if _kept(account, wanted, now=now):
        _keep_names(account, {kind: means[kind] for (_, kind), counted in wanted.items() if counted}, now=now)
        hint(required_tenant("usage"))


def _kept(account: PlanAccount, wanted: Mapping[tuple[str, str], Decimal], *, now: datetime) -> bool:
    """Write what has changed; whether something has."""
    known = {(row.month, row.type): row for row in MeterTally.objects.filter(account=account)}
    new = [
        MeterTally(account=account, month=month, type=kind, counted=counted, next_at=now)
        for (month, kind), counted in wanted.items()
        if (month, kind) not in known and counted
    ]
    MeterTally.objects.bulk_create(new)
    changed = [(row, wanted[key]) for key, row in known.items() if key in wanted and row.counted != wanted[key]]
    for row, counted in changed:
        rows = MeterTally.objects.filter(id=row.id)
        rows.update(counted=counted)
        rows.filter(next_at=None).update(next_at=now)
    return bool(new or changed)


def _keep_names(account: PlanAccount, means: Mapping[str, Aggregate], *, now: datetime) -> None:
    """Have the meters, and the account's customer, found at Stripe that have not been yet."""
    tenant = required_tenant("usage")
    StripeMeter.objects.bulk_create(
        (
            StripeMeter(type=kind, event_name=event_name(tenant, kind), formula=FORMULAS[how], look_at=now)
            for kind, how in sorted(means.items())
        ),
        ignore_conflicts=True,
    )
    MeteredCustomer.objects.bulk_create([MeteredCustomer(account=account, next_at=now)], ignore_conflicts=True)


def hint(tenant: UUID) -> None:
    """Have what waits told as soon as this transaction is committed; the sweep finds what is left."""
    transaction.on_commit(partial(_ask, tenant))


def _ask(tenant: UUID) -> None:
    from billing.plans.tasks import tell_meters  # noqa: PLC0415 (the task calls this module)

    tell_workers(tell_meters, tenant, waits=f"usage of {tenant} waits to be told to Stripe")
