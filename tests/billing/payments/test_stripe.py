"""An invoice at Stripe, step by step, on a fake that remembers: what is made, what is refused, what is found again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from billing.invoices.models import Invoice
from billing.invoices.selectors import balances
from billing.payments import tasks
from billing.payments.choosing import (
    PaymentSettingsError,
    change_settings,
    reseal_payment_secrets,
    secret_key,
    webhook_secret,
)
from billing.payments.models import PaymentSettings, ProviderKind, ProviderStep
from billing.payments.outbox import check_connection, is_work_due
from billing.payments.selectors import at_provider, blocked_steps, payments_of, refundable, standing_of, steps_of
from billing.payments.services import NotRefundableError, ask_refund, set_off
from billing.payments.stripe_steps import retry_step
from billing.payments.tasks import sweep, work
from tenants.kernel.errors import NotFoundError
from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tests.billing.payments.fake_stripe import KEY, WEBHOOK_SECRET, FakeStripe, Serving
from tests.billing.payments.world import BY, Worker, an_invoice, choose_stripe, story, transfer
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task closes old connections; that of the test holds its transaction."""
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)


@pytest.fixture
def invoice(cast: Cast, worker: Worker) -> Invoice:
    """12,000 less 1,200, with 19 % tax: at Stripe in a moment."""
    with scope(worker.tenant):
        made = an_invoice(cast.northwind, 1_200_000, -120_000, tax=205_200)
    worker.collect(made)
    return made


def there(worker: Worker) -> dict[str, Any]:
    """The one invoice at Stripe."""
    (found,) = worker.stripe.all("invoice")
    return dict(found)


def states(worker: Worker, invoice: Invoice) -> list[tuple[str, str]]:
    with scope(worker.tenant):
        return [(each.name, each.state) for each in steps_of(invoice)]


def test_an_invoice_goes_to_stripe_line_by_line(cast: Cast, worker: Worker, invoice: Invoice) -> None:
    worker.settle()
    found = there(worker)
    assert (found["status"], found["total"], found["currency"]) == ("open", 1_285_200, "usd")
    assert (found["collection_method"], found["days_until_due"], found["auto_advance"]) == (
        "send_invoice",
        "30",
        "false",
    )
    assert found["metadata"] == {
        "outturn_tenant": str(worker.tenant), "outturn_invoice": str(invoice.id), "outturn_step": "invoice",
    }  # fmt: skip
    lines = [(each["amount"], each["description"]) for each in worker.stripe.all("invoiceitem")]
    assert lines == [(1_200_000, "Line 0"), (-120_000, "Line 1"), (205_200, "Tax 19 %")]
    (customer,) = worker.stripe.all("customer")
    assert (customer["name"], customer["metadata"]["outturn_customer"]) == ("Northwind Air", str(cast.northwind))
    names = ["customer", "invoice", "line-0", "line-1", "tax", "finalise"]
    assert states(worker, invoice) == [(name, "done") for name in names]
    with scope(worker.tenant):
        row = at_provider(invoice)
        assert row is not None
        assert (row.object_id, row.pay_url) == (found["id"], f"https://invoice.stripe.example/{found['id']}")
        assert not is_work_due(now=worker.now)


def test_what_the_customer_pays_is_recorded_and_booked(worker: Worker, invoice: Invoice) -> None:
    worker.settle()
    worker.stripe.fail(there(worker)["id"])
    worker.stripe.pay(there(worker)["id"])
    for event in worker.stripe.events:
        worker.deliver(event)
    worker.settle()
    with scope(worker.tenant):
        assert story(invoice) == [("failed", 1_285_200), ("received", 1_285_200)]
        assert standing_of(invoice).open == 0
        assert balances() == {("receivable", "USD"): -1_285_200, ("stripe", "USD"): 1_285_200}
        row = payments_of(invoice).get(kind="received")
        assert (row.provider, row.recorded_by, row.intent[:3], row.external[:6]) == (
            "stripe",
            "Stripe",
            "pi_",
            "inpay_",
        )
        assert payments_of(invoice).get(kind="failed").reference == "card declined"


def test_a_payment_is_found_though_no_event_ever_came(worker: Worker, invoice: Invoice) -> None:
    worker.settle()
    worker.stripe.pay(there(worker)["id"])
    worker.pass_time(hours=6)
    worker.settle()
    with scope(worker.tenant):
        assert standing_of(invoice).open == 0


