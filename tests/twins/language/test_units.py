from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.language.units import (
    Conversion,
    NotConvertibleError,
    UnknownUnitError,
    check_unit,
    conversion,
    is_unit,
)

LINEAR = ["Cel", "K", "[degF]", "[degR]"]


@pytest.mark.parametrize(
    "code",
    [
        *("1", "%", "Cel", "bar", "kW", "kW.h", "m3/h", "{rpm}", "[degR]", "[psi]", "[lb_av]/s", "[lb_av]/s/[psi]"),
        *(
            "10*3.[ft_i]",
            "deg",
            "[pH]",
            "dB",
            "dB[W]",
            "100/min",
            "/s",
            "mm/s",
            "[psi]{gauge}",
            "cal_[15]",
            "[in_i'H2O]",
        ),
    ],
)
def test_ucum_codes_are_units(code: str) -> None:
    assert is_unit(code)


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ("rpm", "Write '{rpm}'."),
        ("psi", "Write '[psi]'."),
        ("°C", "Write 'Cel'."),
        ("lbm/s", "Write '[lb_av]/s'."),
        ("m^3", "Write 'm3'."),
        ("furlong", "Use a UCUM code, such as Cel, bar, kW, m3/h, {rpm} or 1 for none."),
        ("", "Use a UCUM code, such as Cel, bar, kW, m3/h, {rpm} or 1 for none."),
        (" m", "Use a UCUM code, such as Cel, bar, kW, m3/h, {rpm} or 1 for none."),
        ("{rpm", "Use a UCUM code, such as Cel, bar, kW, m3/h, {rpm} or 1 for none."),
        ("k[ft_i]", "Use a UCUM code, such as Cel, bar, kW, m3/h, {rpm} or 1 for none."),
    ],
)
def test_anything_else_is_refused_with_what_to_write(code: str, fix: str) -> None:
    with pytest.raises(UnknownUnitError) as caught:
        check_unit(code)
    assert (caught.value.code, caught.value.place, caught.value.fix) == ("unit.unknown", "unit", fix)
    assert not is_unit(code)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("Cel/min", "it cannot be read, or it cannot be calculated with"),
        ("m.[pH]", "a unit that is no linear scale stands alone, never in a product"),
        ("10*999999999", "its exponent has more than two digits"),
        ("10^-100.m", "its exponent has more than two digits"),
        ("m" * 65, "it is longer than 64 characters"),
    ],
)
def test_what_cannot_be_calculated_with_is_refused_and_says_why(code: str, reason: str) -> None:
    with pytest.raises(UnknownUnitError) as caught:
        check_unit(code)
    assert caught.value.message.endswith(f"is not a UCUM unit: {reason}.")


@pytest.mark.parametrize(
    ("source", "target", "factor", "offset"),
    [
        ("bar", "bar", 1, 0),
        ("bar", "kPa", 100, 0),
        ("%", "1", Fraction(1, 100), 0),
        ("l/min", "m3/h", Fraction(3, 50), 0),
        ("kW.h", "MJ", Fraction(18, 5), 0),
        ("100/min", "/s", Fraction(5, 3), 0),
        ("m", "2.m", Fraction(1, 2), 0),
        ("10*3.[ft_i]", "m", Fraction(1524, 5), 0),
        ("[lb_av]/s", "kg/s", Fraction(45359237, 100000000), 0),
        ("[degR]", "K", Fraction(5, 9), 0),
        ("Cel", "K", 1, Fraction(5463, 20)),
        ("[degF]", "Cel", Fraction(5, 9), Fraction(-160, 9)),
        ("{rpm}", "{rpm}", 1, 0),
        ("{rpm}/s", "{rpm}/min", 60, 0),
        ("[psi]{gauge}", "kPa{gauge}", Fraction(8896443230521, 1290320000000), 0),
        ("dB", "dB", 1, 0),
        ("[pH]", "[pH]", 1, 0),
    ],
)
def test_conversions_are_exact(source: str, target: str, factor: Fraction | int, offset: Fraction | int) -> None:
    assert conversion(source, target) == Conversion(Fraction(factor), Fraction(offset))


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("bar", "K"),
        ("{rpm}", "1"),
        ("{rpm}", "/min"),
        ("bar{gauge}", "bar{absolute}"),
        ("bar{gauge}", "bar"),
        ("dB", "1"),
        ("dB[W]", "W"),
        ("[pH]", "1"),
        ("1", "[pH]"),
    ],
)
def test_units_of_different_meaning_do_not_convert(source: str, target: str) -> None:
    with pytest.raises(NotConvertibleError) as caught:
        conversion(source, target)
    assert (caught.value.code, caught.value.place) == ("unit.not_convertible", "unit")
    assert repr(target) in caught.value.fix


def test_an_unknown_unit_is_no_question_of_conversion() -> None:
    with pytest.raises(UnknownUnitError):
        conversion("bar", "psi")


def test_arrays_are_converted_at_once() -> None:
    fahrenheit = np.array([[-40.0, 32.0], [212.0, np.nan]])
    celsius = conversion("[degF]", "Cel").apply(fahrenheit)
    np.testing.assert_allclose(celsius, [[-40.0, 0.0], [100.0, np.nan]], atol=1e-12)


@given(st.sampled_from(LINEAR), st.sampled_from(LINEAR), st.sampled_from(LINEAR))
def test_a_detour_changes_nothing(first: str, second: str, third: str) -> None:
    there, onwards, straight = conversion(first, second), conversion(second, third), conversion(first, third)
    assert straight.factor == onwards.factor * there.factor
    assert straight.offset == onwards.factor * there.offset + onwards.offset
