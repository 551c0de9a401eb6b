"""JSON text read so strictly that no two readers can understand it differently (RFC 7493)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from billing.contracts.fields import DocumentError, place_of
from tenants.kernel.errors import Finding


class _NotANumber:
    """Stands where JSON text had NaN or an infinity."""


class _Noticed:
    """The hooks of the JSON reader, and what they came across that plain values cannot show."""

    def __init__(self) -> None:
        self.repeated: dict[int, list[str]] = {}
        self.constants = 0

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """An object; keys given twice are kept under its identity."""
        content = dict(pairs)
        if len(content) < len(pairs):
            names = [name for name, _ in pairs]
            self.repeated[id(content)] = sorted({name for name in names if names.count(name) > 1})
        return content

    def constant(self, _name: str) -> _NotANumber:
        """NaN, Infinity or -Infinity."""
        self.constants += 1
        return _NotANumber()


def strict_json(text: bytes) -> Any:
    """The value of a UTF-8 JSON text that every reader reads alike.

    Raises:
        DocumentError: It is no JSON, gives a key twice, or has NaN, infinity or half a character.
    """
    noticed = _Noticed()
    tree = _loaded(text, noticed)
    if noticed.repeated or noticed.constants or b"\\ud" in text.lower():
        findings = list(_ill_formed(tree, noticed.repeated))
        if findings:
            raise DocumentError(findings)
    return tree


def _loaded(text: bytes, noticed: _Noticed) -> Any:
    try:
        return json.loads(text.decode("utf-8-sig"), object_pairs_hook=noticed.object, parse_constant=noticed.constant)
    except json.JSONDecodeError as error:
        raise _unreadable(f"line {error.lineno}, column {error.colno}", f"This is not JSON: {error.msg}.") from None
    except UnicodeDecodeError as error:
        raise _unreadable(f"byte {error.start}", "This is not UTF-8 text.") from None
    except RecursionError:
        raise _unreadable("", "Objects and lists are nested too deep.") from None
    except ValueError:
        raise _unreadable("", "A number has too many digits.") from None


def _unreadable(place: str, message: str) -> DocumentError:
    return DocumentError([Finding("document.unreadable", place, message, "Write one JSON object in UTF-8.")])


def _ill_formed(tree: Any, repeated: dict[int, list[str]]) -> Iterator[Finding]:
    """Keys given twice, numbers that are none and half characters, with the path to each."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), tree)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, _NotANumber):
            yield Finding(
                "document.not_a_number", place_of(*path), "NaN and infinity are not JSON.", "Write a decimal in quotes."
            )
        elif isinstance(value, str):
            yield from _half_characters(path, value)
        elif isinstance(value, list):
            waiting += [((*path, at), item) for at, item in reversed(list(enumerate(value)))]
        elif isinstance(value, dict):
            for name in repeated.get(id(value), ()):
                yield Finding(
                    "document.repeated_key", place_of(*path, name), f"`{place_of(name)}` is given twice.", "Keep one."
                )
            for name in value:
                yield from _half_characters((*path, name), name)
            waiting += [((*path, name), item) for name, item in reversed(value.items())]


def _half_characters(path: tuple[str | int, ...], text: str) -> Iterator[Finding]:
    if place_of(text) != text:
        yield Finding(
            "document.malformed", place_of(*path), "Half of a surrogate pair is no character.", "Write the whole one."
        )