def test_a_debit_that_takes_days_is_known_to_be_under_way(worker: Worker, invoice: Invoice) -> None:
    worker.settle()
    worker.stripe.debit(there(worker)["id"])
    for status, is_under_way in (("pending", True), ("failed", False)):
        worker.stripe.all("charge")[0]["status"] = status
        worker.pass_time(hours=6)
        worker.settle()
        with scope(worker.tenant):
            known = at_provider(invoice)
            assert known is not None
            assert known.is_under_way is is_under_way
            assert standing_of(invoice).open == invoice.gross_minor


def test_a_refund_goes_back_once(worker: Worker, invoice: Invoice) -> None:
    worker.settle()
    worker.stripe.pay(there(worker)["id"])
    worker.pass_time(hours=6)
    worker.settle()
    with scope(worker.tenant):
        row = payments_of(invoice).get()
        ask_refund(payment_id=row.id, minor=285_200, by=BY, now=worker.now)
        assert refundable(invoice, row.intent) == 1_000_000
        with pytest.raises(NotRefundableError, match=r"10,000\.00 USD of this payment"):
            ask_refund(payment_id=row.id, minor=1_000_001, by=BY, now=worker.now)
    worker.settle()
    assert [each["amount"] for each in worker.stripe.all("refund")] == [285_200]
    with scope(worker.tenant):
        assert story(invoice) == [("received", 1_285_200), ("refunded", 285_200)]
        assert refundable(invoice, row.intent) == 1_000_000
        assert AuditEntry.objects.filter(action="payment.refund_asked").count() == 1


def test_a_refund_that_stripe_cannot_make_is_said_and_can_be_asked_for_again(worker: Worker, invoice: Invoice) -> None:
    worker.settle()
    worker.stripe.pay(there(worker)["id"])
    worker.pass_time(hours=6)
    worker.settle()
    with scope(worker.tenant):
        row = payments_of(invoice).get()
        worker.stripe.refunds_are = "failed"
        ask_refund(payment_id=row.id, minor=1_285_200, by=BY, now=worker.now)
        assert refundable(invoice, row.intent) == 0
    worker.settle()
    with scope(worker.tenant):
        step = steps_of(invoice).get(operation="refund")
        assert step.finding == {
            "code": "payment.refund_failed", "place": "stripe", "message": "Stripe could not pay it back: failed",
            "fix": "Pay it back by bank transfer.",
        }  # fmt: skip
        assert story(invoice) == [("received", 1_285_200)]
        assert refundable(invoice, row.intent) == 1_285_200


def test_a_credit_note_that_is_set_off_lowers_what_stripe_asks_for(
    cast: Cast, worker: Worker, invoice: Invoice
) -> None:
    worker.settle()
    with scope(worker.tenant):
        note = an_invoice(cast.northwind, -85_200)
        set_off(credit_note=note.id, invoice=invoice.id, minor=85_200, by=BY, now=worker.now)
    worker.settle()
    assert there(worker)["amount_remaining"] == 1_200_000
    worker.stripe.pay(there(worker)["id"])
    worker.pass_time(hours=6)
    worker.settle()
    with scope(worker.tenant):
        assert standing_of(invoice).open == standing_of(note).open == 0


@pytest.mark.parametrize(("minor", "status"), [(1_285_200, "paid"), (1, "void")])
def test_money_that_came_by_transfer_is_not_asked_for_again(
    worker: Worker, invoice: Invoice, minor: int, status: str
) -> None:
    worker.settle()
    with scope(worker.tenant):
        transfer(invoice, minor)
        transfer(invoice, 1)
    worker.settle()
    assert there(worker)["status"] == status
    with scope(worker.tenant):
        assert story(invoice) == [("received", 1), ("received", minor)]


