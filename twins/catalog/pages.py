"""The catalogue's pages."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenants.edge.permissions import page
from tenants.scope.actors import Permission
from twins.catalog import selectors


@require_safe
@page(needs=Permission.TWINS_READ)
def catalogue(request: HttpRequest) -> HttpResponse:
    """All published types."""
    words = request.GET.get("q", "").strip()
    entries = selectors.catalogue()
    if words:
        entries = [
            each for each in entries if words.lower() in f"{each.own.key} {' '.join(each.own.name.values())}".lower()
        ]
    return render(request, "catalog/list.html", {"entries": entries, "words": words})


@require_safe
@page(needs=Permission.TWINS_READ)
def asset_type(request: HttpRequest, ref: str) -> HttpResponse:
    """One type: its signals, failure modes, maintenance and indicators, with what is inherited marked."""
    entry = selectors.catalogue_entry(ref)
    if entry is None:
        raise Http404
    return render(request, "catalog/detail.html", {"entry": entry, "type": entry.resolved})
