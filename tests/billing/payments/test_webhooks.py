"""Webhooks: proven, of this moment, each once for ever, in any order; nothing in them is believed."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.payments import webhooks
from billing.payments.models import ProviderEvent
from billing.payments.selectors import standing_of
from billing.payments.stripe_domain import SignatureError, verify_signature
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tests.billing.payments.fake_stripe import WEBHOOK_SECRET, FakeStripe
from tests.billing.payments.world import ISSUED, Worker, an_invoice, story
from tests.conftest import Cast

BODY = b'{"id": "evt_1", "type": "invoice.paid"}'


def signed(age_s: float = 0, body: bytes = BODY, secret: str = WEBHOOK_SECRET) -> str:
    return FakeStripe(ISSUED).signed(json.loads(body), at=ISSUED - timedelta(seconds=age_s), secret=secret)[1]


class TestSignature:
    @pytest.mark.parametrize("age", [0, 299, 300, -59, -60])
    def test_what_was_signed_just_now_is_taken(self, age: int) -> None:
        verify_signature(signed(age), BODY, WEBHOOK_SECRET, ISSUED)

    @pytest.mark.parametrize(
        ("age", "words"),
        [(301, "signed 301 s ago"), (-61, "signed 61 s in the future"), (-600, "signed 600 s in the future")],
    )
    def test_what_is_not_of_this_moment_is_refused(self, age: int, words: str) -> None:
        with pytest.raises(SignatureError, match=words) as error:
            verify_signature(signed(age), BODY, WEBHOOK_SECRET, ISSUED)
        assert (error.value.code, error.value.place) == ("webhook.signature", "Stripe-Signature")

    def test_one_of_several_signatures_is_enough(self) -> None:
        stamp, _, good = signed().partition(",")
        verify_signature(f"{stamp},v1={'0' * 64},{good},v0=x", BODY, WEBHOOK_SECRET, ISSUED)

    @pytest.mark.parametrize(
        "header",
        [
            "", "t=1", "v1=00", "t=,v1=00", "t=x,v1=00", "t=-5,v1=00", "t=²,v1=00", f"t={'9' * 400},v1=00",
            "t=1,t=2,v1=00",
            f"t={int(ISSUED.timestamp())},v1=", f"t={int(ISSUED.timestamp())},v1=é", f"{signed()},t=1",
            signed(secret="whsec_another"), signed().replace("v1=", "v0="),
        ],
    )  # fmt: skip
    def test_what_is_not_signed_is_refused(self, header: str) -> None:
        with pytest.raises(SignatureError):
            verify_signature(header, BODY, WEBHOOK_SECRET, ISSUED)

    def test_another_body_is_refused(self) -> None:
        with pytest.raises(SignatureError, match="does not hold"):
            verify_signature(signed(), BODY + b" ", WEBHOOK_SECRET, ISSUED)


@pytest.mark.django_db
class TestEndpoint:
    @pytest.fixture(autouse=True)
    def _today(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(webhooks, "utc_now", lambda: ISSUED)

    def post(self, tenant: Any, body: bytes, header: str) -> Any:
        path = reverse("stripe-webhook", kwargs={"tenant": tenant})
        client = Client(enforce_csrf_checks=True)
        return client.post(path, body, content_type="application/json", headers={"Stripe-Signature": header})

    def test_an_event_is_kept_once_for_ever(self, cast: Cast, worker: Worker) -> None:
        for age in (0, 100, 299):
            assert self.post(worker.tenant, BODY, signed(age)).status_code == 204
        with scope(worker.tenant):
            row = ProviderEvent.objects.get()
            assert (row.event_id, row.kind, row.payload) == ("evt_1", "invoice.paid", json.loads(BODY))
            ProviderEvent.objects.update(handled_as="looked", next_at=None)
        self.post(worker.tenant, BODY, signed())
        with scope(worker.tenant):
            assert ProviderEvent.objects.get().handled_as == "looked"
        with scope(cast.stranger.id):
            assert not ProviderEvent.objects.exists()

    def test_who_cannot_sign_learns_nothing(self, cast: Cast, worker: Worker) -> None:
        wrong = signed(secret="whsec_another")
        answers = [self.post(tenant, BODY, wrong) for tenant in (worker.tenant, cast.stranger.id, new_id())]
        assert {answer.status_code for answer in answers} == {400}
        told = [{k: v for k, v in answer.json().items() if k != "request_id"} for answer in answers]
        assert told[0] == told[1] == told[2]
        assert told[0]["code"] == "webhook.signature"
        with scope(worker.tenant):
            assert not ProviderEvent.objects.exists()

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"{", "no JSON"), (b"\xff", "no JSON"), (b"[]", "no object"), (b'{"type": "x"}', "no id"),
            (b'{"id": "e"}', "no type"), (b'{"id": "", "type": "x"}', "no id"), (b'{"id": 7, "type": "x"}', "no id"),
            (b'{"id": "' + b"e" * 256 + b'", "type": "x"}', "no id"),
            (b'{"id": "e", "type": "x", "more": "\\u0000"}', "cannot be kept"),
            (b'{"id": "e", "type": "x", "more": "' + b"e" * 300_000 + b'"}', "too long"),
        ],
    )  # fmt: skip
    def test_a_signed_body_that_is_no_event_is_refused(self, worker: Worker, body: bytes, words: str) -> None:

        stamp = str(int(ISSUED.timestamp()))
        digest = hmac.new(WEBHOOK_SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        answer = self.post(worker.tenant, body, f"t={stamp},v1={digest}")
        assert (answer.status_code, answer.json()["code"]) == (400, "webhook.event")
        assert words in answer.json()["detail"]
        with scope(worker.tenant):
            assert not ProviderEvent.objects.exists()

    def test_only_posts_are_taken(self, worker: Worker) -> None:
        assert Client().get(reverse("stripe-webhook", kwargs={"tenant": worker.tenant})).status_code == 405


@pytest.mark.django_db
class TestEvents:
    def test_the_order_they_come_in_is_nothing(self, cast: Cast, worker: Worker) -> None:
        told = []
        for order in list(permutations(range(4)))[::6]:
            with scope(worker.tenant):
                invoice = an_invoice(cast.northwind, 1_000)
            worker.collect(invoice)
            worker.settle()
            there = worker.stripe.all("invoice")[-1]["id"]
            before = len(worker.stripe.events)
            worker.stripe.fail(there)
            worker.stripe.pay(there)
            new = worker.stripe.events[before:]
            for at in order:
                worker.deliver(new[-1 - at])
                worker.work()
            with scope(worker.tenant):
                told.append((story(invoice), standing_of(invoice).open))
        assert told == [([("failed", 1_000), ("received", 1_000)], 0)] * 4

    def test_unknown_kinds_are_kept_and_ignored_and_those_of_others_are_foreign(self, worker: Worker) -> None:
        for at, (kind, thing) in enumerate([
            ("price.created", {"object": "price", "id": "price_1"}),
            ("invoice.paid", {"object": "invoice", "id": "in_elsewhere"}),
            ("invoice.paid", {"object": "invoice", "id": "in_x", "metadata": {"outturn_invoice": str(new_id())}}),
            ("charge.succeeded", {"object": "charge", "id": "ch_1", "payment_intent": "pi_elsewhere"}),
            ("charge.succeeded", {"object": "charge", "id": "ch_2"}),
        ]):  # fmt: skip
            worker.deliver({"id": f"evt_{at}", "type": kind, "data": {"object": thing}})
        worker.settle()
        with scope(worker.tenant):
            found = ProviderEvent.objects.order_by("event_id").values_list("handled_as", flat=True)
            assert list(found) == ["ignored", "foreign", "foreign", "foreign", "foreign"]
            assert not ProviderEvent.objects.filter(next_at__isnull=False).exists()

    def test_a_charge_of_an_invoice_of_ours_has_it_looked_at(self, cast: Cast, worker: Worker) -> None:
        with scope(worker.tenant):
            invoice = an_invoice(cast.northwind, 1_000)
        worker.collect(invoice)
        worker.settle()
        worker.stripe.pay(worker.stripe.all("invoice")[0]["id"])
        charge = next(each for each in worker.stripe.events if each["type"] == "charge.succeeded")
        worker.stripe.faults = ["429"]
        worker.deliver(charge)
        worker.work()
        with scope(worker.tenant):
            assert ProviderEvent.objects.get().handled_as == ""
        worker.pass_time(minutes=5)
        worker.work()
        with scope(worker.tenant):
            assert ProviderEvent.objects.get().handled_as == "looked"
            assert standing_of(invoice).open == 0

    def test_an_event_that_says_paid_is_not_believed(self, cast: Cast, worker: Worker) -> None:
        with scope(worker.tenant):
            invoice = an_invoice(cast.northwind, 1_000)
        worker.collect(invoice)
        worker.settle()
        there = worker.stripe.all("invoice")[0]
        forged = {**there, "status": "paid", "amount_paid": 1_000}
        worker.deliver({"id": "evt_f", "type": "invoice.paid", "data": {"object": forged}})
        worker.settle()
        with scope(worker.tenant):
            assert standing_of(invoice).open == 1_000
