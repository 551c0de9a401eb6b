"""The page of fees: the running month and the platform's invoices, for those who pay."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from uuid import UUID

import pytest
from django.test import Client
from pypdf import PdfReader

from billing.plans.following import follow_organisation
from billing.plans.models import PlanInvoice
from tenants.edge.formats import day_shown
from tenants.kernel.ids import new_id
from tenants.limits.domain.plans import Meter
from tenants.limits.usage import add_usage
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.invoices.sellers import AT_HOME, PAID_TO, a_seller, billed_at
from tests.billing.plans.world import Market, opened
from tests.billing.world import at, body, written
from tests.conftest import Cast

SignIn = Callable[[User], Client]


@pytest.fixture
def market(cast: Cast, operator: Tenant) -> Market:
    """Meridian on Business, with people."""
    Tenant.objects.filter(id=cast.meridian.id).update(plan="business")
    return opened(operator, cast.meridian)


@pytest.fixture
def invoiced(market: Market) -> UUID:
    """September is invoiced with tax, October runs."""
    with scope(market.operator.id):
        a_seller()
        billed_at(market.account.customer_id, AT_HOME)
    with scope(market.organisation.id):
        add_usage(meter=Meter.READINGS_PER_DAY, amount=2500, now=at("2026-09-05"))
        add_usage(meter=Meter.READINGS_PER_DAY, amount=1200, now=at("2026-10-02"))
    follow_organisation(market.organisation.id, now=at("2026-10-03"))
    with scope(market.organisation.id):
        return PlanInvoice.objects.get().id


def test_before_anything_is_charged_the_page_says_so(market: Market, cast: Cast, sign_in: SignIn) -> None:
    page = body(sign_in(cast.owner), "/t/meridian/admin/fees/")
    assert "Nothing is charged" in page
    assert 'id="fees"' in page


def test_the_running_month(market: Market, invoiced: UUID, cast: Cast, sign_in: SignIn) -> None:
    page = body(sign_in(cast.owner), "/t/meridian/admin/fees/")
    assert "October 2026" in page
    assert "1,200 readings" in page
    assert "501.00 EUR" in page  # 499.00 and 200 readings at 0.01
    assert "Above what is included" in page
    assert "(18,600 readings)" in page  # 1,200 in two days of 31
    assert 'hx-trigger="every 10s"' in page
    assert 'hx-select-oob="#platform-invoices,#bars-1,#rows-1,#bars-2,#rows-2' in page
    assert page.count("<rect ") == 1
    for words in ("1 Oct 2026", "at most 1,200 readings a day", "31 Oct 2026"):
        assert words in page, words
    assert f"/t/meridian/admin/fees/{invoiced}/" in page
    assert "608.68 EUR" in page  # 511.50 and 19 % of it, half even


def test_an_invoice_line_by_line(market: Market, invoiced: UUID, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    page = body(client, f"/t/meridian/admin/fees/{invoiced}/")
    assert "By bank transfer" not in page
    for each in ("Invoice ME-2026-0001", "September 2026", "Readings stored: 2,500 readings, 1,000 included",
                 "12.50 EUR", "Tax 19 %", "Meridian Engines GmbH", "DE987654321"):  # fmt: skip
        assert each in page
    answer = client.get(f"/t/meridian/admin/fees/{invoiced}/invoice.xml")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml")
    assert b"ME-2026-0001" in answer.content
    assert f"/t/meridian/admin/fees/{invoiced}/invoice.pdf" in page
    printed = client.get(f"/t/meridian/admin/fees/{invoiced}/invoice.pdf")
    assert (printed.status_code, printed["Content-Type"]) == (200, "application/pdf")
    assert printed["Content-Disposition"] == 'attachment; filename="ME-2026-0001.pdf"'
    text = written(printed.content)
    for each in ("Invoice ME-2026-0001", "Meridian Engines GmbH", "To be paid 608.68 EUR", "Bill"):
        assert each in text, (each, text)
    assert "The report of the statement" not in text
    assert PdfReader(BytesIO(printed.content)).attachments == {"ME-2026-0001.xml": [answer.content]}


def test_it_is_told_which_account_the_platform_is_paid_to(market: Market, cast: Cast, sign_in: SignIn) -> None:
    with scope(market.operator.id):
        a_seller(PAID_TO)
        billed_at(market.account.customer_id, AT_HOME)
    follow_organisation(market.organisation.id, now=at("2026-10-03"))
    with scope(market.organisation.id):
        row = PlanInvoice.objects.get()
    assert row.document["seller"]["account"] == "DE89370400440532013000"
    client, path = sign_in(cast.owner), f"/t/meridian/admin/fees/{row.id}/"
    told = (
        f"By bank transfer until {day_shown(row.due_on)} to DE89 3704 0044 0532 0130 00 (COBADEFFXXX), "
        "with the reference ME-2026-0001."
    )
    assert told in body(client, path)
    assert b"<cbc:ID>DE89370400440532013000</cbc:ID>" in client.get(f"{path}invoice.xml").content
    for change in ({"open_minor": 0}, {"open_minor": 1, "pay_url": "https://invoice.stripe.com/i/1"}):
        with scope(market.organisation.id):
            PlanInvoice.objects.filter(id=row.id).update(**change)
        assert "By bank transfer" not in body(client, path), change


def test_an_invoice_without_a_legal_entity_is_no_electronic_one(market: Market, cast: Cast, sign_in: SignIn) -> None:
    follow_organisation(market.organisation.id, now=at("2026-10-03"))
    with scope(market.organisation.id):
        row = PlanInvoice.objects.get()
    client = sign_in(cast.owner)
    assert "E-invoice" not in body(client, f"/t/meridian/admin/fees/{row.id}/")
    assert client.get(f"/t/meridian/admin/fees/{row.id}/invoice.xml").status_code == 404


def test_only_who_pays_sees_it(market: Market, invoiced: UUID, cast: Cast, sign_in: SignIn) -> None:
    one = f"/t/meridian/admin/fees/{invoiced}/"
    for path in ("/t/meridian/admin/fees/", one, f"{one}invoice.xml", f"{one}invoice.pdf"):
        assert sign_in(cast.viewer).get(path).status_code == 403
        assert sign_in(cast.engineer).get(path).status_code == 403
        assert sign_in(cast.outsider).get(path).status_code == 404
    assert sign_in(cast.outsider).get(f"/t/stranger/admin/fees/{invoiced}/").status_code == 404
    assert sign_in(cast.owner).get(f"/t/meridian/admin/fees/{new_id()}/").status_code == 404


def test_it_takes_few_queries(
    market: Market, invoiced: UUID, cast: Cast, sign_in: SignIn, django_assert_max_num_queries: Callable[..., object]
) -> None:
    client = sign_in(cast.owner)
    body(client, "/t/meridian/admin/fees/")
    with django_assert_max_num_queries(14):  # type: ignore[attr-defined]
        body(client, "/t/meridian/admin/fees/")


def test_the_operator_sees_its_invoice_like_any_other(
    market: Market, invoiced: UUID, cast: Cast, sign_in: SignIn
) -> None:
    add_member(tenant=market.operator.id, user=cast.owner.id, role=Role.OWNER, now=at("2026-09-01"))
    client = sign_in(cast.owner)
    page = body(client, f"/t/platform/invoices/{invoiced}/")
    for each in ("A plan of the platform", "revenue.fees", "608.68 EUR"):
        assert each in page
    assert "ME-2026-0001" in body(client, "/t/platform/invoices/")
    assert client.get(f"/t/platform/invoices/{invoiced}/invoice.xml").status_code == 200
