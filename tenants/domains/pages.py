"""The pages of an organisation's own domains: what is claimed, what has to stand in DNS, what the last look found."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.domains import selectors, services
from tenants.domains.domain import State, shown_name
from tenants.domains.hosts import address_of_host
from tenants.domains.models import Domain
from tenants.edge.forms import NamedConfirmForm, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.limits.domain.plans import Feature
from tenants.limits.selectors import allows
from tenants.scope.actors import Permission

NEEDS = Permission.ORGANISATION_ADMINISTER
LOOKS = {
    "pending": ("queued", gettext_lazy("Waiting for its record")),
    "proven": ("ok", gettext_lazy("Proven")),
    "missing": ("warning", gettext_lazy("Its record is gone")),
    "lapsed": ("expired", gettext_lazy("Lapsed")),
}
"""The look and the word of each state."""
STATES = tuple((state.value, LOOKS[state.value][1]) for state in State)


class UsesForm(forms.Form):
    """What a domain is used for."""

    is_web = forms.BooleanField(
        required=False, label=gettext_lazy("Our pages"),
        help_text=gettext_lazy("Your people and customers find this organisation at the domain, in its own look."),
    )  # fmt: skip
    is_mail = forms.BooleanField(
        required=False, label=gettext_lazy("Our mail addresses"),
        help_text=gettext_lazy("Single sign-on then counts the addresses at the domain as proven to be yours."),
    )  # fmt: skip

    def put(self, error: OutturnError) -> None:
        """Show what was refused at its field."""
        place = error.place if error.place in self.fields else None
        self.add_error(place, f"{error.told[:1].upper()}{error.told[1:]}")


class DomainForm(UsesForm):
    """A domain to be claimed."""

    name = forms.CharField(
        max_length=500, label=gettext_lazy("Domain"),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy("As in addresses, in any script: portal.example.com for pages, example.com for mail."),
    )  # fmt: skip
    field_order = ("name", "is_web", "is_mail")


@require_safe
@page(needs=NEEDS)
def all_domains(request: HttpRequest) -> HttpResponse:
    """The organisation's domains."""
    slug = actor_of(request).slug
    listing = Listing(
        name="domains", caption=_("Domains"), order="name", search=("name",),
        columns=(
            Column(
                "name", _("Domain"), sort="name", value=lambda row: shown_name(row.name),
                link=lambda row: reverse("domain", args=[slug, row.id]),
            ),
            Column("uses", _("Used for"), value=_uses),
            Column(
                "state", _("State"), kind="status", value=lambda row: LOOKS[selectors.state_of(row)][0],
                word=lambda row: LOOKS[selectors.state_of(row)][1],
            ),
            Column("checked_at", _("Last look"), kind="age"),
            Column("proven_at", _("Proven"), kind="moment"),
        ),
        filters=(Filter("state", _("State"), STATES, lambda rows, state: rows.filter(state=state)),),
    )  # fmt: skip
    listed = listing.page(request, selectors.domains())
    context = {"listing": listed, "is_open": _is_open()}
    return listed.csv or render(request, "domains/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=NEEDS)
def new_domain(request: HttpRequest) -> HttpResponse:
    """Claim a domain."""
    actor, form = actor_of(request), DomainForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.add_domain(**form.cleaned_data, by=actor.name, now=utc_now())
            return redirect("domain", actor.slug, row.id)
        except OutturnError as error:
            form.put(error)
    return show_form(
        request, form, title=_("New domain"), intro=_("The next page shows the record that proves the domain."),
        submit=_("Go on"), back=(_("Domains"), reverse("domains", args=[actor.slug])),
    )  # fmt: skip


@require_safe
@page(needs=NEEDS)
def one_domain(request: HttpRequest, domain_id: UUID) -> HttpResponse:
    """One domain: its state, the records to set, and what the last look found."""
    row = _found(domain_id)
    look, word = LOOKS[selectors.state_of(row)]
    context = {
        "domain": row, "name": shown_name(row.name), "look": look, "word": word, "records": selectors.records(row),
        "told": selectors.told(row), "traffic": selectors.told_of_traffic(row), "lapses_at": selectors.lapses_at(row),
        "uses": _uses(row), "address": address_of_host(row.name), "is_proven": row.state == State.PROVEN,
        "is_shown": allows(Feature.CUSTOM_DOMAIN),
    }  # fmt: skip
    return render(request, "domains/detail.html", context)


@require_POST
@page(needs=NEEDS)
def check(request: HttpRequest, domain_id: UUID) -> HttpResponse:
    """Ask DNS now."""
    actor = actor_of(request)
    try:
        row = services.check_domain(domain_id=domain_id, by=actor.name, now=utc_now())
    except NotFoundError as error:
        raise Http404 from error
    if row.state == State.PROVEN and row.missing_since is None:
        messages.success(request, _("%(name)s is proven.") % {"name": shown_name(row.name)})
    else:
        messages.error(request, selectors.told(row))
    return redirect("domain", actor.slug, row.id)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=NEEDS)
def edit_domain(request: HttpRequest, domain_id: UUID) -> HttpResponse:
    """Use a domain for something else."""
    actor, row = actor_of(request), _found(domain_id)
    form = UsesForm(
        request.POST if request.method == "POST" else None, initial={"is_web": row.is_web, "is_mail": row.is_mail}
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.change_uses(domain_id=row.id, **form.cleaned_data, by=actor.name, now=utc_now())
            messages.success(request, _("Changed."))
            return redirect("domain", actor.slug, row.id)
        except OutturnError as error:
            form.put(error)
    name = shown_name(row.name)
    return show_form(
        request, form, title=_("Change %(name)s") % {"name": name}, submit=_("Save"),
        back=(name, reverse("domain", args=[actor.slug, row.id])),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=NEEDS)
def remove(request: HttpRequest, domain_id: UUID) -> HttpResponse:
    """Give a domain up, after its name was typed."""
    actor, row = actor_of(request), _found(domain_id)
    form = NamedConfirmForm(request.POST or None, name=row.name)
    if request.method == "POST" and form.is_valid():
        services.remove_domain(domain_id=row.id, by=actor.name, now=utc_now())
        messages.success(request, _("%(name)s is removed.") % {"name": row.name})
        return redirect("domains", actor.slug)
    return show_confirm(
        request, form, title=_("Remove “%(name)s”") % {"name": shown_name(row.name)}, what=_what_ends(row),
        undo=_(
            "It can be added again, and is then proven with a new record; meanwhile another organisation that proves "
            "it may take it."
        ),
        submit=_("Remove the domain"), back=(shown_name(row.name), reverse("domain", args=[actor.slug, row.id])),
    )  # fmt: skip


def _what_ends(row: Domain) -> str:
    web = _("Its address shows nothing from now on: links to it, also in mails, lead nowhere.")
    mail = _("Single sign-on counts its mail addresses as declared only; nobody is signed out.")
    return " ".join(text for text, is_used in ((web, row.is_web), (mail, row.is_mail)) if is_used)


def _uses(row: Domain) -> str:
    return " · ".join(word for word, is_used in ((_("pages"), row.is_web), (_("mail"), row.is_mail)) if is_used)


def _is_open() -> bool:
    return allows(Feature.CUSTOM_DOMAIN) or allows(Feature.SINGLE_SIGN_ON)


def _found(domain_id: UUID) -> Domain:
    try:
        return selectors.domain(domain_id)
    except NotFoundError:
        raise Http404 from None
