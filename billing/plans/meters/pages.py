"""The page of Stripe's meters, for the operator: whether they are told, and how each stands there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings as installation
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from billing.plans.meters import choosing, selectors
from billing.plans.models import MeterTally, StripeMeter
from billing.plans.operating import operator_page
from billing.plans.selectors import PriceList
from tenants.edge.forms import put_error
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Permission

NEEDS = Permission.ORGANISATION_ADMINISTER
_MOST_TROUBLES = 20
_STATES = {
    "attention": ("warning", gettext_lazy("Needs you")), "waiting": ("queued", gettext_lazy("Waits to be told")),
    "told": ("working", gettext_lazy("Told, not proven yet")), "agrees": ("ok", gettext_lazy("Agrees")),
}  # fmt: skip


class MetersForm(forms.Form):
    """Whether usage is told to Stripe's meters, and what its reports are signed with.

    Args:
        keeps: Whether there is a secret already.
    """

    is_on = forms.BooleanField(
        required=False, label=gettext_lazy("Tell usage to Stripe's meters"),
        help_text=gettext_lazy("It begins with the running month. Turned off, what was told stays at Stripe."),
    )  # fmt: skip
    secret = forms.CharField(
        max_length=255, required=False, label=gettext_lazy("Signing secret of the event destination"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, *args: Any, keeps: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["secret"].help_text = (
            _("A secret is stored, and shown to nobody. Leave this empty to keep it.")
            if keeps
            else _("Stored encrypted, and never shown again. Without it, what Stripe refused is found a day later.")
        )


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page(needs=NEEDS)
def usage_meters(request: HttpRequest) -> HttpResponse:
    """Whether usage is told to Stripe's meters, what is in the way of it, and how each stands there."""
    row = selectors.meter_settings()
    keeps = bool(row and row.sealed_secret)
    form = MetersForm(request.POST or None, keeps=keeps, initial={"is_on": bool(row and row.is_on)})
    if request.method == "POST" and form.is_valid():
        try:
            choosing.change_meters(by=actor_of(request).name, now=utc_now(), **form.cleaned_data)
        except OutturnError as error:
            put_error(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("usage-meters", actor_of(request).slug)
    meters = selectors.meters()
    listed = _listing(meters).page(request, selectors.tallies())
    if listed.csv is not None:
        return listed.csv
    found = [each.finding for each in meters if each.finding is not None]
    found += [each.finding for each in selectors.customers_in_trouble()]
    context = {
        "form": form, "is_on": bool(row and row.is_on), "listing": listed, "findings": found,
        "tallies": selectors.tallies().exclude(finding__isnull=True)[:_MOST_TROUBLES],
        "endpoint": installation.BASE_URL + reverse("stripe-meter-webhook", args=[actor_of(request).tenant]),
    }  # fmt: skip
    return render(request, "plans/meters.html", context, status=400 if form.errors else 200)


@require_POST
@operator_page(needs=NEEDS)
def look_again(request: HttpRequest) -> HttpResponse:
    """Have all that is at Stripe's meters looked at now, and what waits tried."""
    choosing.look_again(now=utc_now())
    messages.success(request, _("Stripe is asked now. What has been mended is told in a moment."))
    return redirect("usage-meters", actor_of(request).slug)


@require_POST
@operator_page(needs=NEEDS)
def take_seen(request: HttpRequest) -> HttpResponse:
    """Let what stands at Stripe of one month and meter hold, and tell the difference."""
    try:
        choosing.take_seen(tally=UUID(request.POST.get("tally", "")), by=actor_of(request).name, now=utc_now())
    except (ValueError, NotFoundError):
        raise Http404 from None
    messages.success(request, _("The difference is told in a moment."))
    return redirect("usage-meters", actor_of(request).slug)


def _listing(meters: Sequence[StripeMeter]) -> Listing:
    """What each account used of each meter by month, beside what was told and what stands at Stripe."""

    def decorate(rows: list[Any]) -> list[Any]:
        names, formulas = PriceList().names(), {each.type: each.formula for each in meters}
        for row in rows:
            row.name = names.get(row.type, row.type)
            row.status, row.word = _STATES[selectors.standing(row, formulas)]
        return rows

    return Listing(
        name="stripe-meters", caption=_("Usage at Stripe's meters"), order="-month",
        search=("account__slug", "type", "month"),
        columns=(
            Column("account__slug", _("Organisation"), sort="account__slug", kind="whole"),
            Column("month", _("Month"), sort="month", kind="whole"),
            Column("name", _("Meter")),
            Column("type", _("Type"), is_shown=False),
            Column("counted", _("Metered"), kind="number", value=_whole("counted")),
            Column("told", _("Told"), kind="number", value=_whole("told")),
            Column("seen", _("At Stripe"), kind="number", value=_whole("seen")),
            Column("looked_at", _("Looked at"), kind="age"),
            Column("status", _("State"), kind="status", word=lambda row: row.word),
        ),
        filters=(
            Filter("trouble", _("State"), [("yes", _("Needs you"))],
                   lambda rows, _value: rows.exclude(finding__isnull=True)),
        ),
        decorate=decorate,
    )  # fmt: skip


def _whole(name: str) -> Any:
    def value(row: MeterTally) -> str | None:
        found = getattr(row, name)
        return None if found is None else str(int(found))

    return value
