"""Random tokens, and the keyed digests that are kept of them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """A new token: shown once as ``text``; ``prefix`` may be shown again."""

    text: str
    prefix: str


def new_token(kind: str) -> Token:
    """A token of 256 random bits, after a word that tells what it opens (``ot_key_…``)."""
    text = f"ot_{kind}_{secrets.token_urlsafe(32)}"
    return Token(text=text, prefix=text[: len(kind) + 10])


def token_digest(text: str, *, secret: str) -> str:
    """The keyed digest (HMAC-SHA-256, hexadecimal) under which a token is kept and found.

    A digest looked up by equality in an index needs no constant-time comparison: without the secret nobody can choose
    digests near a stored one.
    """
    return hmac.new(secret.encode(), b"token:" + text.encode(), hashlib.sha256).hexdigest()
