from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.kernel.money import (
    MixedCurrencyError,
    Money,
    Rounding,
    UnknownCurrencyError,
    allocate,
    exponent,
    round_minor,
)

AS_DECIMAL: dict[Rounding, str] = {
    "half_even": ROUND_HALF_EVEN,
    "half_up": ROUND_HALF_UP,
    "up": ROUND_UP,
    "down": ROUND_DOWN,
}


@pytest.mark.parametrize(
    ("currency", "digits"), [("EUR", 2), ("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("ISK", 0), ("XCG", 2)]
)
def test_the_digits_of_a_currency(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XAU", "XXX", "BTC", "€"])
def test_what_is_no_currency(currency: str) -> None:
    with pytest.raises(UnknownCurrencyError) as refused:
        exponent(currency)
    assert (refused.value.code, refused.value.place) == ("money.unknown_currency", "currency")


@pytest.mark.parametrize(
    ("exact", "half_even", "half_up", "up", "down"),
    [
        (Fraction(17025, 2), 8512, 8513, 8513, 8512),
        (Fraction(17027, 2), 8514, 8514, 8514, 8513),
        (Fraction(-17025, 2), -8512, -8513, -8513, -8512),
        (Fraction(1, 3), 0, 0, 1, 0),
        (Fraction(2, 3), 1, 1, 1, 0),
        (Fraction(-1, 3), 0, 0, -1, 0),
        (Fraction(7), 7, 7, 7, 7),
        (Fraction(0), 0, 0, 0, 0),
    ],
)
def test_rounding(exact: Fraction, half_even: int, half_up: int, up: int, down: int) -> None:
    modes: tuple[Rounding, ...] = ("half_even", "half_up", "up", "down")
    assert [round_minor(exact, mode) for mode in modes] == [half_even, half_up, up, down]


@given(st.integers(-(10**9), 10**9), st.sampled_from(sorted(AS_DECIMAL)))
def test_rounding_is_that_of_decimals(thousandths: int, mode: Rounding) -> None:
    expected = int((Decimal(thousandths) / 1000).quantize(Decimal(1), AS_DECIMAL[mode]))
    assert round_minor(Fraction(thousandths, 1000), mode) == expected


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (100001, (150000, 100000), (60001, 40000)),
        (100, (1, 1, 1), (34, 33, 33)),
        (2, (1, 1, 1), (1, 1, 0)),
        (5, (0, 3, 0), (0, 5, 0)),
        (0, (1, 2), (0, 0)),
        (0, (0, 0), (0, 0)),
        (0, (), ()),
        (10, (Fraction(1, 3), Fraction(2, 3)), (3, 7)),
    ],
)
def test_allocation(total: int, weights: tuple[int | Fraction, ...], shares: tuple[int, ...]) -> None:
    assert allocate(total, weights) == shares


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_shares_sum_to_the_total_and_are_less_than_one_unit_off(total: int, weights: list[int]) -> None:
    if not sum(weights):
        return
    shares = allocate(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(total * weight, sum(weights))) < 1
        assert share == 0 or weight > 0


@pytest.mark.parametrize(("total", "weights"), [(-1, (1,)), (1, (-1, 2)), (1, ()), (1, (0, 0))])
def test_what_cannot_be_shared(total: int, weights: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"negative|nobody"):
        allocate(total, weights)


def test_amounts_of_one_currency() -> None:
    assert Money(150, "EUR") + Money(50, "EUR") - Money(300, "EUR") == -Money(100, "EUR")
    with pytest.raises(MixedCurrencyError) as refused:
        Money(1, "EUR") + Money(1, "USD")
    assert refused.value.code == "money.mixed_currency"
    with pytest.raises(UnknownCurrencyError):
        Money(1, "ABC")


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(123456, "EUR"), "1234.56 EUR"),
        (Money(-5, "EUR"), "-0.05 EUR"),
        (Money(0, "EUR"), "0.00 EUR"),
        (Money(1200, "JPY"), "1200 JPY"),
        (Money(-1, "KWD"), "-0.001 KWD"),
    ],
)
def test_the_text_of_an_amount(money: Money, text: str) -> None:
    assert str(money) == text
