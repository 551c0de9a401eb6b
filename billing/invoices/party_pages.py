"""The pages of legal entities, of the rates of tax, and of what tax needs to know of customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from billing.invoices import selectors
from billing.invoices.domain.banking import account_shown, is_iban
from billing.invoices.domain.tax import Rate, rate_on
from billing.invoices.models import LegalEntity, Treatment
from billing.invoices.parties import change_entity, create_entity, save_profile, set_rate
from billing.invoices.schemas import EntityDetails, ProfileDetails
from billing.invoices.writing import own_prefix
from tenants.customers.selectors import customer as customer_by_id
from tenants.edge.forms import put_error, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Actor, Permission


def _text(length: int, label: Any, help_text: Any = "", *, required: bool = False) -> forms.CharField:
    return forms.CharField(max_length=length, label=label, help_text=help_text, required=required)


def _country(*, required: bool) -> forms.CharField:
    return _text(2, gettext_lazy("Country"), gettext_lazy("Two letters, such as DE."), required=required)


class EntityForm(forms.Form):
    """What a legal entity is."""

    name = _text(120, gettext_lazy("Name"), gettext_lazy("As the commercial register has it."), required=True)
    prefix = _text(  # type: ignore[assignment] # a field, in place of the base's option
        8, gettext_lazy("Numbers begin with"),
        gettext_lazy("Capital letters, such as ME in ME-2026-0001. A year that has begun keeps its own."),
        required=True,
    )  # fmt: skip
    street = _text(200, gettext_lazy("Street and number"), required=True)
    postcode = _text(20, gettext_lazy("Postcode"), required=True)
    city = _text(80, gettext_lazy("Town"), required=True)
    country = _country(required=True)
    vat_id = _text(24, gettext_lazy("VAT identifier"), gettext_lazy("With its prefix, such as DE123456789."))
    registration = _text(40, gettext_lazy("Number in the register"), gettext_lazy("Such as HRB 12345."))
    tax_number = _text(40, gettext_lazy("Tax number"), gettext_lazy("What the tax office at home knows it by."))
    exemption = _text(
        200, gettext_lazy("Exempt at home because"),
        gettext_lazy("The sentence that invoices say, such as of a small business. Empty when it charges tax."),
    )  # fmt: skip
    account = _text(
        50, gettext_lazy("Bank account"),
        gettext_lazy("IBAN, or the account number where there is none. Invoices from now on name it."),
    )  # fmt: skip
    bank = _text(30, gettext_lazy("Bank"), gettext_lazy("BIC, or the routing code where there is none."))


class RateForm(forms.Form):
    """A rate of tax and the day from which it holds."""

    percent = _text(6, gettext_lazy("Rate in percent"), gettext_lazy("Above 0, such as 19 or 8.1."), required=True)
    valid_from = forms.DateField(
        label=gettext_lazy("Valid from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("The rate of the last day of a period is the one that is charged."),
    )  # fmt: skip


class ProfileForm(forms.Form):
    """What tax needs to know of a customer."""

    street = _text(200, gettext_lazy("Street and number"))
    postcode = _text(20, gettext_lazy("Postcode"))
    city = _text(80, gettext_lazy("Town"))
    country = _country(required=False)
    vat_id = _text(24, gettext_lazy("VAT identifier"), gettext_lazy("With its prefix, such as FR12345678901."))
    registration = _text(40, gettext_lazy("Number in the register"))
    reference = _text(80, gettext_lazy("Reference of the buyer"), gettext_lazy("Such as an order number; on invoices."))
    treatment = forms.ChoiceField(
        choices=Treatment.choices, required=False, label=gettext_lazy("Tax"),
        help_text=gettext_lazy("The rules: at home the rate of the day, reverse charge in the European Union."),
    )  # fmt: skip
    reason = _text(
        200,
        gettext_lazy("Reason of a stated tax"),
        gettext_lazy("The sentence that invoices say."),
    )
    entity = forms.ChoiceField(
        required=False, label=gettext_lazy("Sold by"), help_text=gettext_lazy("Needed when there are several.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(str(row.id), row.name) for row in selectors.entities()]
        self.fields["entity"].choices = [("", _("the only one")), *known]  # type: ignore[attr-defined]

    def wanted(self) -> ProfileDetails:
        """What was filled in."""
        values = dict(self.cleaned_data)
        entity = values.pop("entity")
        values["treatment"] = values["treatment"] or Treatment.RULE.value
        return ProfileDetails(**values, entity=UUID(entity) if entity else None)


@require_safe
@page(needs=Permission.MONEY_READ)
def entities(request: HttpRequest) -> HttpResponse:
    """The legal entities of the organisation."""
    actor = actor_of(request)
    listing = Listing(
        name="legal-entities", caption=_("Legal entities"), order="name", search=("name", "city", "vat_id"),
        columns=(
            Column("name", _("Name"), sort="name", link=lambda row: reverse("legal-entity", args=[actor.slug, row.id])),
            Column("prefix", _("Numbers begin with"), sort="prefix", kind="code"),
            Column("city", _("Town")),
            Column("country", _("Country")),
            Column("vat_id", _("VAT identifier"), kind="whole"),
            Column("rate", _("Rate today"), kind="number", unit="%", value=_rate_today),
        ),
    )  # fmt: skip
    listed = listing.page(request, selectors.entities().prefetch_related("rates"))
    return listed.csv or render(
        request, "invoices/entities.html", {"listing": listed, "can_bill": actor.may(Permission.MONEY_BILL)}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.MONEY_BILL)
def new_entity(request: HttpRequest) -> HttpResponse:
    """A new legal entity."""
    actor, initial = actor_of(request), {}
    if not selectors.entities().exists():
        initial = {"prefix": own_prefix()}
    form = EntityForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            row = create_entity(details=EntityDetails(**form.cleaned_data), by=actor.name, now=utc_now())
            return redirect("legal-entity", actor.slug, row.id)
        except OutturnError as error:
            _put_errors(form, error)
    return show_form(
        request, form, title=_("New legal entity"), submit=_("Make the legal entity"),
        back=(_("Legal entities"), reverse("legal-entities", args=[actor.slug])),
        intro=_("From now on invoices charge the tax of its country, not the percent that contracts name."),
    )  # fmt: skip


@require_safe
@page(needs=Permission.MONEY_READ)
def entity(request: HttpRequest, entity: UUID) -> HttpResponse:
    """One legal entity and its rates of tax."""
    row, actor = _entity(entity), actor_of(request)
    newest = {rate.valid_from: rate for rate in row.rates.order_by("id")}
    rates = sorted(newest.values(), key=lambda rate: rate.valid_from, reverse=True)
    context = {
        "entity": row, "rates": rates, "is_iban": is_iban(row.account), "can_bill": actor.may(Permission.MONEY_BILL),
    }  # fmt: skip
    return render(request, "invoices/entity.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.MONEY_BILL)
def edit_entity(request: HttpRequest, entity: UUID) -> HttpResponse:
    """Other details of a legal entity."""
    actor, row = actor_of(request), _entity(entity)
    values = _values(row, EntityForm) | {"account": account_shown(row.account)}
    form = EntityForm(request.POST or None, initial=values)
    if request.method == "POST" and form.is_valid():
        try:
            details = EntityDetails(**form.cleaned_data)
            change_entity(entity_id=row.id, details=details, by=actor.name, now=utc_now())
            messages.success(request, _("Changed. What is issued stays as it is."))
            return redirect("legal-entity", actor.slug, row.id)
        except OutturnError as error:
            _put_errors(form, error)
    return show_form(
        request, form, title=_("Change %(name)s") % {"name": row.name}, submit=_("Save"), back=_back(actor, row)
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.MONEY_BILL)
def new_rate(request: HttpRequest, entity: UUID) -> HttpResponse:
    """The rate of tax of a legal entity from a day on."""
    actor, row, form = actor_of(request), _entity(entity), RateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            set_rate(entity_id=row.id, by=actor.name, now=utc_now(), **form.cleaned_data)
            return redirect("legal-entity", actor.slug, row.id)
        except OutturnError as error:
            _put_errors(form, error)
    return show_form(request, form, title=_("Rate of tax"), submit=_("Set the rate"), back=_back(actor, row))


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.MONEY_BILL)
def edit_profile(request: HttpRequest, customer: UUID) -> HttpResponse:
    """What tax needs to know of a customer."""
    actor, row = actor_of(request), _customer(customer)
    known = selectors.profile_of(row.id)
    initial: Mapping[str, Any] = {} if known is None else _values(known, ProfileForm) | {"entity": known.entity_id}
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            save_profile(customer=row.id, details=form.wanted(), by=actor.name, now=utc_now())
            messages.success(request, _("Changed. What is issued stays as it is."))
            return redirect("customer", actor.slug, row.id)
        except OutturnError as error:
            _put_errors(form, error)
    return show_form(
        request, form, title=_("Billing data of %(name)s") % {"name": row.name}, submit=_("Save"),
        back=(row.name, reverse("customer", args=[actor.slug, row.id])),
    )  # fmt: skip


def panel(actor: Actor, customer: UUID) -> Mapping[str, Any]:
    """What a customer's page tells of its billing data."""
    found = selectors.profile_of(customer)
    told = "" if found is None else Treatment(found.treatment).label
    return {"profile": found, "treatment": told, "can_bill": actor.may(Permission.MONEY_BILL)}


def _put_errors(form: forms.Form, error: OutturnError) -> None:
    """Show each finding at its field, or the error as a whole where there are none."""
    if not error.findings:
        put_error(form, error)
    for finding in error.findings:
        form.add_error(finding.place if finding.place in form.fields else None, f"{finding.message} {finding.fix}")


def _values(row: Any, form: type[forms.Form]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in form.base_fields}


def _rate_today(row: LegalEntity) -> str | None:
    rates = [Rate(rate.percent, rate.valid_from) for rate in row.rates.all()]
    found = rate_on(utc_now().date(), rates)
    return None if found is None else found.percent


def _back(actor: Actor, row: LegalEntity) -> tuple[str, str]:
    return row.name, reverse("legal-entity", args=[actor.slug, row.id])


def _entity(entity: UUID) -> LegalEntity:
    try:
        return selectors.entity(entity)
    except NotFoundError:
        raise Http404 from None


def _customer(customer: UUID) -> Any:
    try:
        return customer_by_id(customer)
    except NotFoundError:
        raise Http404 from None
