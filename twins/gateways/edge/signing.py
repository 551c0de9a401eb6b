"""The seal of a batch: what an edge agent signs with its site's key, so that readings can be followed to the site.

A batch's seal names its number, the batch before it and the SHA-256 of its body as it was before packing; Ed25519
(RFC 8032) signs the canonical JSON (RFC 8785) of these. Each seal holds the digest of the one before it, so that a
batch that is left out, moved or changed afterwards breaks the chain. The platform keeps the seal and the body.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tenants.kernel.canonical import canonical_json

HEADER = "X-Batch-Seal"
"""``<key fingerprint>;<sequence>;<previous>;<signature in base64>``."""
FIRST = "0" * 64
"""Stands before the first batch of a key."""
_DIGEST_LENGTH = 64
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Seal:
    """A site's word for one batch.

    Attributes:
        key: Fingerprint of the site's key, SHA-256 of its 32 bytes in hexadecimal.
        sequence: Number of the batch under this key, from 1 without gaps.
        previous: Digest of the seal before it, :data:`FIRST` for the first.
        signature: 64 bytes.
    """

    key: str
    sequence: int
    previous: str
    signature: bytes

    @property
    def header(self) -> str:
        """As it is sent."""
        return f"{self.key};{self.sequence};{self.previous};{base64.b64encode(self.signature).decode()}"


@dataclass(frozen=True, slots=True)
class SiteSeal:
    """A seal that was kept, with the key and the body that it is of.

    Attributes:
        gateway: Whose site.
        public_key: The 32 bytes of the site's Ed25519 key.
        fingerprint: SHA-256 of these, hexadecimal.
        sequence: Number of the batch under this key.
        previous: Digest of the seal before it.
        body: SHA-256 of the batch's body.
        signature: 64 bytes.
    """

    gateway: UUID
    public_key: bytes
    fingerprint: str
    sequence: int
    previous: str
    body: str
    signature: bytes


def fingerprint(key: Ed25519PublicKey) -> str:
    """How a key is named, 64 hexadecimal digits."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def statement(body: bytes, *, sequence: int, previous: str) -> bytes:
    """What is signed for a batch, in which ``body`` is not packed."""
    return canonical_json(
        {"body": hashlib.sha256(body).hexdigest(), "previous": previous, "sequence": sequence, "v": 1}
    )


def seal_digest(body: bytes, *, sequence: int, previous: str) -> str:
    """What the next seal names this one by."""
    return hashlib.sha256(statement(body, sequence=sequence, previous=previous)).hexdigest()


def sealed(body: bytes, key: Ed25519PrivateKey, *, sequence: int, previous: str) -> Seal:
    """Sign a batch."""
    signature = key.sign(statement(body, sequence=sequence, previous=previous))
    return Seal(fingerprint(key.public_key()), sequence, previous, signature)


def holds(seal: Seal, body: bytes, key: Ed25519PublicKey) -> bool:
    """Whether a seal is this key's word for this body."""
    if fingerprint(key) != seal.key:
        return False
    try:
        key.verify(seal.signature, statement(body, sequence=seal.sequence, previous=seal.previous))
    except InvalidSignature:
        return False
    return True


def seal_in(headers: Mapping[str, str]) -> Seal | None:
    """The seal that came with a batch, None when there is none; names of headers are in small letters.

    Raises:
        ValueError: There is one, and it cannot be read.
    """
    told = headers.get(HEADER.lower())
    if told is None:
        return None
    parts = told.strip().split(";")
    if len(parts) != 4:
        raise ValueError("it does not have four parts")
    key, sequence, previous, signature = parts
    if not (_is_digest(key) and _is_digest(previous)):
        raise ValueError("its key or the seal before it is no SHA-256 in small hexadecimal digits")
    if not (sequence.isascii() and sequence.isdecimal() and len(sequence) <= _MOST_DIGITS and int(sequence) > 0):
        raise ValueError("its number is no whole number from 1")
    try:
        signed = base64.b64decode(signature, validate=True)
    except binascii.Error:
        raise ValueError("its signature is no base64") from None
    if len(signed) != 64:
        raise ValueError("its signature does not have 64 bytes")
    return Seal(key, int(sequence), previous, signed)


def _is_digest(text: str) -> bool:
    return len(text) == _DIGEST_LENGTH and not set(text) - set("0123456789abcdef")
