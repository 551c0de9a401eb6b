"""What the operator sees of many accounts at once: the running month, the last bill, and what became of its invoice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import prefetch_related_objects

from billing.payments.domain import Standing
from billing.payments.selectors import standings_of
from billing.plans.closing import Rated, rated_all
from billing.plans.domain.months import month_of
from billing.plans.domain.prices import priced
from billing.plans.models import PlanAccount, PlanBill
from billing.plans.selectors import PriceList, last_bills
from tenants.kernel.calendars import time_zone
from tenants.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Charged:
    """An account as the list shows it.

    Attributes:
        account: It, with the plan it is on now.
        so_far: What the running month comes to, without corrections of earlier ones; None where nothing has prices.
        bill: Its last bill; None before the first.
        standing: What became of that bill's invoice; None without one.
    """

    account: PlanAccount
    so_far: Money | None
    bill: PlanBill | None
    standing: Standing | None


def charged_all(accounts: Sequence[PlanAccount], *, now: datetime) -> list[Charged]:
    """Some accounts in their order; asks the same of the database however many there are."""
    known, bills = PriceList(), last_bills(accounts)
    prefetch_related_objects(list(accounts), "terms")
    months = [(each, month_of(now, time_zone(each.time_zone))) for each in accounts]
    running = rated_all(months, known)
    standings = standings_of([bill.invoice for bill in bills.values() if bill.invoice is not None])
    return [
        Charged(each, _sum(running[each.id]), bill, _standing(bill, standings))
        for each in accounts
        for bill in (bills.get(each.id),)
    ]


def _sum(period: Rated) -> Money | None:
    last = priced(period.held)
    if last is None or last.prices is None:
        return None
    return Money(sum(line.minor for line in period.lines), last.prices.currency)


def _standing(bill: PlanBill | None, standings: dict[UUID, Standing]) -> Standing | None:
    return None if bill is None or bill.invoice_id is None else standings[bill.invoice_id]
