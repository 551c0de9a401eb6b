"""The fleet page: every asset of a twin with its latest values, moving while they come in."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.scope.actors import Permission
from twins.catalog.domain.inheritance import ResolvedType
from twins.catalog.schemas import AssetType, Signal
from twins.catalog.selectors import resolved_types
from twins.composer import selectors
from twins.composer.schemas import TwinDocument
from twins.language.symbols import symbol
from twins.telemetry.query_signals import patience_of

MOST_COLUMNS = 6


@require_safe
@page(needs=Permission.TWINS_READ)
def fleet(request: HttpRequest, twin: str) -> HttpResponse:
    """The published twin, live."""
    found = selectors.twin_by_slug(twin)
    if found is None:
        raise Http404
    actor, document = actor_of(request), selectors.published_twin(found.id)
    context: dict[str, Any] = {"twin": found, "canvas_url": reverse("canvas", args=[actor.slug, found.slug])}
    if document is not None:
        types = [resolved.document for resolved in _types(document)]
        context["live_config"] = {
            "api": f"/t/{actor.slug}/api/v1",
            "twin": str(found.id),
            "websocket": f"/t/{actor.slug}/live/twins/{found.id}/",
            "assets": [{"id": key, "name": each.name, "type": each.type} for key, each in _by_name(document)],
            "signals": _signals(types),
            "signals_of": {each.ref: list(each.signals) for each in types},
            "columns": _telling(types),
            "stale_after": {each.ref: _patience(each) for each in types},
        }
    return render(request, "live/fleet.html", context)


def _by_name(document: TwinDocument) -> list[tuple[str, Any]]:
    return sorted(document.assets.items(), key=lambda item: item[1].name)


def _types(document: TwinDocument) -> list[ResolvedType]:
    types = resolved_types()
    return [types[ref] for ref in dict.fromkeys(asset.type for asset in document.assets.values())]


def _telling(types: list[AssetType]) -> list[str]:
    """The signals to look at first: those in which the types' failure modes are seen."""
    modes = [mode for each in types for mode in each.failure_modes.values()]
    return list(dict.fromkeys(key for mode in modes for key in mode.signals))[:MOST_COLUMNS]


def _patience(of: AssetType) -> dict[str, float]:
    """Seconds after which a reading says nothing about now, by signal; only where the type says how often one comes."""
    found = {key: patience_of(signal) for key, signal in of.signals.items()}
    return {key: patience for key, patience in found.items() if patience is not None}


def _signals(types: list[AssetType]) -> list[dict[str, Any]]:
    """The signals of the types in their order, each key once."""
    signals: dict[str, Signal] = {}
    for each in types:
        signals = each.signals | signals
    return [
        {
            "key": key,
            "name": (signal.name or {}).get("en", key),
            "unit": symbol(signal.unit) or None,
            "range": [str(end) for end in signal.range] if signal.range else None,
        }
        for key, signal in signals.items()
    ]
