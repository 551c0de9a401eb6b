"""The gateways' pages: who sends readings, how much, and what was not taken."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.customers.selectors import customer_names
from tenants.edge.http import actor_of
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
    words = request.GET.get("q", "").strip()
    found = selectors.gateways().filter(name__icontains=words) if words else selectors.gateways()
    context = {
        "states": selectors.states(found, now=utc_now()),
        "words": words,
        "can_edit": actor_of(request).may(Permission.GATEWAYS_EDIT),
    }
    return render(request, "gateways/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def new_gateway(request: HttpRequest) -> HttpResponse:
    """A new gateway, whose token the next page shows once."""
    form = GatewayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _detail(request, *_create(form.cleaned_data))
        except OutturnError as error:
            form.add_error(error.place if error.place in form.fields else None, f"{error.message}. {error.fix}")
    return render(request, "gateways/new.html", {"form": form}, status=400 if form.errors else 200)


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


@require_POST
@page(needs=Permission.GATEWAYS_EDIT)
def rotate(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """A new token, which the answer shows once."""
    try:
        return _detail(request, *services.rotate_token(gateway=gateway, now=utc_now()))
    except NotFoundError:
        raise Http404 from None
    except OutturnError as error:
        messages.error(request, f"{error.message}. {error.fix}")
        return redirect("gateway", actor_of(request).slug, gateway)


@require_POST
@page(needs=Permission.GATEWAYS_EDIT)
def disable(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """Shut a gateway out."""
    try:
        row = services.disable_gateway(gateway=gateway, now=utc_now())
    except NotFoundError:
        raise Http404 from None
    messages.success(request, f"{row.name} is disabled. What it sent stays; what it sends from now on is refused.")
    return redirect("gateway", actor_of(request).slug, gateway)


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
