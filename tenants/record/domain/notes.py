"""Signed notes (c2sp.org/signed-note) with Ed25519: text a person can read, under signatures a program can check."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tenants.kernel.errors import OutturnError

_ED25519 = b"\x01"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NAME = re.compile(r"[^\s+]+")
_SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_MAX_SIGNATURES = 100


class NoteError(OutturnError):
    """A signed note is not in the form of one, or nobody we know has signed it."""

    code = "record.bad_note"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under the name it signs with.

    Attributes:
        name: Not empty, no spaces, no ``+``.
        public_key: The Ed25519 public key, 32 bytes.
    """

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public_key) != 32:
            raise NoteError(
                f"An Ed25519 public key has 32 bytes, not {len(self.public_key)}.",
                place="key",
                fix="Copy the whole key.",
            )

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name || 0x0A || 0x01 || public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[:4]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, 64 hexadecimal digits: what people compare."""
        return hashlib.sha256(self.public_key).hexdigest()

    def __str__(self) -> str:
        """The form ``name+id+base64(0x01 || public key)`` that note tools read."""
        return f"{self.name}+{self.key_id.hex()}+{encode(_ED25519 + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Read the form that ``str`` writes.

        Raises:
            NoteError: The text is not a verifier key, or its id belongs to another key.
        """
        name, _, rest = text.partition("+")
        key_id, _, key = rest.partition("+")
        raw = decode(key)
        if raw[:1] != _ED25519:
            raise NoteError("This is not an Ed25519 verifier key.", place="key", fix="Copy the whole key.")
        verifier = cls(name, raw[1:])
        if verifier.key_id.hex() != key_id:
            raise NoteError("The key's id belongs to another key.", place="key", fix="Copy the whole key.")
        return verifier


def verifier_of(name: str, key: Ed25519PrivateKey) -> Verifier:
    """The public side of a signing key."""
    return Verifier(name, key.public_key().public_bytes_raw())


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """Sign ``text`` (ends in a newline) as ``name``.

    Raises:
        NoteError: The text or the name cannot stand in a note.
    """
    return sign_note_with(text, name, [key])


def sign_note_with(text: str, name: str, keys: Sequence[Ed25519PrivateKey]) -> str:
    """Sign ``text`` (ends in a newline) as ``name`` with each of several keys, a line each in their order.

    Raises:
        NoteError: The text or the name cannot stand in a note.
    """
    _check_text(text)
    raw = [verifier_of(name, key).key_id + key.sign(text.encode()) for key in keys]
    return text + "\n" + "".join(signature_line(name, each) for each in raw)


def signature_line(name: str, raw: bytes) -> str:
    """A line below a note: ``raw`` is the key's id and the signature."""
    return f"— {name} {encode(raw)}\n"


def read_signature_lines(text: str) -> list[tuple[str, bytes]]:
    """Lines that ``signature_line`` wrote, each as (name, key id || signature).

    Raises:
        NoteError: One is malformed, there is none, or there are too many.
    """
    lines = text.split("\n")
    if lines.pop() != "" or not 0 < len(lines) <= _MAX_SIGNATURES:
        raise NoteError(
            "Signature lines are expected, each with its newline.", place="note", fix="Copy the whole note."
        )
    signatures: list[tuple[str, bytes]] = []
    for line in lines:
        match = _SIGNATURE_LINE.fullmatch(line)
        raw = decode(match[2]) if match else b""
        if not match or len(raw) < 5:
            raise NoteError("A signature line is malformed.", place="note", fix="Copy the whole note.")
        signatures.append((match[1], raw))
    return signatures


def open_note(note: str, verifier: Verifier) -> str:
    """The text of a note that ``verifier`` has signed; signatures of others are ignored, as the specification asks.

    Raises:
        NoteError: The note is malformed, not signed by this key, or its signature does not hold.
    """
    text, signatures = _split_note(note)
    own = [raw[4:] for name, raw in signatures if name == verifier.name and raw[:4] == verifier.key_id]
    if not own:
        raise NoteError(
            f"The note is not signed by {verifier.name} with the key {verifier.fingerprint}.",
            place="note",
            fix="Check that note and key belong together.",
        )
    public_key = Ed25519PublicKey.from_public_bytes(verifier.public_key)
    try:
        for signature in own:
            public_key.verify(signature, text.encode())
    except InvalidSignature:
        raise NoteError(
            f"The signature of {verifier.name} does not hold for this text.",
            place="note",
            fix="Take the note from its source again; if it stays so, it was changed.",
        ) from None
    return text


def _split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text with its last newline, and each signature as (name, key id || signature)."""
    text, gap, tail = note.rpartition("\n\n")
    if not gap:
        raise NoteError("A note is text, an empty line and signature lines.", place="note", fix="Copy the whole note.")
    signatures = read_signature_lines(tail)
    _check_text(text + "\n")
    return text + "\n", signatures


def _check_text(text: str) -> None:
    if not text.endswith("\n") or _CONTROL.search(text) or not _is_utf8(text):
        raise NoteError(
            "The text of a note is Unicode without control characters and ends in a newline.",
            place="note",
            fix="Remove what is not text.",
        )


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_name(name: str) -> None:
    """Refuse what cannot name a key.

    Raises:
        NoteError: It is empty, or has a space or a ``+``.
    """
    if not _NAME.fullmatch(name) or not _is_utf8(name):
        raise NoteError(f"{name!r} cannot name a key.", place="name", fix="Use a name without spaces and without +.")


def encode(raw: bytes) -> str:
    """Base64."""
    return base64.b64encode(raw).decode()


def decode(text: str) -> bytes:
    """Strict base64: exactly one text for each byte string.

    Raises:
        NoteError: The text is none, or of nothing.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if encode(raw) != text or not raw:
        raise NoteError("This is not base64.", place="note", fix="Copy the whole text.")
    return raw
