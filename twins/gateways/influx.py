"""The write API of InfluxDB, so that Telegraf and other programs that speak it need no plug-in of ours.

``/api/v2/write`` and, for version 1, ``/write`` take line protocol (`twins.gateways.lines`) below ``/ingest``;
``/ping`` and ``/health`` say that somebody is there, and ``/query`` grants the ``CREATE DATABASE`` with which Telegraf
begins. Organisation, bucket and database are not looked at: the token says whose readings they are.

204 means that all lines were read and are durable, with what was set aside for other reasons on the gateway's page;
400 with "partial write" that some lines never can be read, and the others are durable. Telegraf repeats what got 429
or 5xx, sends what got 413 in halves, and drops what got another 4xx, but for 401 and 403. In version 1 it drops what
got *any* 4xx: there the answer to come again later is 503.
"""

from __future__ import annotations

import base64
import binascii
from http import HTTPStatus
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from twins.gateways.credentials import Credentials
from twins.gateways.http import body_of, retry_after
from twins.gateways.lines import PRECISIONS, decode_lines, unread_lines
from twins.gateways.said import said_in
from twins.telemetry.errors import BrokenMessageError
from twins.telemetry.instants import micros
from twins.telemetry.intake import Intake
from twins.telemetry.schemas import Message, Receipt

WRITE_2, WRITE_1 = "/ingest/api/v2/write", "/ingest/write"
PING, HEALTH, QUERY = "/ingest/ping", "/ingest/health", "/ingest/query"

_CODES = {
    400: "invalid", 401: "unauthorized", 403: "forbidden", 404: "not found", 413: "request too large",
    429: "too many requests", 503: "unavailable",
}  # fmt: skip
_LONGEST_QUERY = 4096
_VERSION = {"X-Influxdb-Version": "2.0-outturn", "X-Influxdb-Build": "outturn"}


class LineReceiver:
    """Answers requests with line protocol.

    Args:
        intake: Where the readings go.
        credentials: Who sends them.
    """

    def __init__(self, intake: Intake, credentials: Credentials) -> None:
        self._intake = intake
        self._credentials = credentials

    async def write_2(self, request: Request) -> Response:
        """Take a body as version 2 has it."""
        return await self._write(request, later=HTTPStatus.TOO_MANY_REQUESTS)

    async def write_1(self, request: Request) -> Response:
        """Take a body as version 1 has it."""
        return await self._write(request, later=HTTPStatus.SERVICE_UNAVAILABLE)

    async def _write(self, request: Request, *, later: HTTPStatus) -> Response:
        try:
            source = await self._credentials.of_token(token_of(request))
            precision = _precision(request)
            now_us = micros(utc_now())

            def decoder(body: bytes) -> Message:
                return decode_lines(body, precision=precision, now_us=now_us)

            receipt = await self._intake.take(source, await body_of(request, None), decoder, said_in(request.headers))
        except OutturnError as error:
            return _refusal(error, later)
        return _answer(receipt)


def token_of(request: Request) -> str:
    """The token, wherever this client puts it: `Token`, `Bearer`, the password of `Basic`, or the parameter `p`."""
    kind, _, told = request.headers.get("authorization", "").partition(" ")
    told = told.strip()
    if kind.lower() in ("token", "bearer"):
        return told.rpartition(":")[2]  # `user:password` is what version 2 takes of clients of version 1
    if kind.lower() == "basic":
        try:
            return base64.b64decode(told, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return request.query_params.get("p", "")


async def ping(_: Request) -> Response:
    """Somebody is there."""
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=_VERSION)


async def health(_: Request) -> Response:
    """Somebody is there, in the words of version 2."""
    told = {"name": "outturn", "status": "pass", "message": "ready for queries and writes", "version": "2.0"}
    return Response(msgspec.json.encode(told), headers=_VERSION, media_type="application/json")


async def query(request: Request) -> Response:
    """Grant `CREATE DATABASE`, which has nothing to create here; anything else is refused."""
    asked = request.query_params.get("q", "")
    if not asked and request.method == "POST":
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _LONGEST_QUERY:
                break
        asked = "".join(parse_qs(body[:_LONGEST_QUERY].decode("utf-8", "replace")).get("q", []))
    if asked.strip().upper().startswith("CREATE DATABASE"):
        return Response(msgspec.json.encode({"results": [{"statement_id": 0}]}), media_type="application/json")
    error = OutturnError("readings cannot be queried here", fix="Ask the REST API below /api/v1/ for them.")
    return _refusal(error, HTTPStatus.TOO_MANY_REQUESTS)


def _precision(request: Request) -> str:
    precision = request.query_params.get("precision", "ns")
    if precision not in PRECISIONS:
        raise BrokenMessageError(
            f"{precision[:20]} is no unit of time", place="precision", fix="Choose ns, us, ms or s."
        )
    return precision


def _answer(receipt: Receipt) -> Response:
    number, first = unread_lines(receipt.aside)
    if not number:
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=_VERSION)
    said = f"partial write: {number} of the lines cannot be read and are not stored, all others are; {first}"
    return _told(HTTPStatus.BAD_REQUEST, said, {})


def _refusal(error: OutturnError, later: HTTPStatus) -> Response:
    status = later if error.status == HTTPStatus.TOO_MANY_REQUESTS else error.status
    headers = retry_after(error)
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Token realm="outturn gateways"'
    return _told(status, error.told, headers)


def _told(status: int, said: str, headers: dict[str, str]) -> Response:
    """What version 2 reads in `code` and `message`, and version 1 in `error`."""
    code = _CODES.get(status, "invalid" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "internal error")
    body = msgspec.json.encode({"code": code, "message": said, "error": said})
    return Response(body, status, _VERSION | headers, media_type="application/json")