def test_a_draft_that_comes_to_something_else_is_not_finalised(worker: Worker, invoice: Invoice) -> None:
    for _ in range(60):
        worker.die()
        worker.wake()
        if worker.stripe.all("invoice"):
            break
    found = there(worker)
    item = {"invoice": found["id"], "amount": "7", "currency": "usd", "metadata": {}}
    foreign = worker.stripe._item(item)
    worker.settle()
    assert there(worker)["status"] == "draft"
    with scope(worker.tenant):
        (step,) = blocked_steps()
        assert step.finding is not None
        assert (step.name, step.finding["code"]) == ("finalise", "payment.mismatch")
        assert step.finding["message"] == (
            "The draft at Stripe comes to 1285207 USD in 4 items, the invoice to 1285200 USD in 3."
        )
        del worker.stripe.objects[foreign["id"]]
        worker.stripe.objects[found["id"]]["total"] -= 7
        assert retry_step(step=step.id, by=BY, now=worker.now) == invoice
        with pytest.raises(NotFoundError):
            retry_step(step=step.id, by=BY, now=worker.now)
    worker.settle()
    assert (there(worker)["status"], there(worker)["total"]) == ("open", 1_285_200)


def test_what_is_withdrawn_at_stripe_waits_for_a_person(worker: Worker, invoice: Invoice) -> None:
    worker.settle()
    worker.stripe.objects[there(worker)["id"]]["status"] = "void"
    with scope(worker.tenant):
        ProviderStep.objects.filter(name="finalise").update(state="waiting", next_at=worker.now)
    worker.work()
    with scope(worker.tenant):
        assert [each.finding and each.finding["message"] for each in blocked_steps()] == [
            "The invoice is void at Stripe."
        ]


def test_a_credit_that_came_after_the_payment_waits_for_a_person(cast: Cast, worker: Worker, invoice: Invoice) -> None:
    worker.settle()
    worker.stripe.pay(there(worker)["id"])
    with scope(worker.tenant):
        note = an_invoice(cast.northwind, -85_200)
        set_off(credit_note=note.id, invoice=invoice.id, minor=85_200, by=BY, now=worker.now)
    worker.settle()
    with scope(worker.tenant):
        assert [each.finding and each.finding["fix"] for each in blocked_steps()] == [
            "Pay the customer the difference back."
        ]
        assert worker.stripe.all("credit_note") == []
        assert standing_of(invoice).open == -85_200
        paid = payments_of(invoice).get(kind="received")
        ask_refund(payment_id=paid.id, minor=85_200, by=BY, now=worker.now)
    worker.settle()
    with scope(worker.tenant):
        assert standing_of(invoice).open == 0


def test_an_amount_that_stripe_cannot_be_told_waits_for_a_person(cast: Cast, worker: Worker) -> None:
    with scope(worker.tenant):
        made = an_invoice(cast.northwind, 1_234, currency="KWD")
    worker.collect(made)
    worker.settle()
    with scope(worker.tenant):
        assert [(each.name, each.finding and each.finding["code"]) for each in blocked_steps()] == [
            ("line-0", "payment.amount_at_provider")
        ]


def test_the_customer_is_one_however_many_invoices(cast: Cast, worker: Worker, invoice: Invoice) -> None:
    with scope(worker.tenant):
        more = [an_invoice(cast.northwind, 100) for _ in range(4)]
    for each in more:
        worker.collect(each)
        worker.collect(each)
        worker.settle()
        worker.pass_time(hours=20)
    assert len(worker.stripe.all("customer")) == 1
    assert sorted(each["total"] for each in worker.stripe.all("invoice")) == [100, 100, 100, 100, 1_285_200]


def test_a_key_that_is_refused_holds_all_until_another_is_entered(worker: Worker, invoice: Invoice) -> None:
    with scope(worker.tenant):
        change_settings(
            provider=ProviderKind.STRIPE, key="sk_test_wrong00000", webhook_secret="", by=BY, now=worker.now
        )
    assert worker.work() == 1
    with scope(worker.tenant):
        step = steps_of(invoice)[0]
        assert step.finding is not None
        assert (step.state, step.finding["code"]) == ("waiting", "payment.key_refused")
        assert step.finding["fix"] == "Enter a key in force in the settings."
        assert not is_work_due(now=worker.now)
        choose_stripe()
        ProviderStep.objects.update(next_at=worker.now)
    worker.settle()
    assert there(worker)["status"] == "open"


def test_an_answer_that_hangs_is_given_up_and_found_again(worker: Worker, invoice: Invoice, settings: Any) -> None:
    settings.OUTTURN_STRIPE_SECONDS = 0.3
    worker.stripe.faults = ["", "", "hang after", "", "hang before"]
    worker.settle()
    assert there(worker)["total"] == 1_285_200
    assert len(worker.stripe.all("customer")) == 1


