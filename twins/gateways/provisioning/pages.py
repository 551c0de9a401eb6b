"""Provisioning keys: what lets devices register themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from tenants.edge.forms import SHELL, NamedConfirmForm, put_error, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.kernel.secrets import Token
from tenants.scope.actors import Permission
from twins.gateways.models import ProvisioningKey
from twins.gateways.pages import offer_places, places_in
from twins.gateways.provisioning import keys
from twins.gateways.schemas import KeyTerms

STATES = (
    ("in_force", _("In force")), ("used_up", _("Used up")), ("expired", _("Expired")), ("revoked", _("Revoked")),
)  # fmt: skip
_STATUS = {"used_up": "expired"}
LENGTHS = (("7", _("7 days")), ("30", _("30 days")), ("365", _("1 year")), ("", _("Without end")))


class KeyForm(forms.Form):
    """What a new provisioning key is to be."""

    name = forms.CharField(
        max_length=120, label=_("Name"), help_text=_("What it is for, such as a delivery of devices or a site.")
    )
    allowed = forms.IntegerField(
        min_value=1, max_value=keys.MOST_ALLOWED, initial=10, label=_("Gateways it may make"),
        help_text=_("Devices that register again do not count twice."),
    )  # fmt: skip
    days = forms.ChoiceField(choices=LENGTHS, required=False, initial="30", label=_("Holds for"))
    needs_claim = forms.BooleanField(
        required=False, initial=True, label=_("Each device must be claimed"),
        help_text=_("A person types the code that the device shows; until then what it sends is refused."),
    )  # fmt: skip
    name_prefix = forms.CharField(
        max_length=60, required=False, strip=False, label=_("Names begin with"),
        help_text=_("Before the name, or else the serial, that the device gives."),
    )  # fmt: skip
    customer = forms.ChoiceField(
        required=False, label=_("Customer"), help_text=_("At whose place the devices stand, if at a customer's.")
    )
    site = forms.ChoiceField(required=False, label=_("Site"), help_text=_("Where they stand."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_places(self)

    def terms(self) -> KeyTerms:
        """What was filled in."""
        values, days = self.cleaned_data, self.cleaned_data["days"]
        return KeyTerms(
            name=values["name"], allowed=values["allowed"], name_prefix=values["name_prefix"],
            needs_claim=values["needs_claim"], **places_in(values),
            expires_at=utc_now() + timedelta(days=int(days)) if days else None,
        )  # fmt: skip


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def provisioning_keys(request: HttpRequest) -> HttpResponse:
    """The provisioning keys."""
    return _list(request)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def new_key(request: HttpRequest) -> HttpResponse:
    """A new provisioning key, which the next page shows once."""
    actor = actor_of(request)
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = keys.make_provisioning_key(terms=form.terms(), by=actor.name, now=utc_now())
            return _list(request, *made)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("New provisioning key"), submit=_("Make the key"), frame=SHELL,
        back=(_("Provisioning keys"), reverse("provisioning-keys", args=[actor.slug])),
        intro=_("The next page shows it, once. Put it into the devices that are to become gateways by themselves."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def revoke_key(request: HttpRequest, key: UUID) -> HttpResponse:
    """Revoke a provisioning key for good, after its name was typed."""
    row, actor = _found(key), actor_of(request)
    form = NamedConfirmForm(request.POST if request.method == "POST" else None, name=row.name)
    if request.method == "POST" and form.is_valid():
        keys.revoke_provisioning_key(key=row.id, by=actor.name, now=utc_now())
        messages.success(request, _("%(name)s is revoked: nothing more registers with it.") % {"name": row.name})
        return redirect("provisioning-keys", actor.slug)
    return show_confirm(
        request, form, title=_("Revoke the key “%(name)s”") % {"name": row.name}, submit=_("Revoke the key"),
        back=(_("Provisioning keys"), reverse("provisioning-keys", args=[actor.slug])),
        what=_("No device registers with it from now on. The gateways that it made stay as they are."),
        undo=_("This cannot be undone; another key can be made at any time."),
    )  # fmt: skip


def _list(request: HttpRequest, made: ProvisioningKey | None = None, token: Token | None = None) -> HttpResponse:
    actor, now = actor_of(request), utc_now()
    can_edit = actor.may(Permission.GATEWAYS_EDIT)
    listed = _listing(now).page(
        request, keys.provisioning_keys(),
        actions=(lambda row: {"can_revoke": row.revoked_at is None}) if can_edit else None,
    )  # fmt: skip
    context = {
        "listing": listed, "can_edit": can_edit, "active": "keys", "made": made, "secret": token and token.text,
        "provision_url": f"{settings.BASE_URL}/ingest/v1/provision",
    }  # fmt: skip
    response = listed.csv or render(request, "gateways/keys.html", context)
    if token:
        response["Cache-Control"] = "no-store"
    return response


def _listing(now: Any) -> Listing:
    def state(row: ProvisioningKey) -> str:
        return keys.state_of(row, now=now)

    return Listing(
        name="provisioning-keys", caption=_("Provisioning keys"), order="-created_at", search=("name", "prefix"),
        columns=(
            Column("name", _("Name"), sort="name"),
            Column("prefix", _("Begins with"), kind="code", value=lambda row: f"{row.prefix}…"),
            Column("state", _("State"), kind="status", value=lambda row: _STATUS.get(state(row), state(row)),
                   word=lambda row: dict(STATES)[state(row)]),
            Column("made", _("Made"), kind="number", sort="made"),
            Column("allowed", _("of at most"), kind="number", sort="allowed"),
            Column("needs_claim", _("To be claimed"), value=lambda row: _("yes") if row.needs_claim else _("no")),
            Column("customer__name", _("Customer")),
            Column("site__name", _("Site"), is_shown=False),
            Column("expires_at", _("Holds until"), kind="moment"),
            Column("created_by", _("Made by"), is_shown=False),
            Column("created_at", _("Made on"), sort="created_at", kind="moment"),
        ),
        filters=(
            Filter("state", _("State"), STATES, lambda rows, state_: keys.in_state(rows, state_, now=now)),
        ),
    )  # fmt: skip


def _found(key: UUID) -> ProvisioningKey:
    try:
        return keys.provisioning_key(key)
    except NotFoundError:
        raise Http404 from None
