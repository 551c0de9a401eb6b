"""The pages of contracts: the list, a new one from the template, and one with its text and versions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.contracts import selectors, services
from billing.contracts.models import Contract
from billing.contracts.offers import draft_replaces, replaced_by, standings
from billing.contracts.templates import PowerByTheHour
from billing.contracts.wording import describe
from tenants.customers.selectors import customer_choices, customers
from tenants.customers.services import create_customer
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.calendars import parse_duration
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.actors import Permission
from twins.catalog.selectors import template, templates
from twins.composer.selectors import STATES, in_state, twin_choices, twins

NEW = ""
_DAY_MS = 86_400_000


class PercentField(forms.DecimalField):
    """A percentage from 0 to 100, the unit shown in the field."""

    unit = "%"

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=100, max_digits=7, decimal_places=4, **options)


class DaysField(forms.IntegerField):
    """A number of days, the unit shown in the field."""

    unit = "days"


class ContractForm(forms.Form):
    """The figures of a contract from the template "Power by the hour"."""

    title = forms.CharField(max_length=120, initial="Power by the hour", help_text="As both sides call it.")
    customer = forms.ChoiceField(required=False, help_text="Who receives the guarantee.")
    new_customer = forms.CharField(
        max_length=120, required=False, label="Name of the new customer", help_text="When they are not in the list yet."
    )
    twin = forms.ChoiceField(help_text="The published twin whose assets it is about.")
    effective_from = forms.DateField(
        label="Holds from", widget=forms.DateInput(attrs={"type": "date"}), help_text="The first day, in its time zone."
    )
    currency = forms.CharField(max_length=3, initial="EUR", help_text="Three letters, as in ISO 4217.")
    time_zone = forms.CharField(max_length=64, initial="UTC", help_text="Whose midnights begin and end a month.")
    fee_per_hour = forms.DecimalField(
        min_value=Decimal("0.0001"), max_digits=12, decimal_places=4, label="Fee per flight hour",
        help_text="In the currency above, for each hour that the counters of the assets show.",
    )  # fmt: skip
    guarantee = PercentField(initial=97, label="Guaranteed availability", help_text="Per month.")
    credit = PercentField(initial=5, label="Credit below the guarantee", help_text="Percent of the month's fee.")
    second = PercentField(required=False, initial=95, label="Second threshold")
    second_credit = PercentField(required=False, initial=10, label="Credit below it")
    third = PercentField(required=False, initial=90, label="Third threshold")
    third_credit = PercentField(required=False, initial=25, label="Credit below it")
    allowance_days = DaysField(
        min_value=0, max_value=366, initial=5, label="Allowance for planned visits",
        help_text="How much of each asset's month planned visits may take without counting.",
    )  # fmt: skip
    tax_percent = PercentField(initial=0, label="Tax", help_text="Added to the sum of each invoice.")
    payment_days = DaysField(min_value=0, max_value=365, initial=30, help_text="From the day of the invoice.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(str(each.id), each.name) for each in customers()]
        self.fields["customer"].choices = [*known, (NEW, "A new customer")]  # type: ignore[attr-defined]
        self.fields["customer"].initial = known[0][0] if known else NEW
        published = twins().filter(published__gt=0)
        self.fields["twin"].choices = [(str(each.id), each.name) for each in published]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a form without a customer, or with half of a tier."""
        values: dict[str, Any] = super().clean() or {}
        if not values.get("customer") and not values.get("new_customer"):
            self.add_error("new_customer", "Choose a customer, or name a new one.")
        for name in ("second", "third"):
            if (values.get(name) is None) != (values.get(f"{name}_credit") is None):
                self.add_error(name, "Give a threshold and a credit, or neither.")
        return values


@require_safe
@page(needs=Permission.CONTRACTS_READ)
def contracts(request: HttpRequest) -> HttpResponse:
    """The contracts of the organisation."""
    actor = actor_of(request)
    listed = _listing(actor.slug).page(request, selectors.contracts().defer("draft", "twin__draft"))
    context = {"listing": listed, "can_edit": actor.may(Permission.CONTRACTS_EDIT)}
    return listed.csv or render(request, "contracts/list.html", context)


def _listing(slug: str) -> Listing:
    return Listing(
        name="contracts", caption=_("Contracts"), order="title", search=("title", "customer__name", "twin__name"),
        columns=(
            Column("title", _("Title"), sort="title", link=lambda row: reverse("contract", args=[slug, row.slug])),
            Column("customer__name", _("Customer")),
            Column("twin__name", _("Twin")),
            Column("state", _("State"), value=lambda row: "published" if row.published else "draft",
                   template="contracts/_state.html"),
            Column("published", _("Version"), value=lambda row: row.published or None, is_shown=False),
            Column("updated_at", _("Changed"), sort="updated_at", kind="age"),
        ),
        filters=(
            Filter("state", _("State"), STATES, in_state),
            Filter("customer", _("Customer"), customer_choices, lambda rows, value: rows.filter(customer=value)),
            Filter("twin", _("Twin"), twin_choices, lambda rows, value: rows.filter(twin=value)),
        ),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.CONTRACTS_EDIT)
