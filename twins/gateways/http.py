"""Readings over HTTP: ``POST /ingest/v1/readings`` with a gateway's token and one batch as JSON, gzip allowed.

The answer to a batch comes when it is durable: ``{"batch", "accepted", "duplicate", "set_aside": [{"key", "at", "code",
"message", "fix"}], "set_aside_count", "commit"}``. A batch that got no answer, or one of 429 and 503, is sent again
under its name. Errors are RFC 9457 problem details with a dotted code and a fix.
"""

from __future__ import annotations

import zlib
from math import ceil
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tenants.edge import problems
from tenants.edge.context import request_id, set_request_id
from tenants.kernel.clock import isoformat
from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import new_id
from twins.gateways.credentials import Credentials
from twins.gateways.errors import MessageTooLargeError, MessageTypeError
from twins.telemetry.decode import LARGEST_BODY
from twins.telemetry.errors import BrokenMessageError
from twins.telemetry.instants import moment
from twins.telemetry.intake import Intake
from twins.telemetry.schemas import NO_TIME, Aside, Receipt

PATH = "/ingest/v1/readings"
MOST_TOLD = 100
"""How many readings that were set aside an answer names; the gateway's page has them all."""
_RETRY_AFTER = {429: "1", 503: "2"}


class Receiver:
    """Answers requests with readings.

    Args:
        intake: Where they go.
        credentials: Who sends them.
    """

    def __init__(self, intake: Intake, credentials: Credentials) -> None:
        self._intake = intake
        self._credentials = credentials

    async def receive(self, request: Request) -> Response:
        """Take one batch."""
        try:
            kind, _, token = request.headers.get("authorization", "").partition(" ")
            source = await self._credentials.of_token(token.strip() if kind.lower() == "bearer" else "")
            receipt = await self._intake.take(source, await _body(request))
        except OutturnError as error:
            return problem(error)
        return Response(msgspec.json.encode(_answer(receipt)), media_type="application/json")


def problem(error: OutturnError) -> Response:
    """The answer to a request that cannot be granted."""
    set_request_id(new_id().hex)
    headers = {"X-Request-Id": request_id()}
    if error.status in _RETRY_AFTER:
        wait = getattr(error, "wait", None)
        headers["Retry-After"] = _RETRY_AFTER[error.status] if wait is None else str(max(1, ceil(wait)))
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="outturn gateways"'
    body = msgspec.json.encode(problems.document(error))
    return Response(body, error.status, headers, media_type=problems.CONTENT_TYPE)


async def no_such_place(_: Request, error: Exception) -> Response:
    """The answer to another path or method."""
    assert isinstance(error, HTTPException)
    told = OutturnError("there is nothing here", fix=f"POST the readings to {PATH}.")
    told.status, told.code = error.status_code, f"ingest.status_{error.status_code}"
    response = problem(told)
    response.headers.update(error.headers or {})
    return response


async def _body(request: Request) -> bytes:
    """The body, unpacked.

    Raises:
        MessageTypeError: It is no JSON, or packed in another way than gzip.
        MessageTooLargeError: It has too many bytes, as sent or unpacked.
        BrokenMessageError: It says that it is packed, and is not.
    """
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise MessageTypeError(f"{kind[:60]} is not taken", place="Content-Type", fix="Send application/json.")
    packing = request.headers.get("content-encoding", "identity").lower()
    if packing not in ("identity", "gzip"):
        raise MessageTypeError(
            f"{packing[:60]} is not taken", place="Content-Encoding", fix="Send it as it is, or packed with gzip."
        )
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > LARGEST_BODY:
            raise _too_large()
    body = b"".join(parts)
    return _unpacked(body) if packing == "gzip" else body


def _unpacked(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj(wbits=31)
    try:
        body = unpacking.decompress(packed, LARGEST_BODY + 1)
    except zlib.error as error:
        raise BrokenMessageError("the body is not packed with gzip", place="body", fix="Pack it again.") from error
    if len(body) > LARGEST_BODY:
        raise _too_large()
    if not unpacking.eof:
        raise BrokenMessageError("the packed body ends too early", place="body", fix="Send it again.")
    return body


def _too_large() -> MessageTooLargeError:
    return MessageTooLargeError(
        f"the message has more than {LARGEST_BODY} bytes", place="body", fix="Send the readings in several batches."
    )


def _answer(receipt: Receipt) -> dict[str, Any]:
    outcome = receipt.outcome
    told: list[dict[str, Any]] = []
    for aside in receipt.aside:
        told += _told(aside, MOST_TOLD - len(told))
    return {
        "batch": receipt.batch,
        "accepted": outcome.accepted,
        "duplicate": outcome.duplicate,
        "set_aside": told,
        "set_aside_count": outcome.set_aside,
        "commit": outcome.commit,
    }


def _told(aside: Aside, most: int) -> list[dict[str, Any]]:
    return [
        {
            "key": aside.key,
            "at": isoformat(moment(at)) if at != NO_TIME else None,
            "code": aside.code,
            "message": aside.message,
            "fix": aside.fix,
        }
        for at in aside.at[:most].tolist()
    ]
