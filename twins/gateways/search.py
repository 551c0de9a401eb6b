"""Gateways, found by name."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from tenants.portal.search import Hit, named
from tenants.scope.actors import Actor
from twins.gateways.selectors import gateways


def find_gateways(actor: Actor, words: tuple[str, ...], most: int) -> Iterable[Hit]:
    """Gateways by their name."""
    for gateway in named(gateways(), "name", words)[:most]:
        yield Hit(gateway.name, reverse("gateway", args=[actor.slug, gateway.id]))
