"""Requests to addresses that a tenant has named never reach a private network."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tenants.edge import outgoing
from tenants.edge.outgoing import (
    ForbiddenAddressError,
    OutgoingError,
    TooLongError,
    TooSlowError,
    UnreachableError,
    addresses_of,
    checked_address,
    fetch,
    fetch_document,
    is_public,
)  # fmt: skip

Handle = Callable[[socket.socket], None]


@pytest.fixture(autouse=True)
def _nothing_allowed(settings: Any) -> None:
    settings.OUTTURN_ALLOW_PRIVATE_HOSTS = []


@contextmanager
def serving(handle: Handle) -> Iterator[int]:
    """A server on loopback that treats each connection as it is told; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    handle(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def answering(text: bytes) -> Handle:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(text)

    return handle


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


class TestAddresses:
    @pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"])
    def test_public(self, address: str) -> None:
        assert is_public(ipaddress.ip_address(address))

    @pytest.mark.parametrize(
        "address",
        [
            "10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
            "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "::", "::1", "fe80::1", "fc00::1", "ff02::1",
            "fec0::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:a00:1::",
            "2001:0:4136:e378::f5ff:fffe",
        ],
    )  # fmt: skip
    def test_private(self, address: str) -> None:
        assert not is_public(ipaddress.ip_address(address))

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0", "[::1]"])
    def test_a_host_that_leads_inside_is_refused(self, host: str) -> None:
        with pytest.raises(ForbiddenAddressError) as caught:
            addresses_of(host.strip("[]"), 443)
        assert caught.value.code == "outgoing.forbidden"

    def test_a_name_that_resolves_to_a_private_address_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        point(monkeypatch, "idp.example", "10.0.0.7")
        with pytest.raises(ForbiddenAddressError) as caught:
            fetch("https://idp.example/")
        assert caught.value.message == "idp.example leads into a private network (10.0.0.7)"

    def test_one_private_address_among_public_ones_is_enough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        point(monkeypatch, "idp.example", "8.8.8.8", "169.254.169.254")
        with pytest.raises(ForbiddenAddressError):
            addresses_of("idp.example", 443)

    def test_an_unknown_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        point(monkeypatch, "idp.example")
        with pytest.raises(UnreachableError) as caught:
            fetch("https://idp.example/")
        assert caught.value.message == "the name idp.example is not known"

    @pytest.mark.parametrize("allowed", ["IDP.example", "10.0.0.0/8", "10.0.0.7"])
    def test_the_operator_may_allow_it(self, monkeypatch: pytest.MonkeyPatch, settings: Any, allowed: str) -> None:
        point(monkeypatch, "idp.example", "10.0.0.7")
        settings.OUTTURN_ALLOW_PRIVATE_HOSTS = ["other.example", allowed]
        assert addresses_of("idp.example", 443) == [ipaddress.ip_address("10.0.0.7")]

    @pytest.mark.parametrize(
        "url",
        [
            "", "idp.example", "ftp://idp.example/", "file:///etc/passwd", "https://", "https://idp.example:0/",
            "https://idp.example:99999/", "https://user@idp.example/", "https://user:secret@idp.example/",
            "http://idp.example/", "https://idp.example/\r\nX: y", "https://[::1", "https://idp.example/ü",
        ],
    )  # fmt: skip
    def test_no_address_of_ours(self, url: str) -> None:
        with pytest.raises(ForbiddenAddressError):
            checked_address(url)

    def test_plain_http_only_where_allowed(self, settings: Any) -> None:
        settings.OUTTURN_ALLOW_PRIVATE_HOSTS = ["idp.local", "127.0.0.0/8"]
        for url in ("http://idp.local/", "http://127.0.0.1:8080/"):
            assert checked_address(url).scheme == "http"
        with pytest.raises(ForbiddenAddressError):
            checked_address("http://idp.example/")


def point(monkeypatch: pytest.MonkeyPatch, name: str, *addresses: str) -> None:
    """Let a name lead to addresses, as a resolver that the tenant controls would."""
    real = socket.getaddrinfo

    def resolve(host: str, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host != name:
            return real(host, port, *args, **kwargs)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


class TestExchange:
    @pytest.fixture(autouse=True)
    def _loopback(self, settings: Any) -> None:
        settings.OUTTURN_ALLOW_PRIVATE_HOSTS = ["127.0.0.1", "idp.local"]

    def test_the_name_is_asked_once_and_its_address_connected_to(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []
        real = outgoing.addresses_of

        def noted(host: str, port: int) -> Any:
            asked.append(host)
            return real(host, port)

        monkeypatch.setattr(outgoing, "addresses_of", noted)
        point(monkeypatch, "idp.local", "127.0.0.1")
        seen: list[bytes] = []

        def handle(connection: socket.socket) -> None:
            seen.append(connection.recv(65536))
            connection.sendall(ok(b'{"a": 1}'))

        with serving(handle) as port:
            assert fetch_document(f"http://idp.local:{port}/x?y=1") == {"a": 1}
        assert asked == ["idp.local"]
        head = seen[0].decode()
        assert head.startswith("GET /x?y=1 HTTP/1.1\r\n")
        assert f"Host: idp.local:{port}\r\n" in head

    def test_a_redirect_is_not_followed(self) -> None:
        text = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        with serving(answering(text)) as port:
            answer = fetch(f"http://127.0.0.1:{port}/")
            assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:1/")
            with pytest.raises(OutgoingError) as caught:
                fetch_document(f"http://127.0.0.1:{port}/")
        assert caught.value.message.endswith("answers with status 302 to http://127.0.0.1:1/")

    def test_a_body_is_sent(self) -> None:
        seen: list[bytes] = []

        def handle(connection: socket.socket) -> None:
            data = b""
            while not data.endswith(b"a=b"):
                data += connection.recv(65536)
            seen.append(data)
            connection.sendall(ok(b"{}"))

        with serving(handle) as port:
            assert fetch(f"http://127.0.0.1:{port}/", method="POST", body=b"a=b").body == b"{}"
        assert b"content-length: 3\r\n" in seen[0].lower()

    def test_too_long_with_and_without_a_length(self) -> None:
        for text in (ok(b"x" * 2000), b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 2000):
            with serving(answering(text)) as port, pytest.raises(TooLongError):
                fetch(f"http://127.0.0.1:{port}/", size=1000)

    def test_silence_is_not_waited_for(self) -> None:
        released = threading.Event()
        with serving(lambda _: void(released.wait(10))) as port:
            began = time.monotonic()
            with pytest.raises(TooSlowError) as caught:
                fetch(f"http://127.0.0.1:{port}/", seconds=0.2)
            released.set()
        assert caught.value.message == "127.0.0.1 did not answer within 0.2 s"
        assert time.monotonic() - began < 5

    def test_a_dripping_answer_is_cut_off_as_a_whole(self) -> None:
        released = threading.Event()

        def drip(connection: socket.socket) -> None:
            connection.recv(65536)
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not released.wait(0.02):
                    connection.sendall(b"X-Drop: y\r\n")
            except OSError:
                return

        with serving(drip) as port:
            with pytest.raises(TooSlowError):
                fetch(f"http://127.0.0.1:{port}/", seconds=0.3)
            released.set()

    @pytest.mark.parametrize("text", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"])
    def test_a_broken_answer(self, text: bytes) -> None:
        with serving(answering(text)) as port, pytest.raises(UnreachableError) as caught:
            fetch(f"http://127.0.0.1:{port}/")
        assert caught.value.message.startswith("127.0.0.1 cannot be reached: ")

    def test_nobody_there(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as port:
            number = port.getsockname()[1]
        with pytest.raises(UnreachableError):
            fetch(f"http://127.0.0.1:{number}/")

    @pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b"[" * 100_000, b"\xff"])
    def test_no_json_object(self, body: bytes) -> None:
        with serving(answering(ok(body))) as port, pytest.raises(OutgoingError) as caught:
            fetch_document(f"http://127.0.0.1:{port}/")
        assert caught.value.message == "the answer (status 200) is not a JSON object"


def void(_: object) -> None:
    """Nothing."""


class TestCertificates:
    @pytest.fixture
    def certified(self, tmp_path: Path, settings: Any) -> Iterator[tuple[int, Path]]:
        """An https server for idp.local whose certificate nobody vouches for; its port, and the certificate."""
        settings.OUTTURN_ALLOW_PRIVATE_HOSTS = ["127.0.0.0/8"]
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.local")])
        certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("idp.local")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, SHA256())
        )  # fmt: skip
        (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")

        def handle(connection: socket.socket) -> None:
            try:
                with context.wrap_socket(connection, server_side=True) as secured:
                    answering(ok(b"{}"))(secured)
            except (ssl.SSLError, OSError):
                return

        with serving(handle) as port:
            yield port, tmp_path / "cert.pem"

    def test_an_unknown_issuer_is_refused(self, certified: tuple[int, Path], monkeypatch: pytest.MonkeyPatch) -> None:
        point(monkeypatch, "idp.local", "127.0.0.1")
        with pytest.raises(UnreachableError) as caught:
            fetch(f"https://idp.local:{certified[0]}/")
        assert "its certificate does not hold (self-signed certificate)" in caught.value.message

    def test_the_certificate_must_be_for_the_name(
        self, certified: tuple[int, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        port, path = certified
        monkeypatch.setattr(outgoing, "_certificates", lambda: ssl.create_default_context(cafile=str(path)))
        point(monkeypatch, "idp.local", "127.0.0.1")
        assert fetch_document(f"https://idp.local:{port}/") == {}
        point(monkeypatch, "other.local", "127.0.0.1")
        with pytest.raises(UnreachableError) as caught:
            fetch(f"https://other.local:{port}/")
        assert "its certificate does not hold (Hostname mismatch" in caught.value.message
