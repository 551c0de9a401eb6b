"""Gateways, found by name and serial."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from tenants.portal.search import Hit, named
from tenants.scope.actors import Actor
from twins.gateways.selectors import gateways


def find_gateways(actor: Actor, words: tuple[str, ...], most: int) -> Iterable[Hit]:
    """Gateways by their name, then by their serial."""
    found = {row.id: row for field in ("name", "serial") for row in named(gateways(), field, words)[:most]}
    for gateway in list(found.values())[:most]:
        yield Hit(gateway.name, reverse("gateway", args=[actor.slug, gateway.id]))
