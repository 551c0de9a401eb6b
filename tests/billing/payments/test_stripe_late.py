"""Steps that Stripe has overtaken, and those that it refused: nobody pays what is not owed, and nothing sticks."""

from __future__ import annotations

import pytest

from billing.invoices.models import Invoice
from billing.payments.selectors import blocked_steps, payments_of, standing_of, steps_of
from billing.payments.services import ask_refund, set_off
from billing.payments.stripe_steps import retry_step
from tenants.scope.context import scope
from tests.billing.payments.world import BY, Worker, an_invoice, story, transfer
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice(cast: Cast, worker: Worker) -> Invoice:
    """1,000.00, to be paid at Stripe."""
    with scope(worker.tenant):
        made = an_invoice(cast.northwind, 100_000)
    worker.collect(made)
    worker.settle()
    return made


def credit(cast: Cast, worker: Worker, invoice: Invoice, minor: int) -> None:
    """A credit note is set off against the invoice."""
    with scope(worker.tenant):
        note = an_invoice(cast.northwind, -minor)
        set_off(credit_note=note.id, invoice=invoice.id, minor=minor, by=BY, now=worker.now)
    worker.settle()


def pay(worker: Worker) -> None:
    """The customer pays at Stripe, and it is seen."""
    worker.stripe.pay(worker.stripe.all("invoice")[0]["id"])
    worker.pass_time(hours=6)
    worker.settle()


def state(worker: Worker, invoice: Invoice) -> tuple[str, list[str], int]:
    """What it is at Stripe, the states of its last steps, and what is open of it."""
    with scope(worker.tenant):
        later = steps_of(invoice).filter(operation__in=("credit", "refund", "close"))
        steps = [f"{each.operation} {each.state}" for each in later]
        return worker.stripe.all("invoice")[0]["status"], steps, standing_of(invoice).open


class TestACreditThatStripeNeedsNotKnow:
    def test_of_an_invoice_that_is_void_there_the_rest_is_still_owed(
        self, cast: Cast, worker: Worker, invoice: Invoice
    ) -> None:
        with scope(worker.tenant):
            transfer(invoice, 10_000)
        worker.settle()
        credit(cast, worker, invoice, 20_000)
        assert state(worker, invoice) == ("void", ["close done", "credit done"], 70_000)
        assert worker.stripe.all("credit_note") == []

    def test_of_one_that_was_paid_and_paid_back_there_nothing_is_owed(
        self, cast: Cast, worker: Worker, invoice: Invoice
    ) -> None:
        pay(worker)
        with scope(worker.tenant):
            paid = payments_of(invoice).get()
            ask_refund(payment_id=paid.id, minor=100_000, by=BY, now=worker.now)
        worker.settle()
        credit(cast, worker, invoice, 100_000)
        assert state(worker, invoice) == ("paid", ["refund done", "credit done"], 0)

    def test_of_one_that_somebody_marked_as_paid_there_nothing_is_owed(
        self, cast: Cast, worker: Worker, invoice: Invoice
    ) -> None:
        worker.stripe._pay(worker.stripe.all("invoice")[0], {"paid_out_of_band": "true"})
        credit(cast, worker, invoice, 30_000)
        assert state(worker, invoice) == ("paid", ["credit done"], 70_000)

    def test_what_was_paid_meanwhile_is_owed_back_seen_or_not(
        self, cast: Cast, worker: Worker, invoice: Invoice
    ) -> None:
        worker.stripe.pay(worker.stripe.all("invoice")[0]["id"])
        credit(cast, worker, invoice, 1)
        assert state(worker, invoice) == ("paid", ["credit blocked"], -1)
        with scope(worker.tenant):
            retry_step(step=blocked_steps().get().id, by=BY, now=worker.now)
        worker.settle()
        assert state(worker, invoice) == ("paid", ["credit blocked"], -1)
        with scope(worker.tenant):
            ask_refund(payment_id=payments_of(invoice).get(kind="received").id, minor=1, by=BY, now=worker.now)
        worker.settle()
        with scope(worker.tenant):
            retry_step(step=blocked_steps().get().id, by=BY, now=worker.now)
        worker.settle()
        assert state(worker, invoice) == ("paid", ["credit done", "refund done"], 0)


class TestARefusalThatStripeKeeps:
    def test_what_was_refused_is_asked_anew_and_not_answered_from_memory(
        self, worker: Worker, invoice: Invoice
    ) -> None:
        worker.stripe.debit(worker.stripe.all("invoice")[0]["id"])
        with scope(worker.tenant):
            transfer(invoice, 100_000)
        worker.settle()
        assert state(worker, invoice) == ("open", ["close blocked"], 0)
        worker.stripe.all("charge")[0]["status"] = "failed"
        with scope(worker.tenant):
            step = blocked_steps().get()
            assert step.finding is not None
            assert step.finding["message"] == "Stripe: A payment of this invoice is processing"
            retry_step(step=step.id, by=BY, now=worker.now)
        worker.settle()
        assert state(worker, invoice) == ("paid", ["close done"], 0)

    @pytest.mark.parametrize("at", range(18))
    def test_each_request_may_be_refused_and_is_done_once_when_it_is_tried_again(
        self, cast: Cast, worker: Worker, at: int
    ) -> None:
        with scope(worker.tenant):
            made = an_invoice(cast.northwind, 1_000, -50, tax=19)
        worker.collect(made)
        worker.stripe.faults = [""] * at + ["400"]
        worker.settle()
        with scope(worker.tenant):
            blocked = list(blocked_steps())
            assert len(blocked) == (at < 16)
            for step in blocked:
                retry_step(step=step.id, by=BY, now=worker.now)
        worker.settle()
        (found,) = worker.stripe.all("invoice")
        assert (found["status"], found["total"], found["amount_due"]) == ("open", 969, 969)
        assert [each["amount"] for each in worker.stripe.all("invoiceitem")] == [1_000, -50, 19]
        assert len(worker.stripe.all("customer")) == 1

    @pytest.mark.parametrize("operation", ["credit", "refund", "close"])
    @pytest.mark.parametrize("at", range(3))
    def test_so_is_what_is_done_later(
        self, cast: Cast, worker: Worker, invoice: Invoice, operation: str, at: int
    ) -> None:
        if operation == "refund":
            pay(worker)
        worker.stripe.faults = [""] * at + ["400"]
        with scope(worker.tenant):
            if operation == "refund":
                ask_refund(payment_id=payments_of(invoice).get().id, minor=50, by=BY, now=worker.now)
            elif operation == "close":
                transfer(invoice, 100)
        if operation == "credit":
            credit(cast, worker, invoice, 100)
        worker.settle()
        with scope(worker.tenant):
            for step in blocked_steps():
                retry_step(step=step.id, by=BY, now=worker.now)
        worker.pass_time(hours=6)
        worker.settle()
        wanted = {
            "credit": ("open", ["credit done"], 99_900), "refund": ("paid", ["refund done"], 50),
            "close": ("void", ["close done"], 99_900),
        }  # fmt: skip
        assert state(worker, invoice) == wanted[operation]
        made = [each["amount"] for kind in ("credit_note", "refund") for each in worker.stripe.all(kind)]
        assert made == {"credit": [100], "refund": [50], "close": []}[operation]
        with scope(worker.tenant):
            assert len(story(invoice)) == {"credit": 1, "refund": 2, "close": 1}[operation]
