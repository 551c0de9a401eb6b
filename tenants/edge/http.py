"""The request as our views see it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

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


def filed(response: HttpResponseBase, name: str) -> HttpResponseBase:
    """An answer as a file to save under a name; it is kept nowhere on the way."""
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def address_of(request: HttpRequest) -> str:
    """The network address a request comes from.

    Behind proxies of ours (`OUTTURN_PROXIES` counts them) it is what the outermost of them saw; what stands before that
    in `X-Forwarded-For` is the caller's own word and is not looked at, and neither is what is no address.
    """
    return _outermost(request.headers.get("X-Forwarded-For", ""), request.META.get("REMOTE_ADDR") or "")


def address_of_socket(scope: Mapping[str, Any]) -> str:
    """The network address that a websocket (an ASGI scope) comes from, told as `address_of` tells it."""
    forwarded = ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for")
    client = scope.get("client")
    return _outermost(forwarded, client[0] if client else "")


def _outermost(forwarded: str, peer: str) -> str:
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    if settings.OUTTURN_PROXIES and len(hops) >= settings.OUTTURN_PROXIES:
        seen = hops[-settings.OUTTURN_PROXIES]
        if _is_address(seen):
            return seen
    return peer


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
