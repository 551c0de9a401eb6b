"""The agents' own routes, beside the one for readings: ``/ingest/v1/edge/configuration`` and ``.../status``.

``GET /ingest/v1/edge/configuration`` answers 200 with ``{"number", "digest", "document"}`` and the quoted digest as
``ETag``, 304 to a request that names it in ``If-None-Match``, and 204 where none is kept for the gateway. ``POST
/ingest/v1/edge/status`` answers ``{"key": {"fingerprint", "state"}, "configuration": {"digest"}}``. Both take a
gateway's token; errors are RFC 9457 problem details with a dotted code and a fix.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.context import scope
from twins.gateways.credentials import Credentials
from twins.gateways.edge.platform import selectors, services
from twins.gateways.edge.platform.errors import StatusError
from twins.gateways.edge.platform.models import EdgeConfiguration, SiteKey
from twins.gateways.edge.platform.schemas import Status
from twins.gateways.errors import MessageTooLargeError
from twins.gateways.http import problem
from twins.telemetry.schemas import Source
from twins.telemetry.threads import in_thread

PREFIX = "/ingest/v1/edge"
LARGEST_STATUS = 256 * 1024
"""Bytes."""

_reader = msgspec.json.Decoder(Status)


def edge_routes(credentials: Credentials) -> list[Route]:
    """The routes.

    Args:
        credentials: Say who asks.
    """

    def let_in(answer: Callable[[Request, Source], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            try:
                kind, _, token = request.headers.get("authorization", "").partition(" ")
                source = await credentials.of_token(token.strip() if kind.lower() == "bearer" else "")
                return await answer(request, source)
            except OutturnError as error:
                return problem(error)

        return guarded

    return [
        Route(f"{PREFIX}/configuration", let_in(configuration), methods=["GET"]),
        Route(f"{PREFIX}/status", let_in(status), methods=["POST"]),
    ]


async def configuration(request: Request, source: Source) -> Response:
    """What the agent is to do."""
    found = await in_thread(partial(_newest, source))
    if found is None:
        return Response(status_code=204)
    headers = {"ETag": f'"{found.digest}"', "Cache-Control": "no-cache"}
    if found.digest in etags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    told = {"number": found.number, "digest": found.digest, "document": found.document}
    return Response(msgspec.json.encode(told), headers=headers, media_type="application/json")


async def status(request: Request, source: Source) -> Response:
    """What the agent says of itself."""
    said = read_status(await _body(request))
    key, wanted = await in_thread(partial(_note, source, said))
    told: dict[str, Any] = {
        "key": {"fingerprint": key.fingerprint, "state": str(key.state)},
        "configuration": {"digest": wanted.digest if wanted else None},
    }
    return Response(msgspec.json.encode(told), media_type="application/json")


def etags(header: str) -> set[str]:
    """The digests that a header names, weak or strong."""
    return {one.strip().removeprefix("W/").strip('"') for one in header.split(",")}


def read_status(body: bytes) -> Status:
    """What an agent says of itself.

    Raises:
        StatusError: It is not of the form.
    """
    try:
        return _reader.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise StatusError(
            f"the status does not fit: {str(error)[:200]}", place="body", fix="Send JSON as docs/gateways.md shows."
        ) from error


def _newest(source: Source) -> EdgeConfiguration | None:
    with scope(source.tenant):
        return selectors.newest_configuration(source.gateway)


def _note(source: Source, said: Status) -> tuple[SiteKey, EdgeConfiguration | None]:
    with scope(source.tenant):
        return services.note_status(gateway=source.gateway, status=said, now=utc_now())


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_STATUS:
            raise MessageTooLargeError(
                f"the status has more than {LARGEST_STATUS} bytes", place="body", fix="Send fewer findings and sources."
            )
    return body
