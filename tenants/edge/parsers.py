"""Bodies of requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from tenants.edge.problems import InvalidRequestError
from tenants.kernel.errors import Finding

_Asked = TypeVar("_Asked", bound=BaseModel)


class StrictJSONParser(JSONParser):
    """JSON as RFC 8259 has it: no NaN, no lone surrogate, no NUL that PostgreSQL could not keep."""

    strict = True

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The value.

        Raises:
            ParseError: The body is not such JSON.
        """
        try:
            value = super().parse(stream, media_type, parser_context)
            is_kept = is_keepable(value)
        except RecursionError:
            raise ParseError("the body is nested too deeply") from None
        if not is_kept:
            raise ParseError("text must not hold NUL characters or lone surrogates")
        return value


def is_keepable(value: Any) -> bool:
    """Whether PostgreSQL could keep a value of JSON: its texts hold no NUL and no lone surrogate."""
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, dict):
        return all(is_keepable(key) and is_keepable(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(is_keepable, value))
    return True


def asked(kind: type[_Asked], values: Mapping[str, Any]) -> _Asked:
    """A request out of the values that a serializer has checked one by one.

    Raises:
        InvalidRequestError: They do not fit each other; the findings say where.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        findings = [
            Finding("request.invalid", "/".join(map(str, each["loc"])), each["msg"], "Send a value that fits.")
            for each in error.errors()
        ]
        raise InvalidRequestError(
            "the request does not fit", fix="Mend the places named in `findings`.", findings=findings
        ) from None
