"""The request as our views see it."""

from __future__ import annotations

from django.http import HttpRequest

from tenants.scope.actors import Actor


def actor_of(request: HttpRequest) -> Actor:
    """Who acts; only for views that the middleware has let through.

    Raises:
        LookupError: The view stands outside any organisation.
    """
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        raise LookupError("this view needs an organisation in its path")
    return actor
