"""The operator's side of an organisation: its account, the plans it is on, and events of what the platform counted.

An event of a counter begins where the last one ended, and that place is its id: made again, by a second process or
after a crash, it is the same event and is not taken twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from billing.plans.domain.events import BACK, Usage
from billing.plans.models import PlanAccount, PlanTerm
from billing.plans.schemas import OWN_SOURCES, Counted
from billing.plans.selectors import PriceList, account_of, emitted, operator
from billing.plans.services import keep_events
from tenants.customers.selectors import customers
from tenants.customers.services import create_customer
from tenants.limits.domain.windows import day_begins, local_day
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant

BY = "plans"
"""Who does what the platform does by itself."""
_TICK = timedelta(microseconds=1)
_LONGEST_NAME = 120


def keep_account(told: Counted) -> PlanAccount | None:
    """The account of an organisation, opened when it is first on a plan with prices; None while it never was."""
    if told.tenant == operator():
        return None
    row = account_of(told.tenant) or _opened(told)
    if row is not None:
        _keep_terms(row, told)
        if row.slug != told.slug:
            PlanAccount.objects.filter(id=row.id).update(slug=told.slug)
            row.slug = told.slug
    return row


def _opened(told: Counted) -> PlanAccount | None:
    prices = PriceList()
    price = prices.at(told.plan, told.at)
    if price is None:
        return None
    seller = Tenant.objects.get(id=required_tenant("an account"))
    zone = seller.time_zone if prices.document(price).zone == "operator" else told.time_zone
    today = local_day(told.at, told.time_zone)
    baseline = {kind: amount for (kind, day), amount in told.days.items() if day == today}
    with transaction.atomic():
        # The operator's own limit is of its twins' customers: it must not keep an organisation from being charged.
        customer = create_customer(name=_free_name(told), now=told.at, is_limited=False)
        row = PlanAccount.objects.create(
            organisation=told.tenant, slug=told.slug, customer=customer, time_zone=zone, since=told.at,
            baseline=baseline, looked_at=told.at,
        )  # fmt: skip
        PlanTerm.objects.create(account=row, plan=told.plan, since=told.at)
        record_audit(
            action="fee.account_opened", subject=f"plan-account/{row.id}", by=BY, now=told.at,
            details={"organisation": str(told.tenant), "plan": told.plan},
        )  # fmt: skip
    return row


def _free_name(told: Counted) -> str:
    """What the customer is called: as the organisation is, with its address or id where another is called so."""
    name = told.name.strip()[:_LONGEST_NAME] or told.slug
    mine = (f"{name[: _LONGEST_NAME - len(each) - 3]} ({each})" for each in (told.slug, str(told.tenant)))
    return next(each for each in (name, *mine) if not customers().filter(name=each).exists())


def _keep_terms(row: PlanAccount, told: Counted) -> None:
    """Write the plans that were taken since; one that nobody has noted counts from when it was seen."""
    taken = [PlanTerm(account=row, plan=plan, since=at) for plan, at in told.taken if at > row.since]
    PlanTerm.objects.bulk_create(taken, ignore_conflicts=True)
    last = row.terms.order_by("since", "id").last()
    if last is None or (last.plan != told.plan and last.since < told.at):
        PlanTerm.objects.create(account=row, plan=told.plan, since=told.at)


def end_account(row: PlanAccount, *, now: datetime) -> None:
    """Let an organisation that is gone be on no plan from now on."""
    last = row.terms.order_by("since", "id").last()
    if last is None or last.plan:
        PlanTerm.objects.create(account=row, plan="", since=now)


def emit(row: PlanAccount, told: Counted, *, now: datetime) -> int:
    """Write the events of what the platform has counted; how many were new. Done again it writes none."""
    known = set(PriceList().aggregates())
    wanted = [usage for usage in _events(row, told) if usage.type in known and usage.at >= now - BACK]
    kinds = keep_events([(row, usage) for usage in wanted], by=BY, now=now)
    return kinds.count("accepted")


def _events(row: PlanAccount, told: Counted) -> Iterator[Usage]:
    source, subject = source_of(row), str(told.tenant)
    begun = local_day(row.since, told.time_zone)
    before = emitted(row, source, told.at - BACK)
    for (kind, day), amount in sorted(told.days.items()):
        named = day.isoformat()
        start = before.get((kind, named), 0) + (row.baseline.get(kind, 0) if day == begun else 0)
        if day >= begun and amount > start:
            at = _within(day, row, told)
            yield Usage(source, f"{kind}/{named}/{start}", kind, subject, at, Decimal(amount - int(start)), named)
    today = local_day(told.at, told.time_zone)
    for kind, level in sorted(told.levels.items()):
        named = today.isoformat()
        yield Usage(source, f"{kind}/{named}/{level}", kind, subject, _within(today, row, told), Decimal(level), named)
    for kind, name, at in told.deeds:
        if at >= row.since:
            yield Usage(source, f"{kind}/{name}", kind, subject, at, Decimal(1), name)


def _within(day: date, row: PlanAccount, told: Counted) -> datetime:
    """When what was counted on a day was used: until now, or before the day ended; never before the account began."""
    end = day_begins(day + timedelta(days=1), told.time_zone) - _TICK
    return max(row.since, min(told.at, end))


def source_of(row: PlanAccount) -> str:
    """What the platform's own events of an organisation name as their source."""
    return f"{OWN_SOURCES}{row.organisation}"
