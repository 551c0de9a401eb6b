"""The gateways' pages: who sends readings, how much, and what arrives right now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.customers.selectors import customer_choices, customer_names
from tenants.edge.forms import SHELL, NamedConfirmForm, put_error, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.kernel.secrets import Token
from tenants.people.selectors import site_choices
from tenants.scope.actors import Permission
from twins.gateways import selectors, services
from twins.gateways.connecting import ways_in
from twins.gateways.edge.platform.pages import edge_summary
from twins.gateways.models import Gateway
from twins.gateways.provisioning.claiming import claim_gateway
from twins.gateways.refused.pages import LOOKED_AT, newest_refused
from twins.telemetry.selectors import recent_keys
from twins.telemetry.window import look

MOST_KEYS = 500
"""Keys that the page shows; the API has them all."""
CLOCK_WRONG_MS = 2000
"""A clock that is off by more is worth a mark."""
STATES = (
    ("connected", _("Sending")), ("late", _("Silent")), ("unknown", _("Never seen")), ("pending", _("To be claimed")),
    ("disconnected", _("Disabled")),
)  # fmt: skip
OVERLAPS = (("0", _("At once")), ("1", _("After 1 hour")), ("24", _("After 1 day")), ("168", _("After 7 days")))


class GatewayForm(forms.Form):
    """What a new gateway is called, and at whose place it stands."""

    name = forms.CharField(
        max_length=120, label=_("Name"),
        help_text=_("Where it stands or what it speaks for, so that you know it when it falls silent."),
    )  # fmt: skip
    customer = forms.ChoiceField(
        required=False, label=_("Customer"),
        help_text=_("At whose place it stands, if at a customer's: it counts towards that one's share."),
    )  # fmt: skip
    site = forms.ChoiceField(required=False, label=_("Site"), help_text=_("Where it stands."))
    serial = forms.CharField(
        max_length=120, required=False, label=_("Serial"),
        help_text=_("What the device calls itself: the common name of its certificate, if it has one."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_places(self)


def offer_places(form: forms.Form) -> None:
    """Offer the customers and sites that there are; a field with nothing to choose goes."""
    names = [(str(key), name) for key, name in customer_names().items()]
    for name, choices in (("customer", names), ("site", site_choices())):
        form.fields[name].choices = [("", _("None: our own place") if name == "customer" else _("None")), *choices]  # type: ignore[attr-defined]
        if not choices:
            del form.fields[name]


def places_in(values: dict[str, Any]) -> dict[str, UUID | None]:
    """The customer and the site that were chosen."""
    return {name: UUID(values[name]) if values.get(name) else None for name in ("customer", "site")}


class RotateForm(NamedConfirmForm):
    """The name, typed, and when the former token ends."""

    overlap = forms.ChoiceField(
        choices=OVERLAPS, initial="0", required=False, label=_("The token that it has now ends"),
        help_text=_("Later, when the new one cannot be put in place at once."),
    )  # fmt: skip


class ClaimForm(forms.Form):
    """The code that the device shows."""

    code = forms.CharField(
        max_length=40, label=_("Claim code"), help_text=_("As the device shows it, such as 7KQM-X2PD."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def gateways(request: HttpRequest) -> HttpResponse:
    """The gateways of the organisation."""
    actor = actor_of(request)
    listed = _listing(actor.slug, utc_now()).page(request, selectors.gateways().select_related("customer", "site"))
    context = {"listing": listed, "can_edit": actor.may(Permission.GATEWAYS_EDIT), "active": "gateways"}
    return listed.csv or render(request, "gateways/list.html", context)


def _listing(slug: str, now: datetime) -> Listing:
    def link(row: selectors.GatewayState) -> str:
        return reverse("gateway", args=[slug, row.gateway.id])

    def refused(row: selectors.GatewayState) -> str | None:
        return reverse("gateway-refused", args=[slug, row.gateway.id]) if row.set_aside else None

    return Listing(
        name="gateways", caption=_("Gateways"), order="name",
        search=("name", "serial", "customer__name", "site__name"),
        columns=(
            Column("gateway__name", _("Name"), sort="name", link=link),
            Column("state", _("State"), kind="status", word=lambda row: dict(STATES)[row.state]),
            Column("gateway__customer__name", _("Customer")),
            Column("last_seen_at", _("Last seen"), kind="age"),
            Column("per_minute", _("Readings"), kind="number", unit=_("per minute")),
            Column("readings", _("Stored"), kind="number"),
            Column("set_aside", _("Refused"), kind="number", link=refused),
            Column("version", _("Version"), kind="code"),
            Column("gateway__created_at", _("Made"), sort="created_at", kind="moment"),
            Column("gateway__serial", _("Serial"), is_shown=False),
            Column("gateway__site__name", _("Site"), is_shown=False),
            Column("clock_ms", _("Clock ahead"), kind="number", unit=_("ms"), is_shown=False),
            Column("late_s", _("Newest reading"), kind="number", unit=_("s old"), is_shown=False),
            Column("backlog", _("Waiting"), kind="number", is_shown=False),
            Column("gateway__id", _("Id"), is_shown=False),
        ),
        filters=(
            Filter("state", _("State"), STATES, lambda rows, state: selectors.in_state(rows, state, now=now)),
            Filter("customer", _("Customer"), customer_choices, lambda rows, value: rows.filter(customer=value)),
            Filter("site", _("Site"), site_choices, lambda rows, value: rows.filter(site=value)),
        ),
        decorate=lambda rows: selectors.states(rows, now=now),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def new_gateway(request: HttpRequest) -> HttpResponse:
    """A new gateway, whose token the next page shows once."""
    form = GatewayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            made = services.create_gateway(
                name=values["name"], serial=values["serial"], **places_in(values), now=utc_now()
            )  # fmt: skip
            return _detail(request, *made)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("New gateway"), submit=_("Make the gateway"), frame=SHELL,
        back=(_("Gateways"), reverse("gateways", args=[actor_of(request).slug])),
        intro=_(
            "It gets a token, which the next page shows once. What it sends can be bound to signals as soon as it "
            "arrives."
        ),
    )  # fmt: skip


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def gateway(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """One gateway: whether it sends, what arrives right now, and what was refused and why."""
    return _detail(request, found(gateway))


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def arriving(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """What arrives right now, asked for again and again by the gateway's page, and what was refused meanwhile."""
    row = found(gateway)
    context = {**_arriving(request, row), "swaps": True, "refused_looked_at": LOOKED_AT}
    is_known = request.GET.get("refused") == str(context["state"].set_aside)
    context["refused"] = None if is_known else newest_refused(row.id)
    return render(request, "gateways/_arriving.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def rotate(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """A new token, which the answer shows once, after the gateway's name was typed."""
    row = found(gateway)
    form = RotateForm(request.POST if request.method == "POST" else None, name=row.name)
    if request.method == "POST" and form.is_valid():
        overlap = timedelta(hours=int(form.cleaned_data["overlap"] or 0))
        try:
            return _detail(request, *services.rotate_token(gateway=row.id, overlap=overlap, now=utc_now()))
        except OutturnError as error:
            messages.error(request, error.told)
            return redirect("gateway", actor_of(request).slug, row.id)
    return show_confirm(
        request, form, title=_("A new token for “%(name)s”") % {"name": row.name}, submit=_("Make a new token"),
        back=_back(request, row),
        what=_("The token that it has now ends when you say. Until it has the new one, it keeps what it reads."),
        undo=_("This cannot be undone; another new token can be made at any time."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def disable(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """Shut a gateway out until it is enabled again, after its name was typed."""
    row = found(gateway)
    form = NamedConfirmForm(request.POST if request.method == "POST" else None, name=row.name)
    if request.method == "POST" and form.is_valid():
        services.disable_gateway(gateway=row.id, now=utc_now())
        said = gettext("%(name)s is disabled. What it sent stays; what it sends from now on is refused.")
        messages.success(request, said % {"name": row.name})
        return redirect("gateway", actor_of(request).slug, row.id)
    return show_confirm(
        request, form, title=_("Disable “%(name)s”") % {"name": row.name}, submit=_("Disable the gateway"),
        back=_back(request, row),
        what=_("What it sends is refused within seconds. What it sent stays, and it makes room for another gateway."),
        undo=_("It can be enabled again and goes on with the token that it has."),
    )  # fmt: skip


@require_POST
@page(needs=Permission.GATEWAYS_EDIT)
def enable(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """Let a gateway in again."""
    row = found(gateway)
    said = gettext("%(name)s is enabled. What it sends is taken again within seconds.")
    return _done(request, row, lambda: services.enable_gateway(gateway=row.id, now=utc_now()), said)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def claim(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """Let a gateway that registered itself in, by the code that its device shows."""
    row, actor = found(gateway), actor_of(request)
    form = ClaimForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            claim_gateway(gateway=row.id, code=form.cleaned_data["code"], by=actor.name, now=utc_now())
            messages.success(request, _("%(name)s is yours: what it sends is taken.") % {"name": row.name})
            return redirect("gateway", actor.slug, row.id)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("Claim “%(name)s”") % {"name": row.name}, submit=_("Claim the gateway"), frame=SHELL,
        back=_back(request, row),
        intro=_("It registered itself with the serial %(serial)s. Until it is claimed, what it sends is refused.")
        % {"serial": row.serial},
    )  # fmt: skip


def _done(request: HttpRequest, row: Gateway, deed: Callable[[], Any], said: str) -> HttpResponse:
    """Do something to a gateway, and show its page with how it went."""
    try:
        deed()
        messages.success(request, said % {"name": row.name})
    except OutturnError as error:
        messages.error(request, error.told)
    return redirect("gateway", actor_of(request).slug, row.id)


def _back(request: HttpRequest, row: Gateway) -> tuple[str, str]:
    return row.name, reverse("gateway", args=[actor_of(request).slug, row.id])


def found(gateway: UUID) -> Gateway:
    """A gateway.

    Raises:
        Http404: The tenant has no such gateway.
    """
    try:
        return selectors.gateway(gateway)
    except NotFoundError:
        raise Http404 from None


def _detail(request: HttpRequest, row: Gateway, token: Token | None = None) -> HttpResponse:
    actor, now = actor_of(request), utc_now()
    context = {
        **_arriving(request, row),
        "refused": newest_refused(row.id),
        "edge": edge_summary(row.id),
        "token": token and token.text,
        "has_token": bool(token) or selectors.tokens_in_force(row.id, now=now) > 0,
        "can_edit": actor.may(Permission.GATEWAYS_EDIT),
        "refused_looked_at": LOOKED_AT,
        "way": ways_in(row.id, token.text if token else f"{row.token_prefix}…", now=now),
    }
    response = render(request, "gateways/detail.html", context)
    if token:
        response["Cache-Control"] = "no-store"
    return response


def _arriving(request: HttpRequest, row: Gateway) -> dict[str, Any]:
    (state,) = selectors.states([row], now=utc_now())
    arriving_url = reverse("gateway-arriving", args=[actor_of(request).slug, row.id])
    keys, seen = recent_keys(row.id), look(settings.REDIS_URL, row.tenant_id, row.id)  # type: ignore[arg-type]
    return {
        "gateway": row,
        "state": state,
        "clock": _clock(state.clock_ms),
        "messages_seen": [{**one, "at": datetime.fromisoformat(one["at"])} for one in seen],
        "is_new": state.last_seen_at is None,
        "keys": keys[:MOST_KEYS],
        "has_unbound": any(not one.signal for one in keys),
        "more_keys": max(0, len(keys) - MOST_KEYS),
        "arriving_url": f"{arriving_url}?refused={state.set_aside}",
    }


def _clock(ahead_ms: int | None) -> dict[str, Any] | None:
    """What is told of a clock: by how much it is off, and which way."""
    if ahead_ms is None:
        return None
    return {"seconds": abs(ahead_ms) / 1000, "ahead": ahead_ms > 0, "wrong": abs(ahead_ms) > CLOCK_WRONG_MS}
