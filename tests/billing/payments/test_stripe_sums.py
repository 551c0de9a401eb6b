"""What Stripe would ask for is what the invoice says, to the last unit, or it is not asked for there at all."""

from __future__ import annotations

from typing import Any

import pytest

from billing.invoices.models import Invoice
from billing.payments.selectors import at_provider, blocked_steps, standing_of, steps_of
from billing.payments.stripe_steps import retry_step
from tenants.customers.models import Customer
from tenants.scope.context import scope
from tests.billing.payments import fake_sums
from tests.billing.payments.world import ADDRESS, BY, Worker, an_invoice
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def collected(cast: Cast, worker: Worker, minor: int, currency: str = "EUR") -> Invoice:
    """An invoice of one line, as far as it goes at Stripe by itself."""
    with scope(worker.tenant):
        made = an_invoice(cast.northwind, minor, currency=currency)
    worker.collect(made)
    worker.settle()
    return made


def findings(worker: Worker) -> list[dict[str, Any]]:
    """Each step that waits for a person: its name with its finding."""
    with scope(worker.tenant):
        return [{"step": each.name, **(each.finding or {})} for each in blocked_steps()]


def try_again(worker: Worker, invoice: Invoice) -> None:
    with scope(worker.tenant):
        retry_step(step=steps_of(invoice).get(state="blocked").id, by=BY, now=worker.now)
    worker.settle()


def at_stripe(worker: Worker) -> list[tuple[str, int, int]]:
    """The invoices there: state, what they come to, and what is asked for."""
    found = worker.stripe.all("invoice")
    return [(each["status"], each["total"], each["amount_due"]) for each in found]


def knows(cast: Cast, worker: Worker, address: str) -> None:
    with scope(worker.tenant):
        Customer.objects.filter(id=cast.northwind).update(contact_email=address)


class TestTheAddress:
    def test_the_customer_is_told_with_the_address_that_stripe_wants(self, cast: Cast, worker: Worker) -> None:
        collected(cast, worker, 10_000)
        assert [each["email"] for each in worker.stripe.all("customer")] == [ADDRESS]
        assert at_stripe(worker) == [("open", 10_000, 10_000)]

    def test_without_one_a_person_is_asked_for_it(self, cast: Cast, worker: Worker) -> None:
        knows(cast, worker, "")
        invoice = collected(cast, worker, 10_000)
        assert findings(worker) == [{
            "step": "invoice", "code": "payment.no_email", "place": "customer",
            "message": "Stripe makes no invoice for a customer without an email address.",
            "fix": "Enter the email of the contact at the customer, then let the step be tried again.",
        }]  # fmt: skip
        assert at_stripe(worker) == []
        try_again(worker, invoice)
        assert [each["code"] for each in findings(worker)] == ["payment.no_email"]
        knows(cast, worker, ADDRESS)
        try_again(worker, invoice)
        assert at_stripe(worker) == [("open", 10_000, 10_000)]

    def test_one_that_was_entered_at_stripe_stays(self, cast: Cast, worker: Worker) -> None:
        knows(cast, worker, "")
        invoice = collected(cast, worker, 10_000)
        worker.stripe.all("customer")[0]["email"] = "billing@northwind.example"
        knows(cast, worker, ADDRESS)
        try_again(worker, invoice)
        assert [each["email"] for each in worker.stripe.all("customer")] == ["billing@northwind.example"]
        assert at_stripe(worker) == [("open", 10_000, 10_000)]


