"""An end to what a request may send: Django puts every body onto the disk, whoever sends it, before it asks a view."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from tenants.edge.problems import CONTENT_TYPE, document
from tenants.kernel.errors import OutturnError

MOST_BYTES = 8 * 1024 * 1024
"""More than any form or document of ours has; readings have a route and a limit of their own."""


class BodyTooLongError(OutturnError):
    """A request sends more than is taken."""

    code = "request.too_long"
    status = int(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


class LimitedBodies:
    """Answers 413 to a request whose body is longer than `most` bytes, whether it says so or is found to be."""

    def __init__(self, application: Any, *, most: int = MOST_BYTES) -> None:
        self.application = application
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its body as far as it may go."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        left, has_begun = self.most, False

        async def limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise self._error()
            return message

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            if _told_length(scope) > self.most:
                raise self._error()
            await self.application(scope, limited, noted)
        except BodyTooLongError as error:
            if has_begun:
                raise
            await _refuse(error, send)

    def _error(self) -> BodyTooLongError:
        return BodyTooLongError(f"the body has more than {self.most:,} bytes", fix="Send less at once.")


def _told_length(scope: Scope) -> int:
    told = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(told) if told.isdigit() else 0


async def _refuse(error: BodyTooLongError, send: Send) -> None:
    body: dict[str, Any] = document(error)
    headers = [(b"content-type", CONTENT_TYPE.encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
