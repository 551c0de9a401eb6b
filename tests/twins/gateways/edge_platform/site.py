"""A site for tests: a key, and batches that it signs one after the other."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from twins.gateways.edge.signing import FIRST, HEADER, Seal, fingerprint, seal_digest, sealed

AT = "2025-01-01T00:00:00Z"
MOMENT = "2026-11-21T12:00:00Z"


class Site:
    """Signs batches; `skip` leaves numbers out."""

    def __init__(self, number: int = 1) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(bytes([number] * 32))
        self.sequence, self.previous = 0, FIRST

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.key.public_key())

    def seal(self, body: bytes) -> Seal:
        self.sequence += 1
        made = sealed(body, self.key, sequence=self.sequence, previous=self.previous)
        self.previous = seal_digest(body, sequence=self.sequence, previous=self.previous)
        return made

    def signed(self, body: bytes, **headers: str) -> dict[str, Any]:
        """What a request with this body has."""
        kind = {"Content-Type": "application/json", HEADER: self.seal(body).header}
        return {"content": body, "headers": kind | headers}

    def status(self, **changes: Any) -> dict[str, Any]:
        """What the agent says of itself."""
        return {
            "version": "edge 1.0",
            "key": base64.b64encode(self.public).decode(),
            "configuration": {"digest": None, "state": "none", "findings": []},
            "store": {
                "batches": 3, "bytes": 1 << 20, "limit": 4 << 20, "oldest_at": MOMENT, "dropped_readings": 0,
                "dropped_batches": 0,
            },
            "sources": [
                {"name": "PLC", "kind": "opcua", "state": "connected", "message": "", "last_sample_at": MOMENT},
                {"name": "Meter", "kind": "modbus", "state": "failed", "message": "nobody answers",
                 "last_sample_at": None},
            ],
            "sent_at": MOMENT,
        } | changes  # fmt: skip


def body_of(name: str, *readings: tuple[str, float], at: str = AT) -> bytes:
    rows = [{"key": key, "at": at, "value": value} for key, value in readings]
    return json.dumps({"batch": name, "readings": rows}).encode()
