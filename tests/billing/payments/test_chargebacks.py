"""Money that the customer's bank takes back after it was received: a chargeback, or a debit that was returned."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from billing.invoices.models import Invoice
from billing.invoices.selectors import balances
from billing.payments.journal import Journal, journal_pieces
from billing.payments.models import ProviderEvent
from billing.payments.outbox import check_connection
from billing.payments.selectors import at_provider, payments_of, refundable, standing_of
from billing.payments.services import NotRefundableError
from tenants.people.models import User
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tests.billing.payments.fake_disputes import dispute, end_dispute
from tests.billing.payments.fake_stripe import KEY
from tests.billing.payments.world import Worker, an_invoice, ask_back, paid, story, transfer
from tests.billing.world import body
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def intent_of(worker: Worker, invoice: Invoice) -> str:
    with scope(worker.tenant):
        return paid(invoice).intent


def test_what_the_bank_took_back_is_open_again(cast: Cast, worker: Worker, paid_invoice: Invoice) -> None:
    intent = intent_of(worker, paid_invoice)
    name = dispute(worker.stripe, intent, 10_000, reason="insufficient_funds", status="lost")
    worker.deliver(worker.stripe.events[-1])
    worker.settle()
    with scope(worker.tenant):
        assert [each.handled_as for each in ProviderEvent.objects.all()] == ["looked"]
        assert story(paid_invoice) == [("received", 10_000), ("withdrawn", 10_000)]
        standing = standing_of(paid_invoice)
        assert (standing.open, standing.received, standing.state(paid_invoice.due_on, worker.now.date())) == (
            10_000, 0, "overdue" if worker.now.date() > paid_invoice.due_on else "open",
        )  # fmt: skip
        assert balances() == {("receivable", "USD"): 0, ("stripe", "USD"): 0}
        row = payments_of(paid_invoice).get(kind="withdrawn")
        (moved,) = worker.stripe.all("balance_transaction")
        assert (row.external, row.intent, row.recorded_by) == (moved["id"], intent, "Stripe")
        assert (row.reference, row.value_on) == (f"{name}: insufficient funds", worker.now.date())
        assert refundable(paid_invoice, intent) == 0
        with pytest.raises(NotRefundableError):
            ask_back(paid_invoice, 1, worker.now)
        with pytest.raises(NotRefundableError):
            transfer(paid_invoice, 1, back=True)
        told = AuditEntry.objects.get(action="payment.withdrawn").details
        assert (told["minor"], told["reference"]) == (10_000, row.reference)
        transfer(paid_invoice, 10_000)
        assert standing_of(paid_invoice).open == 0


@pytest.mark.parametrize("is_seen_between", [True, False])
def test_what_was_given_back_is_paid_again_whatever_comes_first(
    worker: Worker, paid_invoice: Invoice, *, is_seen_between: bool
) -> None:
    name = dispute(worker.stripe, intent_of(worker, paid_invoice), 4_000)
    if is_seen_between:
        worker.look()
        with scope(worker.tenant):
            assert standing_of(paid_invoice).open == 4_000
            assert refundable(paid_invoice, paid(paid_invoice).intent) == 6_000
    end_dispute(worker.stripe, name, won=True)
    for _ in range(2):
        for event in worker.stripe.events[::-1]:
            worker.deliver(event)
        worker.look()
    with scope(worker.tenant):
        assert story(paid_invoice) == [("received", 10_000), ("reinstated", 4_000), ("withdrawn", 4_000)]
        assert (standing_of(paid_invoice).open, standing_of(paid_invoice).received) == (0, 10_000)
        assert balances() == {("receivable", "USD"): -10_000, ("stripe", "USD"): 10_000}
        assert refundable(paid_invoice, paid(paid_invoice).intent) == 10_000


def test_one_that_is_lost_moves_nothing_more(worker: Worker, paid_invoice: Invoice) -> None:
    name = dispute(worker.stripe, intent_of(worker, paid_invoice), 10_000)
    worker.look()
    end_dispute(worker.stripe, name, won=False)
    worker.look()
    with scope(worker.tenant):
        assert story(paid_invoice) == [("received", 10_000), ("withdrawn", 10_000)]


def test_an_inquiry_moves_nothing(worker: Worker, paid_invoice: Invoice) -> None:
    dispute(worker.stripe, intent_of(worker, paid_invoice), 10_000, status="warning_needs_response")
    worker.look()
    with scope(worker.tenant):
        assert story(paid_invoice) == [("received", 10_000)]
        assert refundable(paid_invoice, paid(paid_invoice).intent) == 10_000


def test_an_account_in_another_currency_is_told_by_what_was_disputed(worker: Worker, paid_invoice: Invoice) -> None:
    dispute(worker.stripe, intent_of(worker, paid_invoice), 4_000)
    worker.stripe.all("balance_transaction")[0].update(amount=-3_712, currency="eur")
    worker.look()
    with scope(worker.tenant):
        assert story(paid_invoice) == [("received", 10_000), ("withdrawn", 4_000)]


def test_one_in_another_currency_waits_for_a_person(worker: Worker, paid_invoice: Invoice) -> None:
    dispute(worker.stripe, intent_of(worker, paid_invoice), 4_000, currency="eur")
    worker.look()
    with scope(worker.tenant):
        known = at_provider(paid_invoice)
        assert known is not None
        assert known.finding is not None
        assert (known.finding["code"], known.finding["message"]) == (
            "payment.mismatch",
            "A bank took back 4000 EUR of a payment in USD, as Stripe counts: nothing of it is booked.",
        )  # fmt: skip
        assert story(paid_invoice) == [("received", 10_000)]


def test_a_key_that_may_not_read_disputes_loses_no_payment(cast: Cast, worker: Worker) -> None:
    with scope(worker.tenant):
        made = an_invoice(cast.northwind, 500)
    worker.collect(made)
    worker.settle()
    worker.stripe.forbidden = {"disputes"}
    assert [each.code for each in check_connection(KEY)] == ["payment.key_refused"]
    worker.stripe.pay(worker.stripe.all("invoice")[0]["id"])
    for may in (False, True):
        worker.stripe.forbidden = set() if may else {"disputes"}
        worker.look()
        with scope(worker.tenant):
            known = at_provider(made)
            assert known is not None
            assert story(made) == [("received", 500)]
            assert known.finding == (None if may else {
                "code": "payment.disputes_unread", "place": "stripe",
                "message": "Stripe does not let this key read disputes: what a bank took back is not seen.",
                "fix": "Give the key the right to read disputes at Stripe, or enter another in the settings.",
            })  # fmt: skip


def test_it_is_told_in_words(cast: Cast, worker: Worker, paid_invoice: Invoice, sign_in: SignIn) -> None:
    name = dispute(worker.stripe, intent_of(worker, paid_invoice), 4_000)
    end_dispute(worker.stripe, name, won=True)
    worker.look()
    page = body(sign_in(cast.reader), f"/t/meridian/invoices/{paid_invoice.id}/")
    for words in ("Charged back or debit returned", "Chargeback undone", f"{name}: fraudulent"):
        assert words in page, words
    with scope(worker.tenant):
        asked: Any = Journal(paid_invoice.issued_on, worker.now.date())
        pieces = journal_pieces(asked, now=worker.now)
    found = list(csv.DictReader(io.StringIO(b"".join(pieces).decode("utf-8-sig"))))
    legs = [(row["kind"], row["account"], row["debit"], row["credit"]) for row in found if row["kind"] != "received"]
    assert sorted(legs) == [
        ("reinstated", "receivable", "", "40.00"), ("reinstated", "stripe", "40.00", ""),
        ("withdrawn", "receivable", "40.00", ""), ("withdrawn", "stripe", "", "40.00"),
    ]  # fmt: skip
