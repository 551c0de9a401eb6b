"""Requests of ours to addresses that a tenant has named: identity providers, webhooks.

Whoever names an address must not reach our own network with it (server-side request forgery). So a name is resolved
here, each of its addresses is looked at, and the connection goes to the very address that was looked at; a redirect is
an answer like any other and is not followed; time and size are bounded for the whole exchange.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore
from django.conf import settings

from tenants.kernel.errors import OutturnError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
BYTES = 512 * 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_ALLOWING = "The operator of this installation can allow it with OUTTURN_ALLOW_PRIVATE_HOSTS."


class OutgoingError(OutturnError):
    """A request of ours could not be made, or its answer not be used."""

    code = "outgoing.failed"
    status = 502


class ForbiddenAddressError(OutgoingError):
    """The address is not one that we connect to."""

    code = "outgoing.forbidden"
    status = 400


class UnreachableError(OutgoingError):
    """Nobody answers there, or their certificate does not hold."""

    code = "outgoing.unreachable"


class TooSlowError(OutgoingError):
    """The answer did not arrive in time."""

    code = "outgoing.slow"


class TooLongError(OutgoingError):
    """The answer is longer than we read."""

    code = "outgoing.too_long"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: any status, redirects too.

    Attributes:
        status: The HTTP status.
        headers: The headers, their names in lower case.
        body: The body as it was sent.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            OutgoingError: It is none.
        """
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise OutgoingError(
                f"the answer (status {self.status}) is not a JSON object",
                fix="Check that the address is the right one.",
            )
        return value


def fetch(
    url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b"",
    seconds: float | None = None, size: int = BYTES,
) -> Answer:  # fmt: skip
    """Ask an address that a tenant has named.

    Args:
        url: The address.
        method: The method.
        headers: More headers than the ones we always send.
        body: The body.
        seconds: How long the whole exchange may take, from the name to the last byte; the setting's, if None.
        size: How many bytes of the answer are read.

    Raises:
        ForbiddenAddressError: It is no https address, or leads into a private network.
        UnreachableError: Nobody answers, or the certificate does not hold.
        TooSlowError: The exchange takes longer than the limit.
        TooLongError: The answer is longer than the limit.
    """
    parts = checked_address(url)
    patience = settings.OUTTURN_OUTGOING_SECONDS if seconds is None else seconds
    length = len(body) if body or method not in ("GET", "HEAD") else None
    lines = _sent_headers(parts.netloc, length=length) | dict(headers or {})
    try:
        with (
            httpcore.ConnectionPool(ssl_context=_certificates(), network_backend=_guarded(patience)) as pool,
            pool.stream(method, url, headers=list(lines.items()), content=body) as response,
        ):
            found = _read_headers(response.headers)
            return Answer(status=response.status, headers=found, body=_read(response.iter_stream(), size))
    except httpcore.TimeoutException:
        raise TooSlowError(
            f"{parts.hostname} did not answer within {patience:g} s", place=url, fix="Try again in a moment."
        ) from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise UnreachableError(
            f"{parts.hostname} cannot be reached: {_reason(error)}", place=url,
            fix="Check the address, and that it can be reached from the internet.",
        ) from None  # fmt: skip


def _guarded(patience: float) -> _Guarded:
    """Connections to where we may connect, that end after so many seconds."""
    return _Guarded(deadline=time.monotonic() + patience)


def _sent_headers(host: str, *, length: int | None) -> dict[str, str]:
    """The headers that we always send; `length` is that of the body, None when there is none to tell of."""
    lines = {"Host": host, "User-Agent": "Outturn", "Accept-Encoding": "identity", "Connection": "close"}
    return lines if length is None else lines | {"Content-Length": str(length)}


