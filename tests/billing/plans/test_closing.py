"""A month that is over becomes one bill and one invoice, whatever comes late and however often it is asked for."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing.invoices.crediting import credit_invoice
from billing.invoices.domain.rules import faults
from billing.invoices.domain.ubl import ubl_of
from billing.invoices.models import Invoice, LedgerLeg
from billing.invoices.schemas import ProfileDetails
from billing.payments.models import PaymentKind
from billing.payments.selectors import standing_of
from billing.payments.services import Transfer, record_transfer
from billing.plans import closing
from billing.plans.accounts import emit, keep_account
from billing.plans.closing import close_due
from billing.plans.models import PlanBill
from billing.plans.services import publish_prices
from tenants.scope.context import scope
from tests.billing.invoices.sellers import AT_HOME, a_seller, billed_at
from tests.billing.plans.world import BY, PRICES, SEPTEMBER, Market, prices, readings, told
from tests.billing.world import at

OCTOBER = at("2026-10-03")
"""When September's bill is due: 48 hours after the month."""


def closed(market: Market, now: datetime) -> list[PlanBill]:
    with scope(market.operator.id):
        return close_due(market.account, now=now)


def invoice_of(bill: PlanBill) -> Invoice:
    """A bill's invoice as the database has it; in the operator's scope."""
    assert bill.invoice_id is not None
    return Invoice.objects.get(id=bill.invoice_id)


def lines(bill: PlanBill) -> list[tuple[str, int]]:
    return [(line["text"], line["minor"]) for line in bill.document["lines"] if line["minor"]]


FEE = ("Business, monthly fee", 49_900)


def test_a_month_becomes_an_invoice(market: Market) -> None:
    market.send(market.gpu("e1", "2026-09-10T10:00:00Z", "10800"), now=at("2026-09-11"))
    assert closed(market, OCTOBER - timedelta(microseconds=1)) == []
    (bill,) = closed(market, OCTOBER)
    assert lines(bill) == [FEE, ("GPU time: 3 h, 1 included", 500)]
    with scope(market.operator.id):
        invoice = Invoice.objects.get()
        assert (invoice.number, invoice.bill, bill.invoice) == ("OC-2026-0001", bill.id, invoice)
        assert (invoice.net_minor, invoice.tax_minor, invoice.gross_minor) == (50_400, 0, 50_400)
        assert (invoice.issued_on, invoice.due_on) == (date(2026, 10, 3), date(2026, 10, 17))
        assert invoice.document["parties"] == {"provider": "Outturn Cloud", "customer": "Meridian Engines"}
        assert invoice.document["contract"] == "Plan Business"
        assert invoice.document["statement"] == bill.digest
        legs = LedgerLeg.objects.filter(entry__invoice=invoice).order_by("account")
        assert list(legs.values_list("account", "minor")) == [("receivable", 50_400), ("revenue.fees", -50_400)]
        assert bill.document["counted"] == {"gpu.seconds": "10800"}


def test_asked_again_it_is_the_same(market: Market) -> None:
    first = closed(market, OCTOBER)
    assert closed(market, OCTOBER) == closed(market, OCTOBER + timedelta(days=1)) == []
    with scope(market.operator.id):
        assert list(PlanBill.objects.all()) == first
        assert Invoice.objects.count() == 1


