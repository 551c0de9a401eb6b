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
Needed = Permission | frozenset[Permission]
"""A permission, or several of which any is enough."""


class ActorPermission(BasePermission):
    """Compares what the actor may do with what the view needs; a view that names nothing is refused to all.

    A view says ``needs = {"read": Permission.TWINS_READ, "write": Permission.TWINS_EDIT}`` or, for single actions, the
    method's name in place of ``read`` and ``write``; a set of permissions means any of them.
    """

    message: str | None = None

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
        needs: dict[str, Needed] = getattr(view, "needs", {})
        action = getattr(view, "action", None) or ""
        kind = "read" if request.method in READING else "write"
        wanted = needs.get(action) or needs.get(kind)
        if wanted is None or may_any(actor, wanted):
            return wanted is not None
        self.message = f"this needs the permission {words_for(wanted)}"
        return False


def words_for(wanted: Needed) -> str:
    """The permission, or those of which any is enough, in a sentence."""
    return wanted.value if isinstance(wanted, Permission) else " or ".join(sorted(each.value for each in wanted))


def may_any(actor: Actor, wanted: Needed) -> bool:
    """Whether an actor has the permission, or any of them."""
    return actor.may(wanted) if isinstance(wanted, Permission) else any(actor.may(each) for each in wanted)


def page(*, needs: Needed) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Mark a server-rendered view of an organisation with the permission it needs; others get a 403 page."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not may_any(actor_of(request), needs):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.needs = needs  # type: ignore[attr-defined]
        return guarded

    return decorate


class Needs:
    """The common cases of ``needs``."""

    ADMINISTERING: ClassVar = {
        "read": Permission.ORGANISATION_ADMINISTER, "write": Permission.ORGANISATION_ADMINISTER,
    }  # fmt: skip
