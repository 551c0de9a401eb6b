"""Whatever Stripe, the network and our own processes do: one invoice, no payment lost, none counted twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from billing.invoices.models import LedgerLeg
from billing.payments.models import PaymentKind, ProviderEvent, ProviderInvoice, ProviderStep
from billing.payments.selectors import payments_of, refundable, standing_of
from billing.payments.services import ask_refund, set_off
from tenants.scope.context import scope
from tests.billing.payments.fake_disputes import dispute, end_dispute, fail_refund
from tests.billing.payments.fake_stripe import FAULTS, FakeStripe
from tests.billing.payments.world import BY, ISSUED, Worker, an_invoice, story, transfer
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
QUICK = [each for each in FAULTS if not each.startswith("hang")]
DEEDS = ("fail", "pay", "pay", "refund", "credit", "transfer", "bounce", "dispute", "win")
TROUBLES = st.sampled_from([*QUICK, "die", "wake", "work", "work", "a minute", "a day", "deliver", "deliver twice"])
LINES = st.lists(st.integers(-5_000, 50_000).filter(bool), min_size=1, max_size=4).filter(lambda each: sum(each) > 500)


class Run:
    """One invoice from its issue to its end, with troubles or without."""

    def __init__(self, worker: Worker, customer: Any, lines: list[int], tax: int) -> None:
        worker.serving.stripe = FakeStripe(ISSUED)
        worker.now, worker.stale = ISSUED, []
        self.worker, self.told = worker, 0
        with scope(worker.tenant):
            # What an earlier run left belongs to an account that is gone.
            ProviderInvoice.objects.update(look_at=None)
            ProviderEvent.objects.update(next_at=None)
            ProviderStep.objects.update(next_at=None)
            self.invoice = an_invoice(customer, *lines, tax=tax)
            self.note = an_invoice(customer, -100)
        worker.collect(self.invoice)

    def suffer(self, troubles: list[str]) -> None:
        """Some troubles, one after the other; a fault of Stripe's hits the request that comes next."""
        worker = self.worker
        for trouble in troubles:
            if trouble in QUICK:
                worker.stripe.faults.append(trouble)
            elif trouble == "die":
                worker.die()
            elif trouble == "wake":
                worker.wake()
            elif trouble == "work":
                worker.work()
            elif trouble.startswith("deliver"):
                self.deliver(twice=trouble.endswith("twice"))
            else:
                worker.pass_time(minutes=1 if trouble == "a minute" else 25 * 60)
        worker.wake()

    def deliver(self, *, twice: bool) -> None:
        """What is to be told, the newest first; or all that was ever told, again."""
        for event in reversed(self.worker.stripe.events if twice else self.worker.stripe.events[self.told :]):
            self.worker.deliver(event)
        self.told = len(self.worker.stripe.events)

    def do(self, deed: str) -> None:
        """Something that people do, once Stripe and we have come to rest."""
        worker, invoice = self.worker, self.invoice
        there = next((each for each in worker.stripe.all("invoice") if each["status"] == "open"), None)
        if deed in ("pay", "fail"):
            if there is not None and there["amount_remaining"]:
                getattr(worker.stripe, deed)(there["id"])
            return
        if deed in ("bounce", "dispute", "win"):
            self.undo(deed)
            return
        with scope(worker.tenant):
            received = payments_of(invoice).filter(kind=PaymentKind.RECEIVED, provider="stripe").first()
            left = standing_of(invoice).open
            if deed == "refund" and received is not None and refundable(invoice, received.intent) >= 50:
                ask_refund(payment_id=received.id, minor=50, by=BY, now=worker.now)
            elif deed == "credit" and left >= 10 and standing_of(self.note).open <= -10 and there is not None:
                set_off(credit_note=self.note.id, invoice=invoice.id, minor=10, by=BY, now=worker.now)
            elif deed == "transfer" and left > 0:
                transfer(invoice, left if left % 2 else 1)

    def undo(self, deed: str) -> None:
        """What the customer's bank does to what was paid, or to what was paid back."""
        stripe = self.worker.stripe
        refunds = [each for each in stripe.all("refund") if each["status"] == "succeeded"]
        paid = [each for each in stripe.all("charge") if each["status"] == "succeeded"]
        disputes = stripe.all("dispute")
        if deed == "bounce" and refunds:
            fail_refund(stripe, refunds[0]["id"])
        elif deed == "dispute" and paid and not disputes:
            dispute(stripe, paid[0]["payment_intent"], paid[0]["amount"] - sum(each["amount"] for each in refunds))
        elif deed == "win" and disputes and disputes[0]["status"] == "needs_response":
            end_dispute(stripe, disputes[0]["id"], won=True)

    def rest(self) -> None:
        """No more troubles; what was never told is found by looking."""
        self.worker.stripe.faults.clear()
        self.worker.settle()
        with scope(self.worker.tenant):
            ProviderInvoice.objects.filter(invoice=self.invoice).update(look_at=self.worker.now)
        self.worker.settle()

    def end(self) -> dict[str, Any]:
        """All that counts, without what things are called."""
        stripe, ours = self.worker.stripe, {"outturn_invoice": str(self.invoice.id)}
        mine = [each for each in stripe.all("invoice") if each["metadata"].items() >= ours.items()]
        with scope(self.worker.tenant):
            legs = LedgerLeg.objects.filter(entry__in=payments_of(self.invoice).values("entry"))
            return {
                "invoices": [(each["total"], each["status"], each["amount_remaining"]) for each in mine],
                "items": sorted(each["amount"] for each in stripe.all("invoiceitem")),
                "customers": len(stripe.all("customer")),
                "refunds": [each["amount"] for each in stripe.all("refund") if each["status"] == "succeeded"],
                "moved": [each["amount"] for each in stripe.all("balance_transaction")],
                "credits": [each["amount"] for each in stripe.all("credit_note")],
                "paid": sum(each["amount_paid"] for each in mine),
                "story": story(self.invoice),
                "open": standing_of(self.invoice).open,
                "booked": sum(leg.minor for leg in legs if leg.account == "stripe"),
                "off": sum(leg.minor for leg in legs),
            }


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)  # fmt: skip
@given(data=st.data(), lines=LINES, tax=st.integers(0, 900), deeds=st.lists(st.sampled_from(DEEDS), max_size=4))
def test_troubles_change_nothing_in_the_end(
    cast: Cast, worker: Worker, data: st.DataObject, lines: list[int], tax: int, deeds: list[str]
) -> None:
    smooth = Run(worker, cast.northwind, lines, tax)
    smooth.rest()
    for deed in deeds:
        smooth.do(deed)
        smooth.rest()
    wanted = smooth.end()
    rough = Run(worker, cast.northwind, lines, tax)
    for deed in ["", *deeds]:
        rough.do(deed)
        troubles = data.draw(st.lists(TROUBLES, max_size=10))
        note(f"{deed}: {troubles}")
        rough.suffer(troubles)
        rough.rest()
    found = rough.end()
    assert found == wanted
    assert found["invoices"][0][0] == sum(lines) + tax
    assert len(found["invoices"]) == 1
    received = sum(minor for kind, minor in found["story"] if kind == "received")
    assert received == found["paid"] + sum(
        each.minor for each in _transfers(rough)
    )  # what came in by the bank, and by Stripe
    assert found["booked"] == found["paid"] - sum(found["refunds"]) + sum(found["moved"])
    assert found["off"] == 0


