"""What is open of an invoice, amounts as Stripe counts them, keys and items: exact."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.invoices.domain.sums import Leg, unbalanced
from billing.payments.backoff import pause
from billing.payments.domain import Fact, Standing, payment_legs, standing
from billing.payments.stripe_domain import (
    LEAST,
    MOST_ITEMS,
    AmountError,
    BelowMinimumError,
    Item,
    about,
    from_stripe,
    idempotency_key,
    items,
    refuse_small,
    to_stripe,
)

DUE = date(2027, 1, 4)
FACTS = st.lists(
    st.builds(Fact, st.sampled_from(["received", "refunded", "failed", "credited"]), st.integers(1, 10**9)), max_size=6
)


class TestStanding:
    @pytest.mark.parametrize(
        ("gross", "facts", "set_off", "left", "state"),
        [
            (1000, [], 0, 1000, "open"),
            (1000, [("received", 400)], 0, 600, "part_paid"),
            (1000, [("received", 1000)], 0, 0, "paid"),
            (1000, [("received", 1200)], 0, -200, "overpaid"),
            (1000, [("received", 1200), ("refunded", 200)], 0, 0, "paid"),
            (1000, [("received", 1000), ("refunded", 1000)], 0, 1000, "open"),
            (1000, [("failed", 1000)], 0, 1000, "open"),
            (1000, [("credited", 300), ("received", 700)], 0, 0, "paid"),
            (0, [], 0, 0, "nothing_due"),
            (-500, [], 0, -500, "to_pay_out"),
            (-500, [("refunded", 500)], 0, 0, "settled"),
            (-500, [("refunded", 200)], 300, 0, "settled"),
        ],
    )
    def test_the_state_is_told_from_the_facts(
        self, gross: int, facts: list[tuple[str, int]], set_off: int, left: int, state: str
    ) -> None:
        found = standing(gross, [Fact(*each) for each in facts], set_off)
        assert (found.open, found.state(DUE, DUE)) == (left, state)

    def test_what_is_open_after_its_day_is_overdue(self) -> None:
        assert Standing(1000, 600, 400).state(DUE, date(2027, 1, 5)) == "overdue"
        assert Standing(1000, 0, 1000).state(DUE, date(2027, 1, 5)) == "paid"

    @given(st.integers(-(10**9), 10**9), FACTS)
    def test_the_order_of_facts_is_nothing(self, gross: int, facts: list[Fact]) -> None:
        assert len({standing(gross, order) for order in list(permutations(facts))[:24]}) == 1

    @given(st.integers(0, 10**9), FACTS)
    def test_the_ledger_says_the_same(self, gross: int, facts: list[Fact]) -> None:
        legs = [Leg("receivable", "EUR", gross), Leg("revenue.fees", "EUR", -gross)]
        legs += [leg for fact in facts for leg in payment_legs(fact, "bank", "EUR")]
        credited = sum(fact.minor for fact in facts if fact.kind == "credited")
        found = standing(gross, facts)
        assert unbalanced(legs) == {}
        assert sum(leg.minor for leg in legs if leg.account == "receivable") == found.open + credited
        assert sum(leg.minor for leg in legs if leg.account == "bank") == found.received


class TestAmounts:
    @pytest.mark.parametrize(
        ("minor", "currency", "told"),
        [
            (12345, "EUR", 12345), (-7, "USD", -7), (3200000, "JPY", 3200000), (500, "ISK", 50000), (500, "UGX", 50000),
            (1230, "KWD", 1230), (1200, "MGA", 12), (0, "EUR", 0),
        ],
    )  # fmt: skip
    def test_an_amount_is_told_exactly(self, minor: int, currency: str, told: int) -> None:
        assert to_stripe(minor, currency) == told
        assert from_stripe(told, currency) == minor

    @pytest.mark.parametrize(("minor", "currency"), [(1234, "KWD"), (1250, "MGA"), (-1, "BHD")])
    def test_what_stripe_cannot_be_told_is_refused(self, minor: int, currency: str) -> None:
        with pytest.raises(AmountError) as error:
            to_stripe(minor, currency)
        assert (error.value.code, error.value.place) == ("payment.amount_at_provider", "amount")
        assert error.value.fix == "Have this invoice paid by bank transfer, and record it."

    @pytest.mark.parametrize("currency", LEAST)
    def test_what_stripe_does_not_collect_is_refused_and_the_least_that_it_does_is_not(self, currency: str) -> None:
        least = from_stripe(LEAST[currency], currency)
        refuse_small(least, currency)
        with pytest.raises(BelowMinimumError, match="that Stripe collects at least"):
            refuse_small(least - 1, currency)

    def test_of_a_currency_whose_least_is_not_told_nothing_is_refused(self) -> None:
        refuse_small(1, "ZAR")

    def test_what_stripe_tells_of_less_than_a_unit_is_refused(self) -> None:
        with pytest.raises(AmountError, match="50 of ISK"):
            from_stripe(50, "ISK")

    @given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD", "ISK", "MGA", "USD", "CLF"]))
    def test_there_and_back_is_the_same(self, minor: int, currency: str) -> None:
        try:
            told = to_stripe(minor, currency)
        except AmountError:
            return
        assert from_stripe(told, currency) == minor


class TestItems:
    def test_lines_and_tax_become_items_and_nought_none(self) -> None:
        lines = [{"text": "Fee", "minor": 1000}, {"text": "Nothing", "minor": 0}, {"text": "Credit", "minor": -120}]
        assert items(lines, 167, "Tax 19 %") == [
            Item("line-0", "Fee", 1000), Item("line-2", "Credit", -120), Item("tax", "Tax 19 %", 167),
        ]  # fmt: skip

    @given(st.lists(st.integers(-(10**6), 10**6), max_size=600), st.integers(-1000, 1000))
    def test_the_sum_stays_however_many_there_are(self, minors: list[int], tax: int) -> None:
        found = items([{"text": "x" * 900, "minor": each} for each in minors], tax, "Tax")
        assert sum(each.minor for each in found) == sum(minors) + tax
        assert len(found) <= MOST_ITEMS
        assert len({each.name for each in found}) == len(found)
        assert all(len(each.text) <= 500 for each in found)


def test_a_key_is_of_the_call_alone() -> None:
    statement, params = UUID(int=7), {"minor": 5, "text": "Fee"}
    key = idempotency_key(statement, 1, "line-0", params, 0)
    assert key == idempotency_key(statement, 1, "line-0", dict(reversed(params.items())), 0)
    others = [
        idempotency_key(UUID(int=8), 1, "line-0", params, 0), idempotency_key(statement, 2, "line-0", params, 0),
        idempotency_key(statement, 1, "line-1", params, 0), idempotency_key(statement, 1, "line-0", {"minor": 6}, 0),
        idempotency_key(statement, 1, "line-0", params, 1),
    ]  # fmt: skip
    assert len({key, *others}) == 6
    assert len(key) == 64


def test_pauses_grow_to_an_hour() -> None:
    assert [pause(each).total_seconds() for each in (0, 1, 2, 3, 10, 11, 10_000)] == [5, 5, 10, 20, 2560, 3600, 3600]


@pytest.mark.parametrize(
    ("kind", "thing", "told"),
    [
        ("invoice.paid", {"object": "invoice", "id": "in_1", "metadata": {"outturn_invoice": "7"}}, ("7", "in_1", "")),
        ("charge.refunded", {"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}, ("", "", "pi_1")),
        ("payment_intent.succeeded", {"object": "payment_intent", "id": "pi_1"}, ("", "", "pi_1")),
        ("credit_note.created", {"object": "credit_note", "id": "cn_1", "invoice": {"id": "in_1"}}, ("", "in_1", "")),
        (
            "invoice_payment.paid",
            {"object": "invoice_payment", "invoice": "in_1", "payment": {"payment_intent": "pi_1"}},
            ("", "in_1", "pi_1"),
        ),
        ("refund.updated", {"object": "refund", "payment_intent": 7, "metadata": ["x"]}, ("", "", "")),
    ],
)
def test_an_event_says_what_it_is_about(kind: str, thing: dict[str, Any], told: tuple[str, str, str]) -> None:
    found = about({"type": kind, "data": {"object": thing}})
    assert found is not None
    assert (found.ours, found.invoice, found.intent) == told


@pytest.mark.parametrize(
    "event", [{}, {"type": "price.created", "data": {"object": {}}}, {"type": "invoice.paid"},
              {"type": "invoice.paid", "data": []}, {"type": 7, "data": {"object": {}}}],
)  # fmt: skip
def test_another_kind_of_event_says_nothing(event: dict[str, Any]) -> None:
    assert about(event) is None
