"""The gateways' pages: who sends readings, how much, and what was not taken."""

from __future__ import annotations

from datetime import datetime
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

from tenants.customers.selectors import customer_choices, customer_names
from tenants.edge.forms import SHELL, NamedConfirmForm, put_error, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.kernel.secrets import Token
from tenants.scope.actors import Permission
from twins.gateways import selectors, services
from twins.gateways.models import Gateway
from twins.telemetry.models import SetAside
from twins.telemetry.selectors import recent_keys, set_aside

INGEST_PATH = "/ingest/v1/readings"
ROWS = 50
"""Rows of what was set aside on one page."""
MOST_KEYS = 500
"""Keys that the page shows; the API has them all."""
STATES = (
    ("connected", _("Sending")), ("late", _("Silent")), ("unknown", _("Never seen")), ("disconnected", _("Disabled")),
)  # fmt: skip


class GatewayForm(forms.Form):
    """What a new gateway is called, and at whose place it stands."""

    name = forms.CharField(
        max_length=120, help_text="Where it stands or what it speaks for, so that you know it when it falls silent."
    )
    customer = forms.ChoiceField(
        required=False, help_text="At whose place it stands, if at a customer's: it counts towards that one's share."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(str(key), name) for key, name in customer_names().items()]
        self.fields["customer"].choices = [("", "None: our own place"), *names]  # type: ignore[attr-defined]


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def gateways(request: HttpRequest) -> HttpResponse:
    """The gateways of the organisation."""
    actor = actor_of(request)
    listed = _listing(actor.slug, utc_now()).page(request, selectors.gateways().select_related("customer"))
    context = {"listing": listed, "can_edit": actor.may(Permission.GATEWAYS_EDIT)}
    return listed.csv or render(request, "gateways/list.html", context)


def _listing(slug: str, now: datetime) -> Listing:
    def link(row: selectors.GatewayState) -> str:
        return reverse("gateway", args=[slug, row.gateway.id])

    return Listing(
        name="gateways", caption=_("Gateways"), order="name", search=("name", "customer__name"),
        columns=(
            Column("gateway__name", _("Name"), sort="name", link=link),
            Column("state", _("State"), kind="status", word=lambda row: dict(STATES)[row.state]),
            Column("gateway__customer__name", _("Customer")),
            Column("last_seen_at", _("Last seen"), kind="age"),
            Column("per_minute", _("Readings"), kind="number", unit=_("per minute")),
            Column("readings", _("Stored"), kind="number"),
            Column("set_aside", _("Set aside"), kind="number",
                   link=lambda row: f"{link(row)}#set-aside" if row.set_aside else None),
            Column("gateway__created_at", _("Made"), sort="created_at", kind="moment"),
        ),
        filters=(
            Filter("state", _("State"), STATES, lambda rows, state: selectors.in_state(rows, state, now=now)),
            Filter("customer", _("Customer"), customer_choices, lambda rows, value: rows.filter(customer=value)),
        ),
        decorate=lambda rows: selectors.states(rows, now=now),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def new_gateway(request: HttpRequest) -> HttpResponse:
    """A new gateway, whose token the next page shows once."""
    form = GatewayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _detail(request, *_create(form.cleaned_data))
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


def _create(values: dict[str, Any]) -> tuple[Gateway, Token]:
    customer = UUID(values["customer"]) if values["customer"] else None
    return services.create_gateway(name=values["name"], customer=customer, now=utc_now())


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def gateway(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """One gateway: whether it sends, what arrives right now, and what was set aside and why."""
    return _detail(request, _found(gateway))


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def arriving(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """What arrives right now, asked for again and again by the gateway's page."""
    return render(request, "gateways/_arriving.html", _arriving(request, _found(gateway)))


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def rotate(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """A new token, which the answer shows once, after the gateway's name was typed: its device is cut off till then."""
    row = _found(gateway)
    form = NamedConfirmForm(request.POST if request.method == "POST" else None, name=row.name)
    if request.method == "POST" and form.is_valid():
        try:
            return _detail(request, *services.rotate_token(gateway=row.id, now=utc_now()))
        except OutturnError as error:
            messages.error(request, error.told)
            return redirect("gateway", actor_of(request).slug, row.id)
    return show_confirm(
        request, form, title=_("A new token for “%(name)s”") % {"name": row.name}, submit=_("Make a new token"),
        back=_back(request, row),
        what=_("The token that it has now is refused at once. Until it has the new one, it keeps what it reads."),
        undo=_("This cannot be undone; another new token can be made at any time."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def disable(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """Shut a gateway out for good, after its name was typed."""
    row = _found(gateway)
    form = NamedConfirmForm(request.POST if request.method == "POST" else None, name=row.name)
    if request.method == "POST" and form.is_valid():
        services.disable_gateway(gateway=row.id, now=utc_now())
        said = _("%(name)s is disabled. What it sent stays; what it sends from now on is refused.")
        messages.success(request, said % {"name": row.name})
        return redirect("gateway", actor_of(request).slug, row.id)
    return show_confirm(
        request, form, title=_("Disable “%(name)s”") % {"name": row.name}, submit=_("Disable the gateway"),
        back=_back(request, row),
        what=_("What it sends is refused within seconds. What it sent stays, and it makes room for another gateway."),
        undo=_("This cannot be undone. One in the trash can be restored for 30 days, and gets a new token then."),
    )  # fmt: skip


def _back(request: HttpRequest, row: Gateway) -> tuple[str, str]:
    return row.name, reverse("gateway", args=[actor_of(request).slug, row.id])


def _found(gateway: UUID) -> Gateway:
    try:
        return selectors.gateway(gateway)
    except NotFoundError:
        raise Http404 from None


def _detail(request: HttpRequest, row: Gateway, token: Token | None = None) -> HttpResponse:
    actor = actor_of(request)
    context = {
        **_arriving(request, row),
        **_set_aside(request, row),
        "token": token and token.text,
        "can_edit": actor.may(Permission.GATEWAYS_EDIT),
        "ingest_url": f"{settings.BASE_URL}{INGEST_PATH}",
        "topic": f"outturn/{row.id}",
    }
    response = render(request, "gateways/detail.html", context)
    if token:
        response["Cache-Control"] = "no-store"
    return response


def _arriving(request: HttpRequest, row: Gateway) -> dict[str, Any]:
    (state,) = selectors.states([row], now=utc_now())
    keys = recent_keys(row.id)
    return {
        "gateway": row,
        "state": state,
        "keys": keys[:MOST_KEYS],
        "more_keys": max(0, len(keys) - MOST_KEYS),
        "arriving_url": reverse("gateway-arriving", args=[actor_of(request).slug, row.id]),
    }


def _set_aside(request: HttpRequest, row: Gateway) -> dict[str, Any]:
    found = set_aside(row.id)
    if before := _id(request.GET.get("before", "")):
        found = found.filter(id__lt=before)
    rows = list(found[: ROWS + 1])
    here = reverse("gateway", args=[actor_of(request).slug, row.id])
    pager = {
        "previous_url": here if before else None,
        "next_url": f"{here}?before={rows[ROWS - 1].id}#set-aside" if len(rows) > ROWS else None,
    }
    return {"set_aside": [_shown(one) for one in rows[:ROWS]], "pager": pager}


def _shown(row: SetAside) -> dict[str, Any]:
    """A row with its first reading, and what was sent for it."""
    at, value = (row.at[0], row.value[0]) if row.at else (None, None)
    is_whole = not row.key and not row.at
    return {"row": row, "is_whole": is_whole, "at": at, "sent": value if value is not None else row.excerpt}


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