def test_a_crash_before_the_bill_is_sealed_leaves_no_number(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(**_: Any) -> None:
        raise RuntimeError("the machine is gone")

    with monkeypatch.context() as patch:
        patch.setattr(closing, "record_audit", die)
        with pytest.raises(RuntimeError), scope(market.operator.id), transaction.atomic():
            close_due(market.account, now=OCTOBER)
    with scope(market.operator.id):
        assert not Invoice.objects.exists()
    (bill,) = closed(market, OCTOBER)
    with scope(market.operator.id):
        assert invoice_of(bill).number == "OC-2026-0001"


def test_the_database_keeps_one_bill_a_month_and_one_invoice_a_bill(market: Market) -> None:
    (bill,) = closed(market, OCTOBER)
    with scope(market.operator.id):
        values = {field.attname: getattr(bill, field.attname) for field in PlanBill._meta.concrete_fields}
        with pytest.raises(IntegrityError), transaction.atomic():
            PlanBill.objects.create(**values | {"id": market.account.id})
        invoice = Invoice.objects.get()
        values = {field.attname: getattr(invoice, field.attname) for field in Invoice._meta.concrete_fields}
        with pytest.raises(IntegrityError), transaction.atomic():
            Invoice.objects.create(**values | {"id": market.account.id, "number": "OC-2026-0002"})


def test_what_comes_late_is_charged_by_the_next_bill(market: Market) -> None:
    market.send(market.gpu("e1", "2026-09-10T10:00:00Z", "7200"), now=at("2026-09-11"))
    (september,) = closed(market, OCTOBER)
    assert lines(september) == [FEE, ("GPU time: 2 h, 1 included", 250)]
    late = market.gpu("e2", "2026-09-30T23:59:59Z", "3600")
    market.send(late, late, now=at("2026-10-20"))
    (october,) = closed(market, at("2026-11-03"))
    assert lines(october) == [FEE, ("September 2026: GPU time: 3 h, 1 included", 250)]
    assert lines(september) == [FEE, ("GPU time: 2 h, 1 included", 250)]
    # Told once: the bill after next says nothing of it.
    (november,) = closed(market, at("2026-12-03"))
    assert lines(november) == [FEE]
    with scope(market.operator.id):
        kinds = LedgerLeg.objects.filter(entry__invoice=october.invoice).order_by("account")
        assert dict(kinds.values_list("account", "minor")) == {
            "receivable": 50_150, "revenue.fees": -49_900, "revenue.adjustments": -250,
        }  # fmt: skip


def test_a_correction_that_comes_late_is_given_back(market: Market) -> None:
    market.send(market.gpu("e1", "2026-09-10T10:00:00Z", "36000000"), now=at("2026-09-11"))
    (september,) = closed(market, OCTOBER)
    assert september.total_minor == 49_900 + 2_499_750
    market.send(market.gpu("e2", "2026-09-10T10:00:00Z", "-36000000"), now=at("2026-10-20"))
    (october,) = closed(market, at("2026-11-03"))
    assert october.total_minor == 49_900 - 2_499_750
    with scope(market.operator.id):
        note = invoice_of(october)
        assert (note.kind, note.number, note.gross_minor) == ("credit_note", "OC-CN-2026-0001", -2_449_850)


def test_months_that_were_missed_are_made_up_for_in_order(market: Market) -> None:
    assert [bill.month for bill in closed(market, at("2027-01-10"))] == ["2026-09", "2026-10", "2026-11", "2026-12"]
    with scope(market.operator.id):
        numbers = Invoice.objects.order_by("id").values_list("number", flat=True)
        assert list(numbers) == [f"OC-2027-000{number}" for number in range(1, 5)]


def test_new_prices_hold_from_the_next_month(market: Market) -> None:
    with scope(market.operator.id):
        changed = prices(monthly_minor=60_000)
        publish_prices(document=changed, valid_from=at("2026-09-15"), by=BY, now=at("2026-09-14"))
    september, october = closed(market, at("2026-11-03"))
    assert (september.total_minor, october.total_minor) == (49_900, 60_000)
    assert [each["version"] for bill in (september, october) for each in bill.document["prices"]] == [1, 2]


def test_changing_the_plan_shares_the_fees_by_time(market: Market) -> None:
    with scope(market.operator.id):
        team = prices(plan="team", monthly_minor=10_000, meters=[PRICES["meters"][0]])
        publish_prices(document=team, valid_from=SEPTEMBER, by=BY, now=SEPTEMBER)
        taken = [("team", at("2026-09-16"))]
        keep_account(told(market.organisation, at("2026-09-17"), plan="team", taken=taken))
        keep_account(told(market.organisation, at("2026-09-18"), plan="team", taken=taken))
    (bill,) = closed(market, OCTOBER)
    assert lines(bill) == [("Business, share of the monthly fee", 24_950), ("Team, share of the monthly fee", 5_000)]


def test_a_plan_without_prices_costs_nothing_and_its_months_are_closed_too(market: Market) -> None:
    with scope(market.operator.id):
        keep_account(told(market.organisation, at("2026-10-01"), plan="trial", taken=[("trial", at("2026-10-01"))]))
    september, october = closed(market, at("2026-11-03"))
    assert (september.total_minor, october.total_minor, october.invoice) == (49_900, 0, None)


def test_an_account_opened_within_a_month_pays_for_the_rest_of_it(market: Market) -> None:
    later = market.organisation.__class__.objects.create(
        slug="later", name="Later Ltd", plan="business", created_at=SEPTEMBER
    )
    with scope(market.operator.id):
        account = keep_account(told(later, at("2026-09-16")))
        assert account is not None
        (bill,) = close_due(account, now=OCTOBER)
        assert lines(bill) == [("Business, share of the monthly fee", 24_950)]


def test_the_months_are_those_of_its_clocks_for_good(market: Market) -> None:
    tokyo = market.organisation.__class__.objects.create(
        slug="tokyo", name="Tokyo KK", plan="business", time_zone="Asia/Tokyo", created_at=SEPTEMBER
    )
    with scope(market.operator.id):
        account = keep_account(told(tokyo, at("2026-09-10")))
        assert account is not None
        keep_account(told(tokyo, at("2026-09-20"), time_zone="UTC"))
        (bill,) = close_due(account, now=at("2026-10-02T15:00"))
        assert (bill.period_start, bill.period_end) == (at("2026-08-31T15:00"), at("2026-09-30T15:00"))


def test_a_month_that_cannot_be_written_waits_and_says_why(market: Market) -> None:
    market.send(market.gpu("wrong", "2026-09-10T10:00:00Z", "170000000000000000"), now=at("2026-09-11"))
    assert closed(market, OCTOBER) == []
    with scope(market.operator.id):
        account = market.account
        assert account.why.startswith("2026-09 comes to more than can be billed.")
        assert account.why_place == "months/2026-09"
    market.send(market.gpu("mended", "2026-09-10T10:00:00Z", "-169999999999996400"), now=at("2026-10-04"))
    (bill,) = closed(market, at("2026-10-04"))
    assert lines(bill) == [FEE]
    with scope(market.operator.id):
        assert market.account.why == ""


class TestTax:
    def test_without_billing_data_the_bill_waits_and_says_why(self, market: Market) -> None:
        with scope(market.operator.id):
            a_seller()
        assert closed(market, OCTOBER) == []
        with scope(market.operator.id):
            assert "country" in market.account.why.lower()
            assert not Invoice.objects.exists()
            billed_at(market.account.customer_id, AT_HOME)
        (bill,) = closed(market, at("2026-10-05"))
        with scope(market.operator.id):
            invoice = invoice_of(bill)
            assert (invoice.number, invoice.net_minor, invoice.tax_minor) == ("ME-2026-0001", 49_900, 9_481)
            assert market.account.why == ""
            assert faults(ubl_of(invoice.document)) == []

    def test_in_another_country_the_buyer_owes_the_tax(self, market: Market) -> None:
        with scope(market.operator.id):
            a_seller()
            details = ProfileDetails(
                street="1 rue du Vol", postcode="31000", city="Toulouse", country="FR", vat_id="FR12345678901",
                reference="PO-9",
            )  # fmt: skip
            billed_at(market.account.customer_id, details)
        (bill,) = closed(market, OCTOBER)
        with scope(market.operator.id):
            invoice = invoice_of(bill)
            assert (invoice.tax_minor, invoice.document["tax"]["category"]) == (0, "AE")


class TestMoney:
    def test_it_is_paid_and_credited_like_any_other(self, market: Market) -> None:
        (bill,) = closed(market, OCTOBER)
        with scope(market.operator.id):
            invoice = invoice_of(bill)
            paid = Transfer(PaymentKind.RECEIVED, 40_000, "EUR", date(2026, 10, 10))
            record_transfer(invoice=invoice.id, transfer=paid, by=BY, now=at("2026-10-10"))
            note = credit_invoice(invoice=invoice.id, minor=9_900, reason="Goodwill", by=BY, now=at("2026-10-11"))
            assert (note.number, note.gross_minor, note.contract_id) == ("OC-CN-2026-0001", -9_900, None)
            assert standing_of(invoice).open == 0


class TestCounters:
    def test_events_of_a_counter_go_on_where_the_last_ended(self, market: Market) -> None:
        with scope(market.operator.id):
            account = market.account
            first = told(market.organisation, at("2026-09-10T10:00"), days=readings("2026-09-10", 1500))
            assert [emit(account, first, now=first.at) for _ in range(3)] == [1, 0, 0]
            more = told(market.organisation, at("2026-09-11T10:00"), days=readings("2026-09-10", 2600))
            assert [emit(account, more, now=more.at) for _ in range(2)] == [1, 0]
            rows = account.events.order_by("at").values_list("event_id", "at", "value")
            end = at("2026-09-11") - timedelta(microseconds=1)
            assert [(name, moment, value) for name, moment, value in rows] == [
                ("outturn.readings/2026-09-10/0", first.at, Decimal(1500)),
                ("outturn.readings/2026-09-10/1500", end, Decimal(1100)),
            ]  # fmt: skip

    def test_of_two_who_begin_at_one_place_one_is_taken(self, market: Market) -> None:
        with scope(market.operator.id):
            account = market.account
            slow = told(market.organisation, at("2026-09-10T10:00"), days=readings("2026-09-10", 1500))
            quick = told(market.organisation, at("2026-09-10T10:01"), days=readings("2026-09-10", 1600))
            assert emit(account, quick, now=quick.at) == 1
            assert emit(account, slow, now=slow.at) == 0
        (bill,) = closed(market, OCTOBER)
        assert bill.document["counted"] == {"outturn.readings": "1600"}

    def test_what_was_counted_before_the_account_began_is_not_charged(self, market: Market) -> None:
        later = market.organisation.__class__.objects.create(
            slug="later", name="Later Ltd", plan="business", created_at=SEPTEMBER
        )
        noon = at("2026-09-16T12:00")
        with scope(market.operator.id):
            days = readings("2026-09-15", 70) | readings("2026-09-16", 400)
            account = keep_account(told(later, noon, days=days))
            assert account is not None
            assert emit(account, told(later, noon, days=days), now=noon) == 0
            days |= readings("2026-09-16", 1000)
            assert emit(account, told(later, at("2026-09-17"), days=days), now=at("2026-09-17")) == 1
            assert list(account.events.values_list("value", flat=True)) == [600]

    def test_levels_count_at_their_highest_and_deeds_once(self, market: Market) -> None:
        with scope(market.operator.id):
            account = market.account
            for day, level in (("2026-09-10", 4), ("2026-09-11", 12), ("2026-09-12", 4), ("2026-09-12", 4)):
                emit(account, told(market.organisation, at(day), levels={"outturn.assets": level}), now=at(day))
        (bill,) = closed(market, OCTOBER)
        assert lines(bill) == [FEE, ("Assets: 12 assets, 0 included", 1_800)]