class TestTooLittle:
    def test_what_stripe_does_not_collect_is_not_finalised(self, cast: Cast, worker: Worker) -> None:
        collected(cast, worker, 49)
        assert findings(worker) == [{
            "step": "finalise", "code": "payment.below_minimum", "place": "invoice",
            "message": "0.49 EUR is less than the 0.50 EUR that Stripe collects at least: "
            "it would ask for it with the next invoice.",
            "fix": "Have it paid by bank transfer, and delete the draft at Stripe.",
        }]  # fmt: skip
        assert at_stripe(worker) == [("draft", 49, 49)]
        collected(cast, worker, 10_000)
        assert at_stripe(worker)[1] == ("open", 10_000, 10_000)

    @pytest.mark.parametrize(("minor", "currency"), [(50, "EUR"), (50, "JPY")])
    def test_the_least_that_it_collects_is_asked_for(
        self, cast: Cast, worker: Worker, minor: int, currency: str
    ) -> None:
        collected(cast, worker, minor, currency)
        assert at_stripe(worker) == [("open", minor, minor)]
        assert findings(worker) == []

    def test_what_it_took_for_paid_without_a_payment_is_not_taken_for_collected(
        self, cast: Cast, worker: Worker
    ) -> None:
        invoice = collected(cast, worker, 899, "ZAR")
        assert at_stripe(worker) == [("paid", 899, 899)]
        told = {
            "step": "finalise", "code": "payment.balance_at_provider", "place": "invoice",
            "message": "Stripe has marked the invoice as paid without a payment, "
            "and asks for it with the customer's next one.",
            "fix": "Set the balance of the customer at Stripe to nought, and have the invoice paid by bank transfer.",
        }  # fmt: skip
        assert findings(worker) == [told]
        try_again(worker, invoice)
        assert findings(worker) == [told]
        with scope(worker.tenant):
            assert at_provider(invoice) is None
            assert standing_of(invoice).open == 899

    def test_it_is_not_asked_for_a_second_time_with_the_next_invoice(self, cast: Cast, worker: Worker) -> None:
        collected(cast, worker, 899, "ZAR")
        invoice = collected(cast, worker, 10_000, "ZAR")
        assert at_stripe(worker)[1] == ("draft", 10_000, 10_899)
        assert findings(worker)[1] == {
            "step": "finalise", "code": "payment.balance_at_provider", "place": "invoice",
            "message": "Stripe would ask for 108.99 ZAR, with the balance of its customer; it comes to 100.00 ZAR.",
            "fix": "Set the balance of the customer at Stripe to nought, then let the step be tried again.",
        }  # fmt: skip
        worker.stripe.all("customer")[0]["balance"] = 0
        try_again(worker, invoice)
        assert at_stripe(worker)[1] == ("open", 10_000, 10_000)


class TestTheBalance:
    @pytest.mark.parametrize(("balance", "due"), [(30, 10_030), (-1, 9_999), (-10_000, 0), (-20_000, 0)])
    def test_an_invoice_that_it_would_change_is_not_finalised(
        self, cast: Cast, worker: Worker, balance: int, due: int
    ) -> None:
        collected(cast, worker, 500)
        worker.stripe.all("customer")[0]["balance"] = balance
        collected(cast, worker, 10_000)
        assert at_stripe(worker)[1] == ("draft", 10_000, due)
        assert [(each["step"], each["code"]) for each in findings(worker)] == [
            ("finalise", "payment.balance_at_provider")
        ]

    @pytest.mark.parametrize(("balance", "asked"), [(30, "100.30"), (-1, "99.99")])
    def test_one_that_came_at_the_last_moment_is_found_afterwards(
        self, cast: Cast, worker: Worker, balance: int, asked: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        collected(cast, worker, 500)
        worker.stripe.all("customer")[0]["balance"] = balance
        monkeypatch.setattr(fake_sums, "preview", lambda draft, _: draft.update(amount_due=draft["total"]))
        invoice = collected(cast, worker, 10_000)
        (found,) = findings(worker)
        assert (found["step"], found["code"], found["message"]) == (
            "finalise", "payment.balance_at_provider",
            f"Stripe asks for {asked} EUR, with the balance of its customer; it comes to 100.00 EUR.",
        )  # fmt: skip
        assert found["fix"] == "Void it at Stripe, and have the invoice paid by bank transfer; it is not made again."
        with scope(worker.tenant):
            assert at_provider(invoice) is None

    def test_one_that_was_paid_before_its_step_was_written_down_is_there(self, cast: Cast, worker: Worker) -> None:
        with scope(worker.tenant):
            invoice = an_invoice(cast.northwind, 10_000)
        worker.collect(invoice)
        for _ in range(3):
            worker.work_one()
        worker.die()
        worker.stale.clear()
        worker.stripe.pay(worker.stripe.all("invoice")[0]["id"])
        worker.settle()
        assert findings(worker) == []
        with scope(worker.tenant):
            assert standing_of(invoice).open == 0
