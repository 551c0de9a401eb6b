"""The link to pay: there as long as it leads to where somebody can pay, then the bank account is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from billing.invoices.models import Invoice
from billing.payments.models import ProviderInvoice
from billing.payments.selectors import at_provider, standing_of
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.billing.dunning.world import day, send, turn_on, write
from tests.billing.payments.world import Worker, an_invoice, transfer
from tests.billing.world import body
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
SELLER = {"name": "Meridian Engines GmbH", "account": "DE89370400440532013000", "bank": "COBADEFFXXX"}


@pytest.fixture
def invoice(cast: Cast, worker: Worker) -> Invoice:
    """1,000.00, open at Stripe."""
    with scope(worker.tenant):
        turn_on()
        made = an_invoice(cast.northwind, 100_000, seller=SELLER)
    worker.collect(made)
    worker.settle()
    return made


def link(worker: Worker, invoice: Invoice) -> str:
    with scope(worker.tenant):
        found = at_provider(invoice)
    assert found is not None
    return found.pay_url


def test_a_link_that_was_closed_is_shown_to_nobody(
    cast: Cast, worker: Worker, invoice: Invoice, sign_in: SignIn, with_key: Callable[..., Any]
) -> None:
    page = f"/t/meridian/invoices/{invoice.id}/"
    assert link(worker, invoice) in body(sign_in(cast.reader), page)
    with scope(worker.tenant):
        transfer(invoice, 10_000)
    url = link(worker, invoice)
    worker.work_one()  # nobody has looked at it since
    assert (worker.stripe.all("invoice")[0]["status"], link(worker, invoice)) == ("void", "")
    worker.settle()
    shown = body(sign_in(cast.reader), page)
    assert url not in shown
    assert "DE89 3704 0044 0532 0130 00 (COBADEFFXXX)" in shown
    told = with_key(cast.meridian, Role.FINANCE).get(f"/api/v1/invoices/{invoice.id}/standing/").json()
    assert (told["open_minor"], told["pay_url"]) == (90_000, "")
    worker.pass_time(days=33)
    worker.settle()
    assert write(cast, day(3)) == 1
    send(cast, day(3))
    letter = str(mail.outbox[0].body)
    assert "Please pay by bank transfer to DE89 3704 0044 0532 0130 00 (COBADEFFXXX)" in letter
    assert url not in letter


def test_a_link_to_what_was_paid_does_not_come_back_with_what_is_open(worker: Worker, invoice: Invoice) -> None:
    with scope(worker.tenant):
        transfer(invoice, 100_000)
    worker.settle()
    assert worker.stripe.all("invoice")[0]["status"] == "paid"
    with scope(worker.tenant):
        transfer(invoice, 100_000, back=True)
        assert standing_of(invoice).open == 100_000
    assert link(worker, invoice) == ""


def test_what_was_voided_at_stripe_loses_its_link_at_the_next_look(worker: Worker, invoice: Invoice) -> None:
    worker.stripe.objects[worker.stripe.all("invoice")[0]["id"]]["status"] = "void"
    assert link(worker, invoice)
    worker.pass_time(hours=6)
    worker.settle()
    assert link(worker, invoice) == ""


def test_one_that_can_be_paid_keeps_its_link(worker: Worker, invoice: Invoice) -> None:
    worker.stripe.fail(worker.stripe.all("invoice")[0]["id"])
    worker.pass_time(hours=6)
    worker.settle()
    assert link(worker, invoice).startswith("https://invoice.stripe.example/")
    with scope(worker.tenant):
        assert ProviderInvoice.objects.get().finding is None
