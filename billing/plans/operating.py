"""Who sees the pages on which plans are sold: the people of the organisation that runs the platform, nobody else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase

from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.scope.actors import Actor, Permission

View = Callable[..., HttpResponseBase]


def is_operator(actor: Actor) -> bool:
    """Whether somebody acts for the organisation that runs the platform and sells its plans."""
    return bool(settings.OUTTURN_OPERATOR) and actor.slug == settings.OUTTURN_OPERATOR


def operator_page(*, needs: Permission) -> Callable[[View], View]:
    """Mark a page of the operator with the permission it needs; elsewhere there is no such page."""

    def decorate(view: View) -> View:
        @wraps(view)
        def found(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not is_operator(actor_of(request)):
                raise Http404
            return view(request, *args, **kwargs)

        return page(needs=needs)(found)

    return decorate
