"""What is wrong with how a property is declared, or the parameter of a command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal

from tenants.kernel.errors import Finding
from twins.catalog.domain.values import misfit
from twins.catalog.parts import DEEPEST
from twins.catalog.schemas import Parameter, Property
from twins.language.units import UnknownUnitError, check_unit

_NUMBERS = frozenset({"number", "integer"})
_TEXTS = frozenset({"text"})


def property_findings(place: str, part: Property, depth: int = 1) -> Iterator[Finding]:
    """What is wrong with a property, and with what stands inside it.

    Args:
        place: The property, such as ``properties/rated_flow``.
        part: What it is.
        depth: How many properties it stands in, itself included.
    """
    if depth > DEEPEST:
        message = f"More than {DEEPEST} properties stand in one another here."
        yield Finding("type.too_deep", place, message, "Make a component of what is inside, or fewer levels.")
        return
    yield from _misplaced(place, part)
    if part.unit is not None:
        yield from unit_findings(f"{place}/unit", part.unit)
    if part.minimum is not None and part.maximum is not None:
        yield from order_findings(f"{place}/minimum", part.minimum, part.maximum)
    yield from repeated(f"{place}/choices", part.choices)
    for choice in sorted(set(part.choice_names) - set(part.choices)):
        message = f"{choice!r} has a name, but is none of the choices."
        yield Finding("type.unknown_reference", f"{place}/choice_names", message, "Add the choice, or remove its name.")
    yield from _inside(place, part, depth)
    if part.default is not None and (wanted := misfit(part, part.default)) is not None:
        message = f"The default {part.default!r} does not fit."
        yield Finding("type.default_misfit", f"{place}/default", message, f"It must be {wanted}.")


def parameter_findings(place: str, part: Parameter) -> Iterator[Finding]:
    """What is wrong with a parameter of a command."""
    is_number = part.type in _NUMBERS
    for field, given, belongs in (
        ("unit", part.unit is not None, is_number),
        ("range", part.range is not None, is_number),
        ("choices", bool(part.choices), part.type == "text"),
    ):
        if given and not belongs:
            yield _belongs_elsewhere(place, "parameter", part.type, field)
    if part.unit is not None:
        yield from unit_findings(f"{place}/unit", part.unit)
    if part.range is not None:
        yield from order_findings(f"{place}/range", *part.range)
    yield from repeated(f"{place}/choices", part.choices)


def _misplaced(place: str, part: Property) -> Iterator[Finding]:
    for field, given, types in (
        ("unit", part.unit is not None, _NUMBERS),
        ("minimum", part.minimum is not None, _NUMBERS),
        ("maximum", part.maximum is not None, _NUMBERS),
        ("choices", bool(part.choices), _TEXTS),
        ("choice_names", bool(part.choice_names), _TEXTS),
        ("format", part.format is not None, _TEXTS),
        ("fields", bool(part.fields), {"object"}),
        ("of", part.of is not None, {"map", "array"}),
    ):
        if given and part.type not in types:
            yield _belongs_elsewhere(place, "property", part.type, field)
    if part.choices and part.format is not None:
        message = "Where the texts are listed, a format says nothing."
        yield Finding("type.misplaced", f"{place}/format", message, "Remove the format or the choices.")


def _inside(place: str, part: Property, depth: int) -> Iterator[Finding]:
    if part.type == "object" and not part.fields:
        yield Finding("type.missing", f"{place}/fields", "An object without fields holds nothing.", "Add a field.")
    if part.type in {"map", "array"} and part.of is None:
        message = f"It is not said what the {part.type} holds."
        yield Finding("type.missing", f"{place}/of", message, 'Say it, such as {"type": "number"}.')
    for key, field in part.fields.items():
        yield from property_findings(f"{place}/fields/{key}", field, depth + 1)
    if part.of is not None:
        yield from property_findings(f"{place}/of", part.of, depth + 1)


def _belongs_elsewhere(place: str, what: str, kind: str, field: str) -> Finding:
    message = f"A {what} of type {kind} has no {field}."
    return Finding("type.misplaced", f"{place}/{field}", message, f"Remove {field}, or change the type.")


def unit_findings(place: str, unit: str) -> Iterator[Finding]:
    """What is wrong with a UCUM code."""
    try:
        check_unit(unit)
    except UnknownUnitError as error:
        yield Finding("type.unknown_unit", place, error.message, error.fix)


def order_findings(place: str, low: Decimal, high: Decimal) -> Iterator[Finding]:
    """Whether there is something between two bounds."""
    if low >= high:
        message = f"From {low} to {high} there is nothing."
        yield Finding("type.reversed", place, message, "Write the smaller bound first; the two differ.")


def repeated(place: str, items: Iterable[str]) -> Iterator[Finding]:
    """What stands twice in a list that is a set."""
    for item in (item for item, count in Counter(items).items() if count > 1):
        yield Finding("type.duplicate_key", place, f"{item!r} stands twice in {place}.", "Keep it once.")