def new_contract(request: HttpRequest) -> HttpResponse:
    """A new contract from figures of power by the hour, the organisation's own with `?template`; opens as a draft."""
    chosen = template("contract", request.GET.get("template", ""))
    figures: dict[str, Any] = chosen.document if chosen else {}
    form = ContractForm(request.POST or None, initial=initial_from(figures))
    if request.method == "POST" and form.is_valid():
        try:
            made = _create(figures, form.cleaned_data, by=actor_of(request).name)
            return redirect("contract", actor_of(request).slug, made.slug)
        except OutturnError as error:
            for finding in error.findings:
                form.add_error(None, f"{finding.place}: {finding.message} {finding.fix}")
            if not error.findings:
                form.add_error(None, error.told)
    context = {"form": form, "templates": templates("contract"), "chosen": chosen}
    return render(request, "contracts/new.html", context, status=400 if form.errors else 200)


@require_safe
@page(needs=Permission.CONTRACTS_READ)
def contract(request: HttpRequest, contract: str) -> HttpResponse:
    """One contract: its text, its figures, its versions."""
    row, actor = contract_named(contract), actor_of(request)
    told = standings(row.id, utc_now())
    versions = [one.row for one in told]
    is_draft = row.revision != row.published_revision
    agreement = selectors.draft_of(row) if is_draft or not versions else selectors.agreement_of(versions[0])
    context = {
        "contract": row,
        "agreement": agreement,
        "sentences": describe(agreement),
        "standings": told,
        "replaces": draft_replaces(row) if is_draft else None,
        "is_draft": is_draft,
        "can_publish": is_draft and actor.may(Permission.CONTRACTS_PUBLISH),
        "can_delete": not versions and actor.may(Permission.CONTRACTS_EDIT),
    }
    return render(request, "contracts/detail.html", context)


@require_POST
@page(needs=Permission.CONTRACTS_PUBLISH)
def publish(request: HttpRequest, contract: str) -> HttpResponse:
    """Publish the draft that the person has read."""
    row, actor = contract_named(contract), actor_of(request)
    seen = request.POST.get("revision", "")
    try:
        revision = int(seen) if seen.isdecimal() and len(seen) < 10 else -1
        version = services.publish_contract(contract=row.id, revision=revision, by=actor.name, now=utc_now())
        done = f"Version {version.version} is published. It is in the log and never changes."
        messages.success(request, " ".join(filter(None, (done, replaced_by(version)))))
        if version.needs_acceptance:
            messages.info(request, "It waits for the customer, who reads and accepts it in their portal.")
    except OutturnError as error:
        messages.error(request, error.told)
    return redirect("contract", actor.slug, row.slug)


@require_POST
@page(needs=Permission.CONTRACTS_EDIT)
def delete(request: HttpRequest, contract: str) -> HttpResponse:
    """Delete a contract that was never published."""
    row, actor = contract_named(contract), actor_of(request)
    try:
        services.delete_contract(contract=row.id, by=actor.name, now=utc_now())
        messages.success(request, f"The draft {row.title} lies in the trash for 30 days.")
    except OutturnError as error:
        messages.error(request, error.told)
        return redirect("contract", actor.slug, row.slug)
    return redirect("contracts", actor.slug)


def contract_named(slug: str) -> Contract:
    """The contract of that name in addresses.

    Raises:
        Http404: There is none.
    """
    found = selectors.contract_by_slug(slug)
    if found is None:
        raise Http404
    return found


def initial_from(figures: Mapping[str, Any]) -> dict[str, Any]:
    """What the form begins with when a template gives figures."""
    same = ("title", "currency", "time_zone", "fee_per_hour", "tax_percent", "payment_days")
    initial = {name: figures[name] for name in same if name in figures}
    pairs = (("guarantee", "credit"), ("second", "second_credit"), ("third", "third_credit"))
    tiers = sorted(figures.get("tiers", ()), key=lambda tier: Decimal(tier["below"]), reverse=True)
    if tiers:
        initial |= {name: None for pair in pairs for name in pair}
    for (below, credit), tier in zip(pairs, tiers, strict=False):
        initial |= {below: tier["below"], credit: tier["credit"]}
    if "planned_allowance" in figures:
        initial["allowance_days"] = parse_duration(figures["planned_allowance"]) // _DAY_MS
    return initial


def _create(figures: Mapping[str, Any], values: dict[str, Any], *, by: str) -> Contract:
    now, customer = utc_now(), values["customer"]
    if not customer:
        customer = str(create_customer(name=values["new_customer"], now=now).id)
    pairs = [("guarantee", "credit"), ("second", "second_credit"), ("third", "third_credit")]
    tiers = [
        {"below": _text(values[below]), "credit": _text(values[credit])}
        for below, credit in pairs
        if values[below] is not None
    ]
    start: date = values["effective_from"]
    parameters = PowerByTheHour.read(
        {
            **figures,
            "title": values["title"],
            "customer": customer,
            "twin": values["twin"],
            "effective": {"from": start.isoformat(), "to": None},
            "currency": values["currency"].upper(),
            "time_zone": values["time_zone"],
            "fee_per_hour": _text(values["fee_per_hour"]),
            "tiers": tiers,
            "planned_allowance": f"P{values['allowance_days']}D",
            "tax_percent": _text(values["tax_percent"]),
            "payment_days": values["payment_days"],
        }
    )
    return services.create_power_by_the_hour(parameters=parameters, by=by, now=now)


def _text(value: Decimal) -> str:
    return format(value.normalize(), "f")
