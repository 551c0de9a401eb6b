"""Sums, legs and numbers of invoices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.invoices.domain import Amounts, Leg, amounts, legs, number_prefix, number_text, unbalanced

LINES = st.lists(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(("fee", "clause", "adjustment")), "minor": st.integers(-(10**12), 10**12)}
    ),
    max_size=8,
)


@given(LINES, st.integers(0, 10_000), st.sampled_from(("half_even", "half_up", "up", "down")))
def test_every_booking_sums_to_zero(lines: list[dict[str, int]], hundredths: int, rounding: str) -> None:
    sums = amounts(lines, f"{hundredths // 100}.{hundredths % 100:02d}", rounding)  # type: ignore[arg-type]
    booked = legs(lines, sums, "EUR")
    assert unbalanced(booked) == {}
    assert all(leg.minor for leg in booked)
    assert sum(leg.minor for leg in booked if leg.account == "receivable") == sums.gross


def test_tax_is_rounded_once_on_the_sum_and_mirrored() -> None:
    lines = [{"kind": "fee", "minor": 33_499}, {"kind": "clause", "minor": -1}]
    assert amounts(lines, "19", "half_even") == Amounts(33_498, 6_365)
    assert amounts([{"kind": "fee", "minor": -33_498}], "19", "half_even") == Amounts(-33_498, -6_365)
    assert amounts([{"kind": "fee", "minor": 50}], "1", "half_even").tax == 0
    assert amounts([{"kind": "fee", "minor": 50}], "1", "half_up").tax == 1


def test_what_the_customer_is_owed_is_a_credit_note() -> None:
    assert [Amounts(net, 0).kind for net in (-1, 0, 1)] == ["credit_note", "invoice", "invoice"]


def test_an_invoice_books_each_kind_of_line_to_its_account() -> None:
    lines = [
        {"kind": "fee", "minor": 1_200_000},
        {"kind": "clause", "minor": -120_000},
        {"kind": "adjustment", "minor": 20_000},
        {"kind": "clause", "minor": 0},
    ]
    sums = amounts(lines, "10", "half_even")
    assert (sums.net, sums.tax, sums.gross) == (1_100_000, 110_000, 1_210_000)
    assert legs(lines, sums, "EUR") == [
        Leg("receivable", "EUR", 1_210_000),
        Leg("tax", "EUR", -110_000),
        Leg("revenue.fees", "EUR", -1_200_000),
        Leg("revenue.outcomes", "EUR", 120_000),
        Leg("revenue.adjustments", "EUR", -20_000),
    ]


def test_currencies_do_not_make_up_for_each_other() -> None:
    assert unbalanced([Leg("a", "EUR", 1), Leg("b", "EUR", -1), Leg("a", "USD", 2)]) == {"USD": 2}
    assert unbalanced([Leg("a", "EUR", 1), Leg("b", "USD", -1)]) == {"EUR": 1, "USD": -1}


@pytest.mark.parametrize(
    ("name", "slug", "prefix"),
    [
        ("Meridian Engines", "meridian-engines", "ME"),
        ("Stranger Pumps", "stranger", "SP"),
        ("Zürcher Öl & Gas AG", "zoga", "ZOGA"),
        ("Acme", "acme", "AC"),
        ("东方航空", "dongfang", "DO"),
        ("The Very Long Name Company Ltd", "x", "TVLN"),
    ],
)
def test_prefixes_come_from_the_tenants_name(name: str, slug: str, prefix: str) -> None:
    assert number_prefix(name, slug) == prefix


def test_numbers() -> None:
    assert number_text("ME", "invoice", 2026, 1) == "ME-2026-0001"
    assert number_text("ME", "credit_note", 2026, 12_345) == "ME-CN-2026-12345"
