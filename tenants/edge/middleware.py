"""What every request gets, whoever sends it: an id, the headers that browsers enforce, an address that can be one."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponseBase

from tenants.edge.context import request_id, set_client_address, set_request_id
from tenants.edge.http import address_of
from tenants.edge.stack import with_deep_stack
from tenants.kernel.ids import new_id

Respond = Callable[[HttpRequest], HttpResponseBase]
REQUEST_ID = re.compile(r"^[A-Za-z0-9_-]{8,64}$")


class RequestIdMiddleware:
    """Gives each request an id, the caller's own when it has the right form, and sends it back."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    @with_deep_stack
    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request under its id."""
        given = request.headers.get("X-Request-Id", "")
        set_request_id(given if REQUEST_ID.match(given) else new_id().hex)
        set_client_address(address_of(request))
        response = self.respond(request)
        response["X-Request-Id"] = request_id()
        return response


class SecurityHeadersMiddleware:
    """Sends the content security policy: our own files, nothing inline, no frame, no foreign host."""

    POLICY = (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the headers that browsers enforce."""
        response = self.respond(request)
        response.setdefault("Content-Security-Policy", self.POLICY)
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class AddressMiddleware:
    """Answers that nothing has an address with a NUL in it: the database keeps no text that has one."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request.

        Raises:
            Http404: Its address has a NUL in it.
        """
        if "\x00" in request.path_info:
            raise Http404
        return self.respond(request)
