"""Twins, their assets and their signals, found by name; each opens where its values are seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlencode

from django.urls import reverse

from tenants.portal.search import Hit, has_all, named
from tenants.scope.actors import Actor
from twins.catalog.selectors import resolved_types
from twins.composer import selectors


def find_twins(actor: Actor, words: tuple[str, ...], most: int) -> Iterable[Hit]:
    """Twins by their name."""
    for twin in named(selectors.twins().only("name", "slug"), "name", words)[:most]:
        yield Hit(twin.name, reverse("fleet", args=[actor.slug, twin.slug]))


def find_assets(actor: Actor, words: tuple[str, ...], most: int) -> Iterable[Hit]:
    """Assets of published twins by their name."""
    for asset in selectors.assets_named(words, most):
        yield Hit(asset.name, _live(actor, asset.twin_slug, q=asset.name), asset.twin_name)


def find_signals(actor: Actor, words: tuple[str, ...], most: int) -> Iterable[Hit]:
    """Signals of published twins by their name or key, once for each twin; they open as the column and the trend."""
    found = list(_signals(actor, words))
    return sorted(found, key=lambda hit: (len(hit.label), hit.label, hit.note))[:most]


def _signals(actor: Actor, words: tuple[str, ...]) -> Iterator[Hit]:
    types = resolved_types()
    for twin in selectors.types_in_use():
        signals = {key: signal for ref in twin.types for key, signal in types[ref].document.signals.items()}
        for key, signal in signals.items():
            name = (signal.name or {}).get("en", key)
            if has_all(f"{name} {key}", words):
                yield Hit(name, _live(actor, twin.slug, columns=key, trend=key), twin.name)


def _live(actor: Actor, slug: str, **view: str) -> str:
    return f"{reverse('fleet', args=[actor.slug, slug])}?{urlencode(view)}"
