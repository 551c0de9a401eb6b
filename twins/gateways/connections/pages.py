"""The connections' pages: which there are, how each goes, and what may be changed of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.edge.forms import SHELL, NamedConfirmForm, put_error, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Permission
from twins.gateways import selectors as gateway_selectors
from twins.gateways.connections import selectors, services, trying
from twins.gateways.connections.forms import AddressForm, ModbusForm, OpcUaForm, security_word
from twins.gateways.connections.models import Connection, Kind
from twins.gateways.connections.selectors import ConnectionView
from twins.gateways.field.certificates import spaced
from twins.gateways.models import Gateway

STATES = (
    ("connected", _("Connected")), ("connecting", _("Connecting")), ("failing", _("Failing")), ("paused", _("Paused")),
    ("waiting", _("Nobody runs it")),
)  # fmt: skip


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def connections(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """The connections of a gateway."""
    actor, row = actor_of(request), found_gateway(gateway)
    listed = _listing(actor.slug, utc_now()).page(request, selectors.connections(row.id))
    context = {"listing": listed, "gateway": row, "can_edit": actor.may(Permission.GATEWAYS_EDIT)}
    return listed.csv or render(request, "connections/list.html", context)


def _listing(slug: str, now: datetime) -> Listing:
    def link(row: ConnectionView) -> str:
        return reverse("connection", args=[slug, row.connection.id])

    return Listing(
        name="connections", caption=_("Connections"), order="name", search=("name",),
        columns=(
            Column("connection__name", _("Name"), sort="name", link=link),
            Column("look", _("State"), kind="status", word=lambda row: dict(STATES)[row.state]),
            Column("connection__get_kind_display", _("Speaks")),
            Column("address", _("Address"), kind="code"),
            Column("points", _("Points"), kind="number"),
            Column("going__trouble_count", _("In trouble"), kind="number"),
            Column("going__last_sample_at", _("Newest reading"), kind="age"),
        ),
        filters=(Filter("kind", _("Speaks"), Kind.choices, lambda rows, kind: rows.filter(kind=kind)),),
        decorate=lambda rows: selectors.views(rows, now=now),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def new_connection(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """Where a new connection goes; it is made once somebody answers there."""
    row = found_gateway(gateway)
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            made = _make(row, values)
        except OutturnError as error:
            put_error(form, renamed(error))
        else:
            step = "connection-security" if made.kind == Kind.OPCUA and not values["later"] else "connection-points"
            return redirect(step, actor_of(request).slug, made.id)
    return show_form(
        request, form, title=_("New connection"), submit=_("Test and go on"), frame=SHELL,
        back=(row.name, reverse("gateway-connections", args=[actor_of(request).slug, row.id])),
        intro=_(
            "A connection reads an OPC UA server or a Modbus device, and sends what it reads in this gateway's name. "
            "First we see whether anybody answers."
        ),
    )  # fmt: skip


def _make(row: Gateway, values: dict[str, Any]) -> Connection:
    settings = address_settings(values["kind"], values["address"])
    if not values["later"]:
        if values["kind"] == Kind.OPCUA:
            trying.offered(settings["url"])
        else:
            trying.try_device(settings)
    return services.create_connection(
        gateway=row.id, name=values["name"], kind=values["kind"], settings=settings, now=utc_now()
    )


def address_settings(kind: str, address: str) -> dict[str, Any]:
    """The settings that an address stands for."""
    if kind == Kind.OPCUA:
        return {"url": address if "://" in address else f"opc.tcp://{address}"}
    host, _colon, port = address.rpartition(":")
    return {"host": host, "port": int(port)} if host and port.isdecimal() else {"host": address}


def renamed(error: OutturnError) -> OutturnError:
    """An error about the address, at the field in which people enter it."""
    if error.place in ("url", "host", "port"):
        error.place = "address"
    return error


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def connection(request: HttpRequest, connection: UUID) -> HttpResponse:
    """One connection: how it goes, what is in trouble, and what happened last."""
    actor, context = actor_of(request), _going(request, found(connection))
    return render(request, "connections/detail.html", {**context, "can_edit": actor.may(Permission.GATEWAYS_EDIT)})


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def going(request: HttpRequest, connection: UUID) -> HttpResponse:
    """How it goes now, asked for again and again by the connection's page."""
    return render(request, "connections/_going.html", _going(request, found(connection)))


