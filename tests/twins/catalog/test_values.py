from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.catalog.domain.values import misfit
from twins.catalog.schemas import Property, PropertyValue

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
