"""From JSON that somebody wrote to a document, or to findings that say where it does not fit."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rfc8785 import CanonicalizationError

from tenants.kernel.errors import Finding
from twins.catalog.parts import Document

D = TypeVar("D", bound=Document)

_WRONG = {
    "missing": "is missing",
    "extra_forbidden": "is no field here",
    "string_type": "has to be a text",
    "int_type": "has to be a whole number",
    "bool_type": "has to be true or false",
    "dict_type": "has to be an object",
    "model_type": "has to be an object",
    "tuple_type": "has to be a list",
}
_FIXES = {
    "missing": "Add it.",
    "extra_forbidden": "Remove it; it is no part of this kind of document.",
    "string_type": "Write it as a string.",
    "int_type": "Write it as a whole number, without quotes.",
    "bool_type": "Write true or false, without quotes.",
    "dict_type": "Write it as an object, in curly brackets.",
    "model_type": "Write it as an object, in curly brackets.",
    "tuple_type": "Write it as an array, in square brackets.",
    "too_short": "Add what is missing, or leave the whole field out.",
    "too_long": "Remove what is too much.",
}


def read_json(text: str | bytes, area: str) -> tuple[Any, tuple[Finding, ...]]:
    """The value of a JSON text, or None with the finding that says why there is none.

    Stricter than most readers: a key that stands twice in one object is refused, for one of the two would be lost, and
    so are ``NaN`` and ``Infinity``.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant), ()
    except _DuplicateKeyError as error:
        fix = "Keep one of the two, or give the other one its own key."
        return None, (Finding(f"{area}.duplicate_key", error.key, f"The key {error.key!r} stands twice.", fix),)
    except ValueError as error:
        reason = str(error)
    except RecursionError:
        reason = "it is nested too deeply"
    return None, (Finding(f"{area}.not_json", "", f"This is not JSON: {reason}.", "Send valid JSON in UTF-8."),)


def read_document(kind: type[D], raw: object) -> tuple[D | None, tuple[Finding, ...]]:
    """The document that a JSON value holds, or None and every place where it does not fit the published schema.

    Args:
        kind: The class of the document.
        raw: Parsed JSON.
    """
    try:
        document = kind.model_validate(raw)
        document.digest()
    except ValidationError as error:
        return None, findings_of(
            error.errors(include_url=False), kind.area, f"docs/schemas/{kind.schema_name}.schema.json"
        )
    except (CanonicalizationError, RecursionError):
        message = "The document holds a number, a text or a depth that canonical JSON cannot carry."
        fix = "Write integers beyond 2**53 as strings, and nest less deeply."
        return None, (Finding(f"{kind.area}.not_canonical", "", message, fix),)
    return document, ()


def findings_of(errors: Iterable[ErrorDetails], area: str, schema: str) -> tuple[Finding, ...]:
    """Pydantic's errors as findings, with the path into the value as place and ``schema`` named where it helps."""
    return tuple(_finding(error, area, schema) for error in errors)


def _finding(error: ErrorDetails, area: str, schema: str) -> Finding:
    place = "/".join(str(step) for step in error["loc"] if step != "[key]")
    subject = place or "The document"
    fix = _FIXES.get(error["type"], f"Write it as {schema} says.")
    code = {"missing": "missing", "extra_forbidden": "unknown_field"}.get(error["type"], "malformed")
    if wrong := _WRONG.get(error["type"]):
        return Finding(f"{area}.{code}", place, f"{subject} {wrong}.", fix)
    message = error["msg"].removeprefix("Value error, ")
    return Finding(f"{area}.{code}", place, f"{subject}: {message[0].lower()}{message[1:]}.", fix)


class _DuplicateKeyError(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, item in pairs:
        if key in value:
            raise _DuplicateKeyError(key)
        value[key] = item
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")
