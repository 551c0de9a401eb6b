"""The operator's pages of plans and prices: what each plan costs, cost and will cost, and publishing what it shall."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.contracts.periods import month as month_bounds
from billing.plans import selectors, services
from billing.plans.domain.months import following, month_of
from billing.plans.models import PlanPrice
from billing.plans.operating import operator_page
from billing.plans.price_forms import PricesForm
from billing.plans.price_rows import PRESETS, Entered, changed, entered, entered_of
from billing.plans.schemas import PlanPricesDocument
from billing.plans.versions import Version, first_months, in_force, to_come, tried, versions
from billing.plans.wording import in_short, meters_told, terms_told
from tenants.edge.formats import month_shown
from tenants.edge.http import actor_of
from tenants.kernel.calendars import time_zone
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.limits.domain.plans import PLANS
from tenants.scope.actors import Permission
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant

BLANK = {
    "monthly": "", "currency": "EUR", "zone": "organisation", "rounding": "half_even", "tax_percent": "0",
    "payment_days": "14", "grace_hours": "48",
}  # fmt: skip
"""What the form of a plan begins with that has no prices yet."""


@require_safe
@operator_page(needs=Permission.MONEY_READ)
def plan_prices(request: HttpRequest) -> HttpResponse:
    """Every plan with the price in force and those to come."""
    now, actor = utc_now(), actor_of(request)
    rows: dict[str, list[PlanPrice]] = defaultdict(list)
    for row in selectors.prices():
        rows[row.plan].append(row)
    held = selectors.accounts_by_plan()
    plans = []
    for plan in PLANS.values():
        found = versions(rows[plan.key], now)
        holds, coming = in_force(found), to_come(found)
        told = [(each, in_short(each.document)) for each in coming]
        plans.append(
            {
                "plan": plan, "holds": holds, "short": in_short(holds.document) if holds else "", "coming": told,
                "count": len(found), "accounts": held.get(plan.key, 0),
            }
        )  # fmt: skip
    context = {
        "plans": plans, "is_any": any(rows.values()), "zone": _zone().key, "can_bill": actor.may(Permission.MONEY_BILL),
    }  # fmt: skip
    return render(request, "plan_prices/list.html", context)


@require_safe
@operator_page(needs=Permission.MONEY_READ)
def plan_price_history(request: HttpRequest, plan: str) -> HttpResponse:
    """One plan: its price in words, and all versions."""
    found, actor = _versions(plan), actor_of(request)
    holds = in_force(found)
    context = {
        **_named(plan), "holds": holds, "told": _told(holds.document) if holds else None, "versions": found,
        "coming": to_come(found), "accounts": selectors.accounts_by_plan().get(plan, 0),
        "can_bill": actor.may(Permission.MONEY_BILL),
    }  # fmt: skip
    return render(request, "plan_prices/plan.html", context)


@require_safe
@operator_page(needs=Permission.MONEY_READ)
def plan_price(request: HttpRequest, plan: str, version: int) -> HttpResponse:
    """One version in words, with what it was published as."""
    each = _version(_versions(plan), version)
    can_bill = actor_of(request).may(Permission.MONEY_BILL)
    context = {**_named(plan), "each": each, "told": _told(each.document), "can_bill": can_bill}
    return render(request, "plan_prices/version.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page(needs=Permission.MONEY_BILL)
def new_plan_prices(request: HttpRequest, plan: str) -> HttpResponse:
    """Write new prices, see what they come to, and publish them."""
    now, zone, found = utc_now(), _zone(), _versions(plan)
    if request.method != "POST":
        form = PricesForm(_begun(request, found, zone, now), zone=zone, is_bound=False)
        return _shown(request, plan, form)
    given, deed = entered(request.POST.dict(), list(PricesForm.base_fields)), request.POST.get("do", "")
    if deed not in ("preview", "publish"):
        focus = changed(given, deed, request.POST.get("preset", ""))
        return _shown(request, plan, PricesForm(given, zone=zone, is_bound=False, focus=focus))
    form = PricesForm(given, zone=zone, is_bound=True)
    seen: Mapping[str, Any] = {}
    if form.is_valid():
        wanted = {"document": form.document(plan), "valid_from": form.cleaned_data["valid_from"].astimezone(UTC)}
        try:
            if deed == "publish":
                row = services.publish_prices(**wanted, by=actor_of(request).name, now=now)
                messages.success(request, _("Version %(number)s is published.") % {"number": row.version})
                return redirect("plan-price-history", actor_of(request).slug, plan)
            document = services.check_prices(**wanted, now=now)
            seen = {"preview": _preview(document, wanted["valid_from"], form.used(), in_force(found))}
        except OutturnError as error:
            form.refuse(error)
    return _shown(request, plan, form, **seen)


def _shown(request: HttpRequest, plan: str, form: PricesForm, **more: Any) -> HttpResponse:
    known = selectors.PriceList().aggregates()
    context = {
        **_named(plan), "form": form, "faults": form.faults() if form.is_bound else [], "presets": PRESETS,
        "types": sorted({*known, *PRESETS}), **more,
    }  # fmt: skip
    return render(request, "plan_prices/new.html", context, status=400 if form.errors else 200)


def _begun(request: HttpRequest, found: list[Version], zone: ZoneInfo, now: datetime) -> Entered:
    """What the form begins with: a version that was asked for, else the one in force, else the next, else nothing."""
    start, _end = month_bounds(following(month_of(now, zone)), zone)
    asked = request.GET.get("version", "")
    base = next((each for each in found if str(each.row.version) == asked), None)
    base = base or in_force(found) or next(iter(to_come(found)), None)
    if base is not None:
        return entered_of(base.document, start, zone)
    return Entered({**BLANK, "valid_from": f"{start.astimezone(zone):%Y-%m-%dT%H:%M}"})


def _preview(
    document: PlanPricesDocument, valid_from: datetime, used: list[str], holds: Version | None
) -> dict[str, Any]:
    """What is told of prices before they are published: in words, for a month of some usage, and from which month."""
    before = holds.document.terms() if holds else None
    lines = tried(document.terms(), used, before)
    gone = []
    if before is not None:
        kept = {meter.type for meter in document.meters}
        gone = [meter.name for meter in before.meters if meter.type not in kept]
    old = [before.monthly_minor, *(each.before or 0 for each in lines)] if before is not None else []
    zones = selectors.accounts_by_zone(document.plan)
    return {
        "told": _told(document), "valid_from": valid_from, "currency": document.currency,
        "fee": document.monthly_minor, "fee_before": before.monthly_minor if before else None,
        "lines": lines, "gone": gone, "holds": holds,
        "total": document.monthly_minor + sum(each.minor for each in lines),
        "total_before": sum(old) if before is not None else None,
        "months": [
            (month_shown(datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).date()), count, names)
            for month, count, names in first_months(zones, valid_from)
        ],
    }  # fmt: skip


def _told(document: PlanPricesDocument) -> dict[str, Any]:
    return {"terms": terms_told(document), "meters": meters_told(document)}


def _versions(plan: str) -> list[Version]:
    if plan not in PLANS:
        raise Http404
    return versions(selectors.prices().filter(plan=plan), utc_now())


def _version(found: list[Version], number: int) -> Version:
    each = next((each for each in found if each.row.version == number), None)
    if each is None:
        raise Http404
    return each


def _named(plan: str) -> dict[str, Any]:
    return {"plan": plan, "plan_name": selectors.plan_name(plan), "zone": _zone().key}


def _zone() -> ZoneInfo:
    """The operator's own zone, on whose clocks prices begin."""
    name: str = Tenant.objects.values_list("time_zone", flat=True).get(id=required_tenant("prices"))
    return time_zone(name)