def _transfers(run: Run) -> list[Any]:
    with scope(run.worker.tenant):
        return list(payments_of(run.invoice).filter(provider="manual", kind=PaymentKind.RECEIVED))


@pytest.mark.parametrize("fault", QUICK)
@pytest.mark.parametrize("at", range(18))
def test_each_request_may_fail_in_each_way(cast: Cast, worker: Worker, fault: str, at: int) -> None:
    run = Run(worker, cast.northwind, [1_000, -50], 19)
    worker.stripe.faults = [""] * at + [fault]
    run.worker.settle()
    worker.stripe.pay(worker.stripe.all("invoice")[0]["id"])
    run.rest()
    end = run.end()
    assert (end["invoices"], end["story"], end["open"]) == ([(969, "paid", 0)], [("received", 969)], 0)
    assert (end["items"], end["customers"]) == ([-50, 19, 1_000], 1)


@pytest.mark.parametrize("at", range(6))
def test_a_worker_may_die_after_each_call_and_stripe_forget_its_keys(cast: Cast, worker: Worker, at: int) -> None:
    run = Run(worker, cast.northwind, [1_000, -50], 19)
    for _ in range(at):
        worker.work_one()
    worker.die()
    worker.pass_time(hours=25)
    run.rest()
    worker.wake()
    end = run.end()
    assert (end["invoices"], end["items"], end["customers"]) == ([(969, "open", 969)], [-50, 19, 1_000], 1)


@pytest.mark.parametrize("troubles", [["deliver", "work", "deliver twice"], ["die", "a day", "wake"], ["429", "500"]])
def test_what_is_undone_is_counted_once(cast: Cast, worker: Worker, troubles: list[str]) -> None:
    run = Run(worker, cast.northwind, [1_000], 0)
    run.rest()
    for deed, wanted in (("pay", 1_000), ("refund", 950), ("dispute", 0), ("bounce", 50), ("win", 1_000)):
        run.do(deed)
        run.suffer(troubles)
        run.rest()
        end = run.end()
        assert (end["booked"], end["open"], end["off"]) == (wanted, 1_000 - wanted, 0)
    assert end["story"] == [
        ("received", 1_000), ("refunded", 50), ("reinstated", 950), ("reversed", 50), ("withdrawn", 950)
    ]  # fmt: skip


def test_five_hundred_is_asked_again_under_a_new_key_only_when_stripe_has_kept_it(cast: Cast, worker: Worker) -> None:
    run = Run(worker, cast.northwind, [1_000], 0)
    worker.stripe.faults = ["", "", "500"]
    worker.settle()
    assert run.end()["customers"] == 1
    posts = [path for method, path in worker.stripe.asked if method == "POST" and path == "/v1/customers"]
    assert len(posts) == 3  # it fails, says so again under the same key, and is done under the next
    assert worker.now - ISSUED < timedelta(hours=1)
