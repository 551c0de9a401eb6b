"""The history explorer of a twin."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.scope.actors import Permission
from twins.catalog.schemas import AssetType
from twins.catalog.selectors import resolved_types
from twins.composer import selectors
from twins.composer.schemas import TwinDocument
from twins.language.symbols import symbol
from twins.telemetry.query_signals import signals_of_type

USUAL_SIGNALS = 1


@require_safe
@page(needs=Permission.TWINS_READ)
def history(request: HttpRequest, twin: str) -> HttpResponse:
    """The past of the published twin's signals."""
    found = selectors.twin_by_slug(twin)
    if found is None:
        raise Http404
    slug, document = actor_of(request).slug, selectors.published_twin(found.id)
    context: dict[str, Any] = {"twin": found, "canvas_url": reverse("canvas", args=[slug, found.slug])}
    if document is not None and document.assets:
        config = {"api": f"/t/{slug}/api/v1", "twin": str(found.id), **_choice(document)}
        if actor_of(request).may(Permission.ALARMS_READ):
            config["alarms"] = reverse("alarms", args=[slug])
        context["history_config"] = config
    return render(request, "history/history.html", context)


def _choice(document: TwinDocument) -> dict[str, Any]:
    """What can be looked at, and what is at first: what the first asset's failure modes are seen in."""
    resolved = resolved_types()
    types = {ref: resolved[ref].document for ref in {asset.type for asset in document.assets.values()}}
    assets = sorted(document.assets.items(), key=lambda item: item[1].name)
    first, asset = assets[0]
    return {
        "assets": [{"id": key, "name": each.name, "type": each.type} for key, each in assets],
        "signals": {ref: _signals(each) for ref, each in types.items()},
        "usual": [f"{first}/{key}" for key in _telling(types[asset.type])[:USUAL_SIGNALS]],
    }


def _signals(of: AssetType) -> list[dict[str, str]]:
    return [
        {"key": key, "name": (signal.name or {}).get("en", key), "unit": symbol(signal.unit)}
        for key, signal in signals_of_type(of).items()
    ]


def _telling(of: AssetType) -> list[str]:
    modes = [key for mode in of.failure_modes.values() for key in mode.signals]
    return list(dict.fromkeys([*modes, *signals_of_type(of)]))
