"""The page of the plan and what is used of it, and the one on which the plan is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.limits import registry, selectors, services
from tenants.limits.domain.amounts import shown
from tenants.limits.domain.plans import PLANS, SHARED, Feature, Kind, Meter, Plan
from tenants.limits.domain.standing import Standing
from tenants.limits.schemas import Comparison, History
from tenants.scope.actors import Permission

_WIDTH, _HEIGHT = 160, 32
_WAYS = {
    Kind.COUNT: gettext_lazy("When one is removed"),
    Kind.LEVEL: gettext_lazy("When data is erased"),
    Kind.RATE: gettext_lazy("Within seconds"),
}


class ShareForm(forms.Form):
    """How much of a limit an end customer may use up."""

    customer = forms.ChoiceField(label=gettext_lazy("Customer"))
    meter = forms.ChoiceField(
        label=gettext_lazy("Limit"), choices=[(meter.value, meter.label) for meter in SHARED],
    )  # fmt: skip
    value = forms.IntegerField(
        label=gettext_lazy("Share"), required=False, min_value=0, max_value=services.MOST,
        help_text=gettext_lazy("Leave it empty to let the customer use the whole."),
    )  # fmt: skip

    def __init__(self, *args: Any, customers: Mapping[Any, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["customer"].choices = [(str(key), name) for key, name in customers.items()]  # type: ignore[attr-defined]


class PlanForm(forms.Form):
    """The plan that is wanted."""

    plan = forms.CharField(max_length=40)


class Row(NamedTuple):
    """One limit as the page shows it."""

    meter: Meter
    customer: str
    used: str
    limit: str
    percent: int | None
    state: str
    resets_at: datetime | None
    way: Any


class Line(NamedTuple):
    """One metered limit's last days as the page shows them: a line, and a table of the same numbers."""

    label: str
    points: str
    today: str
    most: str
    days: Sequence[tuple[Any, str]]


@require_safe
@page(needs=Permission.ORGANISATION_READ)
def usage(request: HttpRequest) -> HttpResponse:
    """What is used of each limit, by whom, on which days."""
    return _usage(request)


@require_POST
@page(needs=Permission.ORGANISATION_BILL)
def share(request: HttpRequest) -> HttpResponse:
    """Give an end customer a share of a limit."""
    form = ShareForm(request.POST, customers=registry.customers())
    if not form.is_valid():
        return _usage(request, form, status=400)
    actor, wanted = actor_of(request), form.cleaned_data
    try:
        services.set_share(
            customer=UUID(wanted["customer"]),
            meter=wanted["meter"],
            value=wanted["value"],
            by=actor.name,
            now=utc_now(),
        )
    except OutturnError as error:
        form.add_error(None, error.told)
        return _usage(request, form, status=error.status)
    messages.success(request, _("The share is changed; it holds from now on."))
    return redirect("usage", actor.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ORGANISATION_BILL)
def plans(request: HttpRequest) -> HttpResponse:
    """The plans side by side, and what a change would take away."""
    actor, now, refused = actor_of(request), utc_now(), None
    form = PlanForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.change_plan(plan=form.cleaned_data["plan"], by=actor.name, now=now)
        except OutturnError as error:
            refused = error
        else:
            messages.success(request, _("You are on the plan %(name)s from now on.") % {"name": changed.name})
            return redirect("usage", actor.slug)
    status = refused.status if refused else 400 if form.is_bound else 200
    columns = [_column(one) for one in selectors.comparisons(now=now)]
    context = {"columns": columns, "rows": _rows_of_plans(), "refused": refused}
    return render(request, "limits/plans.html", context, status=status)


def _usage(request: HttpRequest, form: ShareForm | None = None, status: int = 200) -> HttpResponse:
    held = selectors.usage(now=utc_now())
    form = form or ShareForm(customers=held.customers)
    context = {
        "plan": held.allowance.plan,
        "zone": held.allowance.zone,
        "features": sorted(each.label for each in held.allowance.plan.features),
        "burst": f"{held.allowance.plan.burst:,}",
        "rows": [_row(one) for one in held.whole],
        "raised": [(meter.label, until) for meter, until in held.allowance.raised_until.items()],
        "shares": [_row(one) for one in held.shares],
        "history": [_line(one) for one in held.history],
        "form": form,
        "has_customers": bool(held.customers),
        "can_change": actor_of(request).may(Permission.ORGANISATION_BILL),
        "raised_by": next(one.raised_by for one in held.whole),
    }
    return render(request, "limits/usage.html", context, status=status)


def _row(one: Standing) -> Row:
    is_rate = one.meter.kind is Kind.RATE
    return Row(
        meter=one.meter,
        customer=one.customer_name,
        used="" if is_rate else shown(one.meter, one.used_units),
        limit=_("No limit") if one.limit is None else shown(one.meter, one.limit),
        percent=None if is_rate or one.percent is None else min(one.percent, 100),
        state=one.state.value,
        resets_at=one.resets_at,
        way=_WAYS.get(one.meter.kind, ""),
    )


def _line(one: History) -> Line:
    most = max(one.amounts)
    step = _WIDTH / max(1, len(one.amounts) - 1)
    points = " ".join(
        f"{number * step:.1f},{_HEIGHT - 2 - (_HEIGHT - 4) * used / max(most, 1):.1f}"
        for number, used in enumerate(one.amounts)
    )
    days = [
        (day, shown(one.meter, used)) for day, used in zip(one.days, one.amounts, strict=True) if used
    ]  # days on which nothing was used would only make the table long
    label = _("Job minutes per day") if one.meter is Meter.JOB_MINUTES else one.meter.label
    return Line(label, points, shown(one.meter, one.amounts[-1]), shown(one.meter, most), days[::-1])


class Column(NamedTuple):
    """One plan as the comparison shows it."""

    plan: Plan
    is_current: bool
    can_be_chosen: bool
    findings: Sequence[Any]
    lost: Sequence[str]


def _column(one: Comparison) -> Column:
    return Column(
        plan=one.plan,
        is_current=one.is_current,
        can_be_chosen=one.plan.is_open and not one.is_current and not one.shortfalls,
        findings=[services.finding_of(each) for each in one.shortfalls],
        lost=[each.label for each in one.lost],
    )


def _rows_of_plans() -> list[tuple[str, list[str]]]:
    """What each plan has, a row for each limit and feature."""
    every = list(PLANS.values())
    rows = [
        (
            meter.label,
            [_("No limit") if (limit := plan.limits[meter]) is None else shown(meter, limit) for plan in every],
        )
        for meter in Meter
    ]
    rows.append((_("Readings that may come at once"), [f"{plan.burst:,}" for plan in every]))
    rows.append((_("Readings are kept"), [_("%(days)s days") % {"days": f"{plan.retention_days:,}"} for plan in every]))
    rows += [(each.label, [_("Yes") if each in plan.features else "–" for plan in every]) for each in Feature]
    return rows
