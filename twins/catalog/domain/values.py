"""Whether a value fits the property it is given to."""

from __future__ import annotations

from decimal import Decimal

from pydantic import TypeAdapter, ValidationError

from twins.catalog.schemas import DecimalText, Property, PropertyValue

_DECIMAL: TypeAdapter[Decimal] = TypeAdapter(DecimalText)
_WANTED = {
    "number": 'a decimal number written as a string, such as "12.5"',
    "integer": "a whole number, without quotes",
    "text": "a text",
    "boolean": "true or false, without quotes",
}


def misfit(declared: Property, value: PropertyValue) -> str | None:
    """What the value should be instead, as the rest of a sentence that starts with *It must be*; None when it fits."""
    number = _number(declared, value)
    if isinstance(number, Decimal):
        return _out_of_bounds(declared, number)
    if number is None:
        return _WANTED[declared.type]
    if declared.choices and value not in declared.choices:
        return f"one of {', '.join(declared.choices)}"
    return None


def _number(declared: Property, value: PropertyValue) -> Decimal | bool | None:
    """The number, True for another value of the declared type, None for a value of another type."""
    if declared.type == "number" and isinstance(value, str):
        try:
            return _DECIMAL.validate_python(value)
        except ValidationError:
            return None
    if declared.type == "integer" and type(value) is int:
        return Decimal(value)
    wanted = {"text": str, "boolean": bool}.get(declared.type)
    return True if wanted is type(value) else None


def _out_of_bounds(declared: Property, number: Decimal) -> str | None:
    unit = f" {declared.unit}" if declared.unit else ""
    if declared.minimum is not None and number < declared.minimum:
        return f"at least {declared.minimum}{unit}"
    if declared.maximum is not None and number > declared.maximum:
        return f"at most {declared.maximum}{unit}"
    return None
