"""The steps between a connection's address and its start: security and trust, and the points it reads."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from tenants.edge.forms import SHELL, put_error, show_form
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.actors import Permission
from twins.gateways.connections import services, trying
from twins.gateways.connections.forms import SecurityForm, endpoint_key
from twins.gateways.connections.models import Connection, Kind
from twins.gateways.connections.pages import back_to, found, renamed
from twins.gateways.connections.register_csv import registers_from, table_of
from twins.gateways.field.opcua_found import PAGE, ROOT, Endpoint
from twins.gateways.field.registers import modbus_settings

MOST_MAP = 2_000_000
"""Characters of a pasted register map."""
_SHOWN = 500
"""Picked points that are shown; all are read."""


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def security(request: HttpRequest, connection: UUID) -> HttpResponse:
    """How messages are secured, whether the server's certificate is trusted, and as whom we sign in."""
    row = _of_kind(connection, Kind.OPCUA)
    try:
        endpoints = trying.offered(row.settings["url"])
    except OutturnError as error:
        messages.error(request, error.told)
        return redirect("connection", actor_of(request).slug, row.id)
    form = SecurityForm(
        request.POST or None, endpoints=endpoints, trusted=row.settings["trusted"], initial=_now(row, endpoints)
    )
    if request.method == "POST" and form.is_valid():
        try:
            _secure(row, form.cleaned_data)
        except OutturnError as error:
            put_error(form, renamed(error))
        else:
            messages.success(request, _("The server lets us in. Now choose what to read."))
            return redirect("connection-points", actor_of(request).slug, row.id)
    return show_form(
        request, form, title=_("Security of “%(name)s”") % {"name": row.name}, submit=_("Test and go on"), frame=SHELL,
        back=back_to(request, row),
        intro=_("This is what the server offers. Choose the strongest that it lets us in with."),
    )  # fmt: skip


def _now(row: Connection, endpoints: list[Endpoint]) -> dict[str, Any]:
    held = row.settings
    chosen = [one for one in endpoints if (one.policy, one.mode) == (held["policy"], held["mode"])]
    return {"endpoint": endpoint_key(chosen[0]) if chosen else "", "identity": held["identity"], "user": held["user"]}


def _secure(row: Connection, values: dict[str, Any]) -> None:
    """Keep the choice if the server lets us in with it.

    Raises:
        OutturnError: It does not, or something does not fit.
    """
    policy, mode, print_ = values["endpoint"].split("|")
    settings = {**row.settings, "policy": policy, "mode": mode, "identity": values["identity"], "user": values["user"]}
    if print_ and print_ not in settings["trusted"]:
        settings["trusted"] = [print_]
    entered = {name: values[name] for name in ("password", "certificate", "private_key")}
    secrets = entered if any(entered.values()) else None
    plan = services.plan_for(row, settings=settings, secrets=secrets, now=utc_now())
    settings["namespaces"] = trying.try_session(plan)
    services.change_connection(connection=row.id, settings=settings, secrets=secrets, now=utc_now())


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def points(request: HttpRequest, connection: UUID) -> HttpResponse:
    """What is read: nodes picked from the server's tree, or the register map."""
    row = found(connection)
    if row.kind == Kind.MODBUS:
        return _register_map(request, row)
    if request.method == "POST":
        raise Http404
    return render(request, "connections/nodes.html", _picked(request, row))


def _picked(request: HttpRequest, row: Connection) -> dict[str, Any]:
    slug, held = actor_of(request).slug, row.settings["points"]
    return {
        "connection": row, "points": held[:_SHOWN], "count": len(held), "more": max(0, len(held) - _SHOWN),
        "pick_url": reverse("connection-pick", args=[slug, row.id]),
        "browse_url": reverse("connection-browse", args=[slug, row.id]),
    }  # fmt: skip


