"""A time-stamping authority on loopback (RFC 3161): its own root, one signer, and every way to answer wrongly."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rfc3161_client import _rust

_SHA256, _ECDSA = "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2"
_SIGNED_DATA, _TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.47"
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def der(tag: int, *parts: bytes) -> bytes:
    """A value of ASN.1 in DER."""
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*parts: bytes) -> bytes:
    return der(0x30, *parts)


def integer(value: int) -> bytes:
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(content: bytes) -> bytes:
    return der(0x04, content)


def oid(dotted: str) -> bytes:
    first, second, *rest = (int(each) for each in dotted.split("."))
    content = bytearray([40 * first + second])
    for number in rest:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(0x80 | number & 0x7F)
        content += bytes(reversed(groups))
    return der(0x06, bytes(content))


def _certificate(name: str, key: Any, issuer: str, signer: Any, *, is_root: bool) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = (
        x509.CertificateBuilder().subject_name(named(name)).issuer_name(named(issuer)).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(_EPOCH)
        .not_valid_after(_EPOCH + timedelta(days=36_500))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
    )  # fmt: skip
    if not is_root:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(signer, hashes.SHA256())


@dataclass
class Authority:
    """Answers queries; the fields make it lie, fail or be late.

    Attributes:
        url: Where it answers.
        at: What its clock shows.
        status: The HTTP status of its answers.
        garbles: Whether it stamps something else than what was asked for.
        asked: The queries that came.
    """

    url: str = ""
    at: datetime = _EPOCH
    status: int = 200
    garbles: bool = False
    asked: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._root_key, self._key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.root = _certificate("Root", self._root_key, "Root", self._root_key, is_root=True)
        self.signer = _certificate("Stamps", self._key, "Root", self._root_key, is_root=False)

    @property
    def roots(self) -> str:
        """What it is believed by, PEM."""
        return self.root.public_bytes(Encoding.PEM).decode()

    def answer(self, query: bytes) -> bytes:
        """The answer to a query, DER."""
        asked = _rust.parse_timestamp_request(query)
        digest = bytes(64) if self.garbles else asked.message_imprint.message
        algorithm = sequence(oid(asked.message_imprint.hash_algorithm.dotted_string))
        info = sequence(
            integer(1), oid("1.3.6.1.4.1.99999.1"), sequence(algorithm, octets(digest)), integer(len(self.asked) + 1),
            der(0x18, f"{self.at:%Y%m%d%H%M%SZ}".encode()), integer(asked.nonce or 0),
        )  # fmt: skip
        return sequence(sequence(integer(0)), self._signed(info))

    def _signed(self, info: bytes) -> bytes:
        certificate = self.signer.public_bytes(Encoding.DER)
        own = sequence(sequence(sequence(octets(hashlib.sha256(certificate).digest()))))
        attributes = sorted(
            sequence(oid(name), der(0x31, value))
            for name, value in (
                (_CONTENT_TYPE, oid(_TST_INFO)), (_MESSAGE_DIGEST, octets(hashlib.sha256(info).digest())),
                (_SIGNING_CERTIFICATE, own),
            )
        )  # fmt: skip
        signature = self._key.sign(der(0x31, *attributes), ec.ECDSA(hashes.SHA256()))
        sha256 = sequence(oid(_SHA256))
        signer = sequence(
            integer(1), sequence(self.signer.issuer.public_bytes(), integer(self.signer.serial_number)), sha256,
            der(0xA0, *attributes), sequence(oid(_ECDSA)), octets(signature),
        )  # fmt: skip
        content = sequence(oid(_TST_INFO), der(0xA0, octets(info)))
        data = sequence(integer(3), der(0x31, sha256), content, der(0xA0, certificate), der(0x31, signer))
        return sequence(oid(_SIGNED_DATA), der(0xA0, data))


@contextmanager
def serving(at: datetime) -> Iterator[Authority]:
    """An authority that answers on loopback."""
    authority = Authority(at=at)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            authority.asked.append(query)
            self.send_response(authority.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(authority.answer(query))

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    authority.url = f"http://127.0.0.1:{server.server_port}/tsa"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
