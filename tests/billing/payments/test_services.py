"""Bank transfers, recorded by people: facts that are never changed, booked in balance, what is open their sum."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Sum

from billing.invoices.crediting import credit_invoice
from billing.invoices.models import LedgerEntry, LedgerLeg
from billing.invoices.selectors import InvoiceNotFoundError, balances, legs_of
from billing.payments.models import Payment, PaymentKind
from billing.payments.selectors import (
    PaymentNotFoundError,
    payment,
    payments_of,
    set_off_candidates,
    standing_of,
    standings_of,
)
from billing.payments.services import (
    NotRefundableError,
    NotToSetOffError,
    PaymentRefusedError,
    ask_refund,
    set_off,
)
from billing.reports.services import settle_period
from tenants.customers.services import create_customer
from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tests.billing.payments.world import BY, ISSUED, an_invoice, story, transfer
from tests.billing.world import NOVEMBER, e01
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
TODAY = ISSUED.date()


@pytest.fixture(autouse=True)
def _meridian(cast: Cast) -> Any:
    with scope(cast.meridian.id):
        yield


def zero_sum() -> bool:
    totals = LedgerLeg.objects.values("entry", "currency").annotate(total=Sum("minor"))
    return all(each["total"] == 0 for each in totals)


def test_what_is_open_is_the_sum_of_what_happened(cast: Cast) -> None:
    invoice = an_invoice(cast.northwind, 1_200_000, -120_000, tax=205_200)
    assert standing_of(invoice).open == 1_285_200
    first = transfer(invoice, 1_000_000, reference="  ME-2026-0001 first part ")
    assert (standing_of(invoice).open, standing_of(invoice).state(invoice.due_on, TODAY)) == (285_200, "part_paid")
    transfer(invoice, 300_000)
    assert (standing_of(invoice).open, standing_of(invoice).state(invoice.due_on, TODAY)) == (-14_800, "overpaid")
    transfer(invoice, 14_800, back=True)
    assert (standing_of(invoice).open, standing_of(invoice).state(invoice.due_on, TODAY)) == (0, "paid")
    assert story(invoice) == [("received", 300_000), ("received", 1_000_000), ("refunded", 14_800)]
    assert (payment(first.id).reference, payment(first.id).provider) == ("ME-2026-0001 first part", "manual")
    assert balances() == {("bank", "USD"): 1_285_200, ("receivable", "USD"): -1_285_200}
    assert zero_sum()
    told = AuditEntry.objects.get(action="payment.refunded").details
    assert told == {
        "number": invoice.number, "minor": 14_800, "currency": "USD", "value_on": "2026-12-05", "reference": "",
    }  # fmt: skip
    assert AuditEntry.objects.filter(action="payment.received", subject=f"invoice/{invoice.id}", by=BY).count() == 2


def test_each_payment_has_a_booking_of_its_own_and_the_invoices_stays(cast: Cast) -> None:
    invoice = an_invoice(cast.northwind, 500)
    made = transfer(invoice, 500)
    legs = [(leg.account, leg.minor) for leg in LedgerLeg.objects.filter(entry=made.entry).order_by("id")]
    assert legs == [("bank", 500), ("receivable", -500)]
    assert (made.entry.invoice, made.entry.text) == (None, f"received {invoice.number}")
    assert list(legs_of(invoice)) == []


def test_a_form_sent_twice_is_one_payment(cast: Cast) -> None:
    invoice, token = an_invoice(cast.northwind, 500), new_id()
    assert transfer(invoice, 300, token=token) == transfer(invoice, 300, token=token)
    assert transfer(invoice, 300) != transfer(invoice, 300)
    assert Payment.objects.count() == 3


@pytest.mark.parametrize(
    ("minor", "more", "place", "code"),
    [
        (0, {}, "minor", "payment.refused"),
        (-5, {}, "minor", "payment.refused"),
        (2**53, {}, "minor", "payment.refused"),
        (5, {"currency": "EUR"}, "currency", "payment.refused"),
        (5, {"currency": ""}, "currency", "payment.refused"),
        (5, {"value_on": TODAY + timedelta(days=2)}, "value_on", "payment.refused"),
        (5, {"value_on": date(1999, 12, 31)}, "value_on", "payment.refused"),
        (1, {"back": True}, "minor", "payment.not_refundable"),
    ],
)
def test_what_cannot_be_right_is_not_recorded(
    cast: Cast, minor: int, more: dict[str, Any], place: str, code: str
) -> None:
    invoice = an_invoice(cast.northwind, 500)
    with pytest.raises(OutturnError) as error:
        transfer(invoice, minor, **more)
    assert (error.value.place, error.value.code, error.value.kept) == (place, code, "Nothing was recorded.")
    assert error.value.fix
    assert (Payment.objects.count(), LedgerEntry.objects.count()) == (0, 0)


def test_of_an_invoice_goes_back_what_came_in(cast: Cast) -> None:
    invoice = an_invoice(cast.northwind, 500)
    transfer(invoice, 300)
    with pytest.raises(NotRefundableError, match=r"3\.00 USD can go back"):
        transfer(invoice, 301, back=True)
    transfer(invoice, 300, back=True)
    assert standing_of(invoice).open == 500


def test_a_credit_note_for_an_invoice_is_set_off_against_it_as_far_as_it_is_open() -> None:
    _, contract = e01()
    invoice = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=ISSUED).invoice
    assert invoice is not None
    credit = partial(credit_invoice, invoice=invoice.id, reason="Goodwill", by=BY, now=ISSUED)
    note = credit(minor=30_000)
    assert (standing_of(note).open, standing_of(invoice).open) == (0, invoice.gross_minor - 30_000)
    transfer(invoice, standing_of(invoice).open - 4_000)
    second = credit(minor=10_000)
    assert (standing_of(second).open, standing_of(invoice).open) == (-6_000, 0)
    third = credit(minor=1_000)
    assert (standing_of(third).state(third.due_on, TODAY), payments_of(invoice).count()) == ("to_pay_out", 3)


def test_a_credit_note_is_paid_out_or_set_off(cast: Cast) -> None:
    note, invoice = an_invoice(cast.northwind, -500), an_invoice(cast.northwind, 800)
    other = an_invoice(cast.northwind, 100, currency="EUR")
    assert standing_of(note).state(note.due_on, TODAY) == "to_pay_out"
    assert list(set_off_candidates(note).values_list("id", "left")) == [(invoice.id, 800)]
    made = set_off(credit_note=note.id, invoice=invoice.id, minor=300, by=BY, now=ISSUED)
    assert (made.kind, made.reference, made.entry) == ("credited", note.number, None)
    assert dict(set_off_candidates(note).values_list("id", "left")) == {invoice.id: 500}
    with pytest.raises(NotRefundableError):
        transfer(note, 201, back=True)
    transfer(note, 200, back=True)
    found = standings_of([note, invoice, other])
    assert {each: left.open for each, left in found.items()} == {note.id: 0, invoice.id: 500, other.id: 100}
    assert found[note.id].state(note.due_on, TODAY) == "settled"
    assert balances() == {("bank", "USD"): -200, ("receivable", "USD"): 200}


def test_what_does_not_fit_is_not_set_off(cast: Cast) -> None:
    note, invoice = an_invoice(cast.northwind, -500), an_invoice(cast.northwind, 800)
    elsewhere = an_invoice(create_customer(name="Southwind Air", now=ISSUED).id, 800)
    wrong: list[tuple[UUID, UUID]] = [
        (invoice.id, note.id), (note.id, note.id), (note.id, elsewhere.id),
        (note.id, an_invoice(cast.northwind, 800, currency="EUR").id),
    ]  # fmt: skip
    for credit_note, against in wrong:
        with pytest.raises(NotToSetOffError) as error:
            set_off(credit_note=credit_note, invoice=against, minor=1, by=BY, now=ISSUED)
        assert error.value.status == 409
    with pytest.raises(NotToSetOffError, match=r"5\.00 USD can be set off"):
        set_off(credit_note=note.id, invoice=invoice.id, minor=501, by=BY, now=ISSUED)
    with pytest.raises(PaymentRefusedError):
        set_off(credit_note=note.id, invoice=invoice.id, minor=0, by=BY, now=ISSUED)
    assert Payment.objects.count() == 0


def test_a_transfer_is_paid_back_by_a_person(cast: Cast) -> None:
    made = transfer(an_invoice(cast.northwind, 500), 500)
    with pytest.raises(PaymentRefusedError) as error:
        ask_refund(payment_id=made.id, minor=1, by=BY, now=ISSUED)
    assert error.value.fix == "Pay it back by bank transfer, and record that."


def test_what_is_not_there_is_said(cast: Cast) -> None:
    invoice = an_invoice(cast.northwind, 500)
    with pytest.raises(InvoiceNotFoundError):
        set_off(credit_note=new_id(), invoice=invoice.id, minor=1, by=BY, now=ISSUED)
    with pytest.raises(PaymentNotFoundError):
        ask_refund(payment_id=new_id(), minor=1, by=BY, now=ISSUED)


def test_what_was_recorded_is_never_changed(cast: Cast) -> None:
    invoice = an_invoice(cast.northwind, 500)
    transfer(invoice, 500)
    attempts = (
        partial(Payment.objects.update, minor=1),
        partial(Payment.objects.all()._raw_delete, "default"),
    )
    for attempt in attempts:
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            attempt()
    assert payments_of(invoice).get().minor == 500


def test_the_database_takes_a_payment_once_and_above_nought_only(cast: Cast) -> None:
    invoice = an_invoice(cast.northwind, 500)
    alike: dict[str, Any] = {
        "invoice": invoice, "kind": PaymentKind.FAILED, "provider": "stripe", "currency": "USD", "value_on": TODAY,
        "external": "ch_1", "recorded_by": BY, "recorded_at": ISSUED,
    }  # fmt: skip
    Payment.objects.create(**alike, minor=5)
    for minor in (5, 0, -5):
        with pytest.raises(IntegrityError), transaction.atomic():
            Payment.objects.create(**alike | ({} if minor == 5 else {"external": "ch_2"}), minor=minor)
    assert Payment.objects.count() == 1
