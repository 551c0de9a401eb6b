"""The pages of payment reminders in a real browser: readable, accessible, on a screen of any size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from billing.dunning.domain import Level
from billing.dunning.services import pause_dunning, set_dunning, write_due
from billing.invoices.models import Invoice
from tenants.kernel.clock import utc_now
from tenants.post.services import send_due
from tenants.scope.context import scope
from tests.billing.payments.world import BY, an_invoice
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]


@pytest.fixture
def invoice(cast: Cast) -> Invoice:
    """One that was written about and is paused, among others in two currencies."""
    now = utc_now()
    with scope(cast.meridian.id):
        set_dunning(is_on=True, levels=[Level(3), Level(14)], by=BY, now=now - timedelta(days=2))
        found = an_invoice(cast.northwind, 1_234_500, tax=234_555, due=(now - timedelta(days=5)).date())
        an_invoice(cast.northwind, 98_000, currency="JPY", due=(now - timedelta(days=1)).date())
        write_due(now=now)
    send_due(cast.meridian.id, now=now, most=9)
    with scope(cast.meridian.id):
        pause_dunning(
            invoice=found.id, whole_customer=False, reason="They pay in two parts.", until=None, by=BY, now=now
        )  # fmt: skip
    return found


@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_reads_well(
    cast: Cast, invoice: Invoice, open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    page = open_page("/t/meridian/", cast.owner, width=width)
    for path in (
        "invoices/overdue/", "admin/reminders/", f"invoices/{invoice.id}/", f"invoices/{invoice.id}/reminders/pause/",
    ):  # fmt: skip
        page.goto(f"/t/meridian/{path}")
        expect(page.locator("h1")).to_be_visible()
        reads_well(page)


def test_reminders_are_set_with_a_text_of_ones_own(cast: Cast, open_page: OpenPage) -> None:
    page = open_page("/t/meridian/admin/reminders/", cast.owner)
    page.get_by_label("Remind customers by mail").check()
    page.get_by_label("Payment reminder: after").fill("5")
    page.get_by_label("Payment reminder: text").fill("{number} is {late}.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("{late} stands for nothing")
    page.get_by_label("Payment reminder: text").fill("{number} is open since {due}.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Letters are written from")).to_be_visible()
    expect(page.get_by_label("Payment reminder: after")).to_have_value("5")
