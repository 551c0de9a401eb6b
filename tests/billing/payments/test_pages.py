"""The pages and the API of payments: who may record, what a customer sees, secrets that go in and never out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from billing.invoices.models import Invoice
from billing.payments.models import Payment, PaymentSettings, ProviderStep
from billing.payments.selectors import payments_of, standing_of
from tenants.kernel.ids import new_id
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.payments.fake_stripe import KEY, WEBHOOK_SECRET, Serving
from tests.billing.payments.world import Worker, an_invoice, transfer
from tests.billing.world import body
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
WithKey = Callable[[Tenant, Role], APIClient]
HOUSE = "/t/meridian/"
SETTINGS = f"{HOUSE}admin/payments/"


@pytest.fixture
def invoice(cast: Cast) -> Invoice:
    with scope(cast.meridian.id):
        return an_invoice(cast.northwind, 1_200_000, -120_000)


def form(**more: Any) -> dict[str, Any]:
    return {
        "kind": "received", "minor": "10000.50", "value_on": "2026-11-20", "reference": "SEPA 17",
        "token": str(new_id()),
    } | more  # fmt: skip


class TestRecording:
    def test_a_person_records_a_transfer(self, cast: Cast, invoice: Invoice, sign_in: SignIn) -> None:
        client, path = sign_in(cast.owner), f"{HOUSE}invoices/{invoice.id}/payments/new/"
        page = body(client, path)
        assert "10,800.00 USD are open." in page
        assert 'value="10800.00"' in page
        given = form()
        for _ in range(2):
            answer = client.post(path, given)
            assert (answer.status_code, answer["Location"]) == (302, f"{HOUSE}invoices/{invoice.id}/")
        page = body(client, f"{HOUSE}invoices/{invoice.id}/")
        for words in ("Paid in part", "799.50 USD", "20 November 2026", "10,000.50 USD", "SEPA 17", cast.owner.email):
            assert words in page, words
        with scope(cast.meridian.id):
            assert [(each.minor, each.kind) for each in payments_of(invoice)] == [(1_000_050, "received")]

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"minor": "0"}, "must be more than nought"),
            ({"minor": "1.005"}, "2 digits after the point"),
            ({"minor": "x"}, "Enter a number"),
            ({"value_on": "2999-01-01"}, "no day on which money can have moved"),
            ({"kind": "refunded"}, "0.00 USD can go back"),
            ({"kind": "credited"}, "Select a valid choice"),
        ],
    )
    def test_what_is_wrong_is_said_at_the_field(
        self, cast: Cast, invoice: Invoice, sign_in: SignIn, wrong: dict[str, str], words: str
    ) -> None:
        answer = sign_in(cast.owner).post(f"{HOUSE}invoices/{invoice.id}/payments/new/", form(**wrong))
        assert answer.status_code == 400
        assert words in answer.content.decode()
        with scope(cast.meridian.id):
            assert not Payment.objects.exists()

    def test_a_credit_note_is_set_off(self, cast: Cast, invoice: Invoice, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            note = an_invoice(cast.northwind, -30_000)
        client, path = sign_in(cast.owner), f"{HOUSE}invoices/{note.id}/set-off/"
        assert "300.00 USD are left of it." in body(client, path)
        given = {"invoice": str(invoice.id), "token": str(new_id())}
        assert client.post(path, given | {"minor": "300.01"}).status_code == 400
        assert client.post(path, given | {"minor": "300.00"}).status_code == 302
        page = body(client, f"{HOUSE}invoices/{invoice.id}/")
        assert "Credit note set off" in page
        assert "10,500.00 USD" in page
        assert "0.00 USD are left of it." in body(client, path)

    def test_a_customer_sees_what_was_paid_and_no_more(self, cast: Cast, invoice: Invoice, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            transfer(invoice, 500, reference="SEPA 17")
        page = body(sign_in(cast.reader), f"{HOUSE}invoices/{invoice.id}/")
        assert "SEPA 17" in page
        assert "Record a payment" not in page
        assert "owner@meridian.example" not in page.split('<h2 id="payments">')[1]
        for path in (f"invoices/{invoice.id}/payments/new/", f"invoices/{invoice.id}/set-off/", "admin/payments/"):
            assert sign_in(cast.reader).get(HOUSE + path).status_code == 403
            assert sign_in(cast.viewer).get(HOUSE + path).status_code == 403

    def test_what_is_not_there_is_not_found(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.owner)
        for path in (
            f"invoices/{new_id()}/payments/new/",
            f"invoices/{new_id()}/set-off/",
            f"payments/{new_id()}/refund/",
        ):
            assert client.get(HOUSE + path).status_code == 404
        assert client.post(f"{HOUSE}payments/steps/{new_id()}/retry/").status_code == 404


class TestStripe:
    def test_an_invoice_at_stripe_is_paid_refunded_and_tried_again(
        self, cast: Cast, worker: Worker, invoice: Invoice, sign_in: SignIn
    ) -> None:
        worker.collect(invoice)
        worker.settle()
        url = f'href="https://invoice.stripe.example/{worker.stripe.all("invoice")[0]["id"]}"'
        assert url in body(sign_in(cast.reader), f"{HOUSE}invoices/{invoice.id}/")
        worker.stripe.pay(worker.stripe.all("invoice")[0]["id"])
        worker.pass_time(hours=6)
        worker.settle()
        client = sign_in(cast.owner)
        page = body(client, f"{HOUSE}invoices/{invoice.id}/")
        assert url not in page
        with scope(worker.tenant):
            paid = payments_of(invoice).get()
        refund = f"{HOUSE}payments/{paid.id}/refund/"
        assert refund in page
        assert client.post(refund, {"minor": "10800.01", "token": str(new_id())}).status_code == 400
        assert client.post(refund, {"minor": "800", "token": str(new_id())}).status_code == 302
        worker.settle()
        with scope(worker.tenant):
            assert standing_of(invoice).open == 80_000
            finding = {"code": "payment.mismatch", "place": "invoice", "message": "It differs.", "fix": "Look."}
            ProviderStep.objects.filter(name="finalise").update(state="blocked", finding=finding)
            step = ProviderStep.objects.get(name="finalise")
        assert "It differs." in body(client, f"{HOUSE}invoices/{invoice.id}/")
        assert "It differs." in body(client, SETTINGS)
        assert client.post(f"{HOUSE}payments/steps/{step.id}/retry/").status_code == 302
        with scope(worker.tenant):
            assert ProviderStep.objects.get(name="finalise").state == "waiting"

    def test_secrets_go_in_and_never_out(self, cast: Cast, serving: Serving, sign_in: SignIn) -> None:
        client = sign_in(cast.owner)
        given = {"provider": "stripe", "key": KEY, "webhook_secret": WEBHOOK_SECRET}
        assert f"/webhooks/stripe/{cast.meridian.id}/" in body(client, SETTINGS)
        wrong = client.post(SETTINGS, given | {"key": "pk_test_12345678"})
        assert wrong.status_code == 400
        assert "pk_test_12345678" not in wrong.content.decode()
        assert client.post(f"{SETTINGS}check/").status_code == 302
        assert client.post(SETTINGS, given).status_code == 302
        assert client.post(SETTINGS, {"provider": "stripe"}).status_code == 302
        page = body(client, SETTINGS)
        assert "sk_test…4242" in page
        assert KEY not in page
        assert WEBHOOK_SECRET not in page
        for faults, words in ([], "Stripe took the key."), (["cut before"], "payment.unreachable"):
            serving.stripe.faults = list(faults)
            assert client.post(f"{SETTINGS}check/").status_code == 302
            assert words in body(client, SETTINGS)
        with scope(cast.meridian.id):
            assert PaymentSettings.objects.get().checked_at is not None


class TestApi:
    def test_a_transfer_is_recorded_once(self, cast: Cast, invoice: Invoice, with_key: WithKey) -> None:
        client = with_key(cast.meridian, Role.FINANCE)
        given = {
            "invoice": str(invoice.id), "kind": "received", "minor": 1_080_000, "currency": "USD",
            "value_on": "2026-11-20",
        }  # fmt: skip
        for _ in range(2):
            answer = client.post("/api/v1/payments/", given, format="json", headers={"Idempotency-Key": "17"})
            assert answer.status_code == 201, answer.content
        assert (answer.json()["minor"], answer.json()["kind"]) == (1_080_000, "received")
        found = client.get(f"/api/v1/invoices/{invoice.id}/standing/").json()
        assert (found["open_minor"], found["received_minor"], found["state"], found["steps"]) == (
            0,
            1_080_000,
            "paid",
            [],
        )
        assert [each["id"] for each in client.get("/api/v1/payments/").json()["results"]] == [answer.json()["id"]]
        detail = f"/api/v1/payments/{answer.json()['id']}/"
        assert client.get(detail).json()["reference"] == ""
        refused = client.post(f"{detail}refund/", {"minor": 5}, format="json")
        assert (refused.status_code, refused.json()["code"]) == (400, "payment.refused")

    def test_errors_name_the_field(self, cast: Cast, invoice: Invoice, with_key: WithKey) -> None:
        client = with_key(cast.meridian, Role.FINANCE)
        given = {
            "invoice": str(invoice.id), "kind": "received", "minor": 5, "currency": "EUR", "value_on": "2026-11-20"
        }  # fmt: skip
        answer = client.post("/api/v1/payments/", given, format="json")
        told = {"status": 400, "code": "payment.refused", "place": "currency", "kept": "Nothing was recorded."}
        assert answer.json().items() >= told.items()
        note = {"credit_note": str(invoice.id), "invoice": str(invoice.id), "minor": 1}
        assert client.post("/api/v1/payments/set-off/", note, format="json").status_code == 409
        assert with_key(cast.meridian, Role.VIEWER).post("/api/v1/payments/", given, format="json").status_code == 403
