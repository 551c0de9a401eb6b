"""The files of the front end, answered before Django is asked: a page names some thirty of them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.conf import settings
from starlette.types import Receive, Scope, Send
from whitenoise.middleware import WhiteNoiseMiddleware

from tenants.edge.middleware import SecurityHeadersMiddleware

_SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", SecurityHeadersMiddleware.POLICY.encode()),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class Assets:
    """Sends a file that WhiteNoise knows; all other requests go on to the application.

    In Django's stack each file is handed from thread to thread, which waits for the interpreter as long as a request
    computes something: a file then takes as long as the request. They are short and in the memory of the system, so
    that they are read where the server is.
    """

    def __init__(self, application: Any) -> None:
        self.application = application
        self._known = WhiteNoiseMiddleware(settings=settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file of this address, or let the application answer."""
        file = self._file(scope["path"]) if scope["type"] == "http" else None
        if file is None:
            await self.application(scope, receive, send)
            return
        answer = file.get_response(scope["method"], _asked(scope))
        headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": HTTPStatus(answer.status), "headers": headers + _SAFE})
        body = b""
        if answer.file is not None:
            with answer.file:
                body = answer.file.read()
        await send({"type": "http.response.body", "body": body})

    def _file(self, path: str) -> Any:
        return self._known.find_file(path) if self._known.autorefresh else self._known.files.get(path)


def _asked(scope: Scope) -> dict[str, str]:
    """The headers of a request, named as WSGI names them."""
    return {f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}": value.decode("latin-1")
            for name, value in scope["headers"]}  # fmt: skip
