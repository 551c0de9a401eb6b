"""The page of what the platform charges an organisation: the running month, live, and its invoices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.contracts.periods import period_text
from billing.invoices.domain.sums import Amounts
from billing.invoices.domain.taxes import parts_of
from billing.invoices.einvoice import offered
from billing.invoices.printing import invoice_pdf
from billing.plans import selectors
from billing.plans.following import hint
from billing.plans.models import PlanInvoice, PlanSheet
from tenants.edge.formats import short_day_shown
from tenants.edge.http import actor_of, filed
from tenants.edge.permissions import page
from tenants.edge.printing import Letterhead
from tenants.kernel.calendars import time_zone
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission

FRESH = timedelta(seconds=60)
"""How old a sheet may be before looking at it has it reckoned anew."""
_WIDTH, _HEIGHT, _GAP = 320.0, 64.0, 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of a chart, in its units of length."""

    x: str
    y: str
    width: str
    height: str


@require_safe
@page(needs=Permission.ORGANISATION_BILL)
def fees(request: HttpRequest) -> HttpResponse:
    """The running month so far; the page asks for itself again every few seconds."""
    found, now = selectors.sheet(), utc_now()
    if found is not None and now - found.as_of > FRESH:
        hint(actor_of(request).tenant)
    context = {"as_of": found.as_of if found else None, "sheet": _sheet(found), "invoices": selectors.invoices_seen()}
    return render(request, "plans/fees.html", context)


@require_safe
@page(needs=Permission.ORGANISATION_BILL)
def plan_invoice(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """One invoice of the platform, line by line."""
    row = _invoice(invoice)
    period = row.document["period"]
    start, end = (datetime.fromisoformat(period[side]) for side in ("start", "end"))
    context = {
        "invoice": row,
        "parts": parts_of(row.document, Amounts(row.document["net_minor"], row.document["tax_minor"])),
        "period": period_text(start, end, time_zone(period["time_zone"])),
        "has_xml": offered(row.document) is not None,
    }
    return render(request, "plans/invoice.html", context)


@require_safe
@page(needs=Permission.ORGANISATION_BILL)
def plan_invoice_xml(request: HttpRequest, invoice: UUID) -> HttpResponseBase:
    """An invoice of the platform as an electronic one, where it meets the rules."""
    row = _invoice(invoice)
    data = offered(row.document)
    if data is None:
        raise Http404
    return filed(HttpResponse(data, content_type="application/xml"), f"{row.number}.xml")


@require_safe
@page(needs=Permission.ORGANISATION_BILL)
def plan_invoice_file(request: HttpRequest, invoice: UUID) -> HttpResponseBase:
    """An invoice of the platform to print."""
    row = _invoice(invoice)
    seller = row.document.get("seller", row.document["parties"])
    letter = Letterhead(name=seller.get("name") or seller["provider"])
    data = invoice_pdf(row.document, about=row.document["contract"], letter=letter, is_bill=True)
    return filed(HttpResponse(data, content_type="application/pdf"), f"{row.number}.pdf")


def _invoice(invoice: UUID) -> PlanInvoice:
    try:
        return selectors.invoice_seen(invoice)
    except selectors.PlanInvoiceNotFoundError:
        raise Http404 from None


def _sheet(row: PlanSheet | None) -> dict[str, Any] | None:
    """A sheet as the page shows it: with the period in words, and the bars of each meter."""
    if row is None:
        return None
    period = row.document["period"]
    zone = time_zone(period["time_zone"])
    start, end = (datetime.fromisoformat(period[side]) for side in ("start", "end"))
    first, after = start.astimezone(zone).date(), end.astimezone(zone).date()
    meters = [
        each | {"bars": _bars(each["days"], first, (after - first).days), "most": _most(each["days"])}
        for each in row.document["meters"]
    ]
    return {
        **row.document, "meters": meters, "period_text": period_text(start, end, zone), "zone": zone.key,
        "first": short_day_shown(first), "last": short_day_shown(after - timedelta(days=1)),
    }  # fmt: skip


def _amount(day: Mapping[str, str]) -> float:
    return float(day["used"].replace(",", ""))


def _most(days: Sequence[Mapping[str, str]]) -> str:
    """The largest amount of a day, as it is written; empty where nothing was counted."""
    return max(days, key=_amount)["used"] if days else ""


def _bars(days: Sequence[Mapping[str, str]], first: date, count: int) -> list[Bar]:
    """A bar for each day on which something was used, to the scale of the largest; none where all is nought."""
    amounts = {date.fromisoformat(each["day"]): _amount(each) for each in days}
    most, step = max(amounts.values(), default=0.0), _WIDTH / count
    return [
        _bar((day - first).days * step, step - _GAP, _HEIGHT * amount / most)
        for day, amount in sorted(amounts.items())
        if amount > 0
    ]


def _bar(x: float, width: float, height: float) -> Bar:
    tall = max(height, 1.0)
    return Bar(f"{x + _GAP / 2:.1f}", f"{_HEIGHT - tall:.1f}", f"{width:.1f}", f"{tall:.1f}")
