"""Several taxes on one invoice: how lines are told apart, and that what is taken back comes to exactly nought."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from billing.invoices.domain.sums import Amounts
from billing.invoices.domain.tax import Tax
from billing.invoices.domain.taxes import Charge, Part, charge_of, credited_parts, parts_of, tax_label, taxed
from tenants.kernel.money import Rounding

NEW, OLD = (Charge(percent, Tax("S", percent)) for percent in ("16", "19"))
AGREED = Charge("19")
FEE = {"kind": "fee", "clause": "fee", "text": "Fee", "minor": 1_000_000}
BACK = {"kind": "adjustment", "clause": "uptime", "text": "November", "minor": -50_003}


def test_one_tax_stands_in_a_document_as_it_always_did() -> None:
    found = taxed([FEE, BACK], [NEW, NEW], NEW, "half_even")
    assert (found.lines, found.as_json(), found.main) == ([FEE, BACK], {}, NEW)
    assert (found.sums.net, found.sums.tax) == (949_997, 152_000)  # 151,999.52, once


def test_each_rate_is_rounded_for_itself_and_its_lines_name_it() -> None:
    found = taxed([FEE, BACK], [NEW, OLD], NEW, "half_even")
    assert [(part.net, part.tax) for part in found.parts] == [(1_000_000, 160_000), (-50_003, -9_501)]
    assert (found.sums.net, found.sums.tax, found.sums.gross) == (949_997, 150_499, 1_100_496)
    assert [line["tax"] for line in found.lines] == [0, 1]
    assert found.as_json() == {
        "taxes": [
            {"category": "S", "percent": "16", "note": "", "code": "", "net_minor": 1_000_000, "tax_minor": 160_000},
            {"category": "S", "percent": "19", "note": "", "code": "", "net_minor": -50_003, "tax_minor": -9_501},
        ]
    }
    assert found.main == NEW


def test_a_rate_is_the_same_however_it_is_written() -> None:
    assert len(taxed([FEE, BACK], [AGREED, Charge("19.00")], AGREED, "half_even").parts) == 1


def test_without_a_legal_entity_there_are_percents_only() -> None:
    found = taxed([FEE, BACK], [AGREED, Charge("7")], AGREED, "half_even")
    assert found.as_json()["taxes"][1] == {"percent": "7", "net_minor": -50_003, "tax_minor": -3_500}


def test_reasons_that_differ_stand_in_one_part() -> None:
    first, second = (Charge("0", Tax("E", "0", note)) for note in ("Small business.", "Exempt."))
    (part,) = taxed([FEE, BACK], [first, second], first, "half_even").parts
    assert part.charge.tax == Tax("E", "0", "Small business. Exempt.")


def test_a_document_reads_back() -> None:
    found = taxed([FEE, BACK], [NEW, OLD], NEW, "half_even")
    document = {"tax_percent": "16", "tax": NEW.tax and NEW.tax.as_json(), **found.as_json()}
    assert parts_of(document, found.sums) == list(found.parts)
    assert charge_of(document) == NEW
    assert tax_label(document) == "Tax 16 % and 19 %"
    plain = {"tax_percent": "19"}
    assert parts_of(plain, Amounts(100, 19)) == [Part(AGREED, 100, 19)]
    assert (tax_label(plain), tax_label({})) == ("Tax 19 %", "Tax")


def test_no_lines_come_to_nothing() -> None:
    assert taxed([], [], NEW, "half_even").parts == [Part(NEW, 0, 0)]


@given(
    st.lists(st.integers(-(10**7), 10**7), min_size=2, max_size=4),
    st.sampled_from(("half_even", "half_up", "up", "down")),
    st.data(),
)
def test_an_invoice_of_several_taxes_and_its_credit_notes_come_to_nought(
    nets: list[int], rounding: Rounding, data: st.DataObject
) -> None:
    net = sum(nets)
    assume(net > 0)
    charges = [Charge(f"{3 + at}.25") for at in range(len(nets))]
    lines = [{"kind": "fee", "minor": minor} for minor in nets]
    whole = taxed(lines, charges, charges[0], rounding).parts
    cuts = data.draw(st.lists(st.integers(1, net), max_size=8, unique=True).map(sorted))
    points = [0, *(cut for cut in cuts if cut < net), net]
    notes = [credited_parts(whole, start, end - start, rounding) for start, end in pairwise(points)]
    for (start, end), note in zip(pairwise(points), notes, strict=True):
        assert sum(part.net for part in note) == start - end
    for at, part in enumerate(whole):
        assert sum(note[at].net for note in notes) == -part.net
        assert sum(note[at].tax for note in notes) == -part.tax


@pytest.mark.parametrize(("before", "part"), [(0, 0), (0, 101), (60, 41), (0, -1)])
def test_more_than_is_left_is_no_part(before: int, part: int) -> None:
    with pytest.raises(ValueError, match="is no part of the"):
        credited_parts([Part(NEW, 150, 24), Part(OLD, -50, -10)], before, part, "half_even")
