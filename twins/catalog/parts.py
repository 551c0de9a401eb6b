"""What the documents of twins are made of: numbers, names and references as JSON has them, and the shape of a part.

In JSON decimals are strings and durations ISO 8601, in Python ``Decimal`` and ``timedelta``.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from tenants.kernel.calendars import DURATION_PATTERN, parse_duration
from tenants.kernel.canonical import digest

T = TypeVar("T")

DEEPEST, WIDEST = 5, 200
"""How deep the value of a property may be nested, and how many values may stand side by side in it."""

_DECIMAL = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"


def _read_decimal(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(_DECIMAL[1:-1], value) and len(value) <= 64:
        return Decimal(value)
    if isinstance(value, Decimal) and value.is_finite():
        return value
    raise ValueError('must be a decimal number written as a string, such as "12.5"')


def _read_duration(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(DURATION_PATTERN, value):
        value = timedelta(milliseconds=parse_duration(value))
    if isinstance(value, timedelta) and value > timedelta(0):
        return value
    raise ValueError('must be a positive ISO 8601 duration of weeks, days, hours, minutes and seconds, such as "PT6H"')


def _write_duration(value: timedelta) -> str:
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    exact = f"{seconds}.{value.microseconds // 1000:03}".rstrip("0").rstrip(".")
    parts = [(value.days, "D"), (hours, "H"), (minutes, "M"), (exact, "S")]
    days, *time = [f"{count}{letter}" if str(count) != "0" else "" for count, letter in parts]
    return f"P{days}" + (f"T{''.join(time)}" if any(time) else "")


def _read_value(value: object, depth: int = DEEPEST) -> object:
    if isinstance(value, str) and 1 <= len(value) <= 2000:
        return value
    if isinstance(value, int) and abs(value) < 2**53:  # what JSON carries exactly; a bool is an int here
        return value
    if isinstance(value, dict | list) and depth and 1 <= len(value) <= WIDEST:
        if isinstance(value, list):
            return [_read_value(each, depth - 1) for each in value]
        return {_read_key(key): _read_value(each, depth - 1) for key, each in value.items()}
    raise ValueError(
        "must be a text, true, false or a whole number, or a small array or object of such; "
        "a decimal number is written as a string"
    )


def _read_key(key: object) -> str:
    if isinstance(key, str) and 1 <= len(key) <= 200:
        return key
    raise ValueError("must have keys of 1 to 200 letters")


DecimalText = Annotated[
    Decimal,
    BeforeValidator(_read_decimal),
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": _DECIMAL, "maxLength": 64}),
]
Duration = Annotated[
    timedelta,
    BeforeValidator(_read_duration),
    PlainSerializer(_write_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN}),
]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
SLUG = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
"""Small letters, digits and single hyphens."""
Slug = Annotated[str, Field(pattern=SLUG, max_length=64)]
TypeRef = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*@[1-9][0-9]{0,8}$", max_length=74)]
PartNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=64)]
Unit = Annotated[str, Field(min_length=1, max_length=64)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Texts = Annotated[dict[Language, Text], Field(min_length=1)]
Count = Annotated[int, Field(ge=1, le=10_000)]
PropertyValue: TypeAlias = Annotated[Text | bool | int | list[Any] | dict[str, Any], BeforeValidator(_read_value)]
"""The value of a property: a number is a decimal string, an integer a JSON integer, a nested one an array or object."""
Many = Annotated[tuple[T, ...], Field(strict=False)]
"""An array: a tuple in Python, and the one place where a list is taken for it."""
Pair = Annotated[tuple[T, T], Field(strict=False)]
"""An array of two, the smaller first."""


class Part(BaseModel):
    """What every part of a document shares: strict, frozen, nothing beyond what is declared."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

    def as_json(self) -> dict[str, Any]:
        """The JSON value, without what stands at its default.

        So a new optional field never changes the digest of an old document.
        """
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


class Document(Part):
    """A whole document, one of the kinds under ``docs/schemas``."""

    area: ClassVar[str]
    """The first word of the codes of its findings."""
    schema_name: ClassVar[str]
    """Its published schema is ``docs/schemas/<schema_name>.schema.json``."""

    def digest(self) -> str:
        """The SHA-256 of its canonical JSON, 64 hexadecimal digits."""
        return digest(self.as_json())
