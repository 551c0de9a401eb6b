"""The pages on which a person says what the agent at a gateway's site is to do."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.edge.forms import put_error
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import Finding, NotFoundError, OutturnError
from tenants.scope.actors import Permission
from twins.gateways.edge.platform import selectors, services
from twins.gateways.edge.platform.checks import LARGEST, parsed
from twins.gateways.edge.platform.models import EdgeConfiguration
from twins.gateways.edge.platform.pages import found_gateway

FIRST: dict[str, Any] = {
    "sources": [],
    "features": [],
    "forwarding": {"batch_readings": 5000, "batch_seconds": 1, "raw": "all"},
    "store": {"limit": 1 << 30, "policy": "oldest"},
}
"""What the editor begins with."""


class ConfigurationForm(forms.Form):
    """The document as text, and which version it was before it was changed."""

    document = forms.CharField(
        max_length=2 * LARGEST, label=_("Configuration, as JSON"),
        widget=forms.Textarea(attrs={"rows": 28, "spellcheck": "false", "wrap": "off"}),
        help_text=_(
            "Sources, features, forwarding and store. Secrets are named by their file or variable at the site, never "
            "written here."
        ),
    )  # fmt: skip
    base = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def put_findings(self, findings: list[Finding]) -> None:
        """Show what is wrong, each with its place in the document."""
        for one in findings:
            told = f"{one.message[:1].upper()}{one.message[1:].removesuffix('.')}. {one.fix}"
            self.add_error("document", f"{one.place}: {told}" if one.place else told)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def configure(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """What the agent is to do, as text."""
    row, actor = found_gateway(gateway), actor_of(request)
    newest = selectors.newest_configuration(row.id)
    begun = {"document": as_text(newest.document if newest else FIRST), "base": newest.digest if newest else ""}
    form = ConfigurationForm(request.POST or None, initial=begun)
    if request.method == "POST" and form.is_valid():
        document, findings = parsed(form.cleaned_data["document"])
        form.put_findings(findings)
        if not findings:
            try:
                saved = services.save_configuration(
                    gateway=row.id, document=document, by=actor.name, now=utc_now(), base=form.cleaned_data["base"]
                )
                told = gettext("Version %(number)s is saved. The agent takes it within half a minute.")
                messages.success(request, told % {"number": saved.number})
                return redirect("gateway-edge-version", actor.slug, row.id, saved.number)
            except OutturnError as error:
                put_error(form, error)
    context = {"form": form, "gateway": row, "newest": newest}
    return render(request, "edge/configuration.html", context, status=400 if form.errors else 200)


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def version(request: HttpRequest, gateway: UUID, number: int) -> HttpResponse:
    """One version: what it says, and how it differs from the one that the agent follows, or else from the newest."""
    row = found_gateway(gateway)
    found = _version(row.id, number)
    newest, running = selectors.newest_configuration(row.id), _running(row.id)
    against = running if running is not None and running.number != found.number else newest
    assert against is not None  # there is this one at least
    context = {
        "gateway": row, "version": found, "newest": newest, "running": running, "text": as_text(found.document),
        "against": None if against.number == found.number else against,
        "differences": [
            {"place": place, "former": _shown(former), "now": _shown(now)}
            for place, former, now in selectors.difference(against.document, found.document)[:500]
        ],
        "can_edit": actor_of(request).may(Permission.GATEWAYS_EDIT),
    }  # fmt: skip
    return render(request, "edge/version.html", context)


@require_POST
@page(needs=Permission.GATEWAYS_EDIT)
def restore(request: HttpRequest, gateway: UUID, number: int) -> HttpResponse:
    """Have an older version stand again, as a new one."""
    row, actor = found_gateway(gateway), actor_of(request)
    found = _version(row.id, number)
    try:
        saved = services.restore_configuration(gateway=row.id, number=found.number, by=actor.name, now=utc_now())
    except OutturnError as error:
        messages.error(request, error.told)
        return redirect("gateway-edge-version", actor.slug, row.id, found.number)
    told = gettext("Version %(number)s says what version %(former)s said. The agent takes it within half a minute.")
    messages.success(request, told % {"number": saved.number, "former": found.number})
    return redirect("gateway-edge-version", actor.slug, row.id, saved.number)


def as_text(document: Any) -> str:
    """A document as people read and edit it."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def _running(gateway: UUID) -> EdgeConfiguration | None:
    """The version that the agent says it follows."""
    agent = selectors.agent_of(gateway)
    if agent is None or agent.status["configuration"]["state"] != "applied":
        return None
    return selectors.configurations(gateway).filter(digest=agent.status["configuration"]["digest"]).first()


def _version(gateway: UUID, number: int) -> EdgeConfiguration:
    try:
        return selectors.configuration(gateway, number)
    except NotFoundError:
        raise Http404 from None


def _shown(value: Any) -> str:
    return "–" if value is None else json.dumps(value, ensure_ascii=False)[:400]
