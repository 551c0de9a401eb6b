"""Asset types, found by name."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from tenants.portal.search import Hit, has_all
from tenants.scope.actors import Actor
from twins.catalog.selectors import published_types


def find_types(actor: Actor, words: tuple[str, ...], most: int) -> Iterable[Hit]:
    """Asset types by their name or key, the newest version of each."""
    newest = {found.key: found for found in sorted(published_types().values(), key=lambda each: each.version)}
    named = [(each.name.get("en", each.key), each) for each in newest.values()]
    fitting = [(name, each.ref) for name, each in named if has_all(f"{name} {each.key}", words)]
    for name, ref in sorted(fitting, key=lambda one: (len(one[0]), one))[:most]:
        yield Hit(name, reverse("asset-type", args=[actor.slug, ref]), ref)
