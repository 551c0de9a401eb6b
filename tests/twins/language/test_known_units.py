from __future__ import annotations

import pytest

from twins.language.known_units import KNOWN_UNITS, find_units
from twins.language.units import is_unit


def test_each_can_be_calculated_with_and_stands_once() -> None:
    codes = [unit.code for unit in KNOWN_UNITS]
    assert [code for code in codes if not is_unit(code)] == []
    assert len(set(codes)) == len(codes)
    assert all((unit.name and unit.quantity and unit.symbol) or unit.code == "1" for unit in KNOWN_UNITS)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("bar", "bar"), ("m3/h", "m3/h"), ("m³/h", "m3/h"), ("cubic metre per hour", "m3/h"), ("°C", "Cel"),
        ("KW", "kW"), ("cubic hour", "m3/h"), ("rpm", "{rpm}"), ("kg.m2", "kg.m2"), ("  bar ", "bar"),
    ],
)  # fmt: skip
def test_found_by_code_symbol_and_name(words: str, first: str) -> None:
    assert find_units(words)[0].code == first


def test_found_by_what_they_measure() -> None:
    assert [unit.code for unit in find_units("temperature")] == ["Cel", "K", "[degF]", "[degR]"]
    assert find_units("nothing like it") == []


def test_only_what_converts_into_a_unit() -> None:
    found = [unit.code for unit in find_units("", like="{rpm}")]
    assert found == ["{rpm}"]
    assert "m3/s" in [unit.code for unit in find_units("", like="L/min")]
    assert find_units("bar", like="K") == []
    assert find_units("", like="nothing") == []


def test_no_more_than_asked_for() -> None:
    assert len(find_units("", most=7)) == 7
