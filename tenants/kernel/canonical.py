"""Canonical JSON: one byte string for one value, so that a hash means the content.

Almost all that is written is texts, whole numbers and truths under names of everyday letters. Of these the encoder of
the standard library, which is compiled, makes the canonical form, several times as quick as one in Python. Whatever
else there is (fractions, numbers beyond 2**53, letters beyond sixteen bits, by which names would be in another order)
is told from its text and written by the library.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import rfc8785

_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), check_circular=False
).encode
_OTHER_NUMBERS = re.compile(r"(?:^|[:,\[])-?(?:\d+(?:\.\d+)?e[+-]?\d+|\d+\.\d+|\d{16,})(?:[,\]}]|$)")
"""Numbers that are no whole ones of fewer than 16 digits; a text that looks like one does no harm."""
_RARE_LETTERS = re.compile("[\U00010000-\U0010ffff]")


def canonical_json(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value whose objects have texts as names.

    Raises:
        rfc8785.CanonicalizationError: The value holds something JSON cannot carry, or an integer beyond 2**53.
    """
    try:
        text = _encode(value)
        if _OTHER_NUMBERS.search(text) is None and (text.isascii() or _RARE_LETTERS.search(text) is None):
            return text.encode()
    except (TypeError, ValueError, RecursionError):
        pass  # the library says what is wrong with it
    return rfc8785.dumps(value)


def digest(value: Any) -> str:
    """The SHA-256 of the canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
