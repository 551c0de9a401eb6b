"""The pages of invoices: whole for the house, their own for an end customer's people, nothing for others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from billing.invoices.models import Invoice
from billing.reports.services import restate_period, settle_period
from tenants.customers.services import create_customer
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.world import BY, NOVEMBER, SIGNED, House, agreement, at, body, published, say
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
LIST = "/t/meridian/invoices/"


@pytest.fixture
def invoice(house: House) -> Invoice:
    assert house.done.invoice is not None
    return house.done.invoice


def test_an_invoice_says_all_it_rests_on(cast: Cast, house: House, invoice: Invoice, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    listed = body(client, LIST)
    assert f"{LIST}{invoice.id}/" in listed
    page = body(client, f"{LIST}{invoice.id}/")
    for words in (
        "Invoice ME-2026-0001", "Meridian Engines", "Northwind Air", "November 2026", "5 December 2026",
        "4 January 2027", "uptime 99.88 %: credit", "-1,200.00 USD", "10,800.00 USD", "Tax 0 %", invoice.digest,
        f"/t/meridian/statements/{house.done.statement.id}/", f"/t/meridian/reports/{house.done.report.id}/",
        "/t/meridian/contracts/uptime/",
    ):  # fmt: skip
        assert words in page, words
    booking = page.split('<h2 id="booking">')[1]
    rows = [("receivable", "10,800.00 USD", "–"), ("revenue.fees", "–", "12,000.00 USD"),
            ("revenue.outcomes", "1,200.00 USD", "–")]  # fmt: skip
    for account, debit, credit in rows:
        row = booking.split(f"<code>{account}</code>")[1].split("</tr>")[0]
        assert row.index(debit) < row.index(credit)
    assert booking.count("<strong>12,000.00 USD</strong>") == 2
    assert "restated since" not in page


def test_it_is_found_from_where_people_look(cast: Cast, house: House, invoice: Invoice, sign_in: SignIn) -> None:
    client, link = sign_in(cast.owner), f'href="{LIST}{invoice.id}/"'
    for path in (
        f"statements/{house.done.statement.id}/", "contracts/uptime/statements/", "reports/",
        f"reports/{house.done.report.id}/",
    ):  # fmt: skip
        assert link in body(client, f"/t/meridian/{path}"), path
    for path in ("statements/", "reports/", ""):
        assert f'href="{LIST}"' in body(client, f"/t/meridian/{path}"), path


def test_a_credit_note_with_tax_and_a_period_that_was_restated(cast: Cast, house: House, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        say(house.fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-20")
        assert restate_period(statement=house.done.statement.id, by=BY, now=at("2026-12-21")) is not None
        rule = {"kind": "steps", "below": "100", "credit": "100", "per": "0.01", "step": "started", "cap": None}
        clause = a_clause(id="uptime", assets=house.fleet.ids, remedies=[rule, AWS_TIERS])
        terms = agreement(house.fleet, clause, title="Harsh", tax_percent="19")
        credited = published(terms | {"customer": str(cast.northwind)})
        done = settle_period(contract=credited.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-22"))
    client = sign_in(cast.owner)
    assert house.done.invoice is not None
    assert done.invoice is not None
    assert "The period was restated since." in body(client, f"{LIST}{house.done.invoice.id}/")
    page = body(client, f"{LIST}{done.invoice.id}/")
    assert "Credit note ME-CN-2026-0001" in page
    assert "Tax 19 %" in page
    assert page.count(f"{-done.invoice.gross_minor / 100:,.2f} USD") >= 1


def test_a_customers_reader_reads_their_own(cast: Cast, house: House, invoice: Invoice, sign_in: SignIn) -> None:
    client = sign_in(cast.reader)
    assert f"{LIST}{invoice.id}/" in body(client, LIST)
    page = body(client, f"{LIST}{invoice.id}/")
    assert "10,800.00 USD" in page
    assert f"/t/meridian/reports/{house.done.report.id}/" in page
    for hidden in ("receivable", "How it was booked", "/statements/", "/contracts/", BY):
        assert hidden not in page, hidden


def test_another_customers_reader_finds_nothing(cast: Cast, house: House, invoice: Invoice, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        other = create_customer(name="Southwind Air", now=SIGNED).id
    reader = User.objects.create_user("reader@southwind.example")
    add_member(tenant=cast.meridian.id, user=reader.id, role=Role.CUSTOMER, customer=other, now=SIGNED)
    client = sign_in(reader)
    assert "No invoice yet" in body(client, LIST)
    body(client, f"{LIST}{invoice.id}/", 404)
    body(sign_in(cast.owner), f"{LIST}{house.done.statement.id}/", 404)
