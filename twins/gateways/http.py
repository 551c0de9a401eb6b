"""Readings over HTTP: ``POST /ingest/v1/readings`` with a gateway's token and one batch as JSON.

The body may be packed with gzip or zstd. The answer to a batch comes when it is durable: ``{"batch", "accepted",
"duplicate", "set_aside": [{"key", "at", "code", "message", "fix"}], "set_aside_count", "commit"}``, and ``"seal"``,
what became of it, for one with the header ``X-Batch-Seal``. A batch that got no answer, or one of 429 and 503, is sent
again under its name. Errors are RFC 9457 problem details with a dotted code and a fix.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from math import ceil
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tenants.edge import problems
from tenants.edge.context import request_id, set_request_id
from tenants.kernel.clock import isoformat
from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import new_id
from twins.gateways.credentials import Credentials
from twins.gateways.edge.platform.sealing import sealing_of
from twins.gateways.errors import MessageTypeError
from twins.gateways.packing import check_packing, too_large, unpacked
from twins.gateways.said import said_in
from twins.telemetry.decode import LARGEST_BODY
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as an ASGI application of its own."""
        request = Request(scope, receive)
        with suppress(ClientDisconnect):  # in the middle of a body: nobody is there to be answered
            await (await self.receive(request))(scope, receive, send)

    async def receive(self, request: Request) -> Response:
        """Take one batch."""
        headers = _headers(request)
        try:
            kind, _, token = headers.get("authorization", "").partition(" ")
            source = await self._credentials.of_token(token.strip() if kind.lower() == "bearer" else "")
            body = await body_of(request, "application/json", headers)
            sealing = sealing_of(headers, body)
            receipt = await self._intake.take(source, body, said=said_in(headers), extra=sealing)
        except OutturnError as error:
            return problem(error)
        answer = answer_to(receipt)
        if sealing is not None and sealing.verdict is not None:
            answer["seal"] = sealing.verdict.told()
        return Response(msgspec.json.encode(answer), media_type="application/json")


def problem(error: OutturnError) -> Response:
    """The answer to a request that cannot be granted."""
    set_request_id(new_id().hex)
    headers = {"X-Request-Id": request_id(), **retry_after(error)}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="outturn gateways"'
    body = msgspec.json.encode(problems.document(error))
    return Response(body, error.status, headers, media_type=problems.CONTENT_TYPE)


def retry_after(error: OutturnError) -> dict[str, str]:
    """The header that says when to come again, for errors that pass."""
    if error.status not in _RETRY_AFTER:
        return {}
    wait = getattr(error, "wait", None)
    return {"Retry-After": _RETRY_AFTER[error.status] if wait is None else str(max(1, ceil(wait)))}


async def no_such_place(_: Request, error: Exception) -> Response:
    """The answer to another path or method."""
    assert isinstance(error, HTTPException)
    told = OutturnError("there is nothing here", fix=f"POST the readings to {PATH}.")
    told.status, told.code = error.status_code, f"ingest.status_{error.status_code}"
    response = problem(told)
    response.headers.update(error.headers or {})
    return response


def _headers(request: Request) -> dict[str, str]:
    """The headers by their names in small letters, the first of each; Starlette looks through all for every one."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(request.scope["headers"])}


async def body_of(request: Request, wanted: str | None, headers: Mapping[str, str] | None = None) -> bytes:
    """The body of a request, unpacked.

    Args:
        request: What comes.
        wanted: The only type of content that is taken, or None for any.
        headers: Of the request, where they were read already.

    Raises:
        MessageTypeError: It is of another type, or packed in another way than gzip or zstd.
        MessageTooLargeError: It has too many bytes, as sent or unpacked.
        BrokenMessageError: It says that it is packed, and is not.
    """
    headers = request.headers if headers is None else headers
    kind = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if wanted is not None and kind != wanted:
        raise MessageTypeError(f"{kind[:60]} is not taken", place="Content-Type", fix=f"Send {wanted}.")
    packing = headers.get("content-encoding", "identity").lower()
    check_packing(packing)
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > LARGEST_BODY:
            raise too_large()
    return unpacked(b"".join(parts), packing)


def answer_to(receipt: Receipt) -> dict[str, Any]:
    """What a gateway is told of a batch that is durable."""
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