def _going(request: HttpRequest, row: Connection) -> dict[str, Any]:
    (view,) = selectors.views([row], now=utc_now())
    held = services.held_certificate()
    return {
        "connection": row, "gateway": row.gateway, "view": view,
        "word": dict(STATES)[view.state], "is_opcua": row.kind == Kind.OPCUA,
        "certificate": spaced(held.fingerprint) if held and row.kind == Kind.OPCUA else "",
        "security": security_word(row.settings["policy"], row.settings["mode"]) if row.kind == Kind.OPCUA else "",
        "going_url": reverse("connection-going", args=[actor_of(request).slug, row.id]),
    }  # fmt: skip


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def certificate(request: HttpRequest) -> HttpResponse:
    """Our certificate, for servers that are to trust it before we come."""
    held = services.held_certificate()
    if held is None:
        raise Http404
    response = HttpResponse(bytes(held.certificate), content_type="application/pkix-cert")
    response["Content-Disposition"] = 'attachment; filename="outturn-client.der"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def edit(request: HttpRequest, connection: UUID) -> HttpResponse:
    """Another name, address or pace."""
    row = found(connection)
    kind = OpcUaForm if row.kind == Kind.OPCUA else ModbusForm
    address = row.settings.get("url") or f"{row.settings['host']}:{row.settings['port']}"
    form = kind(request.POST or None, initial={**row.settings, "name": row.name, "address": address})
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        name, where = values.pop("name"), address_settings(row.kind, values.pop("address"))
        try:
            services.change_connection(
                connection=row.id, name=name, settings={**row.settings, **where, **values}, now=utc_now()
            )
        except OutturnError as error:
            put_error(form, renamed(error))
        else:
            return _back(request, row)
    return show_form(
        request, form, title=_("Edit “%(name)s”") % {"name": row.name}, submit=_("Save"), frame=SHELL,
        back=back_to(request, row), intro=_("A change takes effect within two seconds."),
    )  # fmt: skip


@require_POST
@page(needs=Permission.GATEWAYS_EDIT)
def start(request: HttpRequest, connection: UUID) -> HttpResponse:
    """Have it run."""
    row = found(connection)
    try:
        services.start_connection(connection=row.id, now=utc_now())
    except OutturnError as error:
        messages.error(request, error.told)
    return _back(request, row)


@require_POST
@page(needs=Permission.GATEWAYS_EDIT)
def pause(request: HttpRequest, connection: UUID) -> HttpResponse:
    """Have it rest."""
    row = found(connection)
    services.pause_connection(connection=row.id, now=utc_now())
    return _back(request, row)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def delete(request: HttpRequest, connection: UUID) -> HttpResponse:
    """Forget it, after its name was typed."""
    row = found(connection)
    form = NamedConfirmForm(request.POST if request.method == "POST" else None, name=row.name)
    if request.method == "POST" and form.is_valid():
        services.delete_connection(connection=row.id)
        messages.success(request, _("%(name)s is deleted. What it read stays.") % {"name": row.name})
        return redirect("gateway-connections", actor_of(request).slug, row.gateway_id)
    return show_confirm(
        request, form, title=_("Delete “%(name)s”") % {"name": row.name}, submit=_("Delete the connection"),
        back=back_to(request, row), what=_("Its settings and secrets go at once. What it read stays."),
        undo=_("This cannot be undone. To stop it for a while, pause it instead."),
    )  # fmt: skip


def found(connection: UUID) -> Connection:
    """A connection of the organisation, or 404."""
    try:
        return selectors.connection(connection)
    except NotFoundError:
        raise Http404 from None


def found_gateway(gateway: UUID) -> Gateway:
    """A gateway of the organisation, or 404."""
    try:
        return gateway_selectors.gateway(gateway)
    except NotFoundError:
        raise Http404 from None


def back_to(request: HttpRequest, row: Connection) -> tuple[str, str]:
    """The connection's page, for a link back."""
    return row.name, reverse("connection", args=[actor_of(request).slug, row.id])


def _back(request: HttpRequest, row: Connection) -> HttpResponse:
    return redirect("connection", actor_of(request).slug, row.id)
