"""What Stripe refuses after it took it: reports are proven, counted once, read anew, and never told twice over."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.plans.meters import webhooks
from billing.plans.models import MeteredCustomer, MeterReport, MeterTally, StripeMeter
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tests.billing.plans.metering import BEGUN, GPU, SECRET, Teller
from tests.billing.plans.world import Market

THIN = {
    "id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.error_report_triggered",
    "created": "2026-09-25T08:00:00.000Z", "livemode": False,
}  # fmt: skip


def refused(teller: Teller, value: str = "7.5") -> None:
    """Usage that Stripe took, and refused since the meter was deactivated meanwhile."""
    teller.meters.lag = timedelta(minutes=2)
    teller.use(GPU, value)
    teller.work_all()
    for each in teller.meters.meters.values():
        each["status"] = "inactive"
    teller.pass_time(minutes=3)
    teller.meters.look()


class TestEndpoint:
    @pytest.fixture(autouse=True)
    def _today(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(webhooks, "utc_now", lambda: BEGUN)

    def post(self, tenant: Any, sent: tuple[bytes, str]) -> Any:
        path = reverse("stripe-meter-webhook", kwargs={"tenant": tenant})
        client = Client(enforce_csrf_checks=True)
        return client.post(path, sent[0], content_type="application/json", headers={"Stripe-Signature": sent[1]})

    def test_a_report_is_kept_once_for_ever(self, teller: Teller, market: Market) -> None:
        for age in (0, 100, 299):
            assert self.post(teller.operator, teller.signed(THIN, age_s=age)).status_code == 204
        with scope(teller.operator):
            row = MeterReport.objects.get()
            assert (row.event_id, row.kind, row.next_at) == ("evt_1", THIN["type"], BEGUN)
        with scope(market.organisation.id):
            assert not MeterReport.objects.exists()

    @pytest.mark.parametrize(
        ("secret", "age", "words"),
        [
            ("whsec_another99", 0, "signature does not hold"), (SECRET, 301, "signed 301 s ago"),
            (SECRET, -61, "signed 61 s in the future"),
        ],
    )  # fmt: skip
    def test_what_is_not_proven_is_refused(self, teller: Teller, secret: str, age: int, words: str) -> None:
        answer = self.post(teller.operator, teller.signed(THIN, secret=secret, age_s=age))
        assert (answer.status_code, answer.json()["code"]) == (400, "webhook.signature")
        assert words in answer.json()["detail"]
        with scope(teller.operator):
            assert not MeterReport.objects.exists()

    def test_who_cannot_sign_learns_nothing(self, teller: Teller, market: Market) -> None:
        sent = teller.signed(THIN, secret="whsec_another99")
        answers = [self.post(tenant, sent) for tenant in (teller.operator, market.organisation.id, new_id())]
        told = [{k: v for k, v in answer.json().items() if k != "request_id"} for answer in answers]
        assert told[0] == told[1] == told[2]

    def test_other_events_are_left_and_what_is_none_is_refused(self, teller: Teller) -> None:
        assert self.post(teller.operator, teller.signed(THIN | {"type": "v1.other"})).status_code == 204
        assert self.post(teller.operator, teller.signed({"id": "evt_1"})).json()["code"] == "webhook.event"
        long = self.post(teller.operator, teller.signed(THIN | {"more": "e" * 300_000}))
        assert (long.status_code, long.json()["code"]) == (400, "webhook.event")
        assert "too long" in long.json()["detail"]
        with scope(teller.operator):
            assert not MeterReport.objects.exists()
        assert Client().get(reverse("stripe-meter-webhook", args=[teller.operator])).status_code == 405


def test_what_was_refused_is_told_again_once_the_meter_is_reactivated(teller: Teller) -> None:
    refused(teller)
    (report,) = teller.meters.reports
    assert "data" not in report
    teller.hear_all()
    teller.work_all()
    row = teller.tally()
    assert row.finding is not None
    assert (row.told, row.finding["code"], row.finding["message"]) == (
        0, "meter.archived_meter", "Stripe: refused: archived_meter",
    )  # fmt: skip
    assert row.finding["fix"] == "Reactivate the meter at Stripe; what it refused is told again by itself."
    with scope(teller.operator):
        found = StripeMeter.objects.get().finding
        assert found is not None
        assert found["code"] == "meter.at_stripe"
    teller.settle(hours=3)
    assert teller.tellings() == [(7, "lost")]  # nothing is told to a meter that refuses it
    teller.meters.set_status("active")
    teller.settle(hours=2)
    assert (teller.there(), teller.tellings()) == (7, [(7, "lost"), (7, "told")])
    assert teller.tally().finding is None


def test_a_report_that_comes_before_the_answer_is_not_overtaken_by_it(teller: Teller) -> None:
    teller.use(GPU, "2")
    teller.work_all()
    teller.pass_time(minutes=6)
    teller.meters.lag = timedelta(minutes=1)
    teller.use(GPU, "7")
    teller.die()  # the answer is known, and not yet written down
    teller.pass_time(minutes=1)
    for each in teller.meters.meters.values():
        each["status"] = "inactive"
    teller.meters.look()
    teller.hear_all()
    teller.work()
    teller.wake()
    assert teller.tellings() == [(2, "told"), (7, "lost")]
    teller.meters.set_status("active")
    teller.settle(hours=3)
    assert teller.there() == 9


def test_reports_in_any_order_and_number_change_nothing(teller: Teller) -> None:
    orders = list(permutations(range(3)))[::2]
    for number, order in enumerate(orders):
        for value in ("3", "4", "5"):
            teller.meters.set_status("active")
            refused(teller, value)
            teller.meters.set_status("active")
            teller.settle(minutes=20)
        reports = teller.meters.reports[-3:]
        for place in (*order, *order):
            teller.hear(reports[place])
            teller.work_all()
        teller.settle(hours=3)
        assert teller.there() == 12 * (number + 1)


def test_one_that_was_sent_twice_is_in_doubt_until_stripe_has_summed(teller: Teller) -> None:
    teller.meters.remembers_refused = False
    teller.use(GPU, "2")
    teller.work_all()
    teller.pass_time(minutes=6)
    teller.meters.lag = timedelta(minutes=1)
    teller.use(GPU, "7")
    teller.die()
    teller.stripe.kept.clear()
    teller.stale.clear()
    for each in teller.meters.meters.values():
        each["status"] = "inactive"
    teller.pass_time(minutes=3)
    teller.meters.look()
    teller.meters.set_status("active")
    teller.work_all()  # the second try arrives, for Stripe has forgotten the first
    teller.hear_all()
    teller.settle(hours=3)
    assert teller.tellings() == [(2, "told"), (7, "doubt")]
    teller.settle(hours=30)
    assert (teller.there(), teller.tellings()) == (9, [(2, "told"), (7, "told")])


def test_a_report_that_names_few_of_many_has_all_found(teller: Teller) -> None:
    teller.use(GPU, "1")
    teller.work_all()
    teller.meters.lag = timedelta(minutes=30)
    for _ in range(4):
        teller.pass_time(minutes=6)
        teller.use(GPU, "10")
        teller.work_all()
    for each in teller.meters.meters.values():
        each["status"] = "inactive"
    teller.pass_time(minutes=40)
    teller.meters.look()
    teller.meters.set_status("active")
    teller.hear_all()
    teller.settle(hours=2)
    assert [state for _, state in teller.tellings()] == ["told", "lost", "lost", "told", "told", "told"]
    assert teller.there() == 21
    teller.settle(hours=32)  # the other two are missed in the sum of what is a day old
    assert teller.there() == 41


def test_a_customer_that_was_deleted_is_made_anew(teller: Teller) -> None:
    teller.use(GPU, "2")
    teller.work_all()
    teller.pass_time(minutes=6)
    (customer,) = teller.stripe.all("customer")
    teller.meters.look()
    del teller.stripe.objects[customer["id"]]
    teller.stripe.kept.clear()
    teller.use(GPU, "3")
    teller.work_all()
    teller.meters.look()
    teller.hear_all()
    teller.settle(hours=1)
    with scope(teller.operator):
        assert MeteredCustomer.objects.get().object_id != customer["id"]
    assert teller.there() == 3
    teller.settle(hours=40)
    assert teller.there() == 5


def test_a_report_that_cannot_be_read_is_read_later(teller: Teller) -> None:
    refused(teller)
    teller.stripe.faults = ["429", "cut before", "500"]
    teller.hear_all()
    teller.work()
    with scope(teller.operator):
        assert MeterReport.objects.get().handled_at is None
    teller.meters.set_status("active")
    teller.settle(hours=2)
    with scope(teller.operator):
        assert MeterReport.objects.get().handled_at is not None
    assert teller.there() == 7


def test_a_report_about_nothing_of_ours_has_all_looked_at(teller: Teller) -> None:
    teller.use(GPU, "2")
    teller.work_all()
    data = {"reason": {"error_types": [{"code": "no_meter", "sample_errors": [{"request": {"identifier": "theirs"}}]}]}}
    event = THIN | {"type": "v1.billing.meter.no_meter_found"}
    teller.meters.kept_reports["evt_1"] = json.loads(json.dumps(event | {"data": data}))
    teller.hear(event)
    teller.settle(minutes=1)
    with scope(teller.operator):
        assert MeterReport.objects.get().handled_at == BEGUN
        assert MeterTally.objects.get().looked_at is not None
    assert (teller.there(), teller.tellings()) == (2, [(2, "told")])
