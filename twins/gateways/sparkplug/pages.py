"""The pages of Sparkplug: the edge nodes that a gateway sends as, what their births said, and asking for another."""

from __future__ import annotations

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

from tenants.edge.forms import SHELL, NamedConfirmForm, put_error, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Permission
from twins.gateways.connecting import broker_address
from twins.gateways.models import Gateway
from twins.gateways.selectors import gateway as gateway_of
from twins.gateways.sparkplug import selectors, services
from twins.gateways.sparkplug.models import SparkplugBirth, SparkplugNode
from twins.gateways.sparkplug.readings import is_control, key_of, word_of
from twins.gateways.sparkplug.services import LONGEST_NAME
from twins.gateways.sparkplug.standing import Standing, ask_for, standings
from twins.gateways.topics import EdgeNode

MOST_METRICS = 500
"""Metrics of one birth that are shown; the others are read as well."""


class EdgeNodeForm(forms.Form):
    """The names that an edge node sends under."""

    group = forms.CharField(max_length=LONGEST_NAME, label=_("Group"))
    node = forms.CharField(max_length=LONGEST_NAME, label=_("Edge node"), help_text=_("Such as line1."))


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def edge_nodes(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """The edge nodes of a gateway."""
    row, actor = _gateway(gateway), actor_of(request)
    nodes = list(selectors.nodes_of(row.id))
    met = standings(settings.REDIS_URL, row.tenant_id, (one.id for one in nodes))  # type: ignore[arg-type]
    shown = [{"row": one, "met": met[one.id], "births": _births(one)} for one in nodes]
    host, port = broker_address()
    context = {
        "gateway": row, "nodes": shown, "can_edit": actor.may(Permission.GATEWAYS_EDIT),
        "broker": f"{host}:{port}" if host else "", "group": f"{actor.slug}:plant",
    }  # fmt: skip
    return render(request, "sparkplug/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def new_edge_node(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """Give a gateway the names of an edge node."""
    row, actor = _gateway(gateway), actor_of(request)
    form = EdgeNodeForm(request.POST or None, initial={"group": f"{actor.slug}:plant"})
    form.fields["group"].help_text = _("%(slug)s, or beginning with %(slug)s and a colon.") % {"slug": actor.slug}
    if request.method == "POST" and form.is_valid():
        try:
            made = services.give_edge_node(gateway=row.id, now=utc_now(), **form.cleaned_data)
        except OutturnError as error:
            put_error(form, error)
        else:
            return redirect("gateway-edge-node", actor.slug, row.id, made.id)
    return show_form(
        request, form, title=_("New edge node"), submit=_("Give it these names"), frame=SHELL,
        back=(_("Edge nodes"), reverse("gateway-edge-nodes", args=[actor.slug, row.id])),
        intro=_("What this gateway's edge node is called in its own settings. No other gateway can send under them."),
    )  # fmt: skip


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def edge_node(request: HttpRequest, gateway: UUID, node: UUID) -> HttpResponse:
    """One edge node: whether it is there, and what its births and those of its devices declared."""
    row, actor = _gateway(gateway), actor_of(request)
    shown = _node(row, node)
    met = standings(settings.REDIS_URL, row.tenant_id, [shown.id])[shown.id]  # type: ignore[arg-type]
    births = [_birth(shown, one, met) for one in _births(shown)]
    context = {
        "gateway": row,
        "node": shown,
        "met": met,
        "births": births,
        "can_edit": actor.may(Permission.GATEWAYS_EDIT),
    }
    return render(request, "sparkplug/detail.html", context)


@require_POST
@page(needs=Permission.GATEWAYS_EDIT)
def ask(request: HttpRequest, gateway: UUID, node: UUID) -> HttpResponse:
    """Ask an edge node to be born anew."""
    row = _gateway(gateway)
    shown = _node(row, node)
    if ask_for(settings.REDIS_URL, EdgeNode(shown.group, shown.node)):
        messages.success(request, gettext("%(node)s is asked; its birth is shown here as it comes.") % {"node": shown})
    else:
        messages.error(request, gettext("It cannot be asked at present. Try again in a moment."))
    return redirect("gateway-edge-node", actor_of(request).slug, row.id, shown.id)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def take(request: HttpRequest, gateway: UUID, node: UUID) -> HttpResponse:
    """Take the names of an edge node from a gateway, after they were typed."""
    row, actor = _gateway(gateway), actor_of(request)
    shown = _node(row, node)
    form = NamedConfirmForm(request.POST if request.method == "POST" else None, name=str(shown))
    if request.method == "POST" and form.is_valid():
        services.take_edge_node(gateway=row.id, node=shown.id)
        messages.success(request, gettext("%(node)s is removed. What it sent stays.") % {"node": shown})
        return redirect("gateway-edge-nodes", actor.slug, row.id)
    return show_confirm(
        request, form, title=_("Remove “%(node)s”") % {"node": shown}, submit=_("Remove the edge node"),
        back=(str(shown), reverse("gateway-edge-node", args=[actor.slug, row.id, shown.id])),
        what=_("What it sends under these names is refused within seconds. What it sent stays."),
        undo=_("The same names can be given again, to this gateway or another."),
    )  # fmt: skip


def _births(node: SparkplugNode) -> list[SparkplugBirth]:
    """The births of an edge node and its devices, its own first."""
    return list(selectors.births_of(node))


def _birth(node: SparkplugNode, birth: SparkplugBirth, met: Standing) -> dict[str, Any]:
    names = EdgeNode(node.group, node.node)
    metrics = [
        {
            "name": name, "alias": alias, "kind": word_of(kind),
            "key": "" if is_control(name) else key_of(names, birth.device, name),
        }
        for name, alias, kind in birth.metrics
    ]  # fmt: skip
    gone_at = met.gone.get(birth.device)
    return {
        "device": birth.device, "born_at": birth.born_at, "gone_at": gone_at,
        "is_online": node.online and (gone_at is None or gone_at < birth.born_at),
        "metrics": metrics[:MOST_METRICS], "count": len(metrics), "more": max(0, len(metrics) - MOST_METRICS),
    }  # fmt: skip


def _gateway(gateway: UUID) -> Gateway:
    try:
        return gateway_of(gateway)
    except NotFoundError:
        raise Http404 from None


def _node(gateway: Gateway, node: UUID) -> SparkplugNode:
    found = selectors.nodes_of(gateway.id).filter(id=node).first()
    if found is None:
        raise Http404
    return found
