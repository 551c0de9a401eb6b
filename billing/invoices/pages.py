"""The pages of invoices: the list, and one with its lines, its sums and how it was booked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.contracts.figures import day_text
from billing.contracts.lists import list_page
from billing.contracts.periods import period_text
from billing.invoices import selectors
from billing.invoices.models import Invoice
from billing.statements.selectors import versions_of
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.calendars import time_zone
from tenants.scope.actors import Actor, Permission


@require_safe
@page(needs=Permission.REPORTS_READ)
def invoices(request: HttpRequest) -> HttpResponse:
    """The invoices a person may read: an end customer's people those of their own company."""
    actor = actor_of(request)
    listed = list_page(request, _readable(actor))
    listed["rows"] = [{"invoice": row, "period": _period(row)} for row in listed["rows"]]
    return render(request, "invoices/list.html", {"is_own": actor.may(Permission.MONEY_READ), **listed})


@require_safe
@page(needs=Permission.REPORTS_READ)
def invoice(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """One invoice or credit note; only the organisation's own people see its contract, statement and booking."""
    actor = actor_of(request)
    row = _readable(actor).filter(id=invoice).first()
    if row is None:
        raise Http404
    context = {
        "invoice": row,
        "period": _period(row),
        "issued": _day(row, "issued_on"),
        "due": _day(row, "due_on"),
        "report": row.statement.reports.values_list("id", flat=True).first(),
        "is_restated": versions_of(row.statement)[-1] != row.statement,
        "is_own": actor.may(Permission.MONEY_READ),
    }
    if context["is_own"]:
        context |= _booking(row)
    return render(request, "invoices/detail.html", context)


def _readable(actor: Actor) -> QuerySet[Invoice]:
    """Who may not read the house reads what is addressed to their company; without one, nothing."""
    found = selectors.invoices()
    if actor.may(Permission.MONEY_READ):
        return found
    return found.none() if actor.customer is None else found.filter(customer_id=actor.customer)


def _booking(row: Invoice) -> dict[str, Any]:
    """The legs of an invoice, what they debit and credit, and both sums."""
    legs = list(selectors.legs_of(row))
    debits = [leg.minor if leg.minor > 0 else None for leg in legs]
    credits_ = [-leg.minor if leg.minor < 0 else None for leg in legs]
    return {
        "legs": list(zip([leg.account for leg in legs], debits, credits_, strict=True)),
        "debit": sum(filter(None, debits)),
        "credit": sum(filter(None, credits_)),
    }


def _period(row: Invoice) -> str:
    period = row.document["period"]
    start, end = (datetime.fromisoformat(period[side]) for side in ("start", "end"))
    return period_text(start, end, time_zone(period["time_zone"]))


def _day(row: Invoice, name: str) -> str:
    return day_text(date.fromisoformat(row.document[name]))
