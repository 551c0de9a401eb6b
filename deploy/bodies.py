"""An end to what requests may send, each alone and all together.

Django puts every body onto the disk, whoever sends it, before it asks a view; readings are held in memory until they
are stored.
"""

from __future__ import annotations

import json
import logging
import time
from http import HTTPStatus
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from tenants.edge.problems import CONTENT_TYPE, document
from tenants.kernel.errors import OutturnError
from tenants.limits.domain.shares import Room

MOST_BYTES = 8 * 1024 * 1024
"""More than any form or document of ours has; readings have a route and a limit of their own."""
MOST_HELD = 256 * 1024 * 1024
"""Bytes of readings under way in a process."""
_NOW_AND_THEN_SECONDS = 10.0

logger = logging.getLogger("outturn.ingest")


class BodyTooLongError(OutturnError):
    """A request sends more than is taken."""

    code = "request.too_long"
    status = int(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


class CrowdedOutError(OutturnError):
    """As much is being sent at once as there is memory for."""

    code = "ingest.busy"
    status = int(HTTPStatus.TOO_MANY_REQUESTS)


class HeldBodies:
    """Reads no more of a body when there is no memory for it, with what else its sender has under way.

    The senders, told apart by their credential, share `most` bytes, and none may have more under way than is free. The
    application answers the error as any other of ours.
    """

    def __init__(self, application: Any, *, most: int = MOST_HELD) -> None:
        self.application = application
        self.most = most
        self._room: Room[bytes] = Room()
        self._told_at = -_NOW_AND_THEN_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; what it sent is held until it is answered."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        sender = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        held = 0

        async def counted() -> Message:
            nonlocal held
            message = await receive()
            if size := len(message.get("body", b"")):
                if not self._room.has_room(sender, most=self.most):
                    self._log(scope)
                    raise CrowdedOutError(
                        "more is being sent at once than there is memory for", kept="Nothing of this batch.",
                        fix="Send fewer batches at the same time, and this one again after the seconds in Retry-After.",
                    )  # fmt: skip
                self._room.take(sender, size)
                held += size
            return message

        try:
            await self.application(scope, counted, send)
        finally:
            self._room.give_back(sender, held)

    def _log(self, scope: Scope) -> None:
        if (now := time.monotonic()) - self._told_at >= _NOW_AND_THEN_SECONDS:
            self._told_at = now
            logger.warning(
                "bodies are refused: %d MB are under way, one sender has too much of it; the last came from %s",
                self._room.taken // 2**20, (scope.get("client") or ("nobody",))[0],
            )  # fmt: skip


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
