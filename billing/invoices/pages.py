"""The pages of invoices: the list, and one with its lines, its sums and how it was booked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from billing.contracts.shown import period_shown
from billing.invoices import selectors
from billing.invoices.domain.sums import Amounts
from billing.invoices.domain.tax import tax_of
from billing.invoices.domain.taxes import parts_of
from billing.invoices.einvoice import NotOfferedError, einvoice
from billing.invoices.models import Invoice, InvoiceKind
from billing.invoices.printing import pdf_of
from billing.statements.lists import period_filter
from billing.statements.selectors import versions_of
from tenants.customers.selectors import customer_choices
from tenants.edge.formats import day_shown
from tenants.edge.http import actor_of, filed
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.edge.retelling import retold
from tenants.kernel.calendars import time_zone
from tenants.kernel.money import Money
from tenants.scope.actors import Actor, Permission

_KINDS = [(InvoiceKind.INVOICE.value, _("Invoice")), (InvoiceKind.CREDIT_NOTE.value, _("Credit note"))]


@require_safe
@page(needs=Permission.REPORTS_READ)
def invoices(request: HttpRequest) -> HttpResponse:
    """The invoices a person may read: an end customer's people those of their own company."""
    actor = actor_of(request)
    listed = _listing(actor).page(request, _readable(actor, selectors.invoices_listed()))
    return listed.csv or render(
        request, "invoices/list.html", {"is_own": actor.may(Permission.MONEY_READ), "listing": listed}
    )


def _listing(actor: Actor) -> Listing:
    """The list of invoices; who reads only their company's is not told of other customers by a choice of them."""
    is_own = actor.may(Permission.MONEY_READ)
    customer = Filter("customer", _("Customer"), customer_choices, lambda rows, value: rows.filter(customer=value))
    return Listing(
        name="invoices", caption=_("Invoices"), order="-issued_on",
        search=("number", "contract__title", "customer_named"),
        columns=(
            Column("number", _("Number"), sort="number", kind="whole",
                   link=lambda row: reverse("invoice", args=[actor.slug, row.id])),
            Column("kind", _("Kind"), value=lambda row: InvoiceKind(row.kind).label, is_shown=False),
            Column("period", _("Period"), value=lambda row: _period(row.period)),
            Column("contract__title", _("Contract"), value=lambda row: row.contract.title if row.contract else ""),
            Column("customer_named", _("Customer")),
            Column("issued_on", _("Issued"), sort="issued_on", kind="day"),
            Column("due_on", _("Due"), sort="due_on", kind="day"),
            *(_money(name, label, is_shown=False) for name, label in (("net", _("Net")), ("tax", _("Tax")))),
            _money("gross", _("To be paid"), is_shown=True),
            Column("currency", _("Currency"), is_shown=False),
        ),
        filters=(
            period_filter("begins", None if is_own else actor.customer),
            Filter("kind", _("Kind"), _KINDS, lambda rows, value: rows.filter(kind=value)),
            *((customer,) if is_own else ()),
        ),
    )  # fmt: skip


def _money(name: str, label: Any, *, is_shown: bool) -> Column:
    return Column(
        name, label, kind="money", sort=f"{name}_minor" if is_shown else "", is_shown=is_shown,
        value=lambda row: Money(getattr(row, f"{name}_minor"), row.currency),
    )  # fmt: skip


@require_safe
@page(needs=Permission.REPORTS_READ)
def invoice(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """One invoice or credit note; only the organisation's own people see its contract, statement and booking."""
    actor = actor_of(request)
    row = _readable(actor, selectors.invoices()).filter(id=invoice).first()
    if row is None:
        raise Http404
    notes = list(selectors.credit_notes_of(row.id))
    context = {
        "invoice": row,
        "tax": tax_of(row.document),
        "parts": parts_of(row.document, Amounts(row.net_minor, row.tax_minor)),
        "notes": notes,
        "after_notes": row.gross_minor + sum(note.gross_minor for note in notes),
        "period": _period(row.document["period"]),
        "issued": _day(row, "issued_on"),
        "due": _day(row, "due_on"),
        "basis": row.rests_on,
        **_told_since(row),
        "is_own": actor.may(Permission.MONEY_READ),
    }
    left = row.net_minor + sum(note.net_minor for note in notes)
    context["can_credit"] = actor.may(Permission.MONEY_BILL) and row.kind == InvoiceKind.INVOICE and left > 0
    if context["is_own"]:
        context |= _booking(row)
    return render(request, "invoices/detail.html", context)


@require_safe
@page(needs=Permission.REPORTS_READ)
def invoice_xml(request: HttpRequest, invoice: UUID) -> HttpResponseBase:
    """An invoice as an electronic one."""
    row = _readable(actor_of(request), selectors.invoices()).filter(id=invoice).first()
    if row is None:
        raise Http404
    try:
        data = einvoice(row)
    except NotOfferedError as error:
        messages.error(request, retold(error))
        return redirect("invoice", actor_of(request).slug, row.id)
    return filed(HttpResponse(data, content_type="application/xml"), f"{row.number}.xml")


@require_safe
@page(needs=Permission.REPORTS_READ)
def invoice_file(request: HttpRequest, invoice: UUID) -> HttpResponseBase:
    """An invoice to print, in the language of the page."""
    row = _readable(actor_of(request), selectors.invoices()).filter(id=invoice).first()
    if row is None:
        raise Http404
    return filed(HttpResponse(pdf_of(row), content_type="application/pdf"), f"{row.number}.pdf")


def _readable(actor: Actor, found: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Who may not read the house reads what is addressed to their company; without one, nothing."""
    if actor.may(Permission.MONEY_READ):
        return found
    return found.none() if actor.customer is None else found.filter(customer_id=actor.customer)


def _told_since(row: Invoice) -> dict[str, Any]:
    """The report of what an invoice rests on, and whether that was restated; nothing of both without a statement."""
    basis = row.rests_on
    if basis is None:
        return {"report": None, "is_restated": False}
    return {
        "report": basis.reports.values_list("id", flat=True).first(),
        "is_restated": versions_of(basis)[-1] != basis,
    }


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


def _period(period: dict[str, str]) -> str:
    start, end = (datetime.fromisoformat(period[side]) for side in ("start", "end"))
    return period_shown(start, end, time_zone(period["time_zone"]))


def _day(row: Invoice, name: str) -> str:
    return day_shown(date.fromisoformat(row.document[name]))