@pytest.mark.usefixtures("_one_connection")
def test_without_stripe_nothing_is_called_and_nothing_written(cast: Cast, serving: Serving) -> None:
    worker = Worker(cast.meridian.id, serving)
    with scope(worker.tenant):
        made = an_invoice(cast.northwind, 100)
        note = an_invoice(cast.northwind, -100)
    worker.collect(made)
    worker.collect(note)
    assert worker.work() == 0
    work(str(worker.tenant))
    sweep()
    with scope(worker.tenant):
        assert not ProviderStep.objects.exists()
    assert worker.stripe.asked == []


@pytest.mark.usefixtures("_one_connection")
def test_the_sweep_starts_what_is_due(worker: Worker, invoice: Invoice, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(work, "apply_async", lambda args, **_: started.append(args))
    monkeypatch.setattr(tasks, "utc_now", lambda: worker.now)
    sweep()
    assert started == [(str(worker.tenant),)]
    work(str(worker.tenant))
    assert there(worker)["status"] == "open"
    sweep()
    assert len(started) == 1


class TestSettings:
    def test_secrets_are_sealed_and_told_to_nobody(self, worker: Worker) -> None:
        with scope(worker.tenant):
            row = PaymentSettings.objects.get()
            assert (secret_key(), webhook_secret()) == (KEY, WEBHOOK_SECRET)
            held = bytes(row.sealed_key) + bytes(row.sealed_webhook_secret)
            assert KEY.encode() not in held
            assert row.key_hint == "sk_test…4242"
            told = str(list(AuditEntry.objects.values_list("details", flat=True)))
            assert "new_key" in told
            assert KEY not in told
            assert WEBHOOK_SECRET not in told

    def test_an_empty_secret_keeps_the_one_that_is_stored(self, worker: Worker) -> None:
        with scope(worker.tenant):
            change_settings(provider=ProviderKind.MANUAL, key="", webhook_secret="", by=BY, now=worker.now)
            assert (secret_key(), webhook_secret()) == (KEY, WEBHOOK_SECRET)

    @pytest.mark.parametrize(
        ("key", "secret", "place"),
        [
            ("pk_test_12345678", WEBHOOK_SECRET, "key"), (KEY, "secret", "webhook_secret"), ("", WEBHOOK_SECRET, "key"),
            (KEY, "", "webhook_secret"), (f"{KEY}\n", WEBHOOK_SECRET, "key"),
        ],
    )  # fmt: skip
    def test_what_is_no_secret_is_refused(self, cast: Cast, key: str, secret: str, place: str) -> None:
        with scope(cast.meridian.id):
            with pytest.raises(PaymentSettingsError) as error:
                change_settings(provider=ProviderKind.STRIPE, key=key, webhook_secret=secret, by=BY, now=Worker.now)
            assert error.value.place == place
            assert "sk_" not in error.value.message
            assert not PaymentSettings.objects.exists()

    def test_the_connection_is_tested(self, serving: Serving) -> None:
        assert check_connection(KEY) == []
        (finding,) = check_connection("sk_test_wrong00000")
        assert (finding.code, finding.message) == ("payment.key_refused", "Stripe: Invalid API Key provided")
        serving.stripe.faults = ["cut before"]
        assert [each.code for each in check_connection(KEY)] == ["payment.unreachable"]


def test_no_step_of_another_is_there(cast: Cast, worker: Worker, invoice: Invoice) -> None:
    worker.settle()
    with scope(cast.stranger.id):
        assert not ProviderStep.objects.exists()
        assert not PaymentSettings.objects.exists()
        with pytest.raises(NotFoundError):
            retry_step(step=new_id(), by=BY, now=worker.now)
    assert not connection.needs_rollback
    assert isinstance(worker.stripe, FakeStripe)


def test_the_secrets_open_without_the_former_secret_of_the_installation(worker: Worker, settings: Any) -> None:
    former = settings.SEALING_KEYS
    settings.SEALING_KEYS = ["the new secret of this installation", *former]
    with scope(worker.tenant):
        assert (reseal_payment_secrets(), reseal_payment_secrets()) == (2, 0)
        settings.SEALING_KEYS = ["the new secret of this installation"]
        assert (secret_key(), webhook_secret()) == (KEY, WEBHOOK_SECRET)
        PaymentSettings.objects.all().delete()
        assert reseal_payment_secrets() == 0
