"""Bodies of requests."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJSONParser(JSONParser):
    """JSON as RFC 8259 has it: no NaN, no lone surrogate, no NUL that PostgreSQL could not keep."""

    strict = True

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The value.

        Raises:
            ParseError: The body is not such JSON.
        """
        value = super().parse(stream, media_type, parser_context)
        if not _keepable(value):
            raise ParseError("text must not hold NUL characters or lone surrogates")
        return value


def _keepable(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, dict):
        return all(_keepable(key) and _keepable(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(_keepable, value))
    return True
