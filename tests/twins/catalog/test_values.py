from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.catalog.domain.values import misfit, plain_values
from twins.catalog.parts import PropertyValue
from twins.catalog.schemas import Property

FLOW = Property(type="number", unit="m3/h", minimum=Decimal("0"), maximum=Decimal("120.5"))
STAGES = Property(type="integer", minimum=Decimal(1), maximum=Decimal(12))
DUTY = Property(type="text", choices=("duty", "standby"))


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (FLOW, "0"),
        (FLOW, "120.50"),
        (Property(type="number"), "-1"),
        (STAGES, 1),
        (STAGES, 12),
        (DUTY, "standby"),
        (Property(type="text"), "any"),
        (Property(type="boolean"), False),
    ],
)
def test_values_fit(declared: Property, value: PropertyValue) -> None:
    assert misfit(declared, value) is None


@pytest.mark.parametrize(
    ("declared", "value", "wanted"),
    [
        (FLOW, "-0.1", "at least 0 m3/h"),
        (FLOW, "120.51", "at most 120.5 m3/h"),
        (FLOW, "1e1", 'a decimal number written as a string, such as "12.5"'),
        (FLOW, 10, 'a decimal number written as a string, such as "12.5"'),
        (FLOW, True, 'a decimal number written as a string, such as "12.5"'),
        (STAGES, 0, "at least 1"),
        (STAGES, 13, "at most 12"),
        (STAGES, "1", "a whole number, without quotes"),
        (STAGES, True, "a whole number, without quotes"),
        (DUTY, "spare", "one of duty, standby"),
        (DUTY, 1, "a text"),
        (DUTY, True, "a text"),
        (Property(type="boolean"), 1, "true or false, without quotes"),
        (Property(type="boolean"), "true", "true or false, without quotes"),
    ],
)
def test_misfits_say_what_is_wanted(declared: Property, value: PropertyValue, wanted: str) -> None:
    assert misfit(declared, value) == wanted


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-1000, max_value=1000, places=3))
def test_bounds_are_inclusive(value: Decimal) -> None:
    assert (misfit(FLOW, format(value, "f")) is None) == (Decimal(0) <= value <= Decimal("120.5"))


def test_formulas_know_what_is_plain_and_fits_or_its_default() -> None:
    declared = {
        "flow": Property(type="number", unit="m3/h", default="90"),
        "stages": Property(type="integer"),
        "medium": Property(type="text"),
        "standby": Property(type="boolean", default=False),
        "curve": Property(type="array", of=Property(type="number")),
    }
    given = {"flow": "120.5", "stages": 3, "medium": 7, "curve": ["1", "2"], "unknown": "x"}
    assert plain_values(declared, given) == {"flow": 120.5, "stages": 3.0, "standby": False}
    assert plain_values(declared, {"medium": "water"}) == {"flow": 90.0, "medium": "water", "standby": False}


NAMEPLATE = Property.model_validate({
    "type": "object",
    "fields": {
        "maker": {"type": "text", "required": True},
        "built": {"type": "text", "format": "date"},
        "masses": {"type": "map", "of": {"type": "number", "minimum": "0"}},
        "runs": {"type": "array", "of": {"type": "text", "format": "duration"}},
    },
})  # fmt: skip


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"maker": "A", "built": "2026-03-01", "masses": {"rotor": "12.5"}, "runs": ["PT6H"]}, None),
        ({"maker": "A"}, None),
        ([], "an object"),
        ({}, "an object with maker"),
        ({"maker": "A", "colour": "red", "age": 3}, "an object without age, colour"),
        ({"maker": 3}, "one whose maker is a text"),
        ({"maker": "A", "built": "1 March"}, "one whose built is a date such as 2026-03-01"),
        ({"maker": "A", "masses": {"rotor": "-1"}}, "one whose masses/rotor is at least 0"),
        ({"maker": "A", "runs": ["PT6H", "six hours"]}, "one whose runs/1 is a duration such as PT6H"),
    ],
)
def test_nested_values(value: Any, wanted: str | None) -> None:
    assert misfit(NAMEPLATE, value) == wanted


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("date", "2026-03-01", "2026-13-01"),
        ("time", "06:30:00", "25:00"),
        ("date-time", "2026-03-01T06:30:00+01:00", "yesterday"),
        ("duration", "P5D", "5 days"),
    ],
)
def test_formats_of_texts(form: Any, good: str, bad: str) -> None:
    declared = Property(type="text", format=form)
    assert misfit(declared, good) is None
    assert misfit(declared, bad) is not None
