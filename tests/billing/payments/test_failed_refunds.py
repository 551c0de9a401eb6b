"""A refund that Stripe took back after it had said that it was made: the money is there again, and booked so."""

from __future__ import annotations

import pytest

from billing.invoices.models import Invoice
from billing.invoices.selectors import balances
from billing.payments.selectors import payments_of, refundable, standing_of, steps_of
from tenants.scope.context import scope
from tests.billing.payments.fake_disputes import fail_refund
from tests.billing.payments.world import Worker, ask_back, paid, story, transfer

pytestmark = pytest.mark.django_db


def test_a_refund_that_fails_after_it_was_made_is_taken_back(worker: Worker, paid_invoice: Invoice) -> None:
    with scope(worker.tenant):
        ask_back(paid_invoice, 10_000, worker.now)
    worker.settle()
    with scope(worker.tenant):
        assert balances() == {("receivable", "USD"): 0, ("stripe", "USD"): 0}
    (refund,) = worker.stripe.all("refund")
    fail_refund(worker.stripe, refund["id"])
    for _ in range(2):
        for event in worker.stripe.events[::-1]:
            worker.deliver(event)
        worker.look()
    with scope(worker.tenant):
        assert story(paid_invoice) == [("received", 10_000), ("refunded", 10_000), ("reversed", 10_000)]
        assert balances() == {("receivable", "USD"): -10_000, ("stripe", "USD"): 10_000}
        row = payments_of(paid_invoice).get(kind="reversed")
        assert (row.external, row.reference, row.intent) == (refund["id"], "declined", paid(paid_invoice).intent)
        assert (row.provider, row.get_kind_display()) == ("stripe", "Refund came back")
        assert (standing_of(paid_invoice).open, standing_of(paid_invoice).received) == (0, 10_000)
        step = steps_of(paid_invoice).get(operation="refund")
        assert step.finding is not None
        assert step.finding["code"] == "payment.refund_failed"
        transfer(paid_invoice, 10_000, back=True)  # as the finding says
        assert (standing_of(paid_invoice).received, refundable(paid_invoice, paid(paid_invoice).intent)) == (0, 0)


def test_one_that_was_made_at_stripe_is_taken_back_too(worker: Worker, paid_invoice: Invoice) -> None:
    with scope(worker.tenant):
        intent = paid(paid_invoice).intent
    made = worker.stripe._refund({"payment_intent": intent, "amount": "2500", "metadata": {}})
    worker.look()
    with scope(worker.tenant):
        assert refundable(paid_invoice, intent) == 7_500
    fail_refund(worker.stripe, made["id"], "expired_or_canceled_card")
    worker.look()
    worker.look()
    with scope(worker.tenant):
        assert story(paid_invoice) == [("received", 10_000), ("refunded", 2_500), ("reversed", 2_500)]
        assert payments_of(paid_invoice).get(kind="reversed").reference == "expired or canceled card"
        assert refundable(paid_invoice, intent) == 10_000


def test_one_that_was_never_made_moves_nothing(worker: Worker, paid_invoice: Invoice) -> None:
    worker.stripe.refunds_are = "pending"
    with scope(worker.tenant):
        ask_back(paid_invoice, 10_000, worker.now)
    worker.settle()
    fail_refund(worker.stripe, worker.stripe.all("refund")[0]["id"])
    worker.look()
    with scope(worker.tenant):
        assert story(paid_invoice) == [("received", 10_000)]
