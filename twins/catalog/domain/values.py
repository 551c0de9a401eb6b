"""Whether a value fits the property it is given to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tenants.kernel.calendars import DURATION_PATTERN
from twins.catalog.parts import DecimalText
from twins.catalog.schemas import Property

_DECIMAL: TypeAdapter[Decimal] = TypeAdapter(DecimalText)
_WANTED = {
    "number": 'a decimal number written as a string, such as "12.5"',
    "integer": "a whole number, without quotes",
    "text": "a text",
    "boolean": "true or false, without quotes",
    "object": "an object",
    "map": "an object",
    "array": "an array",
}
_PYTHON = {"text": str, "boolean": bool, "object": dict, "map": dict, "array": list}


def misfit(declared: Property, value: Any) -> str | None:
    """What the value should be instead, as the rest of a sentence that starts with *It must be*; None when it fits."""
    if declared.type in {"number", "integer"}:
        number = number_of(declared, value)
        return _WANTED[declared.type] if number is None else _out_of_bounds(declared, number)
    if type(value) is not _PYTHON[declared.type]:
        return _WANTED[declared.type]
    return _text(declared, str(value)) if declared.type == "text" else _nested(declared, value)


def number_of(declared: Property, value: Any) -> Decimal | None:
    """The number that a value of JSON is for a property of numbers; None when it is none."""
    if declared.type == "number" and isinstance(value, str):
        try:
            return _DECIMAL.validate_python(value)
        except ValidationError:
            return None
    return Decimal(value) if declared.type == "integer" and type(value) is int else None


def plain_values(declared: Mapping[str, Property], given: Mapping[str, Any]) -> dict[str, float | str | bool]:
    """What formulas know of the properties of an asset: what is given, else the default, numbers as floats.

    What fits no property, and what is nested, is not known.
    """
    found: dict[str, float | str | bool] = {}
    for key, one in declared.items():
        value = given.get(key, one.default)
        number = number_of(one, value)
        if number is not None:
            found[key] = float(number)
        elif isinstance(value, bool | str) and type(value) is _PYTHON.get(one.type):
            found[key] = value
    return found


def _out_of_bounds(declared: Property, number: Decimal) -> str | None:
    unit = f" {declared.unit}" if declared.unit else ""
    if declared.minimum is not None and number < declared.minimum:
        return f"at least {declared.minimum}{unit}"
    if declared.maximum is not None and number > declared.maximum:
        return f"at most {declared.maximum}{unit}"
    return None


def _reads(parse: Callable[[str], Any]) -> Callable[[str], bool]:
    def reads(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return reads


_FORMATS: dict[str, tuple[Callable[[str], bool], str]] = {
    "date": (_reads(date.fromisoformat), "a date such as 2026-03-01"),
    "time": (_reads(time.fromisoformat), "a time of day such as 06:30:00"),
    "date-time": (_reads(datetime.fromisoformat), "a moment such as 2026-03-01T06:30:00Z"),
    "duration": (lambda text: re.fullmatch(DURATION_PATTERN, text) is not None, "a duration such as PT6H"),
}


def _text(declared: Property, value: str) -> str | None:
    if declared.choices and value not in declared.choices:
        return f"one of {', '.join(declared.choices)}"
    if declared.format is not None:
        fits, wanted = _FORMATS[declared.format]
        return None if fits(value) else wanted
    return None


def _nested(declared: Property, value: Any) -> str | None:
    """What is wrong inside an object, a map or an array; nothing for true and false."""
    if declared.type == "object":
        return _object(declared, value)
    inner = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    for key, each in inner:
        if declared.of is not None and (wanted := misfit(declared.of, each)) is not None:
            return _inside(str(key), wanted)
    return None


def _object(declared: Property, value: dict[str, Any]) -> str | None:
    for key, field in declared.fields.items():
        if key not in value:
            if field.required:
                return f"an object with {key}"
        elif (wanted := misfit(field, value[key])) is not None:
            return _inside(key, wanted)
    if unknown := sorted(set(value) - set(declared.fields)):
        return f"an object without {', '.join(unknown)}"
    return None


def _inside(key: str, wanted: str) -> str:
    start, _, rest = wanted.partition(" whose ")
    return f"one whose {key}/{rest}" if start == "one" and rest else f"one whose {key} is {wanted}"
