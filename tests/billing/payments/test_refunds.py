"""Money that goes back: once, by whichever way, however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from billing.invoices.models import Invoice
from billing.payments.choosing import change_settings
from billing.payments.models import ProviderKind, ProviderStep
from billing.payments.selectors import refundable, standing_of, steps_of
from billing.payments.services import BeingTriedError, NotRefundableError, give_up_refund, set_off, try_again
from tenants.kernel.errors import NotFoundError
from tenants.kernel.ids import new_id
from tenants.people.models import User
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tests.billing.payments.world import BY, ISSUED, Worker, an_invoice, ask_back, choose_stripe, paid, story, transfer
from tests.billing.world import body
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
HOUSE = "/t/meridian/"


class TestOnce:
    def test_what_went_back_by_transfer_does_not_go_back_at_stripe(
        self, cast: Cast, worker: Worker, paid_invoice: Invoice, sign_in: SignIn
    ) -> None:
        with scope(worker.tenant):
            worker.stripe.refunds_are = "failed"
            ask_back(paid_invoice, 10_000, worker.now)
        worker.settle()
        with scope(worker.tenant):
            row = paid(paid_invoice)
            assert refundable(paid_invoice, row.intent) == 10_000
            transfer(paid_invoice, 4_000, back=True)
            assert refundable(paid_invoice, row.intent) == 6_000
            with pytest.raises(NotRefundableError, match=r"60\.00 USD of this payment can still go back"):
                ask_back(paid_invoice, 6_001, worker.now)
            transfer(paid_invoice, 6_000, back=True)
            assert refundable(paid_invoice, row.intent) == 0
        page = f"{HOUSE}payments/{row.id}/refund/"
        assert page not in body(sign_in(cast.owner), f"{HOUSE}invoices/{paid_invoice.id}/")
        assert "0.00 USD of this payment can go back." in body(sign_in(cast.owner), page)

    def test_what_came_in_twice_can_go_back_either_way(self, worker: Worker, paid_invoice: Invoice) -> None:
        with scope(worker.tenant):
            transfer(paid_invoice, 10_000)
            assert refundable(paid_invoice, paid(paid_invoice).intent) == 10_000
            transfer(paid_invoice, 15_000, back=True)
            assert refundable(paid_invoice, paid(paid_invoice).intent) == 5_000

    def test_what_stripe_was_asked_to_pay_back_does_not_go_back_by_transfer(
        self, worker: Worker, paid_invoice: Invoice
    ) -> None:
        worker.stripe.refunds_are = "pending"
        with scope(worker.tenant):
            ask_back(paid_invoice, 7_000, worker.now)
        for _ in range(2):  # before it was told to Stripe, and while Stripe is at it
            with scope(worker.tenant), pytest.raises(NotRefundableError, match=r"^30\.00 USD can go back") as error:
                transfer(paid_invoice, 3_001, back=True)
            assert error.value.fix == "Enter at most that amount: Stripe was asked to pay back 70.00 USD."
            worker.settle()
        with scope(worker.tenant):
            transfer(paid_invoice, 3_000, back=True)
        worker.stripe.all("refund")[0]["status"] = "succeeded"
        worker.look()
        with scope(worker.tenant):
            assert story(paid_invoice) == [("received", 10_000), ("refunded", 3_000), ("refunded", 7_000)]
            assert (standing_of(paid_invoice).received, refundable(paid_invoice, paid(paid_invoice).intent)) == (0, 0)

    def test_a_refund_that_was_refused_is_not_tried_again_when_it_went_back_by_transfer(
        self, cast: Cast, worker: Worker, paid_invoice: Invoice, sign_in: SignIn
    ) -> None:
        with scope(worker.tenant):
            ask_back(paid_invoice, 7_000, worker.now)
            ProviderStep.objects.filter(operation="refund").update(state="blocked", next_at=None)
            step = steps_of(paid_invoice).get(operation="refund")
            transfer(paid_invoice, 3_001, back=True)
            with pytest.raises(NotRefundableError) as error:
                try_again(step=step.id, by=BY, now=worker.now)
            assert (error.value.place, error.value.kept) == ("step", "Nothing is tried again.")
            assert error.value.message == "69.99 USD of this payment can still go back, not 70.00 USD."
        page = sign_in(cast.owner).post(f"{HOUSE}payments/steps/{step.id}/retry/", follow=True).content.decode()
        assert "69.99 USD of this payment can still go back" in page
        with scope(worker.tenant):
            assert steps_of(paid_invoice).get(operation="refund").state == "blocked"
            transfer(paid_invoice, 1)
            assert try_again(step=step.id, by=BY, now=worker.now) == paid_invoice
        worker.settle()
        with scope(worker.tenant):
            assert (standing_of(paid_invoice).received, len(worker.stripe.all("refund"))) == (0, 1)

    def test_what_is_left_beside_a_refund_that_was_refused_goes_back_from_the_payment(
        self, worker: Worker, paid_invoice: Invoice
    ) -> None:
        with scope(worker.tenant):
            ask_back(paid_invoice, 7_000, worker.now)
            ProviderStep.objects.filter(operation="refund").update(state="blocked", next_at=None)
            refused = steps_of(paid_invoice).get(operation="refund")
            transfer(paid_invoice, 4_000, back=True)
            with pytest.raises(NotRefundableError):
                ask_back(paid_invoice, 6_001, worker.now)
            ask_back(paid_invoice, 6_000, worker.now)
        worker.settle()
        with scope(worker.tenant):
            assert [each["amount"] for each in worker.stripe.all("refund")] == [6_000]
            assert standing_of(paid_invoice).received == 0
            with pytest.raises(NotRefundableError, match=r"0\.00 USD of this payment can still go back"):
                try_again(step=refused.id, by=BY, now=worker.now)


class TestGivenUp:
    def test_a_refund_that_a_dead_key_holds_is_given_up_and_goes_back_by_transfer(
        self, cast: Cast, worker: Worker, paid_invoice: Invoice, sign_in: SignIn
    ) -> None:
        with scope(worker.tenant):
            change_settings(
                provider=ProviderKind.STRIPE, key="sk_test_wrong00000", webhook_secret="", by=BY, now=worker.now
            )
            ask_back(paid_invoice, 7_000, worker.now)
            step = steps_of(paid_invoice).get(operation="refund")
            with pytest.raises(NotFoundError, match="no such refund to give up"):
                give_up_refund(step=step.id, by=BY, now=worker.now)
        client, page = sign_in(cast.owner), f"{HOUSE}invoices/{paid_invoice.id}/"
        path = f"{HOUSE}payments/steps/{step.id}/give-up/"
        assert (path in body(client, page), client.post(path).status_code) == (False, 404)
        worker.work()
        assert path in body(client, page)
        with scope(worker.tenant):
            with pytest.raises(NotRefundableError):
                transfer(paid_invoice, 10_000, back=True)
            give_up_refund(step=step.id, by=BY, now=worker.now)
            step.refresh_from_db()
            assert step.finding is not None
            assert (step.state, step.finding["code"]) == ("done", "payment.refund_given_up")
            assert AuditEntry.objects.get(action="payment.refund_given_up").details["minor"] == 7_000
            transfer(paid_invoice, 10_000, back=True)
            choose_stripe()
        assert path not in body(client, page)
        worker.settle()
        assert worker.stripe.all("refund") == []
        with scope(worker.tenant):
            assert (standing_of(paid_invoice).received, paid(paid_invoice).minor) == (0, 10_000)

    def test_what_a_worker_has_taken_is_not_given_up(
        self, cast: Cast, worker: Worker, paid_invoice: Invoice, sign_in: SignIn
    ) -> None:
        refused = {
            "code": "payment.key_refused",
            "place": "",
            "message": "Stripe: Invalid API Key",
            "fix": "Enter one.",
        }
        with scope(worker.tenant):
            ask_back(paid_invoice, 7_000, worker.now)
            ProviderStep.objects.filter(operation="refund").update(finding=refused)
            step = steps_of(paid_invoice).get(operation="refund")
        worker.die()
        with scope(worker.tenant), pytest.raises(BeingTriedError) as error:
            give_up_refund(step=step.id, by=BY, now=worker.now)
        assert error.value.fix == "Look at the invoice again in two minutes."
        worker.wake()
        with scope(worker.tenant):
            assert steps_of(paid_invoice).get(operation="refund").object_id == worker.stripe.all("refund")[0]["id"]

    def test_one_that_was_refused_is_given_up_on_the_page(
        self, cast: Cast, worker: Worker, paid_invoice: Invoice, sign_in: SignIn
    ) -> None:
        with scope(worker.tenant):
            ask_back(paid_invoice, 7_000, worker.now)
            ProviderStep.objects.filter(operation="refund").update(state="blocked", next_at=None)
            step = steps_of(paid_invoice).get(operation="refund")
        client, path = sign_in(cast.owner), f"{HOUSE}payments/steps/{step.id}/give-up/"
        shown = client.post(path, follow=True).content.decode()
        assert "Pay it back by bank transfer, and record that." in shown
        assert f"Given up by {cast.owner}" in shown
        assert client.post(path).status_code == 404


class TestForms:
    def test_a_refund_sent_twice_is_one(
        self, cast: Cast, worker: Worker, paid_invoice: Invoice, sign_in: SignIn
    ) -> None:
        with scope(worker.tenant):
            path = f"{HOUSE}payments/{paid(paid_invoice).id}/refund/"
        client, token = sign_in(cast.owner), str(new_id())
        assert 'name="token" value="' in body(client, path)
        for _ in range(2):
            assert client.post(path, {"minor": "40", "token": token}).status_code == 302
        worker.settle()
        assert client.post(path, {"minor": "40", "token": token}).status_code == 302
        assert client.post(path, {"minor": "40"}).status_code == 400
        worker.settle()
        assert [each["amount"] for each in worker.stripe.all("refund")] == [4_000]
        assert client.post(path, {"minor": "40", "token": str(new_id())}).status_code == 302
        worker.settle()
        with scope(worker.tenant):
            assert story(paid_invoice) == [("received", 10_000), ("refunded", 4_000), ("refunded", 4_000)]
            assert AuditEntry.objects.filter(action="payment.refund_asked").count() == 2

    def test_a_set_off_sent_twice_is_one(self, cast: Cast, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            against, note = an_invoice(cast.northwind, 10_000), an_invoice(cast.northwind, -10_000)
        client, path = sign_in(cast.owner), f"{HOUSE}invoices/{note.id}/set-off/"
        given = {"minor": "40", "invoice": str(against.id), "token": str(new_id())}
        for _ in range(2):
            assert client.post(path, given).status_code == 302
        assert client.post(path, given | {"token": ""}).status_code == 400
        with scope(cast.meridian.id):
            assert story(against) == [("credited", 4_000)]
            token = new_id()
            made = [
                set_off(credit_note=note.id, invoice=against.id, minor=100, by=BY, now=ISSUED, token=each)
                for each in (token, token, None, None)
            ]
            assert (made[0], len({each.id for each in made})) == (made[1], 3)
            assert standing_of(against).open == 5_700
