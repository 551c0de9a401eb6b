"""The operator's pages of accounts: who is charged, what for, what was billed, and what keeps a bill waiting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from billing.contracts.periods import month as month_bounds
from billing.contracts.shown import moment_shown, period_shown
from billing.payments.selectors import standings_of
from billing.plans import selectors
from billing.plans.accounts import BY
from billing.plans.charged import Charged, charged_all
from billing.plans.closing import first_month, next_bill
from billing.plans.domain.events import plain
from billing.plans.domain.months import month_of, months_from
from billing.plans.following import hint
from billing.plans.models import PlanAccount, PlanBill
from billing.plans.operating import operator_page
from billing.plans.selectors import PriceList
from billing.plans.sheets import sheet_of
from billing.templatetags.payments import STATES
from tenants.edge.http import actor_of
from tenants.edge.lists import MOST_CHOICES, Column, Filter, Listing, Rows
from tenants.kernel.calendars import time_zone
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError
from tenants.kernel.money import Money
from tenants.limits.domain.plans import PLANS
from tenants.scope.actors import Actor, Permission

READ = Permission.MONEY_READ
NO_INVOICE = ("ok", gettext_lazy("No invoice"))
"""How a bill looks that comes to nought, and its word."""


@require_safe
@operator_page(needs=READ)
def plan_accounts(request: HttpRequest) -> HttpResponse:
    """The organisations that are charged, each with the running month and its last bill."""
    actor, now = actor_of(request), utc_now()
    listing = Listing(
        name="plan-accounts", caption=_("Accounts"), order="slug", search=("slug", "customer__name"),
        columns=(
            Column("name", _("Organisation"), sort="customer__name", value=lambda row: row.account.customer.name,
                   link=lambda row: reverse("plan-account", args=[actor.slug, row.account.id])),
            Column("slug", _("In addresses"), sort="slug", kind="code", value=lambda row: row.account.slug),
            Column("plan", _("Plan"), value=lambda row: _plan(row.account.plan_now)),
            Column("so_far", _("This month so far"), kind="money"),
            Column("bill", _("Last bill"), template="plan_accounts/_bill.html", is_filed=False),
            Column("billed", _("Last bill"), value=lambda row: row.bill.month if row.bill else "", is_shown=False),
            Column("sum", _("Sum"), kind="money", is_shown=False,
                   value=lambda row: Money(row.bill.total_minor, row.bill.currency) if row.bill else None),
            Column("state", _("Invoice"), kind="status", value=lambda row: _look(row, now)[0],
                   word=lambda row: _look(row, now)[1], link=lambda row: _invoice_url(actor, row.bill), is_filed=False),
            Column("standing", _("Invoice"), value=lambda row: _state(row, now), is_shown=False),
            Column("why", _("Waits because"), template="plan_accounts/_why.html",
                   value=lambda row: row.account.why),
        ),
        filters=(
            Filter("plan", _("Plan"), [(each.key, each.name) for each in PLANS.values()],
                   lambda rows, value: rows.filter(plan_now=value)),
            Filter("bill", _("Bill"), [("waits", _("waits")), ("made", _("does not wait"))], _waiting),
        ),
        decorate=lambda rows: _mended(actor, charged_all(rows, now=now)),
    )  # fmt: skip
    listed = listing.page(request, selectors.accounts_listed())
    return listed.csv or render(request, "plan_accounts/list.html", {"listing": listed})


def _waiting(rows: Rows, value: str) -> Rows:
    return rows.exclude(why="") if value == "waits" else rows.filter(why="")


def _mended(actor: Actor, found: list[Charged]) -> list[Charged]:
    for each in found:
        each.account.mend_url = mend_url(actor, each.account)  # type: ignore[attr-defined]
    return found


def mend_url(actor: Actor, account: PlanAccount) -> str:
    """Where it is mended that a bill of an account waits; empty for who may not, and where nothing waits."""
    if not account.why or not actor.may(Permission.MONEY_BILL):
        return ""
    if account.why_place.startswith("legal_entity"):
        return reverse("legal-entities", args=[actor.slug])
    return reverse("customer-billing", args=[actor.slug, account.customer_id])


def _state(row: Charged, now: datetime) -> str:
    """How the invoice of the last bill stands; empty where there is none."""
    invoice = None if row.bill is None else row.bill.invoice
    return row.standing.state(invoice.due_on, now.date()) if invoice is not None and row.standing is not None else ""


def _look(row: Charged, now: datetime) -> tuple[str, Any]:
    """How that looks, and its word; a bill of nought has no invoice."""
    if state := _state(row, now):
        return STATES[state]
    return ("idle", _("No bill yet")) if row.bill is None else NO_INVOICE


def _invoice_url(actor: Actor, bill: PlanBill | None) -> str | None:
    return None if bill is None or bill.invoice_id is None else reverse("invoice", args=[actor.slug, bill.invoice_id])


@require_safe
@operator_page(needs=READ)
def plan_account(request: HttpRequest, account: UUID) -> HttpResponse:
    """One account: its plans, the running month line by line, and its bills."""
    row, actor, now = _account(account), actor_of(request), utc_now()
    zone = time_zone(row.time_zone)
    month = month_of(now, zone)
    sheet = sheet_of(row, now=now)
    listing = Listing(
        name=f"bills-{row.slug}", caption=_("All bills"), order="-month",
        columns=(
            Column("month", _("Month"), sort="month", value=_period,
                   link=lambda bill: reverse("plan-account-bill", args=[actor.slug, row.id, bill.month])),
            Column("sum", _("Sum"), kind="money", value=lambda bill: Money(bill.total_minor, bill.currency)),
            Column("invoice", _("Invoice"), kind="whole",
                   value=lambda bill: bill.invoice.number if bill.invoice else _("none, it comes to nought"),
                   link=lambda bill: _invoice_url(actor, bill)),
            Column("state", _("State"), kind="status", value=lambda bill: bill.look[0],
                   word=lambda bill: bill.look[1]),
            Column("sealed_at", _("Made"), kind="moment"),
        ),
        decorate=lambda bills: _with_states(bills, now),
    )  # fmt: skip
    listed = listing.page(request, selectors.bills_of(row).defer("document", "invoice__document"))
    if listed.csv is not None:
        return listed.csv
    start, end = month_bounds(month, zone)
    context = {
        "account": row, "plan_name": _plan(row.plan_now), "mend_url": mend_url(actor, row), "terms": _terms(row),  # type: ignore[attr-defined]
        "sheet": sheet, "month": month, "period": period_shown(start, end, zone), "listing": listed,
        "waits": told_waiting(row, now), "can_bill": actor.may(Permission.MONEY_BILL),
    }  # fmt: skip
    return render(request, "plan_accounts/account.html", context)


def _with_states(bills: list[PlanBill], now: datetime) -> list[PlanBill]:
    """Bills that tell how their invoices look, in a word."""
    standings = standings_of([bill.invoice for bill in bills if bill.invoice is not None])
    for bill in bills:
        invoice = bill.invoice
        look = NO_INVOICE if invoice is None else STATES[standings[invoice.id].state(invoice.due_on, now.date())]
        bill.look = look  # type: ignore[attr-defined]
    return bills


def told_waiting(account: PlanAccount, now: datetime) -> str:
    """That a month is over and has no bill yet, and when it gets one; empty where there is none."""
    period, _terms_of_it, due = next_bill(account, PriceList())
    if period.end > now:
        return ""
    zone = time_zone(account.time_zone)
    told = {"month": period_shown(period.start, period.end, zone), "due": f"{moment_shown(due, zone)} ({zone.key})"}
    if due > now:
        return _("%(month)s is over. Its bill is made on %(due)s, with what comes in until then.") % told
    return _("%(month)s is over, and its bill is due since %(due)s: it is made within a quarter of an hour.") % told


def _terms(account: PlanAccount) -> list[dict[str, Any]]:
    """The plans an account was on, the latest first, each until the next began."""
    rows = list(account.terms.all())
    ends = [*(row.since for row in rows[1:]), None]
    found = [
        {"name": _plan(row.plan), "key": row.plan, "since": row.since, "until": until, "is_now": until is None}
        for row, until in zip(rows, ends, strict=True)
    ]
    return found[::-1]


@require_safe
@operator_page(needs=READ)
def plan_account_bill(request: HttpRequest, account: UUID, month: str) -> HttpResponse:
    """The bill of a month, line by line, with what each line rests on or corrects."""
    row, actor = _account(account), actor_of(request)
    bill = selectors.bill_of(row, month)
    if bill is None:
        raise Http404
    usage = reverse("plan-account-usage", args=[actor.slug, row.id])
    look = _with_states([bill], utc_now())[0].look  # type: ignore[attr-defined]
    context = {
        "account": row, "bill": bill, "period": _period(bill), "look": look,
        "usage_url": f"{usage}?{urlencode({'month': month})}",
        "lines": [_line(line, bill, row, actor, usage) for line in bill.document["lines"]],
        "prices": [{**each, "name": selectors.plan_name(each["plan"])} for each in bill.document["prices"]],
    }  # fmt: skip
    return render(request, "plan_accounts/bill.html", context)


def _line(line: Mapping[str, Any], bill: PlanBill, account: PlanAccount, actor: Actor, usage: str) -> dict[str, Any]:
    """A line of a bill with where it leads: the usage it counts, and the bill of the month it corrects."""
    month, key = bill.month, line["clause"]
    if line["kind"] == "adjustment":
        _kind, month, key = line["clause"].split("/", 2)
    kind = key.removeprefix("meter/") if key.startswith("meter/") else ""
    corrects = month if month != bill.month else ""
    return {
        "text": line["text"], "minor": line["minor"], "corrects": corrects,
        "corrects_url": reverse("plan-account-bill", args=[actor.slug, account.id, month]) if corrects else "",
        "usage_url": f"{usage}?{urlencode({'month': month, 'type': kind})}" if kind else "",
    }  # fmt: skip


@require_safe
@operator_page(needs=READ)
def plan_account_usage(request: HttpRequest, account: UUID) -> HttpResponse:
    """The usage events of an account, by month and meter, the newest first."""
    row, now = _account(account), utc_now()
    zone, names = time_zone(row.time_zone), PriceList().names()
    listing = Listing(
        name=f"usage-{row.slug}", caption=_("Usage events"), order="-at",
        columns=(
            Column("at", _("When"), sort="at", kind="moment"),
            Column("type", _("Type"), value=lambda event: names.get(event.type, event.type)),
            Column("amount", _("Amount"), kind="number",
                   value=lambda event: None if event.value is None else Decimal(plain(event.value))),
            Column("item", _("Which, or which day")),
            Column("source", _("Source"), kind="code", is_shown=False),
            Column("event_id", _("Id"), is_shown=False),
            Column("received_at", _("Came in"), kind="moment"),
            Column("received_by", _("From"),
                   value=lambda event: _("the platform") if event.received_by == BY else event.received_by),
        ),
        filters=(
            Filter("month", _("Month"), lambda: _months(row, zone, now), partial(_of_month, zone)),
            Filter("type", _("Meter"), sorted(names.items(), key=lambda each: each[1]),
                   lambda rows, value: rows.filter(type=value)),
        ),
    )  # fmt: skip
    listed = listing.page(request, selectors.events().filter(account=row))
    return listed.csv or render(request, "plan_accounts/usage.html", {"account": row, "listing": listed})


def _months(account: PlanAccount, zone: ZoneInfo, now: datetime) -> list[tuple[str, str]]:
    """The months of an account so far, the latest first."""
    last, found = month_of(now, zone), []
    for month in months_from(first_month(account)):
        found.append((month, period_shown(*month_bounds(month, zone), zone)))
        if month >= last:
            return found[::-1][:MOST_CHOICES]
    return found


def _of_month(zone: ZoneInfo, rows: Rows, month: str) -> Rows:
    start, end = month_bounds(month, zone)
    return rows.filter(at__gte=start, at__lt=end)


@require_POST
@operator_page(needs=Permission.MONEY_BILL)
def plan_account_follow(request: HttpRequest, account: UUID) -> HttpResponse:
    """Have an account looked at now: what was counted is taken, and a bill that waits is tried again."""
    row, actor = _account(account), actor_of(request)
    hint(row.organisation)
    messages.success(request, _("It is being looked at. The bill is here in a moment, or why it still waits."))
    return redirect("plan-account", actor.slug, row.id)


def _account(account: UUID) -> PlanAccount:
    try:
        return selectors.account(account)
    except NotFoundError:
        raise Http404 from None


def _plan(key: str) -> str:
    return selectors.plan_name(key) if key else _("none: the organisation is gone")


def _period(bill: PlanBill) -> str:
    return period_shown(bill.period_start, bill.period_end, time_zone(bill.account.time_zone))
