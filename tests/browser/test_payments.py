"""The pages of payments in a real browser: readable, accessible, on a screen of any size."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from billing.invoices.models import Invoice
from billing.payments.models import ProviderStep
from billing.payments.services import follow_issue
from tenants.scope.context import scope
from tests.billing.payments.world import BY, ISSUED, an_invoice, choose_stripe, transfer
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]


@pytest.fixture
def documents(cast: Cast) -> tuple[Invoice, Invoice]:
    """An invoice that is paid in part and waits for a person at Stripe, and a credit note."""
    with scope(cast.meridian.id):
        choose_stripe()
        invoice = an_invoice(cast.northwind, 1_200_000, -120_000, tax=205_200)
        follow_issue(invoice, by=BY, now=ISSUED)
        transfer(invoice, 500_000, reference="SEPA 4711, first part")
        finding = {
            "code": "payment.mismatch", "place": "invoice", "message": "The draft at Stripe comes to 7 USD in 4 items.",
            "fix": "Take out at Stripe what is not of this invoice, then let the step be tried again.",
        }  # fmt: skip
        ProviderStep.objects.filter(name="finalise").update(state="blocked", finding=finding)
        ProviderStep.objects.exclude(name__in=["finalise", "close"]).update(
            state="done", object_id="in_1NKdAmL2eZvKYlo2C"
        )
        return invoice, an_invoice(cast.northwind, -30_000)


@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_reads_well(
    cast: Cast, documents: tuple[Invoice, Invoice], open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    invoice, note = documents
    page = open_page("/t/meridian/", cast.owner, width=width)
    for path in (
        f"invoices/{invoice.id}/", f"invoices/{note.id}/", f"invoices/{invoice.id}/payments/new/",
        f"invoices/{note.id}/set-off/", "admin/payments/",
    ):  # fmt: skip
        page.goto(f"/t/meridian/{path}")
        expect(page.locator("h1")).to_be_visible()
        reads_well(page)


def test_a_payment_is_recorded_from_the_invoice(
    cast: Cast, documents: tuple[Invoice, Invoice], open_page: OpenPage
) -> None:
    page = open_page(f"/t/meridian/invoices/{documents[0].id}/", cast.owner)
    page.get_by_role("link", name="Record a payment").click()
    page.get_by_label("Amount").fill("0")
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("alert")).to_contain_text("The amount must be more than nought")
    page.get_by_label("Amount").fill("7852.00")
    page.get_by_label("Reference").fill("SEPA 4712")
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("row").filter(has_text="SEPA 4712")).to_contain_text("7,852.00 USD")
    expect(page.locator("section", has=page.get_by_role("heading", name="Payments"))).to_contain_text("Paid")
