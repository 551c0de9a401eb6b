"""Canonical JSON: one byte string for one value, so that a hash means the content.

Almost all that is written is texts, whole numbers and truths under names of everyday letters. Of these a compiled
encoder makes the canonical form, a hundred times as quick as one in Python. That there is nothing else (halves of
moments, sets, numbers that others would write in another way) is seen before, level by level; what has some of it, or
letters beyond sixteen bits, by which names would be in another order, is written by the library of the standard.
"""

from __future__ import annotations

import gc
import hashlib
import json
import re
from collections.abc import Mapping
from itertools import compress
from typing import Any

import msgspec
import rfc8785

_encode = msgspec.json.Encoder(order="sorted").encode
_encode_as_is = msgspec.json.Encoder().encode
_RARE_LETTERS = re.compile("[\U00010000-\U0010ffff]")
_CONTAINERS = frozenset({dict, list, tuple})
_NUMBERS = frozenset({int, float})
_PLAIN = frozenset({str, bool, type(None)}) | _CONTAINERS | _NUMBERS
_LARGEST = 2**53 - 1
_SHORT = 1e-4, 1e15
"""Between these, a number that is not whole has a point and no exponent, whoever writes it."""
_DEEPEST = 24


class Sealed(dict[str, Any]):
    """A JSON object with its canonical form, which is made once for its digest and its row; nothing in it changes."""

    __slots__ = ("text",)

    def __init__(self, value: Mapping[str, Any]) -> None:
        super().__init__(value)
        self.text = canonical_json(dict(value))


def canonical_json(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value whose objects have texts as names.

    Raises:
        rfc8785.CanonicalizationError: The value holds something JSON cannot carry, or an integer beyond 2**53.
    """
    if type(value) is Sealed:
        return value.text
    if _is_plain(value):
        try:
            text = _encode(value)
            if text.isascii() or _RARE_LETTERS.search(text.decode()) is None:
                return text
        except (TypeError, ValueError):
            pass  # the library says what is wrong with it
    return rfc8785.dumps(value)


def json_text(value: Any) -> bytes | str:
    """A JSON value as text; what `json.dumps` says, quicker where the value is plain.

    Raises:
        TypeError: The value holds something JSON cannot carry.
    """
    if type(value) is Sealed:
        return value.text
    if _is_plain(value):
        try:
            return _encode_as_is(value)
        except (TypeError, ValueError):
            pass  # half a character, or a name that is no text
    return json.dumps(value)


def digest(value: Any) -> str:
    """The SHA-256 of the canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def _is_plain(value: Any) -> bool:
    """Whether a value is texts, truths and numbers that all write alike, in lists and objects, and nothing else.

    What lies in containers is asked of the collector of garbage, which knows without a loop in Python; in what is no
    container it finds nothing.
    """
    level = [value]
    for _ in range(_DEEPEST):
        kinds = set(map(type, level))
        if not kinds <= _PLAIN:
            return False
        if kinds & _NUMBERS and not _write_alike(level, kinds):
            return False
        if not kinds & _CONTAINERS:
            return True
        level = gc.get_referents(*level)
    return False


def _write_alike(level: list[Any], kinds: set[type]) -> bool:
    """Whether every encoder writes the numbers among some values of these kinds with the same digits."""
    numbers = list(compress(level, map(_NUMBERS.__contains__, map(type, level))))
    fractions = [abs(one) for one in numbers if type(one) is float] if float in kinds else ()
    return (
        min(numbers) >= -_LARGEST
        and max(numbers) <= _LARGEST
        and all(_SHORT[0] <= one < _SHORT[1] and not one.is_integer() for one in fractions)
    )
