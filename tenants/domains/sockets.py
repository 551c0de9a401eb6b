"""Websockets at hosts: the page that opens one must come from the very host, or from one of ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from channels.security.websocket import AllowedHostsOriginValidator

from tenants.domains.hosts import home_of
from tenants.domains.schemas import Home

Messages = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Messages, Send], Awaitable[None]]


class HostOriginValidator:
    """Lets a socket open at a host of an organisation's own from that host only; at all others as `ALLOWED_HOSTS` says.

    ``scope["home"]`` is the organisation whose own host it is, as ``request.home`` is for requests.
    """

    def __init__(self, application: Application) -> None:
        self.application = application
        self._others = AllowedHostsOriginValidator(application)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Messages, send: Send) -> None:
        """Pass the connection on, or refuse it."""
        host = _header(scope, b"host")
        home = await database_sync_to_async(home_of, thread_sensitive=False)(host)
        scope["home"] = home
        if home is not None and urlsplit(_header(scope, b"origin")).netloc.lower() == host.lower():
            await self.application(scope, receive, send)
        else:
            await self._others(scope, receive, send)


def home_of_socket(scope: Mapping[str, Any]) -> Home | None:
    """The organisation whose own host a websocket came to; None at ours."""
    found: Home | None = scope.get("home")
    return found


def _header(scope: Mapping[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope.get("headers", ()) if key == name), "")
