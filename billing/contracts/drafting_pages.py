"""The pages on which contracts are written: a new one from a template, and the editor of a draft."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.contracts import drafting
from billing.contracts.library.bases import Misfit
from billing.contracts.library.own import PREFIX
from billing.contracts.library.templates import ContractTemplate
from billing.contracts.library.told import KnownAsset
from billing.contracts.models import Contract
from billing.contracts.pages import contract_named
from tenants.customers.selectors import customers
from tenants.customers.services import create_customer
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import Finding, OutturnError
from tenants.kernel.money import digits_by_currency
from tenants.scope.actors import Permission
from twins.composer.selectors import twins

NEW = ""


class BeginForm(forms.Form):
    """What only people know of a contract that a template begins: who, when and for how much."""

    title = forms.CharField(max_length=120, label=_("Title"), help_text=_("As both sides call it."))
    customer = forms.ChoiceField(required=False, label=_("Customer"), help_text=_("Who receives the guarantee."))
    new_customer = forms.CharField(
        max_length=120, required=False, label=_("Name of the new customer"),
        help_text=_("When they are not in the list yet."),
    )  # fmt: skip
    effective_from = forms.DateField(
        label=_("Holds from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("The first day, in its time zone."),
    )  # fmt: skip
    currency = forms.CharField(max_length=3, initial="EUR", help_text=_("Three letters, as in ISO 4217."))
    time_zone = forms.CharField(max_length=64, initial="UTC", help_text=_("Whose midnights begin and end a month."))
    price = forms.CharField(max_length=40, help_text=_("In the currency above, such as 1200.50."))
    target = forms.CharField(max_length=40, help_text=_("A decimal, such as 400."))

    def __init__(self, chosen: ContractTemplate, unit: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"title": chosen.title, **chosen.usual}
        known = [(str(each.id), each.name) for each in customers()]
        self.fields["customer"].choices = [*known, (NEW, _("A new customer"))]  # type: ignore[attr-defined]
        self.fields["customer"].initial = known[0][0] if known else NEW
        self.fields["price"].label = chosen.price.replace("{unit}", unit)
        if chosen.target is None:
            del self.fields["target"]
        else:
            self.fields["target"].label = chosen.target.replace("{unit}", unit)

    def clean(self) -> dict[str, Any]:
        """Refuse a form without a customer."""
        values: dict[str, Any] = super().clean() or {}
        if not values.get("customer") and not values.get("new_customer"):
            self.add_error("new_customer", _("Choose a customer, or name a new one."))
        return values

    def refuse(self, error: OutturnError) -> None:
        """Tell at each field what is wrong with it."""
        for finding in error.findings or [Finding(error.code, error.place, error.message, error.fix)]:
            field = finding.place.replace("/", "_")
            told = f"{finding.message} {finding.fix}"
            if field in self.fields:
                self.add_error(field, told)
            else:
                self.add_error(None, f"{finding.place}: {told}" if finding.place else told)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.CONTRACTS_EDIT)
def new_contract(request: HttpRequest) -> HttpResponse:
    """A new contract: its twin (`?twin`), then its template (`?template`), then who, when and for how much."""
    published = _published_twins()
    twin = _chosen(published, request.GET.get("twin", ""))
    assets = drafting.known_assets(twin[0]) if twin else []
    offered = drafting.contract_templates() if twin else {}
    wanted = request.GET.get("template", "")
    chosen = offered.get(wanted) or offered.get(f"{PREFIX}{wanted}")
    form = _form(request, chosen, assets)
    if twin and chosen and form and request.method == "POST" and form.is_valid():
        try:
            made = _begin(twin[0], chosen, form.cleaned_data, by=actor_of(request).name)
            return redirect("contract-edit", actor_of(request).slug, made.slug)
        except OutturnError as error:
            form.refuse(error)
    context = {
        "twins": published, "twin": twin, "templates": [_offer(each, assets) for each in offered.values()],
        "chosen": chosen, "form": form,
    }  # fmt: skip
    return render(request, "contracts/new.html", context, status=400 if form and form.errors else 200)


@require_safe
@page(needs=Permission.CONTRACTS_EDIT)
def edit(request: HttpRequest, contract: str) -> HttpResponse:
    """The editor of a contract's draft."""
    row, actor = contract_named(contract), actor_of(request)
    config = {
        "api": f"/t/{actor.slug}/api/v1",
        "contract": str(row.id),
        "can_publish": actor.may(Permission.CONTRACTS_PUBLISH),
        "customers": [[str(each.id), each.name] for each in customers()],
        "twins": _published_twins(),
        "zones": sorted(available_timezones()),
        "currencies": digits_by_currency(),
        "url": reverse("contract", args=[actor.slug, row.slug]),
    }
    return render(request, "contracts/edit.html", {"contract": row, "contract_config": config})


def _published_twins() -> list[tuple[str, str]]:
    """Id and name of the twins a contract can be about."""
    return [(str(key), name) for key, name in twins().filter(published__gt=0).values_list("id", "name")]


def _chosen(published: Sequence[tuple[str, str]], wanted: str) -> tuple[str, str] | None:
    """The twin that was asked for; the only one needs no asking."""
    if len(published) == 1:
        return published[0]
    return next((each for each in published if each[0] == wanted), None)


def _form(request: HttpRequest, chosen: ContractTemplate | None, assets: Sequence[KnownAsset]) -> BeginForm | None:
    basis = chosen.find(assets) if chosen else None
    if chosen is None or basis is None or isinstance(basis, Misfit):
        return None
    return BeginForm(chosen, basis.counted, request.POST or None)


def _offer(template: ContractTemplate, assets: Sequence[KnownAsset]) -> dict[str, Any]:
    basis = template.find(assets)
    misfit = basis if isinstance(basis, Misfit) else None
    count = 0 if isinstance(basis, Misfit) else len(basis.assets)
    return {"template": template, "misfit": misfit, "count": count}


def _begin(twin: str, chosen: ContractTemplate, values: dict[str, Any], *, by: str) -> Contract:
    now, customer = utc_now(), values["customer"]
    if not customer:
        customer = str(create_customer(name=values["new_customer"], now=now).id)
    start: date = values["effective_from"]
    begun = {
        "template": chosen.key,
        "title": values["title"],
        "customer": customer,
        "twin": twin,
        "effective": {"from": start.isoformat(), "to": None},
        "currency": values["currency"].upper(),
        "time_zone": values["time_zone"],
        "price": values["price"].strip(),
        "target": values["target"].strip() if "target" in values else None,
    }
    return drafting.begin_contract(begun=begun, by=by, now=now)
