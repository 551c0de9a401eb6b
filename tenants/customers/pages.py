"""The pages of end customers: who they are, their people, and what other rooms tell of them."""

from __future__ import annotations

from collections.abc import Callable
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

from tenants.customers import registry, selectors
from tenants.customers.api import EDITING, READING
from tenants.customers.models import Customer
from tenants.customers.schemas import CustomerDetails
from tenants.customers.services import change_customer, create_customer, remove_customer
from tenants.edge.forms import NamedConfirmForm, put_error, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Listing
from tenants.edge.permissions import may_any, page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.people.invitations import invitations, invite
from tenants.scope.actors import Actor, Permission, Role


class CustomerForm(forms.Form):
    """What is known of an end customer."""

    name = forms.CharField(max_length=120, label=gettext_lazy("Name"), help_text=gettext_lazy("As contracts say it."))
    number = forms.CharField(
        max_length=40, required=False, label=gettext_lazy("Customer number"), help_text=gettext_lazy("Your own for it.")
    )
    address = forms.CharField(
        max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 4}),
        label=gettext_lazy("Address for invoices"), help_text=gettext_lazy("Line by line, as on an envelope."),
    )  # fmt: skip
    contact_name = forms.CharField(max_length=120, required=False, label=gettext_lazy("Contact"))
    contact_email = forms.EmailField(max_length=254, required=False, label=gettext_lazy("Email of the contact"))

    def wanted(self) -> tuple[str, CustomerDetails]:
        """The name and the details that were filled in."""
        values = dict(self.cleaned_data)
        return values.pop("name"), CustomerDetails(**values)


class InviteForm(forms.Form):
    """Who is invited."""

    email = forms.EmailField(
        max_length=254, label=gettext_lazy("Email"),
        help_text=gettext_lazy("They see this customer's reports and what is shared with it, and nothing else."),
    )  # fmt: skip


@require_safe
@page(needs=READING)
def customers(request: HttpRequest) -> HttpResponse:
    """The end customers of the organisation."""
    actor = actor_of(request)
    counted = [(each, each.all()) for each in registry.counts()]
    listing = Listing(
        name="customers", caption=_("Customers"), order="name", search=("name", "number", "contact_name"),
        columns=(
            Column("name", _("Name"), sort="name", link=lambda row: reverse("customer", args=[actor.slug, row.id])),
            Column("number", _("Number"), sort="number"),
            Column("contact_name", _("Contact")),
            *(Column(each.key, each.label, kind="number", value=_number_in(numbers)) for each, numbers in counted),
            Column("created_at", _("Since"), sort="created_at", kind="moment"),
        ),
    )  # fmt: skip
    listed = listing.page(request, selectors.customers())
    context = {"listing": listed, "can_edit": may_any(actor, EDITING)}
    return listed.csv or render(request, "customers/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=EDITING)
def new_customer(request: HttpRequest) -> HttpResponse:
    """A new end customer."""
    actor, form = actor_of(request), CustomerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name, details = form.wanted()
        try:
            row = create_customer(name=name, details=details, by=actor, now=utc_now())
            return redirect("customer", actor.slug, row.id)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("New customer"), submit=_("Make the customer"),
        back=(_("Customers"), reverse("customers", args=[actor.slug])),
    )  # fmt: skip


@require_safe
@page(needs=READING)
def customer(request: HttpRequest, customer: UUID) -> HttpResponse:
    """One end customer: who they are, their people, and what other rooms tell of them."""
    actor, row = actor_of(request), _found(customer)
    context = {
        "customer": row,
        "people": selectors.people_of(row.id),
        "invited": invitations().filter(customer=row.id),
        "panels": [(each, each.of(actor, row.id)) for each in registry.panels(actor)],
        "can_edit": may_any(actor, EDITING),
        "can_administer": actor.may(Permission.ORGANISATION_ADMINISTER),
        "now": utc_now(),
    }
    return render(request, "customers/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=EDITING)
def edit_customer(request: HttpRequest, customer: UUID) -> HttpResponse:
    """Another name and other details for an end customer."""
    actor, row = actor_of(request), _found(customer)
    initial = {name: getattr(row, name) for name in CustomerForm.base_fields}
    form = CustomerForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        name, details = form.wanted()
        try:
            change_customer(customer=row.id, name=name, details=details, by=actor, now=utc_now())
            messages.success(request, _("Changed. What is sealed or invoiced keeps the name of its time."))
            return redirect("customer", actor.slug, row.id)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("Change %(name)s") % {"name": row.name}, submit=_("Save"), back=_back(actor, row)
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ORGANISATION_ADMINISTER)
def remove(request: HttpRequest, customer: UUID) -> HttpResponse:
    """Put an end customer into the trash, after its name was typed."""
    actor, row = actor_of(request), _found(customer)
    form = NamedConfirmForm(request.POST or None, name=row.name)
    if request.method == "POST" and form.is_valid():
        try:
            remove_customer(customer=row.id, by=actor, now=utc_now())
            messages.success(request, _("%(name)s is in the trash.") % {"name": row.name})
            return redirect("customers", actor.slug)
        except OutturnError as error:
            put_error(form, error)
    return show_confirm(
        request, form, title=_("Remove the customer “%(name)s”") % {"name": row.name}, submit=_("Remove the customer"),
        back=_back(actor, row),
        what=_(
            "Its people see nothing any more, and what is shared with it ends. Invoices and what is sealed stay."
        ),
        undo=_("It lies in the trash for 30 days and can be taken out again; after that this cannot be undone."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ORGANISATION_ADMINISTER)
def invite_person(request: HttpRequest, customer: UUID) -> HttpResponse:
    """Invite one of an end customer's people by mail."""
    actor, row = actor_of(request), _found(customer)
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            invite(email=email, role=Role.CUSTOMER, customer=row.id, by=actor, now=utc_now())
            messages.success(request, _("%(email)s is invited; the link works for a week.") % {"email": email})
            return redirect("customer", actor.slug, row.id)
        except OutturnError as error:
            put_error(form, error)
    return show_form(request, form, title=_("Invite a person"), submit=_("Send the invitation"), back=_back(actor, row))


def _back(actor: Actor, row: Customer) -> tuple[str, str]:
    return row.name, reverse("customer", args=[actor.slug, row.id])


def _number_in(numbers: Any) -> Callable[[Customer], int]:
    return lambda row: numbers.get(row.id, 0)


def _found(customer: UUID) -> Customer:
    try:
        return selectors.customer(customer)
    except NotFoundError:
        raise Http404 from None