@require_safe
@page(needs=Permission.GATEWAYS_EDIT)
def browse(request: HttpRequest, connection: UUID) -> HttpResponse:
    """What is under a node of the server, or what bears some words; a piece of the page."""
    row = _of_kind(connection, Kind.OPCUA)
    node, words = request.GET.get("node", ROOT)[:400], request.GET.get("words", "").strip()[:200]
    skip = int(text) if (text := request.GET.get("skip", "0")).isdecimal() and len(text) < 7 else 0
    context: dict[str, Any] = {**_picked(request, row), "node": node, "words": words}
    try:
        plan = services.plan_of(connection=row.id, now=utc_now())
        found_ = trying.found(plan, words) if words else trying.children(plan, node, skip=skip)
    except OutturnError as error:
        return render(request, "connections/_branch.html", {**context, "error": error.told})
    taken = {point["node"] for point in row.settings["points"]}
    entries = [
        {"entry": one, "name": one.name, "mark": _mark(one.node), "is_picked": one.node in taken}
        for one in found_.found
    ]
    more = ""
    if found_.has_more and not words:
        more = f"{context['browse_url']}?{urlencode({'node': node, 'skip': skip + PAGE})}"
    context |= {
        "entries": entries, "more_url": more, "is_partial": found_.has_more and bool(words),
        "variables": [one.node for one in found_.found if one.is_variable and one.node not in taken],
    }  # fmt: skip
    return render(request, "connections/_branch.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def pick(request: HttpRequest, connection: UUID) -> HttpResponse:
    """Pick nodes, or let go of some; the answer is the list of those that are picked, asked again with their values."""
    row = _of_kind(connection, Kind.OPCUA)
    if request.method != "POST":
        return render(request, "connections/_picked.html", _with_values(_picked(request, row), row))
    error, before = "", _names(row)
    try:
        row = services.pick_nodes(
            connection=row.id, picked=_posted(request), dropped=request.POST.getlist("drop"), now=utc_now()
        )
    except OutturnError as refused:
        error = refused.told
    after = _names(row)
    changed = [
        {"name": {**before, **after}[node], "mark": _mark(node), "is_picked": node in after}
        for node in before.keys() ^ after.keys()
    ]
    return render(request, "connections/_picked.html", {**_picked(request, row), "error": error, "changed": changed})


def _names(row: Connection) -> dict[str, str]:
    return {point["node"]: point["key"] for point in row.settings["points"]}


def _mark(node: str) -> str:
    """What the button of a node is called in the page, where its name may hold anything."""
    return sha256(node.encode()).hexdigest()[:16]


def _with_values(context: dict[str, Any], row: Connection) -> dict[str, Any]:
    """With what the nodes say now; without, while the server does not answer."""
    nodes = [point["node"] for point in context["points"]]
    try:
        said = trying.values(services.plan_of(connection=row.id, now=utc_now()), nodes) if nodes else {}
    except OutturnError as error:
        return {**context, "error": error.told, "with_values": True}
    points = [
        {**point, "value": said[point["node"]].value, "status": said[point["node"]].status}
        for point in context["points"]
    ]
    return {**context, "points": points, "with_values": True}


def _posted(request: HttpRequest) -> list[dict[str, str]]:
    nodes, names = request.POST.getlist("node"), request.POST.getlist("key")
    units = [*request.POST.getlist("unit"), *([""] * len(nodes))]
    return [{"node": node, "key": key, "unit": unit} for node, key, unit in zip(nodes, names, units, strict=False)]


def _register_map(request: HttpRequest, row: Connection) -> HttpResponse:
    text = table_of(row.settings["points"])
    context: dict[str, Any] = {"connection": row, "text": text, "back": back_to(request, row)}
    if request.method != "POST":
        return render(request, "connections/registers.html", context)
    context["text"] = text = request.POST.get("registers", "")[:MOST_MAP]
    try:
        settings = {**row.settings, "points": registers_from(text)}
        services.checked_settings(row.kind, settings)
        if "read" in request.POST:
            context["rows"] = _read_rows(settings)
            return render(request, "connections/registers.html", context)
        services.change_connection(connection=row.id, settings=settings, now=utc_now())
    except OutturnError as error:
        context["error"], context["findings"] = error, error.findings
        return render(request, "connections/registers.html", context, status=400)
    return redirect("connection", actor_of(request).slug, row.id)


def _read_rows(settings: dict[str, Any]) -> list[dict[str, Any]]:
    once = trying.read_map(settings)
    return [
        {"point": point, "value": once.values.get(point.key), "trouble": once.troubles.get(point.place)}
        for point in modbus_settings(settings).points[:_SHOWN]
    ]


def _of_kind(connection: UUID, kind: Kind) -> Connection:
    row = found(connection)
    if row.kind != kind:
        raise Http404
    return row
