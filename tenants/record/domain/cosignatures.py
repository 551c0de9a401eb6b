"""Cosignatures of heads by others (c2sp.org/tlog-cosignature, ``cosignature/v1``): Ed25519 over a time and the head."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tenants.record.domain.notes import NoteError, check_name, decode, encode, signature_line

_TYPE = b"\x04"
_LENGTH = 4 + 8 + 64
_LATEST = 253_402_300_799
"""The last second of the year 9999."""


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """The public key of a witness under its name.

    Attributes:
        name: Not empty, no spaces, no ``+``.
        public_key: The Ed25519 public key, 32 bytes.
    """

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name || 0x0A || 0x04 || public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _TYPE + self.public_key).digest()[:4]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, 64 hexadecimal digits: what people compare."""
        return hashlib.sha256(self.public_key).hexdigest()

    def __str__(self) -> str:
        """The form ``name+id+base64(0x04 || public key)`` that note tools read."""
        return f"{self.name}+{self.key_id.hex()}+{encode(_TYPE + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> WitnessKey:
        """Read the form that ``str`` writes.

        Raises:
            NoteError: The text is no key of a witness, or its id belongs to another key.
        """
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        check_name(name)
        raw = decode(encoded)
        if raw[:1] != _TYPE or len(raw) != 33:
            raise NoteError(
                "This is not the key of a witness.", place="key",
                fix="Copy the whole key for cosignature/v1, name+id+key, in which the key begins with B.",
            )  # fmt: skip
        key = cls(name, raw[1:])
        if key.key_id.hex() != key_id:
            raise NoteError("The key's id belongs to another key.", place="key", fix="Copy the whole key.")
        return key


def message(text: str, time: int) -> bytes:
    """What a witness signs: two lines of its own and the text of the head.

    Args:
        text: The three lines of the head.
        time: Seconds since 1970.
    """
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosign(text: str, name: str, key: Ed25519PrivateKey, time: int) -> str:
    """The line by which a witness co-signs a head."""
    own = WitnessKey(name, key.public_key().public_bytes_raw())
    return signature_line(name, own.key_id + time.to_bytes(8, "big") + key.sign(message(text, time)))


def open_cosignature(text: str, raw: bytes, key: WitnessKey) -> datetime:
    """When a witness has co-signed a head.

    Args:
        text: The three lines of the head.
        raw: The key's id, the time and the signature, as in the witness's line.
        key: The witness's key.

    Raises:
        NoteError: It is not this key's cosignature of this head.
    """
    time = int.from_bytes(raw[4:12], "big")
    try:
        if len(raw) != _LENGTH or raw[:4] != key.key_id or time > _LATEST:
            raise InvalidSignature
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(raw[12:], message(text, time))
    except (InvalidSignature, ValueError):
        raise NoteError(
            f"The cosignature of {key.name} does not hold for this head.", place="signatures",
            fix="Co-sign the three lines of the head as cosignature/v1 with the key that is registered.",
        ) from None  # fmt: skip
    return datetime.fromtimestamp(time, UTC)
