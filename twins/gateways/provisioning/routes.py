"""How devices become gateways, over HTTP beside the route for readings: ``/ingest/v1/provision`` and ``/certificate``.

``POST /ingest/v1/provision`` with ``{"key", "serial", "name"?, "version"?}`` answers 201 with ``{"gateway", "name",
"token", "claim_code", "expires_at"}``. ``POST /ingest/v1/challenge`` answers ``{"challenge", "expires_at"}``;
``POST /ingest/v1/certificate`` with ``{"certificates", "challenge", "signature"}`` answers 200 like the first. Where a
proxy of ours has verified the client's certificate, the last needs no body: see `OUTTURN_CLIENT_CERTIFICATE_NETWORKS`.
Errors are RFC 9457 problem details with a dotted code and a fix.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote

import msgspec
from cryptography import x509
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tenants.edge.context import set_client_address
from tenants.edge.http import address_of_socket
from tenants.edge.parsers import is_keepable
from tenants.kernel.clock import isoformat, utc_now
from tenants.kernel.errors import ConflictError, OutturnError
from tenants.kernel.networks import is_within
from twins.gateways.http import problem
from twins.gateways.provisioning import chains, possession
from twins.gateways.provisioning.errors import BrokenCertificateError
from twins.gateways.provisioning.registration import register_device
from twins.gateways.schemas import Admission
from twins.telemetry.errors import UnavailableError
from twins.telemetry.threads import in_thread

PREFIX = "/ingest/v1"
TRIES_PER_MINUTE = 600
"""Of one network address: each costs a look into the database, or the verification of a chain."""
_LARGEST_BODY = 64 * 1024
T = TypeVar("T")
Answer = Callable[[Request], Awaitable[Response]]
_Word = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


class BadRequestError(OutturnError):
    """The body is not what this address takes."""

    code = "provisioning.bad_request"


class TooOftenError(OutturnError):
    """An address asks too often."""

    code = "provisioning.too_often"
    status = 429
    wait = 60


class _Registration(msgspec.Struct, forbid_unknown_fields=True):
    key: Annotated[str, msgspec.Meta(max_length=200)]
    serial: _Word
    name: Annotated[str, msgspec.Meta(max_length=120)] = ""
    version: Annotated[str, msgspec.Meta(max_length=60)] = ""


class _Proof(msgspec.Struct, forbid_unknown_fields=True):
    certificates: str
    challenge: Annotated[str, msgspec.Meta(max_length=400)]
    signature: Annotated[str, msgspec.Meta(max_length=2000)]


async def provision(request: Request) -> Response:
    """Register a device with a provisioning key."""
    wanted = _read(await _body(request), _Registration)
    for field in ("serial", "name", "version"):
        if not is_keepable(getattr(wanted, field)):
            raise BadRequestError(f"{field} has characters that cannot be kept", place=field, fix="Send plain text.")
    if not wanted.serial.strip():
        raise BadRequestError("the serial is empty", place="serial", fix="Send what the device calls itself.")
    made = await _in_thread(
        lambda: register_device(
            key=wanted.key, serial=wanted.serial.strip(), name=wanted.name.strip(), version=wanted.version.strip(),
            now=utc_now(),
        )
    )  # fmt: skip
    return _answer(_told(made), 201)


async def challenge(_: Request) -> Response:
    """A text to sign."""
    text, ends = possession.new_challenge(now=utc_now())
    return _answer({"challenge": text, "expires_at": isoformat(ends)}, 200)


async def certificate(request: Request) -> Response:
    """A token for a device that shows its certificate, itself or through a proxy of ours."""
    passed_on = _passed_on(request)
    if passed_on:
        made = await _in_thread(lambda: possession.admit_certificate(chain=passed_on, now=utc_now()))
        return _answer(_told(made), 200)
    proof = _read(await _body(request), _Proof)
    made = await _in_thread(
        lambda: possession.admit_proven(
            certificates=proof.certificates, challenge=proof.challenge, signature=proof.signature, now=utc_now()
        )
    )  # fmt: skip
    return _answer(_told(made), 200)


def _guarded(answer: Answer) -> Answer:
    """Answer errors as problem details, and an address that asks too often with one."""

    async def guarded(request: Request) -> Response:
        address = address_of_socket(request.scope)
        set_client_address(address)
        try:
            await _in_thread(lambda: _count(address))
            return await answer(request)
        except OutturnError as error:
            return problem(error)

    return guarded


ROUTES = [
    Route(f"{PREFIX}/{one.__name__}", _guarded(one), methods=["POST"]) for one in (provision, challenge, certificate)
]


async def _in_thread(work: Callable[[], T]) -> T:
    """Run work that needs the database and the cache.

    Raises:
        ConflictError: Another device became a gateway of this serial or name at the same moment.
        UnavailableError: One of the two cannot be reached.
    """
    try:
        return await in_thread(work)
    except IntegrityError as error:
        raise ConflictError(
            "another device registers with this serial or name at the same moment", place="serial", fix="Try again."
        ) from error
    except RedisError as error:
        raise UnavailableError("this cannot be answered at present", kept="Nothing.", fix="Try again.") from error


def _count(address: str) -> None:
    key = f"provision:tries:{address}:{int(utc_now().timestamp()) // 60}"
    cache.add(key, 0, 120)
    if cache.incr(key) > TRIES_PER_MINUTE:
        raise TooOftenError("too many devices register from this address", fix="Wait a minute.")


def _passed_on(request: Request) -> list[x509.Certificate]:
    """The certificate that a proxy of ours has verified: of RFC 9440, or as nginx escapes it; from no one else."""
    peer = request.client.host if request.client else ""
    if not is_within(peer, settings.OUTTURN_CLIENT_CERTIFICATE_NETWORKS):
        return []
    headers = request.headers
    if told := headers.get("client-cert"):
        parts = [told, *(part for part in headers.get("client-cert-chain", "").split(",") if part.strip())]
        return [_of_bytes(part) for part in parts[: chains.MOST_CERTIFICATES]]
    if told := headers.get("x-ssl-client-cert"):
        return chains.read_certificates(unquote(told), place="X-SSL-Client-Cert")
    return []


def _of_bytes(part: str) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(base64.b64decode(part.strip().strip(":"), validate=True))
    except (binascii.Error, ValueError) as error:
        raise BrokenCertificateError(
            "the header has no certificate", place="Client-Cert", fix="Let the proxy send it as RFC 9440 says."
        ) from error


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_BODY:
            raise BadRequestError(
                f"the body has more than {_LARGEST_BODY} bytes", place="body", fix="Send fewer certificates."
            )
    return body


def _read(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadRequestError(
            f"the body does not fit: {str(error)[:200]}", place="body", fix="Send JSON as docs/gateways.md shows."
        ) from error


def _told(made: Admission) -> dict[str, Any]:
    return {
        "gateway": str(made.gateway),
        "name": made.name,
        "token": made.token.text,
        "claim_code": made.claim_code or None,
        "expires_at": isoformat(made.expires_at) if made.expires_at else None,
    }


def _answer(told: dict[str, Any], status: int) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(told), status, headers, media_type="application/json")
