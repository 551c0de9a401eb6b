"""Who may call which view."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from tenants.edge.http import actor_of
from tenants.scope.actors import Actor, Permission

READING = frozenset({"GET", "HEAD", "OPTIONS"})


class ActorPermission(BasePermission):
    """Compares the actor's role with what the view needs; a view that names nothing is refused to all.

    A view says ``needs = {"read": Permission.READ, "write": Permission.EDIT}`` or, for single actions, the method's
    name in place of ``read`` and ``write``.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the actor may make this call.

        Raises:
            MethodNotAllowed: Nobody may; the view does not know the method.
        """
        if request.method not in view.allowed_methods:
            raise MethodNotAllowed(str(request.method))
        actor = request.auth
        if not isinstance(actor, Actor):
            return False
        needs: dict[str, Permission] = getattr(view, "needs", {})
        action = getattr(view, "action", None) or ""
        kind = "read" if request.method in READING else "write"
        wanted = needs.get(action) or needs.get(kind)
        return wanted is not None and actor.may(wanted)


def page(*, needs: Permission) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Mark a server-rendered view of an organisation with the permission it needs; others get a 403 page."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not actor_of(request).may(needs):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.needs = needs  # type: ignore[attr-defined]
        return guarded

    return decorate


class Needs:
    """The common cases of ``needs``."""

    EDITING: ClassVar = {"read": Permission.READ, "write": Permission.EDIT}
    OPERATING: ClassVar = {"read": Permission.READ, "write": Permission.OPERATE}
    ADMINISTERING: ClassVar = {"read": Permission.ADMINISTER, "write": Permission.ADMINISTER}
    READING: ClassVar = {"read": Permission.READ}