def _read_headers(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers of an answer by their names in small letters."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


def fetch_document(url: str, *, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The JSON object at an address.

    Raises:
        OutgoingError: It cannot be had, or is no JSON object.
    """
    answer = fetch(url, headers={"Accept": "application/json", **(headers or {})})
    if answer.status != HTTPStatus.OK:
        where = f" to {answer.headers['location'][:200]}" if "location" in answer.headers else ""
        raise OutgoingError(
            f"{url} answers with status {answer.status}{where}",
            place=url,
            fix="Check the address; no redirect is followed.",
        )
    return answer.document()


def checked_address(url: str) -> SplitResult:
    """The parts of an address that we would ask; its name is looked up only when it is asked.

    Raises:
        ForbiddenAddressError: It is no https address (http, for allowed hosts), or carries a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    host = parts.hostname
    if not host or parts.scheme not in ("http", "https") or port == 0 or not url.isascii() or not url.isprintable():
        raise ForbiddenAddressError(
            f"“{url[:200]}” is no web address", place=url, fix="Enter an address with https://."
        )
    if parts.username is not None or parts.password is not None:
        raise ForbiddenAddressError("an address must not hold a password", fix="Leave out what stands before the @.")
    if parts.scheme == "http" and not _is_allowed_name(host):
        raise ForbiddenAddressError(f"{host} is not asked over plain http", place=url, fix="Use an https:// address.")
    return parts


def addresses_of(host: str, port: int) -> Sequence[IPAddress]:
    """The network addresses of a host, each of them one that we may connect to.

    Raises:
        UnreachableError: The name is not known.
        ForbiddenAddressError: One of them lies in a private network.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnreachableError(
            f"the name {host} is not known", place=host, fix="Check the spelling of the address."
        ) from None
    addresses = list(dict.fromkeys(ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found))
    for address in addresses:
        if not is_public(address) and not _is_allowed(host, address):
            raise ForbiddenAddressError(
                f"{host} leads into a private network ({address})", place=host, fix=f"Use a public address. {_ALLOWING}"
            )
    return addresses


def is_public(address: IPAddress) -> bool:
    """Whether an address belongs to the public internet; one that carries another is judged by that."""
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    is_of_a_site = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or is_of_a_site)


def _inner(address: IPAddress) -> IPAddress | None:
    """The IPv4 address that an IPv6 address carries, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _is_allowed(host: str, address: IPAddress) -> bool:
    return _is_allowed_name(host) or any(address in network for network in _allowed_networks())


def _is_allowed_name(host: str) -> bool:
    if host.lower() in {each.lower() for each in settings.OUTTURN_ALLOW_PRIVATE_HOSTS}:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in _allowed_networks())


def _allowed_networks() -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    networks = []
    for each in settings.OUTTURN_ALLOW_PRIVATE_HOSTS:
        try:
            networks.append(ipaddress.ip_network(each))
        except ValueError:
            continue  # the name of a host
    return networks


@cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()


def _read(chunks: Iterable[bytes], size: int) -> bytes:
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > size:
            raise TooLongError(
                f"the answer is longer than {size} bytes", fix="Check that the address is the right one."
            )
    return bytes(content)


def _reason(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate does not hold ({cause.verify_message})"
        cause = cause.__cause__ or cause.__context__
    return str(error).strip("[]") or "the connection ended before the answer"


@dataclass
class _Guarded(httpcore.NetworkBackend):
    """Connects to checked addresses only, and gives every step no more than what is left of the time."""

    deadline: float
    inner: httpcore.SyncBackend = field(default_factory=httpcore.SyncBackend)

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        """Connect to the first of the host's addresses that takes us."""
        last: Exception = httpcore.ConnectError("it has no address")
        for address in addresses_of(host, port):
            try:
                stream = self.inner.connect_tcp(str(address), port, timeout=_left(self.deadline))
            except httpcore.ConnectError as error:
                last = error
            else:
                return _Timed(stream, self.deadline)
        raise last


@dataclass
class _Timed(httpcore.NetworkStream):
    """A connection whose every step ends by the deadline."""

    inner: httpcore.NetworkStream
    deadline: float

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.inner.read(max_bytes, _left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.inner.write(buffer, _left(self.deadline))

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self.inner.start_tls(ssl_context, server_hostname, _left(self.deadline)), self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time is over")
    return left
