"""A name server on loopback: real packets over UDP and TCP, and every way in which one can fail."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

Fault = Literal["servfail", "refused", "silence", "garbage", "stranger"]
TTL = 1


@dataclass
class NameServer:
    """What it answers: records by name and type, and names that it fails for.

    Attributes:
        records: Texts of records as zones hold them, by ``(name, type)``.
        faults: How it fails for a name, whatever is asked.
        asked: What it was asked, as ``name type transport``.
        address: Where it listens.
    """

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def say(self, name: str, kind: str, *values: str) -> None:
        """Let records of one type at a name be these; none is an empty answer for a name that is there."""
        self.records[name, kind] = list(values)

    def prove(self, name: str, token: str) -> None:
        """Set the record that proves a domain."""
        self.say(f"_outturn-challenge.{name}", "TXT", f'"outturn-domain-verification={token}"')

    def forget(self) -> None:
        """Have nothing, and fail nowhere."""
        self.records.clear()
        self.faults.clear()
        self.asked.clear()

    def answer(self, wire: bytes, transport: str) -> bytes | None:
        """The packet that answers another, or None for silence."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{name} {kind} {transport}")
        match self.faults.get(name):
            case "silence":
                return None
            case "garbage":
                return wire[:2] + b"\xff\xfe not a message at all \x00\xc0\xc0"
            case "stranger":
                other = dns.message.make_query("elsewhere.example", "TXT", id=query.id)
                return dns.message.make_response(other).to_wire()
            case fault:
                response = self._message(query, name, kind, fault)
        try:
            return response.to_wire(max_size=512 if transport == "udp" else 65535)
        except dns.exception.TooBig:
            cut = dns.message.make_response(query)
            cut.flags |= dns.flags.TC
            return cut.to_wire()

    def _message(self, query: dns.message.Message, name: str, kind: str, fault: str | None) -> dns.message.Message:
        response = dns.message.make_response(query, recursion_available=True)
        if fault:
            response.set_rcode(dns.rcode.from_text(fault))
            return response
        if not any(known == name for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
            return response
        while alias := self.records.get((name, "CNAME")):
            response.answer.append(dns.rrset.from_text(f"{name}.", TTL, "IN", "CNAME", f"{alias[0]}."))
            name = alias[0]
        if values := self.records.get((name, kind)):
            response.answer.append(dns.rrset.from_text(f"{name}.", TTL, "IN", kind, *values))
        return response


@contextmanager
def serving_names() -> Iterator[NameServer]:
    """A name server on a free port, until it is not needed any more."""
    server, over = NameServer(), threading.Event()
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        udp.settimeout(0.05)
        tcp.settimeout(0.05)
        server.address = f"127.0.0.1:{port}"
        threads = [threading.Thread(target=each, args=args) for each, args in (
            (_serve_udp, (server, udp, over)), (_serve_tcp, (server, tcp, over)),
        )]  # fmt: skip
        for thread in threads:
            thread.start()
        try:
            yield server
        finally:
            over.set()
            for thread in threads:
                thread.join()


def _serve_udp(server: NameServer, udp: socket.socket, over: threading.Event) -> None:
    while not over.is_set():
        with suppress(TimeoutError):
            wire, peer = udp.recvfrom(65535)
            answer = server.answer(wire, "udp")
            if answer is not None:
                udp.sendto(answer, peer)


def _serve_tcp(server: NameServer, tcp: socket.socket, over: threading.Event) -> None:
    while not over.is_set():
        with suppress(TimeoutError, ConnectionError):
            connection, _ = tcp.accept()
            with connection:
                connection.settimeout(2)
                (length,) = struct.unpack("!H", connection.recv(2))
                answer = server.answer(connection.recv(length), "tcp")
                if answer is not None:
                    connection.sendall(struct.pack("!H", len(answer)) + answer)
