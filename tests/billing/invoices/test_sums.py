"""Sums, legs and numbers of invoices."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.invoices.domain.sums import Amounts, Leg, amounts, credited, legs, number_prefix, number_text, unbalanced
from tenants.kernel.money import Rounding

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


@pytest.mark.parametrize(
    ("net", "tax", "kind"),
    [
        (-1, 300, "invoice"),
        (1, -300, "credit_note"),
        (-1, 1, "credit_note"),
        (1, -1, "invoice"),
        (-1, 0, "credit_note"),
    ],
)
def test_several_taxes_can_make_a_sum_of_another_sign_than_the_net(net: int, tax: int, kind: str) -> None:
    assert Amounts(net, tax).kind == kind


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


@given(
    st.integers(1, 10**9), st.integers(1, 3_000), st.sampled_from(("half_even", "half_up", "up", "down")),
    st.data(),
)  # fmt: skip
def test_an_invoice_and_its_credit_notes_come_to_nought(
    net: int, hundredths: int, rounding: Rounding, data: st.DataObject
) -> None:
    percent = f"{hundredths // 100}.{hundredths % 100:02d}"
    invoice = amounts([{"kind": "fee", "minor": net}], percent, rounding)
    cuts = data.draw(st.lists(st.integers(1, net), max_size=12, unique=True).map(sorted))
    points = [0, *(cut for cut in cuts if cut < net), net]
    notes = [credited(net, start, end - start, percent, rounding) for start, end in pairwise(points)]
    assert sum(note.net for note in notes) == -invoice.net
    assert sum(note.tax for note in notes) == -invoice.tax
    assert sum(note.gross for note in notes) == -invoice.gross
    assert all(abs(note.tax - Fraction(percent) * note.net / 100) < 1 for note in notes)
    assert all(note.tax <= 0 and note.kind == "credit_note" for note in notes)


def test_no_cent_goes_astray_between_two_halves() -> None:
    """Halves of 281.51 net at 19 %, each rounded for itself, come to 334.99 gross where 335.00 was invoiced."""
    invoice = amounts([{"kind": "fee", "minor": 28_151}], "19", "half_even")
    assert invoice.gross == 33_500
    alone = [amounts([{"kind": "fee", "minor": minor}], "19", "half_even").gross for minor in (14_076, 14_075)]
    assert sum(alone) == 33_499
    parts = [credited(28_151, *part, "19", "half_even") for part in ((0, 14_076), (14_076, 14_075))]
    assert [note.tax for note in parts] == [-2_674, -2_675]
    assert sum(note.gross for note in parts) == -33_500


@pytest.mark.parametrize(("before", "part"), [(0, 0), (0, -1), (0, 101), (60, 41), (100, 1)])
def test_no_more_is_credited_than_there_is(before: int, part: int) -> None:
    with pytest.raises(ValueError, match="no part"):
        credited(100, before, part, "19", "half_even")
