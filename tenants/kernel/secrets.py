"""Random tokens, and the keyed digests that are kept of them."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM = 6
_IN_TEXT = re.compile(r"(ot_[a-z]+_)[A-Za-z0-9_-]{43,49}", re.ASCII)
_FORM = re.compile(rf"ot_[a-z]+_[A-Za-z0-9_-]{{43}}([0-9A-Za-z]{{{_CHECKSUM}}})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Token:
    """A new token: shown once as ``text``; ``prefix`` may be shown again."""

    text: str
    prefix: str


def new_token(kind: str) -> Token:
    """A token of 256 random bits, after a word that tells what it opens and before a checksum (``ot_key_…``).

    By the word and the checksum (CRC-32 in six digits of base 62) a scanner of sources knows a token that got out, and
    a mistyped one is refused without asking the database.
    """
    text = f"ot_{kind}_{secrets.token_urlsafe(32)}"
    return Token(text=text + _checksum(text), prefix=text[: len(kind) + 10])


def is_token(text: str, kind: str) -> bool:
    """Whether a text has the form of a token of this kind, its checksum included; older ones have none."""
    if not text.startswith(f"ot_{kind}_") or (form := _FORM.fullmatch(text)) is None:
        return False
    return form[1] is None or form[1] == _checksum(text[:-_CHECKSUM])


def token_digest(text: str, *, secret: str) -> str:
    """The keyed digest (HMAC-SHA-256, hexadecimal) under which a token is kept and found.

    A digest looked up by equality in an index needs no constant-time comparison: without the secret nobody can choose
    digests near a stored one.
    """
    return hmac.new(secret.encode(), b"token:" + text.encode(), hashlib.sha256).hexdigest()


def token_digests(text: str, *, keys: Sequence[str]) -> tuple[str, ...]:
    """The digests a token may be kept under, one for each secret the installation has had, the newest first.

    What is found under another than the first is kept under the first from then on, so that a former secret can go.
    """
    return tuple(token_digest(text, secret=key) for key in keys)


def is_same_digest(one: str, other: str) -> bool:
    """Whether two digests are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)


def masked(text: str) -> str:
    """A text with three dots in place of what is secret of the tokens in it."""
    return _IN_TEXT.sub(r"\1…", text)


def _checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(_CHECKSUM):
        number, digit = divmod(number, len(_LETTERS))
        digits = _LETTERS[digit] + digits
    return digits
